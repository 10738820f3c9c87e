"""When demand declines to predict, and what it says then."""

from __future__ import annotations

from aimwell.base.words import Sentence, text
from aimwell.predict.demand.learn import min_days
from aimwell.predict.demand.panel import Panel
from aimwell.predict.model import Abstention

__all__ = ["MIN_UNITS", "too_little_sold"]

MIN_UNITS = 200


def too_little_sold(panel: Panel, *, horizon_days: int) -> Abstention | None:
    """Decline where the past is too short for the horizon, or hardly anything was sold; else None."""
    n_units = float(panel.units.sum())
    if panel.n_days >= min_days(horizon_days) and n_units >= MIN_UNITS:
        return None
    template = text(
        "Too little to predict from: {n_units} units over {n_days} days. For {horizon_days} days ahead it takes at least {min_units} units and {min_days} days."
    )
    values = {
        "n_units": round(n_units),
        "n_days": panel.n_days,
        "horizon_days": horizon_days,
        "min_units": MIN_UNITS,
        "min_days": min_days(horizon_days),
    }
    return Abstention(code="too_little_sold", reason=Sentence(template, values))
