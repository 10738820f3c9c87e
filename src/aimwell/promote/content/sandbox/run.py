"""One filling of one template: what it has cost so far, and which names it could not find.

Cost is counted in steps, not in seconds, so that the same template and facts are refused everywhere or nowhere.
"""

from __future__ import annotations

from collections.abc import Iterable

from liquid.exceptions import LiquidError

__all__ = ["LONGEST_LIST", "MOST_BYTES", "MOST_STEPS", "Run", "TooCostly"]

MOST_STEPS = 20_000  # a mail with thirty products takes about a thousand
MOST_BYTES = 262_144  # of one part
LONGEST_LIST = 10_000  # items of a list or range, or rounds of loops within loops
_CHARACTERS_PER_STEP = 64
_ITEMS_PER_STEP = 4


class TooCostly(LiquidError):
    """A limit is reached; `what` says which."""

    def __init__(self, what: str, limit: int) -> None:
        super().__init__(what, token=None)
        self.what, self.limit = what, limit


class Run:
    """Counts the steps of one filling and remembers unknown names.

    Parameters
    ----------
    locale
        Of dates, numbers and money, such as en or zh_Hans_CN.
    currency
        Of amounts that come without one.
    """

    def __init__(self, *, locale: str = "en", currency: str | None = None) -> None:
        self.locale, self.currency = locale, currency
        self.n_steps = 0
        self._known: dict[str, tuple[str, ...]] = {}

    def spend(self, n_steps: int) -> None:
        """Count steps.

        Raises
        ------
        TooCostly
            Beyond the limit.
        """
        self.n_steps += n_steps
        if self.n_steps > MOST_STEPS:
            raise TooCostly("steps", MOST_STEPS)

    def spend_on(self, value: object) -> None:
        """Count what it takes to look at a value."""
        if isinstance(value, str):
            self.spend(len(value) // _CHARACTERS_PER_STEP)
        elif isinstance(value, dict | list | tuple):
            self.spend(len(value) // _ITEMS_PER_STEP)

    def spend_on_characters(self, n_characters: int) -> None:
        """Count what it takes to write so many characters, before they are written."""
        self.spend(n_characters // _CHARACTERS_PER_STEP)

    def missed(self, name: str, known: Iterable[str]) -> None:
        """Remember a name that is not there, and those that are."""
        self._known[name] = tuple(known)

    def known_beside(self, name: str) -> tuple[str, ...] | None:
        """Return the names that stand where a missed one was looked for; None if it was not missed."""
        return self._known.get(name)
