"""What the value model says, and how it fared."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from aimwell.report.model.rates import rate

__all__ = ["Decile", "Deciles", "RivalError", "ValueView"]


@dataclass(frozen=True, kw_only=True)
class Decile:
    """A tenth of the people, the best first (1): what was predicted for each on average, and what each then brought."""

    decile: int
    n_people: int
    predicted: float
    realised: float


@dataclass(frozen=True, kw_only=True)
class Deciles:
    """Predicted against realised margin (minor units) in [start_on, end_on), tenth by tenth.

    `is_backtest` says that a model of the past was tried on what followed; else it is the shop's present prediction
    beside what came since.
    """

    start_on: date
    end_on: date
    is_backtest: bool
    rows: tuple[Decile, ...]

    @property
    def predicted(self) -> float:
        """The predicted total."""
        return sum(row.predicted * row.n_people for row in self.rows)

    @property
    def realised(self) -> float:
        """What all of them brought."""
        return sum(row.realised * row.n_people for row in self.rows)

    @property
    def top_rate(self) -> float | None:
        """Share of the realised total that the best two tenths by prediction brought."""
        return rate(sum(r.realised * r.n_people for r in self.rows if r.decile <= 2), self.realised)


@dataclass(frozen=True, kw_only=True)
class RivalError:
    """How far one way to predict was off, per person: orders, and margin in minor units; and whether it is our model."""

    name: str
    is_model: bool
    orders: float
    margin_minor: float


@dataclass(frozen=True, kw_only=True)
class ValueView:
    """What the value model says, how it fared, and what it says about itself (sentences in the report's language).

    `expected_minor` is the margin expected of everybody over the horizon; None: nobody was scored yet.
    """

    model: str
    horizon_days: int
    expected_minor: int | None
    n_scored: int
    deciles: tuple[Deciles, ...]
    rivals: tuple[RivalError, ...]
    notes: tuple[str, ...]
