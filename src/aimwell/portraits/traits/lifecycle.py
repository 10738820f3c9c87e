"""Lifecycle: scores and stages by fixed, published rules, so that two snapshots can be compared.

Scores use fixed edges, not quantiles: with quantiles a fifth of the customers are "best" even in a dying shop. Money is
measured against the shop's own mean, so the edges hold in every currency.

=====  ============================  ====================  ==========================================
score  recency_score: last order     frequency_score:      money_score: spend of 365 days over the
       at most so many days ago      orders in 365 days    mean of those who bought in 365 days
=====  ============================  ====================  ==========================================
5      30                            10 or more            4 or more
4      60                            5 to 9                2 up to 4
3      120                           3 or 4                1 up to 2
2      240                           2                     0.5 up to 1
1      longer ago                    1 or none             below 0.5
=====  ============================  ====================  ==========================================
"""

from __future__ import annotations

from typing import Any

import ibis
import ibis.expr.types as ir

from aimwell.base.words import text
from aimwell.portraits.model import Trait
from aimwell.portraits.tables.moments import days_between

__all__ = ["AIPL", "JD_4A", "LIFECYCLE", "RFM_SEGMENTS", "VALUE_TIERS"]

# Stages in order, with the words for people. AIPL as Alibaba uses it, 4A as JD does.
AIPL = {
    "aware": text("Awareness"),
    "interest": text("Interest"),
    "purchase": text("Purchase"),
    "loyalty": text("Loyalty"),
}
JD_4A = {"aware": text("Aware"), "appeal": text("Appeal"), "act": text("Act"), "advocate": text("Advocate")}
RFM_SEGMENTS = {
    "champion": text("Champions"),
    "loyal": text("Loyal customers"),
    "promising": text("Promising customers"),
    "new": text("New customers"),
    "needs_attention": text("Need attention"),
    "cannot_lose": text("Cannot lose them"),
    "at_risk": text("At risk"),
    "fading": text("Fading"),
    "lost": text("Lost"),
    "prospect": text("Prospects"),
}
VALUE_TIERS = {
    "top": text("Top value"),
    "high": text("High value"),
    "middle": text("Middle value"),
    "low": text("Low value"),
    "none": text("No spend in a year"),
}
_INTEREST_DAYS, _VIEW_DAYS, _NEW_DAYS = 30, 15, 60


def _recency_score(p: ir.Table) -> Any:
    days = days_between(p.last_ordered_at, p.as_of)
    edges = ((30, 5), (60, 4), (120, 3), (240, 2))
    steps = [(days <= edge, score) for edge, score in edges]
    return ibis.cases((days.isnull(), ibis.null("int64")), *steps, else_=1)


def _frequency_score(p: ir.Table) -> Any:
    orders = p.n_orders_365d
    steps = [(orders >= edge, score) for edge, score in ((10, 5), (5, 4), (3, 3), (2, 2))]
    return ibis.cases((p.days_since_last_order.isnull(), ibis.null("int64")), *steps, else_=1)


def _spend_ratio(p: ir.Table) -> Any:
    return p.spend_365d_minor / p.mean_spend_365d_minor.nullif(0)


def _money_score(p: ir.Table) -> Any:
    steps = [(_spend_ratio(p) * 10 >= edge, score) for edge, score in ((40, 5), (20, 4), (10, 3), (5, 2))]
    return ibis.cases((p.days_since_last_order.isnull(), ibis.null("int64")), *steps, else_=1)


def _value_tier(p: ir.Table) -> Any:
    return ibis.cases(
        (p.spend_365d_minor == 0, "none"),
        (_spend_ratio(p) >= 4, "top"),
        (_spend_ratio(p) >= 2, "high"),
        (_spend_ratio(p) * 2 >= 1, "middle"),
        else_="low",
    )


