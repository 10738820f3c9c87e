"""Gathers facts into the bounded training frames of one moment."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

import numpy as np

from aimwell.people.model import Facts
from aimwell.predict.repeat.frames import Frame, frames_of
from aimwell.predict.repeat.tables.baskets import baskets, drawn
from aimwell.predict.repeat.tables.features import features
from aimwell.predict.repeat.tables.training import outcomes, training_rows
from aimwell.predict.value.abstentions import MIN_PEOPLE
from aimwell.predict.value.service.gather import last_day
from aimwell.storage.engines import Engine

__all__ = ["MAX_ROWS", "Gathered", "gather"]

MAX_ROWS = 100_000  # people times days to learn from: some 50 MB, whatever the number of customers
_STEP_DAYS = 14
_ORIGINS_DAYS = (30, 60, 91)  # the newest days whose outcome over such a window is known
_LEAST_PAST_DAYS = 28


@dataclass(frozen=True, kw_only=True)
class Gathered:
    """What was gathered as of a moment.

    Attributes
    ----------
    present
        The people of the local day from which the model predicts, their outcomes unknown; None where they are too few or no process fits them.
    past
        Earlier days, the newest first.
    n_people
        Everyone with a purchase, drawn or not.
    """

    present: Frame | None
    past: Sequence[Frame]
    n_people: int

    @property
    def data_hash(self) -> str:
        """SHA-256 of all numbers that a model is learned from."""
        digest = hashlib.sha256()
        for frame in [] if self.present is None else [self.present, *self.past]:
            for part in (frame.features, frame.next_days, *frame.orders.values(), *frame.spend.values()):
                digest.update(np.ascontiguousarray(part).tobytes())
        return digest.hexdigest()


def gather(
    facts: Facts, *, engine: Engine, as_of: datetime, time_zone: str, horizon_days: int, seed: int
) -> Gathered:
    """Fetch the frames of a deterministic sample of people, `MAX_ROWS` rows at most.

    Parameters
    ----------
    facts
        The shop's orders.
    engine
        Runs the expressions.
    as_of
        Nothing from this moment on is read; naive UTC.
    time_zone
        The shop's zone; days are local days.
    horizon_days
        The long horizon; days to learn from reach back twice as far, and twice a quarter at least.
    seed
        Draws the sample where the shop is larger than it.
    """
    present_on = last_day(as_of, time_zone=time_zone) + timedelta(days=1)
    everything = baskets(facts, end=as_of)
    size = engine.rows(
        everything.agg(n_people=everything.person_id.nunique(), first_on=everything.bought_on.min())
    )[0]
    if not size["n_people"]:
        return Gathered(present=None, past=(), n_people=0)
    cuts = _cuts(present_on, first_on=size["first_on"], horizon_days=horizon_days)
    rate = min(1.0, MAX_ROWS / (len(cuts) * size["n_people"]))
    with engine.stage(drawn(everything, rate=rate, seed=seed) if rate < 1 else everything) as some:
        tables = {"purchases": features(some, cuts=cuts)}
        rows = training_rows(tables, outcomes(some, cuts=cuts))
        fetched = engine.arrow(rows.order_by("cut_on", "person_id"))
    frames = frames_of(fetched, tables=list(tables), min_people=MIN_PEOPLE)
    present = frames[0] if frames and frames[0].cut_on == present_on else None
    return Gathered(
        present=present,
        past=tuple(frame for frame in frames if frame.cut_on < present_on),
        n_people=size["n_people"],
    )


def _cuts(present_on: date, *, first_on: date, horizon_days: int) -> list[date]:
    """Return the present day and those to learn from: every second week, and the origins of back-tests."""
    reach = 2 * max(horizon_days, *_ORIGINS_DAYS)
    ago = {0, *_ORIGINS_DAYS, horizon_days, *range(_STEP_DAYS, reach + 1, _STEP_DAYS)}
    days = [present_on - timedelta(days=days) for days in sorted(ago)]
    earliest = first_on + timedelta(days=_LEAST_PAST_DAYS)
    return [day for day in days if day >= earliest or day == present_on]
