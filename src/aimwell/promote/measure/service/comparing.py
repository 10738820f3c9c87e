"""Turns the sums of two arms into a contrast: estimate, intervals, balance, and who carries it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import numpy as np

from aimwell.promote.measure.balance import LEVEL, ratio_p_value
from aimwell.promote.measure.effect import Estimates, estimates
from aimwell.promote.measure.errors import NoComparison, PropensitiesDiffer
from aimwell.promote.measure.model import ArmFigures, Balance, Carrier, Contrast, Interval, Look
from aimwell.promote.measure.sequential import (
    half_widths,
    mixture_constant,
    normal_quantile,
    target_variance,
    tells_on,
)
from aimwell.promote.measure.service.gathering import Gathered
from aimwell.promote.measure.sums import ArmSums, Floats
from aimwell.promote.measure.tables.sums import arm_figures, extremes

__all__ = ["Terms", "arms_found", "carrier_of", "contrast"]

_SAME = 1e-9  # propensities that differ by less are the same


@dataclass(frozen=True, kw_only=True)
class Terms:
    """What a contrast is made with: who, at which confidence, how long, and how probable the arms were.

    `last_day` is the last day of the horizon, counted from day 0.
    """

    campaign_id: str
    arm: str
    against: str
    confidence: float
    horizon_days: int
    last_day: int
    propensities: Mapping[str, float]

    @property
    def alpha(self) -> float:
        """Probability that any of the intervals misses."""
        return 1.0 - self.confidence


def arms_found(gathered: Gathered, *, campaign_id: str) -> tuple[tuple[ArmFigures, ...], dict[str, float]]:
    """Return what each arm holds, and how probable it was.

    Raises
    ------
    PropensitiesDiffer
        If people came into one arm with different probabilities; explorers, who are compared with nobody here, have their own each.
    """
    rows = gathered.engine.rows(arm_figures(gathered.entries, gathered.moved))
    for row in rows:
        if row["arm"] != "explore" and row["high_propensity"] - row["low_propensity"] > _SAME:
            raise PropensitiesDiffer(
                campaign_id=campaign_id,
                arm=row["arm"],
                low=row["low_propensity"],
                high=row["high_propensity"],
            )
    names = ("arm", "n_people", "n_contacted", "n_buyers", "profit_minor")
    figures = tuple(ArmFigures(**{name: row[name] for name in names}) for row in rows)
    return figures, {row["arm"]: row["low_propensity"] for row in rows}


def contrast(
    sums: Mapping[tuple[str | None, str], ArmSums],
    terms: Terms,
    *,
    gathered: Gathered,
    offer_id: str | None = None,
) -> Contrast:
    """Compare two arms of a slice.

    Raises
    ------
    NoComparison
        If one of them has fewer than two people.
    """
    treated, control = (_arm(sums, (offer_id, name), terms) for name in (terms.arm, terms.against))
    found = estimates(treated, control)
    constant = _constant(found, treated, control, terms)
    halves = half_widths(found, constant=constant, alpha=terms.alpha)
    told = None
    if constant is not None:
        told = tells_on(found, constant=constant, alpha=terms.alpha, last_day=terms.last_day)
    return Contrast(
        arm=terms.arm,
        against=terms.against,
        offer_id=offer_id,
        n_people=int(treated.n_people[-1]),
        n_against=int(control.n_people[-1]),
        confidence=terms.confidence,
        looks=_looks(found, halves, terms=terms, gathered=gathered),
        tells_at=None if told is None else _day_end(gathered, told),
        raw_effect_minor=float(found.raw_effect[-1]),
        raw_error_minor=float(np.sqrt(found.raw_variance[-1])),
        variance_cut=found.variance_cut,
        balance=_balance(treated, control, terms),
    )


def carrier_of(
    made: Contrast, sums: Mapping[tuple[str | None, str], ArmSums], terms: Terms, *, gathered: Gathered
) -> Carrier | None:
    """Return the person whose profit moves a contrast of all people most; None: nobody brought anything."""
    treated, control = (_arm(sums, (None, name), terms) for name in (terms.arm, terms.against))
    constant = _constant(estimates(treated, control), treated, control, terms)
    candidates = []
    for name in (terms.arm, terms.against):
        for row in gathered.engine.rows(extremes(gathered.moved, arm=name, befores=gathered.befores)):
            arms = {terms.arm: treated.last, terms.against: control.last}
            before = [row[column] / 1000.0 for column in gathered.befores]
            arms[name] = arms[name].last_without(profit=row["profit_minor"], before=before)
            found = estimates(arms[terms.arm], arms[terms.against])
            candidates.append(_carrier(row, found, made, constant=constant, alpha=terms.alpha))
    if not candidates:
        return None
    return max(candidates, key=lambda c: abs(c.effect_minor - made.last.effect_minor))


def _arm(
    sums: Mapping[tuple[str | None, str], ArmSums], key: tuple[str | None, str], terms: Terms
) -> ArmSums:
    n_people = int(sums[key].n_people[-1]) if key in sums else 0
    if n_people < 2:
        raise NoComparison(campaign_id=terms.campaign_id, arm=key[1], n_people=n_people)
    return sums[key]


def _constant(found: Estimates, treated: ArmSums, control: ArmSums, terms: Terms) -> float | None:
    target = target_variance(found, treated, control, horizon_days=terms.horizon_days)
    return None if target is None else mixture_constant(target, alpha=terms.alpha)


def _looks(found: Estimates, halves: Floats, *, terms: Terms, gathered: Gathered) -> tuple[Look, ...]:
    normal = normal_quantile(1.0 - terms.alpha / 2.0)
    looks = []
    for day in np.flatnonzero(np.isfinite(found.effect)).tolist():
        effect, error = float(found.effect[day]), float(np.sqrt(found.variance[day]))
        half = float(halves[day])
        looks.append(
            Look(
                day=day,
                at=gathered.look_at(day),
                n_people=int(found.n_people[day]),
                n_buyers=int(found.n_buyers[day]),
                effect_minor=effect,
                error_minor=error,
                interval=Interval(low=effect - half, high=effect + half) if np.isfinite(half) else None,
                fixed=Interval(low=effect - normal * error, high=effect + normal * error),
            )
        )
    return tuple(looks)


def _balance(treated: ArmSums, control: ArmSums, terms: Terms) -> Balance:
    chances = np.array([terms.propensities[terms.arm], terms.propensities[terms.against]])
    shares = chances / chances.sum()
    counts = np.stack([treated.n_people, control.n_people], axis=-1)
    p_value = ratio_p_value(counts, shares)
    names = (terms.arm, terms.against)
    return Balance(
        counts=dict(zip(names, counts[-1].astype(int).tolist(), strict=True)),
        shares=dict(zip(names, shares.tolist(), strict=True)),
        p_value=p_value,
        is_alarm=p_value < LEVEL,
    )


def _carrier(
    row: Mapping[str, Any], found: Estimates, made: Contrast, *, constant: float | None, alpha: float
) -> Carrier:
    effect = float(found.effect[0])
    half = float(half_widths(found, constant=constant, alpha=alpha, min_buyers=0)[0])
    interval = Interval(low=effect - half, high=effect + half) if np.isfinite(half) else None
    is_other = (
        interval is not None
        and made.last.interval is not None
        and (interval.has_zero != made.last.interval.has_zero)
    )
    whole = made.last.effect_minor
    is_most = abs(whole) > made.last.error_minor and abs(effect) < abs(whole) / 2.0
    return Carrier(
        person_id=row["person_id"],
        arm=row["arm"],
        profit_minor=round(row["profit_minor"]),
        effect_minor=effect,
        interval=interval,
        carries=is_other or is_most,
    )


def _day_end(gathered: Gathered, day: int) -> datetime:
    return datetime.combine(gathered.started_at.date(), datetime.min.time()) + timedelta(days=day + 1)
