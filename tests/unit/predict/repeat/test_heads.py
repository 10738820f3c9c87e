"""Heads: what is learned of a world whose truth the process does not know, and that few people leave the process alone."""

from __future__ import annotations

from datetime import timedelta

import pytest
from scipy.special import logit

from aimwell.predict.repeat.frames import Frame
from aimwell.predict.repeat.heads import Setup, learn_heads, trial_frames
from aimwell.predict.repeat.measures import auc, log_loss
from aimwell.predict.value.cells import Array

from .worlds import TODAY, frame, frames

SETUP = Setup(until=TODAY, memory=1.0, seed=0)


def asked(fresh: Frame, days: int) -> tuple[Array, Array, Array]:
    """Return the head's answer, the process's, and the truth, of people it never saw."""
    head = learn_heads(frames(n_people=600), days=(days,), setup=SETUP)[0]
    view = fresh.view(memory=1.0, within_days=(14, 30, 91, days), orders_days=())
    return head.prob(fresh.features, view), view.within[days], fresh.came(days)


def test_trees_find_what_the_process_cannot_see() -> None:
    mine, process, came = asked(frame(91, n_people=2000, seed=7), 30)
    assert (auc(came, mine) or 0) > (auc(came, process) or 1) + 0.05
    assert log_loss(came, mine) < log_loss(came, process)
    assert mine.mean() == pytest.approx(came.mean(), abs=0.05)


def test_a_horizon_never_seen_is_carried_by_the_process() -> None:
    """Frames reach back 140 days: of 182 days nothing was seen; 60 days are the longest window with a day before it."""
    heads = learn_heads(frames(n_people=600), days=(30, 60, 182), setup=SETUP)
    assert [(head.days, head.window_days) for head in heads] == [(30, 30), (60, 60), (182, 60)]
    fresh = frame(400, n_people=2000, seed=8)
    view = fresh.view(memory=1.0, within_days=(14, 30, 60, 91, 182), orders_days=())
    moved = [
        logit(heads[k].prob(fresh.features, view)) - logit(view.within[d]) for k, d in ((1, 60), (2, 182))
    ]
    assert moved[0] == pytest.approx(moved[1], abs=1e-6)
    assert (auc(fresh.came(182), heads[2].prob(fresh.features, view)) or 0) > 0.7


def test_pure_chance_leaves_the_process_alone() -> None:
    head = learn_heads(frames(n_people=600, signal=0.0), days=(30,), setup=SETUP)[0]
    assert head.trees is None
    assert (head.blend.of_trees, head.blend.of_process) == (0.0, 1.0)


def test_few_people_leave_the_process_alone() -> None:
    assert learn_heads(frames(n_people=40), days=(14,), setup=SETUP)[0].trees is None


def test_nobody_learns_from_outcomes_that_were_not_known() -> None:
    """At a day on trial, a window of 30 days: every day learned from was over 30 days before it."""
    for tried, earlier in trial_frames(frames(n_people=40), window_days=30, until=TODAY):
        assert tried.cut_on + timedelta(days=30) <= TODAY
        assert earlier
        assert all(one.cut_on + timedelta(days=30) <= tried.cut_on for one in earlier)
