"""The year: weekdays, holidays, sales, trend and shocks, as factors per day."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import holidays
import numpy as np
from numpy.typing import NDArray

from aimwell.learn.simulator.model import Shock, WorldSpec
from aimwell.learn.simulator.randoms import Purpose, dense

__all__ = ["Season", "season", "spells"]


@dataclass(frozen=True, kw_only=True)
class _Spell:
    """So many days around a holiday: the factor of demand, of gifts, and how much is taken off all prices."""

    first: int  # days after the holiday, inclusive; before it: negative
    last: int
    demand: float = 1.0
    gifts: float = 1.0
    promo: float = 0.0


@dataclass(frozen=True, kw_only=True)
class Season:
    """Factors per day of a world, `last_day` of each.

    Attributes
    ----------
    demand
        What order rates are multiplied by.
    promo
        Share that is taken off all prices, 0..1.
    shelf
        Per day and category: what the weight of the category is multiplied by.
    utc_offset
        Seconds by which the shop's wall clock is ahead of UTC, at noon of the day.
    """

    demand: NDArray[np.float64]
    promo: NDArray[np.float64]
    shelf: NDArray[np.float32]
    utc_offset: NDArray[np.int64]


# People wait for the great sales, and have what they need after them: the dips are theirs.
_CHINA = {
    "Chinese New Year": (
        _Spell(first=-24, last=-8, demand=1.25, gifts=1.5),
        _Spell(first=-7, last=6, demand=0.45),
    ),
    "03-08": (_Spell(first=-3, last=0, demand=1.2, gifts=1.3, promo=0.08),),
    "06-18": (
        _Spell(first=-30, last=-18, demand=0.9),
        _Spell(first=-17, last=-1, demand=1.2, promo=0.08),
        _Spell(first=0, last=0, demand=1.8, promo=0.15),
        _Spell(first=1, last=8, demand=0.85),
    ),
    "Dragon Boat": (_Spell(first=-7, last=-1, demand=1.05, gifts=1.2),),
    "Mid-Autumn": (_Spell(first=-14, last=-1, demand=1.1, gifts=1.5),),
    "10-01": (_Spell(first=0, last=6, demand=0.85),),
    "11-11": (
        _Spell(first=-20, last=-11, demand=0.8),
        _Spell(first=-10, last=-1, demand=1.15, promo=0.1),
        _Spell(first=0, last=0, demand=2.5, promo=0.2),
        _Spell(first=1, last=10, demand=0.75),
    ),
    "12-12": (_Spell(first=0, last=0, demand=1.4, promo=0.12),),
}
_WEST = {
    "01-02": (_Spell(first=0, last=14, demand=0.85),),
    "02-14": (_Spell(first=-8, last=-1, demand=1.1, gifts=1.5),),
    "mothers": (_Spell(first=-8, last=-1, demand=1.1, gifts=1.5),),
    "07-01": (_Spell(first=0, last=55, demand=0.93),),
    "friday": (
        _Spell(first=-12, last=-1, demand=0.9),
        _Spell(first=0, last=3, demand=1.7, gifts=1.2, promo=0.2),
    ),
    "12-24": (_Spell(first=-23, last=-4, demand=1.45, gifts=1.7), _Spell(first=0, last=3, demand=0.5)),
}
_SPELLS = {"china": _CHINA, "west": _WEST}


def season(spec: WorldSpec, *, seed: int) -> Season:
    """Return the factors of every day that the world can be played."""
    days = np.arange(spec.last_day)
    demand, gifts, promo = np.ones(days.size), np.ones(days.size), np.zeros(days.size)
    for first, last, spell in spells(spec):
        part = slice(max(first, 0), max(last + 1, 0))
        demand[part] *= spell.demand**spec.nature.annual
        gifts[part] *= spell.gifts**spec.nature.annual
        promo[part] = np.maximum(promo[part], spell.promo * spec.nature.annual)
    weekday = (days + spec.start_on.weekday()) % 7
    demand *= np.array(spec.nature.weekdays)[weekday] * (1.0 + spec.trend_rate) ** (days / 365.0)
    for shock in (*spec.shocks, *_drawn_shocks(spec, seed=seed)):
        demand[shock.day : shock.day + shock.days] *= shock.factor
    is_gift = np.array([shelf.is_gift for shelf in spec.nature.shelves])
    return Season(
        demand=demand,
        promo=promo,
        shelf=np.where(is_gift, gifts[:, None], 1.0).astype(np.float32),
        utc_offset=_offsets(spec),
    )


def spells(spec: WorldSpec) -> Iterator[tuple[int, int, _Spell]]:
    """Yield every spell that touches the world: its first and last day, and what it does."""
    years = range(spec.start_on.year, (spec.start_on + timedelta(spec.last_day + 31)).year + 1)
    for name, parts in _SPELLS[spec.market].items():
        for day in _days_of(name, years):
            for spell in parts:
                at = (day - spec.start_on).days
                yield at + spell.first, at + spell.last, spell


def _days_of(name: str, years: Sequence[int]) -> list[date]:
    """Return the day of a holiday in each of these years."""
    if name == "mothers":  # the second Sunday in May
        return [_nth_weekday(year, 5, weekday=6, nth=2) for year in years]
    if name == "friday":  # the day after the fourth Thursday in November
        return [_nth_weekday(year, 11, weekday=3, nth=4) + timedelta(1) for year in years]
    if name[0].isdigit():
        return [date.fromisoformat(f"{year}-{name}") for year in years]
    found = holidays.country_holidays("CN", years=years, language="en_US").get_named(name)
    by_year: dict[int, date] = {}
    for day in sorted(found):
        by_year.setdefault(day.year, day)
    return list(by_year.values())


def _nth_weekday(year: int, month: int, *, weekday: int, nth: int) -> date:
    first = date(year, month, 1)
    return first + timedelta((weekday - first.weekday()) % 7 + 7 * (nth - 1))


def _drawn_shocks(spec: WorldSpec, *, seed: int) -> list[Shock]:
    """Return shocks that nobody foresees: two to six weeks of more or less demand."""
    random = dense(seed, block=0, day=0, purpose=Purpose.SHOCKS)
    return [
        Shock(
            day=int(random.integers(0, spec.last_day)),
            days=int(random.integers(14, 43)),
            factor=float(np.exp(random.normal(0.0, 0.3))),
        )
        for _ in range(spec.n_shocks)
    ]


def _offsets(spec: WorldSpec) -> NDArray[np.int64]:
    zone = ZoneInfo(spec.zone)
    noon = datetime(spec.start_on.year, spec.start_on.month, spec.start_on.day, 12, tzinfo=zone)
    # wall-clock arithmetic: noon of each day, whatever the clocks did in the night
    offsets = [(noon + timedelta(day)).utcoffset() or timedelta(0) for day in range(spec.last_day)]
    return np.array([int(offset.total_seconds()) for offset in offsets], dtype=np.int64)
