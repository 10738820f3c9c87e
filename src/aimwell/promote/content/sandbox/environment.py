"""Makes the Liquid environments: one for text, one for HTML, each also strict."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import cast

from liquid import Environment
from liquid.builtin import content, illegal, output
from liquid.builtin.tags import (
    assign_tag,
    capture_tag,
    case_tag,
    comment_tag,
    cycle_tag,
    decrement_tag,
    doc_tag,
    echo_tag,
    for_tag,
    if_tag,
    ifchanged_tag,
    increment_tag,
    inline_comment_tag,
    liquid_tag,
    render_tag,
    tablerow_tag,
    unless_tag,
)
from liquid.context import RenderContext
from liquid.exceptions import TemplateNotFoundError
from liquid.template import BoundTemplate
from liquid.undefined import StrictDefaultUndefined, Undefined

from aimwell.promote.content.sandbox.context import SafeTemplate
from aimwell.promote.content.sandbox.filters import FILTERS
from aimwell.promote.content.sandbox.nodes import MeteredTag
from aimwell.promote.content.sandbox.run import MOST_BYTES

__all__ = ["SafeEnvironment"]

_TAGS = (
    content.Literal,
    output.Output,
    illegal.Illegal,
    if_tag.IfTag,
    comment_tag.CommentTag,
    unless_tag.UnlessTag,
    case_tag.CaseTag,
    for_tag.ForTag,
    for_tag.BreakTag,
    for_tag.ContinueTag,
    tablerow_tag.TablerowTag,
    capture_tag.CaptureTag,
    cycle_tag.CycleTag,
    assign_tag.AssignTag,
    increment_tag.IncrementTag,
    decrement_tag.DecrementTag,
    echo_tag.EchoTag,
    liquid_tag.LiquidTag,
    render_tag.RenderTag,
    ifchanged_tag.IfChangedTag,
    inline_comment_tag.InlineCommentTag,
    doc_tag.DocTag,
)  # without `include`, which lets a snippet change the variables of the template around it


class SafeEnvironment(Environment):
    """Parses templates that can look at facts only, and whose snippets are files that were read beforehand.

    Parameters
    ----------
    is_html
        Whether data are escaped.
    is_strict
        Whether an unknown name is an error; else it is nothing.
    snippets
        Paths and sources by name, for `render`.
    """

    output_stream_limit = MOST_BYTES
    block_nesting_limit = 30
    context_depth_limit = 30
    template_class = SafeTemplate

    def __init__(self, *, is_html: bool, is_strict: bool, snippets: Mapping[str, tuple[Path, str]]) -> None:
        undefined = StrictDefaultUndefined if is_strict else Undefined
        super().__init__(autoescape=is_html, undefined=undefined, strict_filters=True)
        self.snippets = snippets
        self._parsed: dict[str, BoundTemplate] = {}

    def setup_tags_and_filters(self, *, extra: bool = False) -> None:  # noqa: ARG002  # the signature is the library's
        """Register what is allowed, and nothing else."""
        for kind in _TAGS:
            self.tags[kind.name] = MeteredTag(kind(self))
        self.filters.update(FILTERS)

    def get_template(
        self,
        name: str,
        *,
        globals: Mapping[str, object] | None = None,  # noqa: A002, ARG002  # the signature is the library's
        context: RenderContext | None = None,  # noqa: ARG002
        **_: object,
    ) -> BoundTemplate:
        """Return a snippet by its name, parsed once; no name leads to a file.

        Raises
        ------
        TemplateNotFoundError
        """
        if name not in self.snippets:
            raise TemplateNotFoundError(name)
        if name not in self._parsed:
            path, source = self.snippets[name]
            self._parsed[name] = self.parsed(source, name=name, path=path)
        return self._parsed[name]

    def parsed(self, source: str, *, name: str, path: Path) -> SafeTemplate:
        """Return a source ready to be filled.

        Raises
        ------
        LiquidError
        """
        return cast(SafeTemplate, self.from_string(source, name=name, path=path))
