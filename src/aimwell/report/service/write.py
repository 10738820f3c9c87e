"""Writes the report: gathers every chapter's numbers, composes the page, and puts one file in place."""

from __future__ import annotations

from datetime import datetime
from importlib.metadata import version
from pathlib import Path

from aimwell.base.clock import local_time
from aimwell.base.progress import Progress, Silent
from aimwell.base.settings import Settings
from aimwell.base.words import Words, text
from aimwell.people.service import read_facts
from aimwell.portraits.service import newest_snapshot
from aimwell.report.errors import NothingToReport, ReportFolderMissing
from aimwell.report.model import Report, Written
from aimwell.report.page.compose import compose
from aimwell.report.page.render import render
from aimwell.report.service.campaigns import gather_campaigns
from aimwell.report.service.people import gather_people
from aimwell.report.service.plan import gather_plan
from aimwell.report.service.predicted import gather_predicted
from aimwell.report.service.quality import gather_quality
from aimwell.report.service.shop import gather_shop
from aimwell.report.service.value import gather_value, read_scores
from aimwell.storage.database import Database
from aimwell.storage.lake.lake import Lake

__all__ = ["gather", "report_moment", "write_report"]


def write_report(
    *,
    lake: Lake,
    database: Database,
    settings: Settings,
    words: Words,
    as_of: datetime,
    out: Path,
    known_at: datetime | None = None,
    progress: Progress | None = None,
) -> Written:
    """Write the report as one self-contained HTML file; a file that is there is replaced at once or not at all.

    Parameters
    ----------
    lake, database
        The shop's facts, portraits, scores and plans; its loads.
    settings
        Name, currency, time zone and margin rate of the shop.
    words
        Language of the page.
    as_of
        Facts at or after this moment (naive UTC) are left out, except to hold predictions against.
    out
        The file.
    known_at
        What Aimwell knew at this moment; None: now.
    progress
        Hears of the steps.

    Raises
    ------
    NothingToReport
        If no order counts before `as_of`.
    ReportFolderMissing
        If `out` cannot be a file.
    """
    if not out.parent.is_dir() or out.is_dir():
        raise ReportFolderMissing(path=out, folder=out.parent)
    hears = progress or Silent()
    report = gather(
        lake=lake,
        database=database,
        settings=settings,
        words=words,
        as_of=as_of,
        known_at=known_at,
        progress=hears,
    )
    hears.start(text("Drawing the report"))
    html = render(compose(report, words=words)).encode()
    hears.done()
    unfinished = out.with_name(f".{out.name}.part")
    unfinished.write_bytes(html)
    unfinished.replace(out)
    return Written(path=out, n_bytes=len(html), as_of=as_of)


def gather(
    *,
    lake: Lake,
    database: Database,
    settings: Settings,
    words: Words,
    as_of: datetime,
    known_at: datetime | None,
    progress: Progress,
) -> Report:
    """Return the numbers of every chapter; chapters whose inputs are not there stay empty. As `write_report`."""
    facts = read_facts(lake=lake, known_at=known_at)
    progress.start(text("Gathering the report"), total=5, unit=text("steps"))
    as_of_on = local_time(as_of, settings.time_zone).date()
    shop = gather_shop(facts, engine=lake.engine, as_of=as_of, time_zone=settings.time_zone)
    if shop is None:
        raise NothingToReport(as_of=words.day(as_of_on))
    progress.advance(1)
    quality = gather_quality(facts, engine=lake.engine, database=database, as_of=as_of)
    progress.advance(1)
    scores = read_scores(lake, as_of=as_of)
    rows = scores.rows if scores else None
    people = gather_people(lake, as_of=as_of, time_zone=settings.time_zone, scores=rows)
    progress.advance(1)
    value = gather_value(facts, lake=lake, scores=scores, as_of=as_of, words=words, settings=settings)
    progress.advance(1)
    campaigns = gather_campaigns(lake, database=database, settings=settings, as_of=as_of, words=words)
    progress.done()
    return Report(
        version=version("aimwell"),
        settings=settings,
        as_of=as_of,
        as_of_on=as_of_on,
        shop=shop,
        people=people,
        value=value,
        predicted=gather_predicted(facts, lake=lake, as_of=as_of, words=words),
        plan=gather_plan(lake, as_of=as_of, words=words),
        campaigns=campaigns,
        quality=quality,
    )


def report_moment(*, lake: Lake, now: datetime) -> datetime:
    """Return the moment that a report is best made for: that of the newest portraits, or `now` without any."""
    newest = newest_snapshot(lake=lake, as_of=now)
    return newest.as_of if newest else now
