"""Explorers of a round: by lot, some of the treatment get what a draw from what is believed says is best, with known probabilities.

They are the people of the treatment with the lowest lots, so that an arm is still a function of the id and the shares, and treatment
and holdout stay alike. They reach as far as their share of the budget, of every limit, and of the people allows, counted by what is
expected before the lot is drawn about their offers.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import ibis.expr.types as ir
import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from aimwell.base.lottery import LOTS, Lottery
from aimwell.predict.effect.measured import Array
from aimwell.promote.campaigns import tables
from aimwell.promote.measure.arms import ArmShares, campaign_lottery
from aimwell.promote.plan.model import MILLI, Campaign, Problem
from aimwell.promote.plan.service.curve import Slider
from aimwell.promote.plan.service.gathering import gather
from aimwell.promote.policy.exploration import drawn, explore, within
from aimwell.storage.engines import Engine

__all__ = ["EXPLORERS_SCHEMA", "SHARE", "Explorers", "find_explorers"]

SHARE = 0.05
"""Of budget, limits and people, where the file does not say: what is never tried is never learned about, and explorers earn a little less."""

_MOST = 100_000  # people who explore in one round
_AT_ONCE = 10_000

EXPLORERS_SCHEMA = pa.schema(
    [
        ("person_id", pa.int64()),
        ("explored", pa.int64()),  # the action drawn: 0 nothing, else the number of the offer, from 1 on
        ("chances", pa.list_(pa.float64())),  # of each action
    ]
)


@dataclass(frozen=True, kw_only=True)
class Explorers:
    """The shares of the arms once explorers are found, and one row per explorer, columns of `EXPLORERS_SCHEMA`."""

    shares: ArmShares
    rows: pa.Table


@dataclass(frozen=True, kw_only=True)
class _Candidates:
    """People in the order of their lots: what each offer is believed to bring and costs, minor units, and the limits' segments."""

    person_id: NDArray[np.int64]
    lot: NDArray[np.int64]
    gain: Array
    spread: Array
    cost: Array
    member: NDArray[np.bool_]

    def part(self, begin: int) -> _Candidates:
        """Return some of them."""
        some = slice(begin, begin + _AT_ONCE)
        return _Candidates(**{name: getattr(self, name)[some] for name in self.__dataclass_fields__})


def find_explorers(
    armed: ir.Table,
    people: ir.Table,
    *,
    shares: ArmShares,
    share: float,
    problem: Problem,
    campaign: Campaign,
    engine: Engine,
) -> Explorers:
    """Choose by lot who explores, and draw what each gets.

    Parameters
    ----------
    armed
        Choices of a plan with lots (`plan.service.gathering.all_choices`) and arms without explorers.
    people
        `mean_<offer_id>` and `sd_<offer_id>` of everybody (`promote.policy.beliefs.with_gains`).
    shares
        Of the arms, without explorers.
    share
        Of budget, limits and people, 0..1.
    problem, campaign
        What is planned; `campaign.name` is the round's id.
    engine
        Runs the expressions.

    Raises
    ------
    NoPeople, NobodyEligible, OutOfReach
        If there is nothing to plan.
    """
    before = shares.holdout + shares.random + shares.business_as_usual
    most_lot = round((before + share * (1.0 - before)) * LOTS)
    lottery = campaign_lottery(shares, campaign.name)
    found = _candidates(
        tables.explorable(armed, people, problem=problem, lottery=lottery, below=most_lot).limit(_MOST),
        problem=problem,
        engine=engine,
    )
    salt = shares.campaign_salt(campaign.name)
    chance = _reached(
        found,
        problem=problem,
        most=np.array([campaign.budget_minor * share, *(problem.maxima * share)]),
        price=_price(armed, problem=problem, engine=engine),
        salt=salt,
    )
    cut = most_lot if len(chance) == len(found.lot) < _MOST else int(found.lot[min(len(chance), _MOST - 1)])
    n_kept = int((found.lot[: len(chance)] < cut).sum())  # of people with the same lot, all explore or none
    ids, kept = found.person_id[:n_kept], chance[:n_kept]
    explored = cut / LOTS - before
    return Explorers(
        shares=replace(shares, explore=explored, treatment=1.0 - before - explored),
        rows=pa.table(
            [ids, drawn(kept, person_id=ids, salt=salt), pa.array(list(kept), pa.list_(pa.float64()))],
            schema=EXPLORERS_SCHEMA,
        ),
    )


def _price(armed: ir.Table, *, problem: Problem, engine: Engine) -> float:
    """Return about what the last unit of the budget brings: an offer that costs much has to beat what its cost earns elsewhere."""
    open_ones = armed.filter(armed.arm.isin(["treatment", "holdout"]))
    given = gather(open_ones, engine=engine, problem=problem)
    slider = Slider(given.sample, problem, slopes=given.slopes)
    slider.learn(problem.budget_minor)
    return slider.at(problem.budget_minor).per_unit


def _candidates(rows: ir.Table, *, problem: Problem, engine: Engine) -> _Candidates:
    found = engine.arrow(rows)
    n_offers, n_segments = len(problem.offers), len(problem.segments)

    def wide(name: str, width: int) -> Array:
        columns = [found[f"{name}_{k}"].cast(pa.float64()).fill_null(np.nan).to_numpy() for k in range(width)]
        return np.column_stack(columns) if columns else np.zeros((found.num_rows, 0))

    return _Candidates(
        person_id=np.asarray(found["person_id"].to_numpy(), dtype=np.int64),
        lot=np.asarray(found["lot"].to_numpy(), dtype=np.int64),
        gain=wide("mean", n_offers),
        spread=wide("sd", n_offers),
        cost=wide("cost", n_offers) / MILLI,
        member=wide("member", n_segments) > 0,
    )


def _reached(found: _Candidates, *, problem: Problem, most: Array, price: float, salt: str) -> Array:
    """Return the chances of those, in their order, whom the room reaches: (n, K + 1)."""
    seed = Lottery.of(salt, purpose="explore draws").shift
    kept, left = [np.zeros((0, len(problem.offers) + 1))], most
    for begin in range(0, len(found.lot), _AT_ONCE):
        part = found.part(begin)
        made = explore(
            part.gain, part.spread, part.cost, person_id=part.person_id, price=price, salt=salt, seed=seed
        )
        expected = _expected(made.chance[:, 1:], part, problem)
        reached = within(expected, left)
        kept.append(made.chance[reached])
        left = left - expected[reached].sum(axis=0)
        if not reached.all():
            break
    return np.concatenate(kept)


def _expected(chance: Array, part: _Candidates, problem: Problem) -> Array:
    """Return what each person is expected to use: the cost, then contacts of each limit."""
    uses = chance @ problem.counts.T
    for row, limit in enumerate(problem.limits):
        if limit.segment is not None:
            uses[:, row] *= part.member[:, problem.segments.index(limit.segment)]
    return np.column_stack([(chance * np.nan_to_num(part.cost)).sum(axis=1), uses])
