"""Every node of a parsed template pays before it is filled: for itself and for the expressions in it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TextIO, cast

from liquid import RenderContext
from liquid.ast import Node, Partial
from liquid.builtin.content import ContentNode
from liquid.builtin.expressions import Identifier
from liquid.builtin.expressions.primitive import RangeLiteral
from liquid.builtin.tags.render_tag import RenderNode
from liquid.exceptions import LiquidError, LiquidTypeError
from liquid.expression import Expression
from liquid.stream import TokenStream
from liquid.tag import Tag
from liquid.token import TOKEN_EOF

from aimwell.promote.content.sandbox.context import SafeContext
from aimwell.promote.content.sandbox.run import LONGEST_LIST, TooCostly

__all__ = ["MeteredTag"]

_CHARACTERS_PER_STEP = 256
_STEPS_OF_A_SNIPPET = 5  # it gets a context of its own


class MeteredTag(Tag):
    """A tag whose nodes pay."""

    def __init__(self, inner: Tag) -> None:
        super().__init__(inner.env)
        self.name, self.block, self.end = inner.name, inner.block, inner.end
        self._inner = inner

    def get_node(self, stream: TokenStream) -> Node:
        """Parse the tag's node and put it behind a meter; a mistake that is found at the end of the file gets the tag's place."""
        opening = stream.current
        try:
            return _MeteredNode(self._inner.get_node(stream))
        except LiquidError as exc:
            if (
                exc.token is None
                or exc.token.kind == TOKEN_EOF
                or exc.token.start_index < opening.start_index
            ):
                exc.token = opening
            raise

    def parse(self, stream: TokenStream) -> Node:
        """Parse the tag's node."""
        return self._inner.parse(stream)


class _MeteredNode(Node):
    __slots__ = ("_inner", "_price", "_ranges")

    def __init__(self, inner: Node) -> None:
        super().__init__(inner.token)
        self.blank = inner.blank
        self._inner = inner
        expressions = list(_expressions(inner))
        self._price = 1 + len(expressions)
        if isinstance(inner, ContentNode):
            self._price += len(inner.text) // _CHARACTERS_PER_STEP
        elif isinstance(inner, RenderNode):
            self._price += _STEPS_OF_A_SNIPPET
        self._ranges = [one for one in expressions if isinstance(one, RangeLiteral)]

    def __str__(self) -> str:
        return str(self._inner)

    def render_to_output(self, context: RenderContext, buffer: TextIO) -> int:
        """Pay, then fill; an error that does not know its place gets that of this node."""
        if not isinstance(context, SafeContext):
            raise TypeError("a metered node needs a context that counts")
        try:
            self._pay(context)
            return self._inner.render(context, buffer)
        except LiquidError as exc:
            exc.token = exc.token or self.token
            exc.template_name = exc.template_name or context.template.path
            raise
        except (
            ArithmeticError,
            AttributeError,
            LookupError,
            TypeError,
            ValueError,
        ) as exc:  # such as a negative `limit`
            said = str(exc) or type(exc).__name__
            raise LiquidTypeError(said, token=self.token, template_name=context.template.path) from exc

    def _pay(self, context: SafeContext) -> None:
        context.run.spend(self._price)
        for one in self._ranges:  # a range costs nothing until it becomes a list, and then it is too late
            found = one.evaluate(context)
            if found.stop - found.start > LONGEST_LIST:
                raise TooCostly("items", LONGEST_LIST)

    def children(self, static_context: RenderContext, *, include_partials: bool = True) -> Iterable[Node]:
        return self._inner.children(static_context, include_partials=include_partials)

    def expressions(self) -> Iterable[Expression]:
        return self._inner.expressions()

    def template_scope(self) -> Iterable[Identifier]:
        return self._inner.template_scope()

    def block_scope(self) -> Iterable[Identifier]:
        return self._inner.block_scope()

    def partial_scope(self) -> Partial | None:
        return self._inner.partial_scope()


def _expressions(node: Node) -> Iterable[Expression]:
    """Yield all expressions of a node, and those of its blocks that are not behind meters of their own."""
    for expression in node.expressions():
        yield from _inside(expression)
    for child in _own_blocks(node):
        yield from _expressions(child)


def _own_blocks(node: Node) -> list[Node]:
    """Return the branches and blocks of a node; they do not depend on the context."""
    if node.partial_scope() is not None:
        return []
    nowhere = cast(RenderContext, None)
    return [child for child in node.children(nowhere) if not isinstance(child, _MeteredNode)]


def _inside(expression: Expression) -> Iterable[Expression]:
    yield expression
    for child in expression.children():
        yield from _inside(child)
