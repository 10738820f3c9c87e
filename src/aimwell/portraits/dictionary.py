"""The trait dictionary as a page of the documentation; `docs/reference/traits.md` is this, word for word."""

from __future__ import annotations

from aimwell.base.words import Words
from aimwell.portraits.model import GROUPS, UNITS, TraitBook

__all__ = ["traits_page"]

_HEAD = """\
# Traits

<!-- Made from the code by `make docs`; edit the traits, not this page. -->

A trait is one fact about a person as of a moment. There are {n} built-in ones, predictions among them; a shop adds its own in
`traits.toml` (see [Portraits](../portraits.md)). Amounts are in minor units (cents, 分), rates lie between 0 and 1, times are UTC.
Every trait has one value per person. "Empty" is a missing value, never 0.
"""


def traits_page(book: TraitBook, *, words: Words) -> str:
    """Return the Markdown page that lists every trait of a book, chapter by chapter."""
    parts = [_HEAD.format(n=len(book))]
    for group, title in GROUPS.items():
        traits = [one for one in book if one.group == group]
        if not traits:
            continue
        parts.append(
            f"\n## {words.say(title)}\n\n| trait | meaning | type | unit | made from |\n|---|---|---|---|---|\n"
        )
        parts += [
            f"| `{one.name}` | {words.say(one.meaning)} | {one.dtype} | {words.say(UNITS[one.unit])} "
            f"| {', '.join(one.sources)} |\n"
            for one in traits
        ]
    return "".join(parts)
