"""Drawn days to learn from, in which what comes also depends on a feature that no purchase process sees."""

from __future__ import annotations

from datetime import date, timedelta

import numpy as np

from aimwell.predict.repeat.frames import Frame
from aimwell.predict.repeat.process import Process, cells_of, fit_process
from aimwell.predict.repeat.tables.features import FEATURES
from aimwell.predict.repeat.tables.training import TOTAL_DAYS

TODAY = date(2025, 6, 1)


def frame(days_ago: int, *, n_people: int, seed: int, signal: float = 2.0) -> Frame:
    """People whose rate of coming is what the process says of 30 days, times exp(signal x (2 weekend_rate - 1))."""
    random = np.random.default_rng(seed)
    age = random.integers(30, 200, n_people).astype(float)
    frequency = random.poisson(2, n_people).astype(float)
    recency = np.where(frequency > 0, (age * random.random(n_people)).round(), 0.0)
    history = {"frequency": frequency, "recent": frequency, "recency_days": recency, "age_days": age}
    cells = cells_of(history)
    process = fit_process(cells, np.full(n_people, 1000.0))
    assert isinstance(process, Process)
    columns = random.random((n_people, len(FEATURES)))
    known = -np.log1p(-process.within(cells, days=30, memory=1.0)) / 30
    rate = known * np.exp(signal * (2 * columns[:, FEATURES.index("weekend_rate")] - 1))
    next_days = np.ceil(random.exponential(1 / rate))
    orders = {days: random.poisson(rate * days).astype(float) for days in TOTAL_DAYS}
    return Frame(
        cut_on=TODAY - timedelta(days=days_ago),
        cells=cells,
        spend_minor=np.full(n_people, 1000.0),
        features=columns,
        next_days=np.where(next_days > days_ago, np.inf, next_days),
        orders=orders,
        spend={days: 1000.0 * orders[days] for days in TOTAL_DAYS},
        process=process,
    )


def frames(*, n_people: int, signal: float = 2.0, until: int = 140) -> list[Frame]:
    """Every second week."""
    return [frame(ago, n_people=n_people, seed=ago, signal=signal) for ago in range(14, until + 1, 14)]