def _rfm_segment(p: ir.Table) -> Any:
    r, f, m = p.recency_score, p.frequency_score, p.money_score
    return ibis.cases(
        (r.isnull(), "prospect"),
        ((r >= 4) & (f >= 4), "champion"),
        ((r == 3) & (f >= 4), "loyal"),
        ((r >= 4) & (p.days_since_first_order <= _NEW_DAYS), "new"),
        (r >= 4, "promising"),
        (r == 3, "needs_attention"),
        ((f >= 3) & (m >= 4), "cannot_lose"),
        ((r == 2) & (f >= 3), "at_risk"),
        (r == 2, "fading"),
        else_="lost",
    )


def _is_interested(p: ir.Table) -> Any:
    recent = [(p.days_since_last_cart, _INTEREST_DAYS), (p.days_since_last_search, _INTEREST_DAYS)]
    recent.append((p.days_since_last_view, _VIEW_DAYS))
    return ibis.or_(*[(days <= edge).fill_null(False) for days, edge in recent])  # noqa: FBT003


def _is_advocate(p: ir.Table) -> Any:
    return (p.n_orders_365d >= 1) & ((p.n_reviews > 0) | (p.n_shares > 0))


def _aipl_stage(p: ir.Table) -> Any:
    return ibis.cases(
        ((p.n_orders_365d >= 2) | _is_advocate(p), "loyalty"),
        (p.n_orders_365d >= 1, "purchase"),
        (_is_interested(p), "interest"),
        else_="aware",
    )


def _jd_4a_stage(p: ir.Table) -> Any:
    return ibis.cases(
        ((p.n_orders_365d >= 2) | _is_advocate(p), "advocate"),
        (
            (p.n_orders_365d >= 1) | (p.days_since_last_cart <= _INTEREST_DAYS).fill_null(False),  # noqa: FBT003
            "act",
        ),
        (_is_interested(p), "appeal"),
        else_="aware",
    )


def _score(name: str, of: Any, *, meaning: str) -> Trait:
    return Trait(
        name=name,
        group="lifecycle",
        dtype="int64",
        unit="score",
        meaning=meaning,
        sources=("orders",),
        of=of,
        derived=True,
    )


def _stage(name: str, of: Any, *, meaning: str, sources: tuple[str, ...] = ("orders",)) -> Trait:
    return Trait(
        name=name, group="lifecycle", dtype="string", meaning=meaning, sources=sources, of=of, derived=True
    )


LIFECYCLE = (
    _score(
        "recency_score",
        _recency_score,
        meaning=text(
            "5 if the last order is at most 30 days old, 4 up to 60, 3 up to 120, 2 up to 240, else 1; empty without an order."
        ),
    ),
    _score(
        "frequency_score",
        _frequency_score,
        meaning=text(
            "5 for 10 orders or more in 365 days, 4 from 5, 3 from 3, 2 for 2, else 1; empty without an order."
        ),
    ),
    _score(
        "money_score",
        _money_score,
        meaning=text(
            "Spend of 365 days over the mean of the shop's buyers: 5 from 4 times, 4 from 2, 3 from 1, 2 from a half, else 1; empty without an order."
        ),
    ),
    _stage(
        "rfm_segment",
        _rfm_segment,
        meaning=text(
            "Segment by the three scores: champion, loyal, promising, new, needs_attention, cannot_lose, at_risk, fading, lost or prospect."
        ),
    ),
    _stage(
        "value_tier",
        _value_tier,
        meaning=text(
            "Spend of 365 days over the mean of the shop's buyers: top from 4 times, high from 2, middle from a half, low, or none."
        ),
    ),
    _stage(
        "aipl_stage",
        _aipl_stage,
        meaning=text(
            "AIPL: loyalty (two orders a year, or one and a review or share), purchase, interest (cart or search in 30 days, view in 15), else aware."
        ),
        sources=("orders", "events"),
    ),
    _stage(
        "jd_4a_stage",
        _jd_4a_stage,
        meaning=text(
            "JD 4A: advocate (two orders a year, or one and a review or share), act (one order, or a cart in 30 days), appeal (interest), else aware."
        ),
        sources=("orders", "events"),
    ),
)
