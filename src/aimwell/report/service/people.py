"""Gathers what portraits tell: segments, flows between snapshots, a few people as examples, and surveys."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import ibis.expr.types as ir

from aimwell.base.clock import local_time
from aimwell.portraits.model import Snapshot
from aimwell.portraits.segments import BUILT_IN_SEGMENTS, SegmentBook
from aimwell.portraits.service import newest_snapshot, snapshots, stage_flow, survey
from aimwell.portraits.traits.lifecycle import AIPL, RFM_SEGMENTS
from aimwell.report import tables
from aimwell.report.model import (
    Example,
    Flow,
    FlowLink,
    PeopleView,
    SegmentShare,
    SurveyError,
    SurveyView,
)
from aimwell.storage.lake.lake import Lake

__all__ = ["gather_people"]

_FLOW_DAYS = 90  # a flow looks back about so far
_EXAMPLE_SEGMENTS = ("champion", "promising", "new", "cannot_lose", "at_risk", "lost")
_COLUMNS = ("n_orders", "spend_365d_minor", "days_since_last_order", "mean_gap_days", "top_category")
_SURVEY_SIZE, _SURVEY_REPEATS, _SURVEY_SEED = 500, 200, 1
_FEWEST_PEOPLE = 50  # a survey of a quarter of fewer people tells nothing


def gather_people(lake: Lake, *, as_of: datetime, time_zone: str, scores: ir.Table | None) -> PeopleView:
    """Return what the newest portraits not younger than `as_of` tell.

    Parameters
    ----------
    lake
        The shop's lake.
    as_of
        The report's moment, naive UTC.
    time_zone
        The shop's zone, in which days are named.
    scores
        person_id, expected_margin_minor; None: nobody was scored yet.
    """
    now = newest_snapshot(lake=lake, as_of=as_of)
    if now is None:
        return PeopleView()
    return PeopleView(
        flows=_flows(lake, now=now, time_zone=time_zone),
        segments=_segments(lake, now=now, scores=scores),
        examples=_examples(lake, now=now, scores=scores),
        survey=_survey(lake, now=now),
    )


def _flows(lake: Lake, *, now: Snapshot, time_zone: str) -> tuple[Flow, ...]:
    """Return how people moved to their present stages since the portraits of about 90 days before."""
    earlier = [one for one in snapshots(lake=lake) if one.as_of < now.as_of]
    if not earlier:
        return ()
    wanted = now.as_of - timedelta(days=_FLOW_DAYS)
    then = min(earlier, key=lambda one: (abs(one.as_of - wanted), one.as_of))
    before_on, after_on = (local_time(one.as_of, time_zone).date() for one in (then, now))
    aipl = stage_flow(lake=lake, before=then.as_of, after=now.as_of, stage="aipl_stage")
    rfm = stage_flow(lake=lake, before=then.as_of, after=now.as_of, stage="rfm_segment")
    return (
        Flow(
            lifecycle="aipl", before_on=before_on, after_on=after_on, stages=tuple(AIPL), links=_links(aipl)
        ),
        Flow(
            lifecycle="rfm",
            before_on=before_on,
            after_on=after_on,
            stages=tuple(RFM_SEGMENTS)[::-1],
            links=_links(rfm),
        ),
    )


def _segments(lake: Lake, *, now: Snapshot, scores: ir.Table | None) -> tuple[SegmentShare, ...]:
    """Return the RFM segments in the order of the published rules, without the empty ones."""
    portraits = lake.table(now.table_name)
    shares = tables.segment_shares(portraits, segment="rfm_segment", spend="spend_365d_minor", scores=scores)
    found = {row["name"]: SegmentShare(**row) for row in lake.engine.rows(shares)}
    return tuple(found[name] for name in RFM_SEGMENTS if name in found)


def _examples(lake: Lake, *, now: Snapshot, scores: ir.Table | None) -> tuple[Example, ...]:
    """Return one person of each of a few segments, the one with the highest spend."""
    chosen = tables.example_people(lake.table(now.table_name), segments=_EXAMPLE_SEGMENTS, columns=_COLUMNS)
    rows = lake.engine.rows(chosen)
    values = {}
    if scores is not None and rows:
        wanted = scores.filter(scores.person_id.isin([row["person_id"] for row in rows]))
        found = lake.engine.rows(wanted.select("person_id", "expected_margin_minor"))
        values = {row["person_id"]: row["expected_margin_minor"] for row in found}
    examples = [
        Example(segment=row.pop("rfm_segment"), expected_margin_minor=values.get(row["person_id"]), **row)
        for row in rows
    ]
    return tuple(sorted(examples, key=lambda one: _EXAMPLE_SEGMENTS.index(one.segment)))


def _survey(lake: Lake, *, now: Snapshot) -> SurveyView | None:
    """Return how far surveys of 500 people (in small shops: of a quarter of all) would have been off."""
    if now.n_people < _FEWEST_PEOPLE:
        return None
    segments = [one for one in BUILT_IN_SEGMENTS if one.name.startswith("rfm_")]
    held = survey(
        lake=lake,
        size=min(_SURVEY_SIZE, now.n_people // 4),
        repeats=_SURVEY_REPEATS,
        seed=_SURVEY_SEED,
        as_of=now.as_of,
        segments=SegmentBook(tuple(segments)),
    )
    return SurveyView(
        n_people=held.size,
        n_repeats=held.repeats,
        errors=tuple(
            SurveyError(
                name=line.name,
                median_rate=line.relative_median,
                most_rate=line.relative_95,
            )
            for line in held.lines
            if line.relative_median is not None and line.relative_95
        ),
    )


def _links(links: list[dict[str, Any]]) -> tuple[FlowLink, ...]:
    return tuple(FlowLink(**link) for link in links)
