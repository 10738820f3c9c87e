"""Back-test: what the models would have said of the last weeks, against what was sold in them."""

from __future__ import annotations

from datetime import datetime

from aimwell.base.progress import Progress, Silent
from aimwell.base.words import text
from aimwell.people.service import read_facts
from aimwell.portraits.service.state import CATEGORY_DEPTH
from aimwell.predict.model import Abstention
from aimwell.predict.price.abstentions import too_little_moved, too_short_to_test
from aimwell.predict.price.model import Backtest
from aimwell.predict.price.service.gather import gather
from aimwell.predict.price.trial import origins, try_origins
from aimwell.storage.lake.lake import Lake

__all__ = ["backtest_price"]


def backtest_price(
    *,
    lake: Lake,
    as_of: datetime,
    time_zone: str,
    category_depth: int = CATEGORY_DEPTH,
    known_at: datetime | None = None,
    progress: Progress | None = None,
) -> Backtest | Abstention:
    """Fit on the weeks before one or two cuts, and compare with the weeks after, whose prices are given.

    Parameters
    ----------
    lake
        The shop's facts.
    as_of
        End of the truth, exclusive, naive UTC; whole weeks before it are used.
    time_zone
        The shop's zone; weeks begin on its Mondays.
    category_depth
        Steps of the category path that make a category.
    known_at
        What Aimwell knew at this moment; None: now.
    progress
        Hears of the steps.

    Returns
    -------
    Backtest or Abstention
        The latter where products, moves or weeks are too few.
    """
    progress = progress or Silent()
    progress.start(text("Back-testing"), total=2, unit=text("steps"))
    facts = read_facts(lake=lake, known_at=known_at)
    found = gather(facts, engine=lake.engine, as_of=as_of, time_zone=time_zone, category_depth=category_depth)
    progress.advance(1)
    declined = too_little_moved(found.panel)
    if declined is not None:
        return declined
    cuts = origins(found.panel)
    tested = try_origins(found.panel, cuts=cuts, first_on=found.first_on) if cuts else None
    progress.done()
    return tested or too_short_to_test(found.panel)
