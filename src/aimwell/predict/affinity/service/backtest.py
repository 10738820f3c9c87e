"""Back-test: lists made before baskets came, against the baskets."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime, timedelta

from aimwell.base.progress import Progress, Silent
from aimwell.base.words import text
from aimwell.people.service import read_facts
from aimwell.predict.affinity.model import Backtest
from aimwell.predict.affinity.service.gather import Source
from aimwell.predict.affinity.service.trial import learn, tried
from aimwell.predict.model import Abstention
from aimwell.storage.lake.lake import Lake

__all__ = ["N_CUTS", "backtest_affinity", "backtest_source"]

N_CUTS = 2


def backtest_affinity(
    *,
    lake: Lake,
    as_of: datetime,
    horizon_days: int = 28,
    k: int = 10,
    margin_floor: float | None = None,
    not_shown: Collection[str] = (),
    known_at: datetime | None = None,
    seed: int = 0,
    progress: Progress | None = None,
) -> Backtest | Abstention:
    """Test on each person's newest basket, and on the first baskets after two dates, one and two horizons ago.

    Parameters
    ----------
    lake
        The shop's facts.
    as_of
        End of what is looked at, exclusive, naive UTC.
    horizon_days
        A basket counts as the next one of a date if it came within so many days.
    k
        Length of the lists.
    margin_floor, not_shown
        See `Source`.
    known_at
        What Aimwell knew at this moment; None: now.
    seed
        What randomness starts from.
    progress
        Hears of the steps.

    Returns
    -------
    Backtest or Abstention
        The latter where the data are too few.
    """
    facts = read_facts(lake=lake, known_at=known_at)
    source = Source(facts=facts, engine=lake.engine, margin_floor=margin_floor, not_shown=not_shown)
    return backtest_source(
        source, as_of=as_of, horizon_days=horizon_days, k=k, seed=seed, progress=progress or Silent()
    )


def backtest_source(
    source: Source, *, as_of: datetime, horizon_days: int, k: int, seed: int, progress: Progress
) -> Backtest | Abstention:
    """Run `backtest_affinity` on facts that are already at hand."""
    progress.start(text("Back-testing"), total=1 + N_CUTS, unit=text("tests"))
    with source.lines(as_of) as lines:
        learned = learn(lines, from_turn=1, source=source, seed=seed)
        if isinstance(learned, Abstention):
            return learned
        trials = [tried(learned, k=k, kind="last")]
    progress.advance(1)
    for step in range(N_CUTS, 0, -1):
        cut = as_of - timedelta(days=step * horizon_days)
        with source.lines_around(cut, cut + timedelta(days=horizon_days)) as lines:
            learned = learn(lines, from_turn=1, source=source, seed=seed)
            if not isinstance(learned, Abstention):  # too little before an early date: one test less
                trials.append(tried(learned, k=k, kind="rolling", cut=cut))
        progress.advance(1)
    progress.done()
    return Backtest(k=k, trials=trials)
