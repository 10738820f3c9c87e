"""MJML: mails that look alike everywhere, turned into HTML once, when the template is read, and with the Liquid still in it."""

from __future__ import annotations

import re
from collections.abc import Sequence

from aimwell.promote.content.errors import MjmlMissing, TemplateWrong

__all__ = ["html_of"]

_TOKEN = re.compile(r"LIQUID(\d{5})TAG")
_POSITION = re.compile(r"position (\d+):\d+")


def html_of(source: str, tags: Sequence[tuple[int, int]], *, file: str) -> str:
    """Return the HTML of an MJML source; its Liquid tags pass through untouched, and nothing is included from elsewhere.

    Parameters
    ----------
    source, tags
        The template, and where its Liquid tags are. Between elements they stand in ``<mj-raw>``.
    file
        Names it in errors.

    Raises
    ------
    MjmlMissing
        If the package is not installed.
    TemplateWrong
        If it is no MJML.
    """
    try:
        from mjml import mjml2html
    except ImportError as exc:
        raise MjmlMissing(file=file) from exc
    parts, at = [], 0
    for place, (start, end) in enumerate(tags):
        parts += [source[at:start], f"LIQUID{place:05d}TAG"]
        at = end
    marked = "".join((*parts, source[at:]))
    try:
        page = mjml2html(marked, include_loader=_nothing)
    except ValueError as exc:
        found = _POSITION.search(str(exc))
        line = marked.count("\n", 0, int(found[1])) + 1 if found else 1
        raise TemplateWrong(file=file, line=line, problem=exc) from exc
    return _TOKEN.sub(lambda found: source[slice(*tags[int(found[1])])], page)


def _nothing(path: str) -> str:
    raise ValueError(f"mj-include of {path}")
