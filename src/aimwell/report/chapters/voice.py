"""How the report speaks: one language, one currency."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date

from aimwell.base.money import minor_units, to_major
from aimwell.base.words import Words, text
from aimwell.report.charts.theme import Chart, Scale, draw
from aimwell.report.model import Period
from aimwell.report.page.blocks import Note, Picture

__all__ = ["Voice"]


@dataclass(frozen=True)
class Voice:
    """Says numbers, money, dates and sentences of one report."""

    words: Words
    currency: str

    def say(self, english: str, /, **values: object) -> str:
        """Return a marked text in the report's language."""
        return self.words.say(english, **values)

    def money(self, minor: float) -> str:
        """Return an amount with its currency; large ones without cents."""
        return self.words.money(round(minor), self.currency, whole=abs(to_major(minor, self.currency)) >= 100)

    def moneys(self, minors: Sequence[float | None]) -> list[str]:
        """Return the amounts of one column, all with cents or all without; a dash for none."""
        largest = max((abs(minor) for minor in minors if minor is not None), default=0)
        whole = to_major(largest, self.currency) >= 1000
        return ["–" if m is None else self.words.money(round(m), self.currency, whole=whole) for m in minors]

    def units(self, major: float) -> str:
        """Return an amount that is given in whole units of money, with its cents: 1.25 as $1.25."""
        return self.words.money(major * minor_units(self.currency), self.currency)

    def number(self, value: float) -> str:
        """Return a count."""
        return self.words.number(value)

    def percent(self, rate: float | None) -> str:
        """Return a rate as a percentage, small ones with one more digit; a dash for none."""
        if rate is None:
            return "–"
        return self.words.percent(rate, decimals=1 if 0 < abs(rate) < 0.1 else 0)

    def period(self, start_on: date, period: Period) -> str:
        """Return a month, a quarter or a year by its first day."""
        if period == "year":
            return str(start_on.year)
        if period == "quarter":
            return self.say(text("Q{quarter} {year}"), quarter=(start_on.month + 2) // 3, year=start_on.year)
        return self.words.month(start_on)

    def amounts(self, english: str, /) -> Scale:
        """Return an axis of money in minor units; the marked title names the {currency}."""
        return Scale(
            title=self.say(english, currency=self.currency),
            read=lambda minor: self.words.compact(float(to_major(minor, self.currency))),
        )

    def rates(self, english: str, /) -> Scale:
        """Return an axis of rates, shown as percentages."""
        return Scale(title=self.say(english), read=self.words.percent)

    def picture(self, build: Callable[[int], Chart], *, title: str, see: str, do: str) -> Picture:
        """Return a drawn chart with its two sentences; the first also describes it to those who cannot see it."""
        return Picture(title=title, drawing=draw(build, title=title, description=see), see=see, do=do)

    def missing(self, english: str, /, **values: object) -> Note:
        """Return the sentence that says which command makes what is not there yet."""
        return Note(tone="missing", text=self.say(english, **values))
