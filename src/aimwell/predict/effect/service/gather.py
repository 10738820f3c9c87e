"""Gathers, inside the engine, a bounded sample of decisions left to chance: portrait before, outcome after."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import ibis
import ibis.expr.types as ir
import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from aimwell.people.model import Facts
from aimwell.people.service import read_facts
from aimwell.portraits.model import Snapshot
from aimwell.portraits.service import snapshots
from aimwell.predict.effect.abstentions import MIN_SIDE
from aimwell.predict.effect.experiment import Experiment
from aimwell.predict.effect.features import Encoding, learn_encoding
from aimwell.predict.effect.model import Design
from aimwell.predict.effect.tables.decisions import (
    arm_counts,
    by_chances,
    by_designs,
    pair_counts,
    sampled,
    single_decisions,
)
from aimwell.predict.effect.tables.outcomes import brought
from aimwell.storage.lake.lake import Lake

__all__ = ["PER_SIDE", "Gathered", "OfferData", "designs_of", "gather", "told"]

PER_SIDE = 30_000  # rows drawn for and against an offer: cost of fitting does not grow with the shop
_ROWS = 400_000  # of all offers together
_KEYS = ("offer_id", "person_id", "campaign_id")


@dataclass(frozen=True, kw_only=True)
class OfferData:
    """What there is to learn from about one offer.

    Attributes
    ----------
    experiment
        The rows drawn; outcome: profit within the horizon, minor units.
    has_ordered
        Whether the person ordered within the horizon, row by row.
    counts
        Of all rows: n_treated, n_control, n_campaigns, from_at, to_at.
    """

    experiment: Experiment
    has_ordered: NDArray[np.bool_]
    counts: Mapping[str, Any]


@dataclass(frozen=True, kw_only=True)
class Gathered:
    """The bounded sample of all offers.

    Attributes
    ----------
    encoding
        The features of all experiments.
    offers
        Those with enough decisions.
    declined
        The others: offer_id, n_treated, n_control.
    """

    encoding: Encoding
    offers: Mapping[str, OfferData]
    declined: tuple[Mapping[str, Any], ...]


def gather(
    *,
    lake: Lake,
    as_of: datetime,
    horizon_days: int,
    margin_rate: float,
    chances: ir.Table | None = None,
    known_at: datetime | None = None,
    seed: int = 0,
) -> Gathered | None:
    """Return the decisions that chance had a part in, with portraits from before and profits from after them.

    Parameters
    ----------
    lake
        Facts (touches, orders, refunds) and portraits.
    as_of
        Outcomes end here (naive UTC, exclusive); decisions end a horizon before.
    horizon_days, margin_rate
        What counts as profit.
    chances
        Columns of `tables.decisions.CHANCES`: for campaigns whose arms do not say it all (several offers, explorers), what each
        person could have got with which probability.
    known_at
        What Aimwell knew at this moment; None: now.
    seed
        Draws other rows.

    Returns
    -------
    Gathered or None
        None where there is no such decision.
    """
    facts = read_facts(lake=lake, known_at=known_at)
    portraits = snapshots(lake=lake)
    until = as_of - timedelta(days=horizon_days)
    if not portraits:
        return None
    engine = lake.engine
    with engine.stage(single_decisions(facts.touches, until=until)) as decisions:
        pairs = _pairs(decisions, chances, lake=lake)
        if pairs is None:
            return None
        with engine.stage(pairs) as staged:
            counts = _counts(engine.rows(pair_counts(staged).order_by("offer_id", "is_treated")))
            enough = {k: c for k, c in counts.items() if min(c["n_treated"], c["n_control"]) >= MIN_SIDE}
            declined = tuple(
                {"offer_id": k, "n_treated": c["n_treated"], "n_control": c["n_control"]}
                for k, c in counts.items()
                if k not in enough
            )
            if not enough:
                return Gathered(encoding=Encoding(features=()), offers={}, declined=declined)
            with _drawn(staged, enough, lake=lake, seed=seed) as drawn:
                rows = told(
                    drawn, facts, portraits, lake=lake, end=as_of, days=horizon_days, rate=margin_rate
                )
    return _laid_out(rows, enough, declined)


def designs_of(counts: Sequence[Mapping[str, Any]]) -> list[Design]:
    """Return how chance decided in each campaign, as far as its arms say it.

    Parameters
    ----------
    counts
        Rows of `arm_counts`.

    Returns
    -------
    list of Design
        One for each campaign whose treatment (or arm `random`) was one and the same offer for everyone. Campaigns with a choice
        of offers need their chances written down: whom the holdout is to be compared with cannot be seen from the arms.
    """
    found = []
    for campaign_id in sorted({str(row["campaign_id"]) for row in counts}):
        mine = [row for row in counts if row["campaign_id"] == campaign_id]
        held = [row for row in mine if row["arm"] == "holdout"]
        if not held:
            continue
        for arm in ("treatment", "random"):
            treated = [row for row in mine if row["arm"] == arm]
            if len(treated) != 1 or treated[0]["offer_id"] is None:
                continue
            found.append(
                Design(
                    campaign_id=campaign_id,
                    offer_id=str(treated[0]["offer_id"]),
                    arm=arm,
                    treated_prob=_chance(treated, held),
                )
            )
    return found


def _chance(treated: Sequence[Mapping[str, Any]], held: Sequence[Mapping[str, Any]]) -> float | None:
    """Return the probability of the offer, given it or the holdout; None where it differs from person to person."""
    ends = [
        {round(float(row[name]), 12) for row in rows for name in ("least_propensity", "most_propensity")}
        for rows in (treated, held)
    ]
    if any(len(found) != 1 for found in ends):
        return None
    of_offer, of_nothing = ends[0].pop(), ends[1].pop()
    return of_offer / (of_offer + of_nothing)


def _pairs(decisions: ir.Table, chances: ir.Table | None, *, lake: Lake) -> ir.Table | None:
    written = None if chances is None else by_chances(decisions, chances)
    others = decisions
    if chances is not None:
        others = decisions.anti_join(chances.select("campaign_id").distinct(), "campaign_id")
    counts = lake.engine.rows(arm_counts(others).order_by("campaign_id", "arm", "offer_id"))
    read = by_designs(others, designs_of(counts))
    parts = [part for part in (written, read) if part is not None]
    if not parts:
        return None
    pairs = ibis.union(*parts) if len(parts) > 1 else parts[0]
    return pairs.filter(pairs.propensity > 0, pairs.propensity < 1)


def _counts(rows: Sequence[Mapping[str, Any]]) -> dict[str, dict[str, Any]]:
    counts: dict[str, dict[str, Any]] = {}
    for row in rows:
        found = counts.setdefault(
            row["offer_id"],
            {
                "n_treated": 0,
                "n_control": 0,
                "n_campaigns": 0,
                "from_at": row["from_at"],
                "to_at": row["to_at"],
            },
        )
        found["n_treated" if row["is_treated"] else "n_control"] = row["n_rows"]
        found["n_campaigns"] = max(found["n_campaigns"], row["n_campaigns"])
        found["from_at"] = min(found["from_at"], row["from_at"])
        found["to_at"] = max(found["to_at"], row["to_at"])
    return counts


@contextmanager
def _drawn(
    pairs: ir.Table, counts: Mapping[str, Mapping[str, Any]], *, lake: Lake, seed: int
) -> Iterator[ir.Table]:
    most = min(PER_SIDE, _ROWS // (2 * max(len(counts), 1)))
    schema = {"offer_id": "string", "rate_treated": "float64", "rate_control": "float64"}
    rates = [
        {
            "offer_id": offer_id,
            "rate_treated": min(1.0, most / one["n_treated"]),
            "rate_control": min(1.0, most / one["n_control"]),
        }
        for offer_id, one in counts.items()
    ]
    with lake.engine.stage(
        sampled(pairs, rates=ibis.memtable(rates, schema=ibis.schema(schema)), seed=seed)
    ) as drawn:
        yield drawn


def told(
    drawn: ir.Table,
    facts: Facts,
    portraits: Sequence[Snapshot],
    *,
    lake: Lake,
    end: datetime,
    days: int,
    rate: float,
) -> pa.Table:
    """Return decisions with what came of them and the newest portrait that is not younger than the decision.

    Parameters
    ----------
    drawn
        One row per (offer_id, person_id, campaign_id), none null, and decided_at; few enough to be fetched.
    facts, portraits, lake
        Where to look.
    end, days, rate
        See `brought`.

    Returns
    -------
    Table
        The columns of `drawn`, those that all portraits have alike, profit_minor and has_ordered; sorted. Who had no portrait is
        left out.
    """
    oldest_first = sorted(portraits, key=lambda one: one.as_of)
    tables = [lake.table(one.table_name) for one in oldest_first]
    common = [
        name
        for name, kind in tables[-1].schema().items()
        if name not in ("person_id", "as_of") and all(t.schema().get(name) == kind for t in tables)
    ]
    ends = [one.as_of for one in oldest_first[1:]] + [None]
    parts = []
    for one, table, until in zip(oldest_first, tables, ends, strict=True):
        mine = drawn.filter(drawn.decided_at >= ibis.literal(one.as_of).cast("timestamp"))
        if until is not None:
            mine = mine.filter(mine.decided_at < ibis.literal(until).cast("timestamp"))
        parts.append(mine.inner_join(table.select("person_id", *common), "person_id"))
    seen = ibis.union(*parts) if len(parts) > 1 else parts[0]
    with lake.engine.stage(seen) as staged:
        told = brought(staged, facts, end=end, horizon_days=days, margin_rate=rate)
        return lake.engine.arrow(told.order_by(_KEYS))


def _laid_out(
    rows: pa.Table, counts: Mapping[str, Mapping[str, Any]], declined: tuple[Mapping[str, Any], ...]
) -> Gathered:
    aside = {*_KEYS, "decided_at", "is_treated", "propensity", "profit_minor", "has_ordered"}
    encoding = learn_encoding(rows, columns=[name for name in rows.column_names if name not in aside])
    features = encoding.of_arrow(rows)
    offer_ids = np.array(rows["offer_id"].to_pylist(), dtype=object)
    _, person = np.unique(rows["person_id"].to_numpy(), return_inverse=True)
    everything = Experiment(
        features=features,
        is_treated=np.asarray(rows["is_treated"].to_numpy(zero_copy_only=False), dtype=bool),
        propensity=np.asarray(rows["propensity"].to_numpy(), dtype=np.float64),
        outcome=np.asarray(rows["profit_minor"].to_numpy(), dtype=np.float64),
        person=np.asarray(person, dtype=np.int64),
    )
    has_ordered = np.asarray(rows["has_ordered"].to_numpy(zero_copy_only=False), dtype=bool)
    offers, thin = {}, list(declined)
    for offer_id, one in counts.items():
        mine = offer_ids == offer_id
        n_treated = int(everything.is_treated[mine].sum())
        if min(n_treated, int(mine.sum()) - n_treated) < MIN_SIDE:  # no portraits from before
            thin.append(
                {"offer_id": offer_id, "n_treated": n_treated, "n_control": int(mine.sum()) - n_treated}
            )
            continue
        offers[offer_id] = OfferData(
            experiment=everything.rows(mine), has_ordered=has_ordered[mine], counts=one
        )
    return Gathered(encoding=encoding, offers=offers, declined=tuple(thin))
