"""The choice as a linear or integer programme, solved by HiGHS: exact for a few thousand people.

Written with slack: every limit may be broken at a penalty, so that an impossible problem still has an answer, and the answer
says which limits it broke.

References
----------
Q. Huangfu and J. A. J. Hall (2018), "Parallelizing the dual revised simplex method", Mathematical Programming
Computation 10. HiGHS: https://highs.dev
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import highspy
import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from aimwell.promote.plan.model import Prices, Problem
from aimwell.promote.plan.prospects import Prospects, Room

__all__ = ["Answer", "solve"]

_TOLERANCE = 1e-6  # HiGHS keeps its rows to about 1e-7
_NODES = 1_000  # a node limit and not a time limit: the same input gives the same plan on any machine


@dataclass(frozen=True, kw_only=True)
class Answer:
    """What HiGHS found.

    Attributes
    ----------
    chosen
        (people, offers): shares in 0..1 for an LP, 0 or 1 for an integer programme.
    prices
        The dual values of the limits; of an integer programme None.
    broken
        By how much the budget (first) and each limit had to be broken; all zero if the problem is feasible.
    is_proven
        Whether HiGHS proved the answer optimal.
    """

    chosen: NDArray[np.float64]
    prices: Prices | None
    broken: NDArray[np.float64]
    is_proven: bool


def solve(
    people: Prospects,
    problem: Problem,
    *,
    room: Room,
    kind: Literal["lp", "integer"],
    columns: NDArray[np.bool_] | None = None,
    gap_milli: float = 0.5,
    penalty: float = 100.0,
) -> Answer:
    """Choose offers for these people within `room`, as a linear programme or in whole numbers.

    Parameters
    ----------
    people
        The people and what each offer would earn and cost with each.
    problem
        The offers and limits.
    room
        What is left of the budget and of each limit for these people.
    kind
        `lp` allows fractions and yields prices.
    columns
        (people, offers): which pairs to consider at all; by default every eligible pair with a chance.
    gap_milli
        An integer answer may stop this close to its optimum; values are whole, so less than 1 means the optimum.
    penalty
        A broken limit costs so many times the largest profit per unit.
    """
    pairs = people.eligible if columns is None else people.eligible & columns
    who, what = np.nonzero(pairs)
    model = _model(people, problem, who=who, what=what, room=room, penalty=penalty)
    if kind == "integer":
        model.integrality_ = [highspy.HighsVarType.kInteger] * len(who) + [highspy.HighsVarType.kContinuous] * (
            model.num_col_ - len(who)
        )
    highs = highspy.Highs()
    for option, value in (
        ("output_flag", False),
        ("threads", 1),
        ("random_seed", 0),
        ("mip_rel_gap", 0.0),
        ("mip_abs_gap", gap_milli / _scales(people)[0]),
        ("mip_max_nodes", _NODES),
        ("dual_feasibility_tolerance", 1e-9),
    ):
        highs.setOptionValue(option, value)
    highs.passModel(model)
    highs.run()
    return _answer(highs, people, problem, who=who, what=what, is_lp=kind == "lp")


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
    matrix = sparse.vstack([
        sparse.csr_matrix((people.cost[who, what] * weight / unit_cost)[None, :]),
        _limit_rows(people, problem, who=who, what=what),
        _person_rows(people, problem, who=who),
    ]).tocsc()
    n_rows = matrix.shape[0]
    over = sparse.identity(n_rows, format="csc")[:, : 1 + n_limits]
    matrix = sparse.hstack([matrix, -over, over]).tocsc()

    profit = people.value[who, what] * weight / unit_value
    worst = penalty * max(1.0, float(np.abs(profit).max(initial=0.0)))
    infinity = highspy.kHighsInf
    lower = np.concatenate([[-infinity], room.minima, np.full(n_rows - 1 - n_limits, -infinity)])
    upper = np.concatenate([
        [room.budget / unit_cost],
        room.maxima,
        np.full(n_rows - 1 - n_limits, problem.contacts_per_person, dtype=np.float64),
    ])
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


def _answer(
    highs: highspy.Highs,
    people: Prospects,
    problem: Problem,
    *,
    who: NDArray[np.int64],
    what: NDArray[np.int64],
    is_lp: bool,
) -> Answer:
    unit_value, unit_cost = _scales(people)
    n_limits = len(problem.limits)
    solution = highs.getSolution()
    shares = np.array(solution.col_value)
    chosen = np.zeros(people.value.shape)
    chosen[who, what] = shares[: len(who)] if is_lp else np.round(shares[: len(who)])
    slack = shares[len(who) :].reshape(2, 1 + n_limits).sum(axis=0)
    slack[slack < _TOLERANCE] = 0.0
    slack[0] *= unit_cost
    prices = None
    if is_lp:
        dual = np.array(solution.row_dual)[: 1 + n_limits] * unit_value
        prices = Prices(budget=max(float(dual[0]) / unit_cost, 0.0), limits=dual[1:])
    proven = highs.getModelStatus() == highspy.HighsModelStatus.kOptimal
    return Answer(chosen=chosen, prices=prices, broken=slack, is_proven=proven)
