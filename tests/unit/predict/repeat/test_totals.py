"""Totals: trees tell people apart, the process keeps the sum."""

from __future__ import annotations

import numpy as np
import pytest

from aimwell.predict.repeat.heads import FEATURE_DAYS, Setup
from aimwell.predict.repeat.totals import VALUE_DAYS, Measure, learn_total

from .worlds import TODAY, frame, frames

SETUP = Setup(until=TODAY, memory=1.0, seed=0)


@pytest.mark.parametrize("measure", ["orders", "spend"])
def test_trees_tell_people_apart_and_the_process_keeps_the_sum(measure: Measure) -> None:
    present = frame(0, n_people=800, seed=5)
    total = learn_total(frames(n_people=500, until=210), measure=measure, present=present, setup=SETUP)
    assert (total.window_days, total.weight) == (91, 1.0)
    view = present.view(memory=1.0, within_days=FEATURE_DAYS, orders_days=(VALUE_DAYS,))
    process = view.orders[VALUE_DAYS] * (1.0 if measure == "orders" else view.per_day_minor)
    mine = total.expected(present.features, view)
    assert mine.sum() == pytest.approx(process.sum())
    came = present.orders[VALUE_DAYS] if measure == "orders" else present.spend[VALUE_DAYS]
    assert np.corrcoef(mine, came)[0, 1] > np.corrcoef(process, came)[0, 1] + 0.1


def test_few_people_leave_the_process_alone() -> None:
    present = frame(0, n_people=40, seed=5)
    total = learn_total(frames(n_people=40), measure="orders", present=present, setup=SETUP)
    assert (total.trees, total.weight, total.factor) == (None, 0.0, 1.0)
