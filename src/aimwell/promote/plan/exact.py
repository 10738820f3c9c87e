"""The choice as a linear or integer programme, solved by HiGHS: exact for a few thousand people.

In fractions every limit may be broken at a penalty, so that an impossible problem still has an answer, which says what it broke.

References
----------
Q. Huangfu and J. A. J. Hall (2018), "Parallelizing the dual revised simplex method", Mathematical Programming
Computation 10. HiGHS: https://highs.dev
"""

from __future__ import annotations

from dataclasses import dataclass

import highspy
import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from aimwell.promote.plan.model import Prices, Problem
from aimwell.promote.plan.prospects import Prospects, Room

__all__ = ["Relaxed", "Whole", "relax", "solve"]

_TOLERANCE = 1e-6  # HiGHS keeps its rows to about 1e-7
_PENALTY = 100.0  # a broken limit costs so many times the largest profit
_NODES = 1_000  # a node limit and not a time limit: the same input gives the same plan on any machine


@dataclass(frozen=True, kw_only=True)
class Relaxed:
    """A choice in fractions.

    Attributes
    ----------
    chosen
        (people, offers): shares in 0..1.
    prices
        The dual values of the budget and the limits.
    broken
        By how much the budget (first) and each limit had to be broken; all zero if all can hold.
    """

    chosen: NDArray[np.float64]
    prices: Prices
    broken: NDArray[np.float64]


@dataclass(frozen=True, kw_only=True)
class Whole:
    """A choice for whole people: (people, offers), and whether HiGHS proved it the best within the gap asked for."""

    chosen: NDArray[np.bool_]
    is_proven: bool


def relax(
    people: Prospects,
    problem: Problem,
    *,
    room: Room,
    columns: NDArray[np.bool_] | None = None,
    penalty: float = _PENALTY,
) -> Relaxed:
    """Choose offers in fractions of people: a linear programme, whose dual values are the prices.

    Parameters
    ----------
    people
        The people and what each offer would earn and cost with each.
    problem
        The offers and limits.
    room
        What is left of the budget and of each limit for these people.
    columns
        (people, offers): which pairs to consider at all; by default every eligible pair.
    penalty
        A broken limit costs so many times the largest profit; prices cannot be higher.
    """
    who, what = np.nonzero(people.eligible if columns is None else people.eligible & columns)
    highs = _started(gap=0.0)
    highs.passModel(_model(people, problem, who=who, what=what, room=room, penalty=penalty))
    highs.run()
    return _relaxed(highs, people, problem, room=room, who=who, what=what)


def solve(
    people: Prospects,
    problem: Problem,
    *,
    room: Room,
    columns: NDArray[np.bool_] | None = None,
    gap_milli: float = 0.5,
) -> Whole | None:
    """Choose offers for whole people: an integer programme; None if no choice is found within the limits.

    Parameters are those of `relax`, except that limits hold in any case, and

    gap_milli
        How close to the optimum to stop; values are whole, so that less than 1 means the optimum.
    """
    who, what = np.nonzero(people.eligible if columns is None else people.eligible & columns)
    model = _model(people, problem, who=who, what=what, room=room, penalty=_PENALTY)
    n_slacks = model.num_col_ - len(who)
    model.col_upper_ = np.concatenate([np.ones(len(who)), np.zeros(n_slacks)])
    kinds = [highspy.HighsVarType.kInteger] * len(who) + [highspy.HighsVarType.kContinuous] * n_slacks
    model.integrality_ = kinds
    highs = _started(gap=gap_milli / _scales(people)[0])
    highs.passModel(model)
    highs.run()
    if highs.getInfo().primal_solution_status != highspy.SolutionStatus.kSolutionStatusFeasible:
        return None
    chosen = np.zeros(people.value.shape, dtype=bool)
    chosen[who, what] = np.array(highs.getSolution().col_value)[: len(who)] > 0.5
    return Whole(chosen=chosen, is_proven=highs.getModelStatus() == highspy.HighsModelStatus.kOptimal)


def _started(*, gap: float) -> highspy.Highs:
    highs = highspy.Highs()  # type: ignore[no-untyped-call]  # highspy has no annotations
    for option, value in (
        ("output_flag", False),
        ("threads", 1),
        ("random_seed", 0),
        ("mip_rel_gap", 0.0),
        ("mip_abs_gap", gap),
        ("mip_max_nodes", _NODES),
        ("dual_feasibility_tolerance", 1e-9),
    ):
        highs.setOptionValue(option, value)
    return highs


