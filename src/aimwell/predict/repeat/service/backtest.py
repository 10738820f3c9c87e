"""Back-test: what models with the eyes of earlier days would have said, against what happened."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from aimwell.base.progress import Progress, Silent
from aimwell.base.words import text
from aimwell.people.service import read_facts
from aimwell.predict.model import Abstention
from aimwell.predict.repeat.abstentions import usable
from aimwell.predict.repeat.frames import Frame
from aimwell.predict.repeat.model import HORIZON_DAYS
from aimwell.predict.repeat.service.gather import gather
from aimwell.predict.repeat.trial import OriginTrial, origins, try_origin
from aimwell.storage.lake.lake import Lake

__all__ = ["backtest_repeat", "try_origins"]


def backtest_repeat(
    *,
    lake: Lake,
    as_of: datetime,
    time_zone: str,
    horizon_days: int = HORIZON_DAYS,
    known_at: datetime | None = None,
    seed: int = 0,
    progress: Progress | None = None,
) -> tuple[OriginTrial, ...] | Abstention:
    """Learn a model from each of several earlier days, and compare it and naive rules with what happened since.

    Parameters
    ----------
    lake
        The shop's facts.
    as_of
        End of the truth, exclusive, naive UTC.
    time_zone
        As in the shop's settings.
    horizon_days
        The long horizon, 30 days or more.
    known_at
        What Aimwell knew at this moment; None: now.
    seed
        What randomness starts from.
    progress
        Hears of the steps.

    Returns
    -------
    tuple of OriginTrial, or Abstention
        The newest origin first, none where the past is too short; the latter where the data are too few.

    Raises
    ------
    HorizonTooShort
        Below 30 days.
    """
    gathered = gather(
        read_facts(lake=lake, known_at=known_at),
        engine=lake.engine,
        as_of=as_of,
        time_zone=time_zone,
        horizon_days=horizon_days,
        seed=seed,
    )
    present = usable(gathered.present, n_people=gathered.n_people)
    if isinstance(present, Abstention):
        return present
    return try_origins(
        present, gathered.past, horizon_days=horizon_days, seed=seed, progress=progress or Silent()
    )


def try_origins(
    present: Frame, past: Sequence[Frame], *, horizon_days: int, seed: int, progress: Progress
) -> tuple[OriginTrial, ...]:
    """Run `backtest_repeat` on what was gathered."""
    found = origins(present, past, horizon_days=horizon_days)
    progress.start(text("Back-testing"), total=len(found), unit=text("models"))
    trials = []
    for origin in found:
        trials.append(
            try_origin(origin, past, present_on=present.cut_on, horizon_days=horizon_days, seed=seed)
        )
        progress.advance(1)
    progress.done()
    return tuple(trials)
