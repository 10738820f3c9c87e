"""The model card: what a demand model learned, how it fared, and where it should not be trusted."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import date, datetime
from typing import Any

from aimwell.base.words import Sentence, text
from aimwell.predict.demand.model import FORECAST_NAMES, LEVEL_NAMES, Backtest
from aimwell.predict.demand.rules import RULES

__all__ = ["DemandCard"]

COVERAGE_RANGE = (0.75, 0.85)
TOLERATED_BIAS = 0.05
_YEAR_DAYS = 365


@dataclass(frozen=True, kw_only=True)
class DemandCard:
    """All that is known of a demand model.

    Attributes
    ----------
    model_id, as_of, horizon_days, data_hash
        Which model this is, and what it learned from.
    first_on, n_days
        The days it learned from.
    n_products, n_pools, n_units
        Series of products, pools of other products by category, units bought.
    promotion_kinds
        Kinds of promotions that it was told of.
    n_filled_days
        Days of products without stock, taken as usual.
    n_closed_days
        Days on which the whole shop was closed, which nothing is learned from.
    weights
        Weight of each forecast, for regular and for intermittent series.
    upper_weights
        Weight of each forecast of the categories and of the total.
    backtest
        How it fared.
    """

    model_id: str
    as_of: datetime
    horizon_days: int
    data_hash: str
    first_on: date
    n_days: int
    n_products: int
    n_pools: int
    n_units: int
    promotion_kinds: Sequence[str]
    weights: Mapping[str, Mapping[str, float]]
    upper_weights: Mapping[str, Mapping[str, float]]
    backtest: Backtest
    n_filled_days: int = 0
    n_closed_days: int = 0

    def as_data(self) -> dict[str, Any]:
        """Return the card as JSON values."""
        return asdict(self) | {
            "as_of": self.as_of.isoformat(),
            "first_on": self.first_on.isoformat(),
            "backtest": self.backtest.as_data(),
        }

    @classmethod
    def from_data(cls, data: Mapping[str, Any]) -> DemandCard:
        """Return the card that `as_data` wrote; those kept by earlier versions have no weights of categories and total."""
        return cls(
            **{"upper_weights": {}}
            | dict(data)
            | {
                "as_of": datetime.fromisoformat(data["as_of"]),
                "first_on": date.fromisoformat(data["first_on"]),
                "backtest": Backtest.from_data(data["backtest"]),
            }
        )

    def notes(self) -> list[Sentence]:
        """Return what a reader must know before trusting the numbers, worst first."""
        notes = [*self._lost(), *self._off()]
        if self.n_days < _YEAR_DAYS + self.horizon_days:
            template = text("Only {n_days} days of sales: what happens once a year was not seen before.")
            notes.append(Sentence(template, {"n_days": self.n_days}))
        if not self.promotion_kinds:
            notes.append(
                Sentence(
                    text(
                        "It was told of no promotions: what a promotion will sell beyond the usual is missed."
                    )
                )
            )
        notes.append(self._stock())
        if self.n_closed_days:
            template = text("The shop was closed on {n_days} days; nothing is learned from them.")
            notes.append(Sentence(template, {"n_days": self.n_closed_days}))
        return notes

    def _stock(self) -> Sentence:
        if not self.n_filled_days:
            return Sentence(
                text("It was told of no stock-outs: a day without stock looks like a day without demand.")
            )
        template = text(
            "On {n_days} days of products without stock, units are taken as usual: the mean of that weekday in the four weeks before."
        )
        return Sentence(template, {"n_days": self.n_filled_days})

    def _lost(self) -> list[Sentence]:
        notes = []
        for level in ("product", "category", "total"):
            mine = self.backtest.trial(level, "combined").rmsse
            rule = min((self.backtest.trial(level, name) for name in RULES), key=lambda one: one.rmsse)
            if rule.rmsse < mine:
                template = text(
                    'At the level "{level}" the rule "{rule}" came closer and is used there: error {rule_rmsse:.3f} against {rmsse:.3f}.'
                )
                values = {
                    "level": Sentence(LEVEL_NAMES[level]),
                    "rule": Sentence(FORECAST_NAMES[rule.forecast]),
                    "rule_rmsse": rule.rmsse,
                    "rmsse": mine,
                }
                notes.append(Sentence(template, values))
        return notes

    def _off(self) -> list[Sentence]:
        notes = []
        bias_rate = self.backtest.trial("total", "combined").bias_rate
        if abs(bias_rate) > TOLERATED_BIAS:
            template = text(
                "Total units came out {bias_rate:+.0%} against the truth; treat totals with this caution."
            )
            notes.append(Sentence(template, {"bias_rate": bias_rate}))
        low, high = COVERAGE_RANGE
        for level in ("product", "category", "total"):
            rate = self.backtest.coverage.get(f"{level}/day")
            if rate is not None and not low <= rate <= high:
                template = text(
                    'At the level "{level}" the 80% intervals of days held {coverage:.0%} of what came.'
                )
                notes.append(Sentence(template, {"level": Sentence(LEVEL_NAMES[level]), "coverage": rate}))
        return notes
