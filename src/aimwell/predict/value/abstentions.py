"""When value declines to predict, and what it says then."""

from __future__ import annotations

from collections.abc import Sequence

from aimwell.base.errors import AimwellError
from aimwell.base.words import SENTENCES, Sentence, Series, text
from aimwell.predict.model import Abstention
from aimwell.predict.value.cells import DAYS_PER_WEEK, Cells, MarginCells
from aimwell.predict.value.model import FORECAST_NAMES, Backtest

__all__ = [
    "MIN_PEOPLE",
    "MIN_REPEATERS",
    "MIN_SPAN_DAYS",
    "beaten_by_rule",
    "no_form_fits",
    "too_few_margins",
    "too_little_data",
]

MIN_PEOPLE = 30
MIN_REPEATERS = 10
MIN_SPAN_DAYS = 28


def too_little_data(cells: Cells) -> Abstention | None:
    """Decline below the stated minimum of people, repeat buyers and days; None: there is enough."""
    span_days = float(cells.age_weeks.max(initial=0.0)) * DAYS_PER_WEEK + 1
    if cells.n_people >= MIN_PEOPLE and cells.n_repeaters >= MIN_REPEATERS and span_days >= MIN_SPAN_DAYS:
        return None
    template = text(
        "Too little to predict from: {n_people} known customers, {n_repeaters} of them with purchases on more "
        "than one day, over {span_days} days. It takes at least {min_people} customers, {min_repeaters} who came "
        "back, and {min_span_days} days. Load more orders, or earlier ones."
    )
    values = {
        "n_people": int(cells.n_people),
        "n_repeaters": int(cells.n_repeaters),
        "span_days": int(span_days),
        "min_people": MIN_PEOPLE,
        "min_repeaters": MIN_REPEATERS,
        "min_span_days": MIN_SPAN_DAYS,
    }
    return Abstention(code="too_little_data", reason=Sentence(template, values))


def too_few_margins(cells: MarginCells) -> Abstention | None:
    """Decline where too few people brought a positive margin; None: there are enough."""
    n_positive = int(cells.count[cells.mean_minor > 0].sum())
    if n_positive >= MIN_PEOPLE:
        return None
    template = text(
        "Only {n_positive} customers brought a positive margin; it takes at least {min_people}. Check costs and "
        "refunds, and the setting `margin_rate`."
    )
    values = {"n_positive": n_positive, "min_people": MIN_PEOPLE}
    return Abstention(code="too_few_margins", reason=Sentence(template, values))


def no_form_fits(reasons: Sequence[AimwellError]) -> Abstention:
    """Decline because none of the purchase models could be fitted."""
    template = text("None of the purchase models fits this shop. {reasons}")
    return Abstention(code="no_form_fits", reason=Sentence(template, {"reasons": Series(reasons, SENTENCES)}))


def beaten_by_rule(backtest: Backtest) -> Abstention | None:
    """Decline where a naive rule foretold orders better by absolute error, squared error and ranking; else None.

    A rule that is closer on average but ranks people worse does not replace the model; the card names it.
    """
    mine = backtest.error(backtest.chosen, measure="orders")
    closer = [backtest.error(name, measure="orders") for name in backtest.closer_rules("orders")]
    better = [rule for rule in closer if rule.correlation > mine.correlation]
    if not better:
        return None
    rule = min(better, key=lambda e: (e.rmse, e.forecast))
    template = text(
        'In the {horizon_days} days before this date the rule "{rule}" foretold orders better than the best '
        "model: mean absolute error {rule_mae:.3f} against {model_mae:.3f}, root mean square error "
        "{rule_rmse:.3f} against {model_rmse:.3f}. Use the rule, or fit again with more history."
    )
    values = {
        "horizon_days": backtest.horizon_days,
        "rule": Sentence(FORECAST_NAMES[rule.forecast]),
        "rule_mae": rule.mae,
        "model_mae": mine.mae,
        "rule_rmse": rule.rmse,
        "model_rmse": mine.rmse,
    }
    return Abstention(code="beaten_by_rule", reason=Sentence(template, values))
