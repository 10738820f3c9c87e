"""What can be missing when people are prepared for a plan."""

from __future__ import annotations

from aimwell.base.errors import NotFound
from aimwell.base.words import text

__all__ = ["CategoryUnknown", "ValuesMissing"]


class ValuesMissing(NotFound):
    """Nobody was scored, or as of another moment."""

    code = "values_missing"
    template = text(
        "No value scores as of {as_of} (found: {found}). Run `aimwell predict fit value --as-of {day}` and `aimwell predict score value --as-of {day}` first."
    )


class CategoryUnknown(NotFound):
    """An offer is about a category in which nobody ever bought."""

    code = "category_unknown"
    template = text(
        "Offer `{offer_id}` is about category `{category}`, in which nobody bought before. Nearest: {nearest}. Correct `category` in offers.toml."
    )
