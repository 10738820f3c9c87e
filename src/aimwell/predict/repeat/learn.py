"""Learns a repeat model from frames, with the eyes of one day: the same for the real model and for every origin of a back-test."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from aimwell.predict.repeat.frames import Frame
from aimwell.predict.repeat.heads import Setup, learn_heads
from aimwell.predict.repeat.measures import log_loss
from aimwell.predict.repeat.model import RepeatModel, head_days
from aimwell.predict.repeat.totals import learn_total
from aimwell.predict.value.trial import MEMORIES

__all__ = ["learn"]

_MEMORY_WINDOW_DAYS = 30
_MEMORY_FRAMES = 3


def learn(present: Frame, past: Sequence[Frame], *, horizon_days: int, seed: int) -> RepeatModel:
    """Learn with the eyes of one day.

    Parameters
    ----------
    present
        The people of that day; of what they did then nothing is used.
    past
        Earlier days. Outcomes count only as far as they were known before the present day.
    horizon_days
        The long horizon.
    seed
        What randomness starts from.
    """
    until = present.cut_on
    earlier = sorted((f for f in past if f.cut_on < until), key=lambda f: f.cut_on, reverse=True)
    known = [frame for frame in earlier if frame.is_seen(_MEMORY_WINDOW_DAYS, until=until)]
    setup = Setup(until=until, memory=_memory(known[:_MEMORY_FRAMES]), seed=seed)
    orders = learn_total(earlier, measure="orders", present=present, setup=setup)
    spend = learn_total(earlier, measure="spend", present=present, setup=setup)
    return RepeatModel(
        process=present.process,
        memory=setup.memory,
        heads=learn_heads(earlier, days=head_days(horizon_days), setup=setup),
        totals=(orders, spend),
    )


def _memory(frames: Sequence[Frame]) -> float:
    """Return the weight of old orders with which the process gave what then happened the highest probability."""
    if not frames:
        return 1.0
    came = np.concatenate([frame.came(_MEMORY_WINDOW_DAYS) for frame in frames])

    def loss(memory: float) -> float:
        views = [f.view(memory=memory, within_days=(_MEMORY_WINDOW_DAYS,), orders_days=()) for f in frames]
        return log_loss(came, np.concatenate([view.within[_MEMORY_WINDOW_DAYS] for view in views]))

    return min(MEMORIES, key=loss)
