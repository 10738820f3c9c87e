"""A world: its spec and seed, and all that follows from them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from zoneinfo import available_timezones

import numpy as np
from numpy.typing import NDArray

from aimwell.base.money import is_known_currency
from aimwell.learn.simulator.catalogue import Catalogue, catalogue
from aimwell.learn.simulator.errors import WorldInvalid
from aimwell.learn.simulator.model import Need, WorldSpec
from aimwell.learn.simulator.people import Traits, traits
from aimwell.learn.simulator.randoms import BLOCK
from aimwell.learn.simulator.seasons import Season, season

__all__ = ["Moves", "World"]

_FASTEST_UP, _FASTEST_DOWN = 0.85, 0.14  # probabilities per day; with `go` they stay below 1


@dataclass(frozen=True, kw_only=True)
class Moves:
    """How needs move: per `Need` the daily probability up and down for a person of pace 1, and where to.

    `steepest` bounds the probability down, `go` is the one to leave for good.
    """

    up: NDArray[np.float32]
    down: NDArray[np.float32]
    steepest: NDArray[np.float32]
    go: float
    above: NDArray[np.int8]
    below: NDArray[np.int8]

    def up_prob(self, need: NDArray[np.int8] | int, pace: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return each person's probability to move up."""
        bounded: NDArray[np.float32] = np.minimum(self.up[need] * pace, np.float32(_FASTEST_UP))
        return bounded

    def down_prob(self, need: NDArray[np.int8] | int, fickle: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return each person's probability to move down."""
        bounded: NDArray[np.float32] = np.minimum(self.down[need] * fickle, self.steepest[need])
        return bounded


@dataclass(frozen=True)
class World:
    """A shop with its people, made of a spec and a seed; the same two give the same world for ever.

    Raises
    ------
    WorldInvalid
        If a number of the spec cannot be.
    """

    spec: WorldSpec
    seed: int

    def __post_init__(self) -> None:
        _check(self.spec)

    @cached_property
    def season(self) -> Season:
        """The factors of every day."""
        return season(self.spec, seed=self.seed)

    @cached_property
    def catalogue(self) -> Catalogue:
        """The products."""
        return catalogue(self.spec, seed=self.seed)

    @cached_property
    def moves(self) -> Moves:
        """How needs move."""
        nature = self.spec.nature
        up, down = np.zeros(len(Need), dtype=np.float32), np.zeros(len(Need), dtype=np.float32)
        up[Need.LAPSED], up[Need.STOCKED] = 1.0 / nature.days_lapsed, 1.0 / nature.days_stocked
        up[Need.SATED], up[Need.OPEN] = 1.0 / nature.days_sated, 1.0 / nature.days_open
        down[Need.OPEN], down[Need.KEEN] = 1.0 / nature.days_to_lapse, 1.0 / nature.days_keen
        above, below = np.arange(len(Need), dtype=np.int8), np.arange(len(Need), dtype=np.int8)
        above[: Need.KEEN] = [Need.OPEN, Need.SATED, Need.OPEN, Need.KEEN]
        below[Need.OPEN], below[Need.KEEN] = Need.LAPSED, Need.OPEN
        steepest = np.where(up > 0, _FASTEST_DOWN, _FASTEST_UP).astype(np.float32)
        return Moves(
            up=up, down=down, steepest=steepest, go=1.0 / nature.days_to_go, above=above, below=below
        )

    def traits(self, first: int, count: int) -> Traits:
        """Return what is hidden in people `first` to `first + count`, half-open; `first` begins a block."""
        return traits(self.spec, seed=self.seed, first=first, count=count)

    def chunks(self, size: int) -> Iterator[tuple[int, int]]:
        """Yield (first, count) of chunks of about so many people; each begins a block."""
        step = max(size // BLOCK, 1) * BLOCK
        for first in range(0, self.spec.people, step):
            yield first, min(step, self.spec.people - first)


def _check(spec: WorldSpec) -> None:
    """Refuse what cannot be."""
    allowed = {
        "people": (spec.people, 1, 1_000_000_000),
        "products": (spec.products, len(spec.nature.shelves), 1_000_000),
        "days": (spec.days, 1, 7300),
        "spare_days": (spec.spare_days, 0, 7300),
        "unit_minor": (spec.unit_minor, 0.01, 1e9),
        "share_at_start": (spec.share_at_start, 0, 1),
        "stock_out_rate": (spec.stock_out_rate, 0, 0.5),
        "trend_rate": (spec.trend_rate, -0.9, 10),
    }
    allowed |= {name: (rate, 0, 0.5) for name, rate in vars(spec.dirt).items()}
    for name, (value, low, high) in allowed.items():
        if not low <= value <= high:
            raise WorldInvalid(name=f"`{name}`", value=value, allowed=f"{low:g} … {high:g}")
    if spec.zone not in available_timezones():
        raise WorldInvalid(name="`zone`", value=spec.zone, allowed="IANA: Europe/London, Asia/Shanghai")
    if not is_known_currency(spec.currency):
        raise WorldInvalid(name="`currency`", value=spec.currency, allowed="ISO 4217")
