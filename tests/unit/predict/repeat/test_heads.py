"""Heads: what is learned of a world whose truth the process does not know, and that few people leave the process alone."""

from __future__ import annotations

from datetime import date, timedelta

import numpy as np
import pytest
from scipy.special import logit

from aimwell.predict.repeat.frames import Frame
from aimwell.predict.repeat.heads import Setup, learn_heads, trial_frames
from aimwell.predict.repeat.measures import auc, log_loss
from aimwell.predict.repeat.process import Process, cells_of, fit_process
from aimwell.predict.repeat.tables.features import FEATURES
from aimwell.predict.value.cells import Array

TODAY = date(2025, 6, 1)
SETUP = Setup(until=TODAY, memory=1.0, seed=0)


def frame(days_ago: int, *, n_people: int, seed: int, signal: float = 2.0) -> Frame:
    """People whose coming depends on how their weekend rate is, which no process sees."""
    random = np.random.default_rng(seed)
    age = random.integers(30, 200, n_people).astype(float)
    frequency = random.poisson(2, n_people).astype(float)
    recency = np.where(frequency > 0, (age * random.random(n_people)).round(), 0.0)
    history = {"frequency": frequency, "recent": frequency, "recency_days": recency, "age_days": age}
    cells = cells_of(history)
    process = fit_process(cells, np.full(n_people, 1000.0))
    assert isinstance(process, Process)
    columns = random.random((n_people, len(FEATURES)))
    liking = columns[:, FEATURES.index("weekend_rate")]
    rate = 0.02 * np.exp(signal * (liking - 0.5) * 2)
    next_days = np.ceil(random.exponential(1 / rate))
    zeros: Array = np.zeros(n_people)
    return Frame(
        cut_on=TODAY - timedelta(days=days_ago),
        cells=cells,
        spend_minor=np.full(n_people, 1000.0),
        features=columns,
        next_days=np.where(next_days > days_ago, np.inf, next_days),
        orders=dict.fromkeys((30, 60, 91), zeros),
        spend=dict.fromkeys((30, 60, 91), zeros),
        process=process,
    )


def frames(*, n_people: int, signal: float = 2.0) -> list[Frame]:
    return [frame(ago, n_people=n_people, seed=ago, signal=signal) for ago in range(14, 141, 14)]


def asked(fresh: Frame, days: int) -> tuple[Array, Array, Array]:
    """Return the head's answer, the process's, and the truth, of people it never saw."""
    head = learn_heads(frames(n_people=600), days=(days,), setup=SETUP)[0]
    view = fresh.view(memory=1.0, within_days=(14, 30, 91, days), orders_days=())
    return head.prob(fresh.features, view), view.within[days], fresh.came(days)


def test_trees_find_what_the_process_cannot_see() -> None:
    mine, process, came = asked(frame(91, n_people=2000, seed=7), 30)
    assert (auc(came, mine) or 0) > 0.7 > (auc(came, process) or 1)
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
