"""Where a template looks names up: in the facts and in its own variables, and nowhere else."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from liquid import RenderContext
from liquid.builtin.tags.for_tag import ForLoop
from liquid.builtin.tags.tablerow_tag import TableRow
from liquid.template import BoundTemplate
from liquid.token import Token
from liquid.undefined import UNDEFINED, StrictDefaultUndefined, Undefined
from liquid.utils import ReadOnlyChainMap

from aimwell.promote.content.sandbox.run import LONGEST_LIST, Run, TooCostly

__all__ = ["SafeContext", "SafeTemplate"]

_LOOP = ("first", "index", "index0", "last", "length", "rindex", "rindex0")


class SafeContext(RenderContext):
    """A context that counts, and that has no clock: `now` and `today` are names like any other."""

    __slots__ = ("run",)

    def __init__(self, template: BoundTemplate, *, run: Run | None = None, **given: Any) -> None:
        super().__init__(template, **given)
        parent = given.get("parent_context")  # of a snippet: it counts on
        self.run: Run = parent.run if isinstance(parent, SafeContext) else run or Run()
        self.scope = ReadOnlyChainMap(self.locals, self.globals, self.counters)

    def get(self, path: list[object], *, token: Token | None, default: object = UNDEFINED) -> object:
        """Return what a path leads to: items of the facts, never attributes."""
        self.run.spend(1)
        here: Any = self.scope
        for place, step in enumerate(path):
            try:
                here = self.scope[step] if place == 0 else self.get_item(here, step)  # type: ignore[index]
            except (KeyError, TypeError, IndexError):
                if default is not UNDEFINED:
                    return default
                return self._missing(path[: place + 1], here, token)
        if isinstance(
            here, ForLoop | TableRow
        ):  # an object of the library: as a table it shows where the loop is, and no more
            return {name: here[name] for name in _LOOP}
        self.run.spend_on(here)
        return here

    def _missing(self, path: list[object], where: object, token: Token | None) -> Undefined:
        name = ".".join(str(step) for step in path)[:100]
        if self.env.undefined is StrictDefaultUndefined:
            known = where if isinstance(where, Mapping) else ()
            self.run.missed(name, sorted({str(one) for one in known}))
        return self.env.undefined(name, hint=name, token=token)

    def assign(self, key: str, val: Any) -> None:
        """Set a variable. What it holds was counted when it was made, so there is no limit of its own."""
        self.run.spend(1)
        self.locals[key] = val

    def raise_for_loop_limit(self, length: int = 1) -> None:
        """Count the rounds of a loop before it begins."""
        self.run.spend(length)
        rounds = length
        for loop in self.loops:
            rounds *= max(loop.length, 1)
        if rounds > LONGEST_LIST:
            raise TooCostly("rounds", LONGEST_LIST)


class SafeTemplate(BoundTemplate):
    """A parsed template that is filled in such a context."""

    context_class = SafeContext

    def make_partial_namespace(
        self,
        partial: bool,  # noqa: ARG002, FBT001  # the signature is the library's
        render_args: Mapping[str, object],
    ) -> Mapping[str, object]:
        """Return what a template begins with beside the facts: nothing; the library's own would be the name `partial`."""
        return render_args

    def fill(self, facts: Mapping[str, object], run: Run) -> str:
        """Return the template filled with facts; what it costs is counted in `run`."""
        context = SafeContext(self, run=run, globals=facts)
        buffer = context.get_buffer()
        self.render_with_context(context, buffer)
        return buffer.getvalue()