def _scales(people: Prospects) -> tuple[float, float]:
    """Return units in which profits and costs are near one: HiGHS works to absolute tolerances."""
    value = float(np.abs(people.value[people.eligible]).mean()) if people.eligible.any() else 1.0
    cost = float(people.cost[people.eligible].mean()) if people.eligible.any() else 1.0
    return max(value, 1.0), max(cost, 1.0)


def _model(
    people: Prospects,
    problem: Problem,
    *,
    who: NDArray[np.int64],
    what: NDArray[np.int64],
    room: Room,
    penalty: float,
) -> highspy.HighsLp:
    """Rows: the budget, the limits, then one per person with more pairs than contacts. Columns: pairs, then slacks."""
    unit_value, unit_cost = _scales(people)
    n_pairs, n_limits = len(who), len(problem.limits)
    weight = people.weight[who]
    matrix = _matrix(people, problem, who=who, what=what, unit_cost=unit_cost)
    n_rows = matrix.shape[0]
    profit = people.value[who, what] * weight / unit_value
    worst = penalty * max(1.0, float(np.abs(profit).max(initial=0.0)))
    infinity = highspy.kHighsInf
    lower = np.concatenate([[-infinity], room.minima, np.full(n_rows - 1 - n_limits, -infinity)])
    upper = np.concatenate(
        [
            [room.budget / unit_cost],
            room.maxima,
            np.full(n_rows - 1 - n_limits, problem.contacts_per_person, dtype=np.float64),
        ]
    )
    lp = highspy.HighsLp()
    lp.num_col_, lp.num_row_ = n_pairs + 2 * (1 + n_limits), n_rows
    lp.sense_ = highspy.ObjSense.kMaximize
    lp.col_cost_ = np.concatenate([profit, np.full(2 * (1 + n_limits), -worst)])
    lp.col_lower_ = np.zeros(lp.num_col_)
    lp.col_upper_ = np.concatenate([np.ones(n_pairs), np.full(2 * (1 + n_limits), infinity)])
    lp.row_lower_, lp.row_upper_ = lower, upper
    lp.a_matrix_.format_ = highspy.MatrixFormat.kColwise
    lp.a_matrix_.start_, lp.a_matrix_.index_, lp.a_matrix_.value_ = matrix.indptr, matrix.indices, matrix.data
    return lp


def _matrix(
    people: Prospects, problem: Problem, *, who: NDArray[np.int64], what: NDArray[np.int64], unit_cost: float
) -> sparse.csc_matrix:
    cost = people.cost[who, what] * people.weight[who] / unit_cost
    limits = _limit_rows(people, problem, who=who, what=what)
    persons = _person_rows(people, problem, who=who)
    pairs = sparse.vstack([sparse.csr_matrix(cost[None, :]), limits, persons]).tocsc()
    over = sparse.identity(pairs.shape[0], format="csc")[:, : 1 + len(problem.limits)]
    return sparse.hstack([pairs, -over, over]).tocsc()


def _limit_rows(
    people: Prospects, problem: Problem, *, who: NDArray[np.int64], what: NDArray[np.int64]
) -> sparse.csr_matrix:
    counted = problem.counts[:, what] * people.weight[who]
    for row, limit in enumerate(problem.limits):
        if limit.segment is not None:
            counted[row] *= people.member[who, problem.segments.index(limit.segment)]
    return sparse.csr_matrix(counted)


def _person_rows(people: Prospects, problem: Problem, *, who: NDArray[np.int64]) -> sparse.csr_matrix:
    crowded = np.bincount(who, minlength=len(people)) > problem.contacts_per_person
    row_of = np.cumsum(crowded) - 1
    inside = np.nonzero(crowded[who])[0]
    shape = (int(crowded.sum()), len(who))
    return sparse.csr_matrix((np.ones(len(inside)), (row_of[who[inside]], inside)), shape=shape)


def _relaxed(
    highs: highspy.Highs,
    people: Prospects,
    problem: Problem,
    *,
    room: Room,
    who: NDArray[np.int64],
    what: NDArray[np.int64],
) -> Relaxed:
    unit_value, unit_cost = _scales(people)
    n_limits = len(problem.limits)
    solution = highs.getSolution()
    shares = np.array(solution.col_value)
    chosen = np.zeros(people.value.shape)
    chosen[who, what] = shares[: len(who)]
    broken = shares[len(who) :].reshape(2, 1 + n_limits).sum(axis=0)
    broken[broken < _TOLERANCE] = 0.0
    broken[0] *= unit_cost
    dual = np.array(solution.row_dual)[: 1 + n_limits] * unit_value
    limits = np.where(np.isinf(room.maxima), np.minimum(dual[1:], 0.0), dual[1:])
    prices = Prices(budget=max(float(dual[0]) / unit_cost, 0.0), limits=limits)
    return Relaxed(chosen=chosen, prices=prices, broken=broken)
