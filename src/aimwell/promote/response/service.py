"""Prepares everybody for a plan from the newest portraits and values."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from difflib import get_close_matches

import ibis.expr.types as ir

from aimwell.base.words import DayTyped
from aimwell.people.service import read_facts
from aimwell.portraits.model import TraitBook
from aimwell.portraits.segments.model import Segment, SegmentBook
from aimwell.portraits.segments.rules import parse_rule, traits_of
from aimwell.portraits.segments.tables import membership
from aimwell.portraits.service import laid_beside, snapshot_at, state_at
from aimwell.predict.traits import beside_portraits
from aimwell.predict.value.tables.scores import VALUE_SCORES
from aimwell.promote.plan.model import Campaign, Offer
from aimwell.promote.response.errors import CategoryUnknown, ValuesMissing
from aimwell.promote.response.tables import order_outlook, people_to_plan, tastes_for
from aimwell.storage.lake.lake import Lake

__all__ = ["prepare_people"]


@contextmanager
def prepare_people(
    *,
    lake: Lake,
    offers: Sequence[Offer],
    campaign: Campaign,
    segments: SegmentBook,
    traits: TraitBook,
    as_of: datetime | None = None,
) -> Iterator[ir.Table]:
    """Give everybody as a plan wants them, while the block runs.

    Parameters
    ----------
    lake
        The shop's lake, with portraits and value scores as of the same moment.
    offers, campaign
        What will be planned.
    segments
        Built-in and own segments, for those that offers and limits name.
    traits
        All known traits, for offers with an inline rule.
    as_of
        The moment of the portraits; None: the newest.

    Yields
    ------
    Table
        One row per person with a value score; columns of `people_to_plan`.

    Raises
    ------
    ValuesMissing
        If there are no value scores as of the portraits' moment.
    CategoryUnknown
        If an offer's category has no lines.
    SegmentUnknown
        If an offer or limit names a segment that is not there.
    PredictionMissing
        If a rule compares a prediction that was not made as of this moment.
    """
    snapshot = snapshot_at(lake=lake, as_of=as_of)
    values = _values(lake, as_of=snapshot.as_of)
    portraits = lake.table(snapshot.table_name)
    facts = read_facts(lake=lake, known_at=snapshot.known_at)
    wanted = _memberships(offers, campaign, segments=segments, traits=traits)
    needed, beside = traits_of(wanted.values()), beside_portraits(lake)
    wider = laid_beside(portraits, snapshot, needed=needed, beside=beside)
    members = membership(wider, facts, tuple(wanted.values()), as_of=snapshot.as_of)
    focused = [o for o in offers if o.category is not None]
    with state_at(lake=lake, as_of=snapshot.as_of, known_at=snapshot.known_at) as state:
        if focused:
            _check_categories(lake, state, focused)
        yield people_to_plan(
            order_outlook(portraits, values, horizon_days=campaign.horizon_days),
            tastes_for(state, focused),
            members,
            offers=offers,
            renamed={segment.name: name for name, segment in wanted.items()},
        )


def _values(lake: Lake, *, as_of: datetime) -> ir.Table:
    found: object = "–"
    if lake.has_table(VALUE_SCORES.name):
        values = lake.table(VALUE_SCORES.name)
        moments = [row["as_of"] for row in lake.engine.rows(values.select("as_of").distinct().limit(3))]
        if moments == [as_of]:
            return values
        found = DayTyped(max(moments)) if moments else "–"
    raise ValuesMissing(as_of=f"{as_of:%Y-%m-%d %H:%M} UTC", found=found, day=DayTyped(as_of))


def _memberships(
    offers: Sequence[Offer], campaign: Campaign, *, segments: SegmentBook, traits: TraitBook
) -> dict[str, Segment]:
    """Return the segments that matter by the column they become."""
    named = {o.segment for o in offers} | {limit.segment for limit in campaign.limits}
    wanted = {f"in_{name}": segments[name] for name in sorted(n for n in named if n is not None)}
    for offer in offers:
        if offer.rule is not None:
            rule = parse_rule(offer.rule, book=traits, where=f"offers.{offer.offer_id}.rule")
            wanted[f"can_{offer.offer_id}"] = Segment(name=f"rule of {offer.offer_id}", meaning="", rule=rule)
    return wanted


def _check_categories(lake: Lake, state: ir.Table, offers: Sequence[Offer]) -> None:
    names = state.select(entry=state.categories.unnest())
    found = lake.engine.rows(
        names.select(name=names.entry["name"]).distinct().order_by("name").limit(100_000)
    )
    known = [str(row["name"]) for row in found if row["name"] is not None]
    for offer in offers:
        category = str(offer.category)
        if not any(name == category or name.startswith(f"{category} > ") for name in known):
            nearest = ", ".join(get_close_matches(category, known, n=3, cutoff=0.3)) or "–"
            raise CategoryUnknown(offer_id=offer.offer_id, category=category, nearest=nearest)
