"""Everybody's decision as expressions: who is meant, who can be reached, what each arm gets."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import reduce
from operator import or_

import ibis
import ibis.expr.types as ir

from aimwell.base.lottery import Lottery
from aimwell.promote.campaigns.records import CONTACTS, DECISIONS, EXPLORERS, SHOWN
from aimwell.promote.measure.arms import ArmShares
from aimwell.promote.plan.model import Offer, Problem

__all__ = [
    "about_people",
    "asked",
    "contacts",
    "dealt_contacts",
    "decisions",
    "explorable",
    "explorers",
    "meant",
    "planned_contacts",
    "reachable",
    "shown",
    "used_by_dealt",
    "wanted_shelves",
    "with_own_chances",
]

_NO = ibis.literal(value=False)


def meant(people: ir.Table, offers: Sequence[Offer]) -> ir.Table:
    """Add `meant_k` (bool): by its segment or rule, offer k may be for the person."""
    return people.mutate(**{f"meant_{k}": _meant(people, offer) for k, offer in enumerate(offers)})


def about_people(customers: ir.Table, aliases: ir.Table) -> ir.Table:
    """Return what the gate and templates know of people: one row per person with an account or a linked one.

    Parameters
    ----------
    customers
        Accounts under their canonical person: person_id, region, locale, attributes.
    aliases
        The links that hold: person_id, canonical_id.

    Returns
    -------
    Table
        person_id, region, locale, birth_year, time_zone (each null where unknown; of several the first by name), others
        (ids of linked accounts, null: none).
    """
    said = customers.filter(customers.person_id.notnull())
    birth_year = said.attributes.get("birth_year", "").try_cast("int64")
    zone = said.attributes.get("time_zone", "").nullif("")
    known = said.group_by("person_id").agg(
        region=said.region.min(), locale=said.locale.min(), birth_year=birth_year.max(), time_zone=zone.min()
    )
    linked = aliases.group_by("canonical_id").agg(
        others=aliases.person_id.collect(order_by=aliases.person_id)
    )
    both = known.outer_join(linked, known.person_id == linked.canonical_id)
    return both.select(
        "region",
        "locale",
        "birth_year",
        "time_zone",
        "others",
        person_id=ibis.coalesce(both.person_id, both.canonical_id),
    )


def asked(people: ir.Table, about: ir.Table, *, n_offers: int) -> ir.Table:
    """Return the people to ask the gate about: those for whom some offer is meant, with what is known of them."""
    some = people.filter(_any([people[f"meant_{k}"] for k in range(n_offers)])).select("person_id")
    return some.left_join(about, "person_id").drop("person_id_right")


def reachable(people: ir.Table, ways: ir.Table, *, offers: Sequence[Offer]) -> ir.Table:
    """Add `way_k` (what the gate has against offer k, "" if nothing) and `can_<offer_id>` (meant, and nothing against it).

    Parameters
    ----------
    people
        Result of `meant`.
    ways
        person_id, channel, reasons ("" if the person may be contacted): one row per person asked about and channel.
    offers
        All offers.
    """
    table = people
    channels = sorted({offer.channel for offer in offers})
    for place, channel in enumerate(channels):
        one = ways.filter(ways.channel == channel).select("person_id", **{f"channel_{place}": ways.reasons})
        table = table.left_join(one, "person_id").drop("person_id_right")
    added: dict[str, ir.Value] = {}
    for k, offer in enumerate(offers):
        way = table[f"channel_{channels.index(offer.channel)}"].fill_null("")
        added |= {f"way_{k}": way, f"can_{offer.offer_id}": table[f"meant_{k}"] & (way == "")}
    return table.mutate(**added)


def explorable(
    armed: ir.Table, people: ir.Table, *, problem: Problem, lottery: Lottery, below: int
) -> ir.Table:
    """Return who may explore, in the order of their lots: people of the treatment whose lot is below a number.

    Parameters
    ----------
    armed
        Choices of a plan with `arm`.
    people
        `mean_<offer_id>` and `sd_<offer_id>` of everybody.
    problem
        The offers and limits.
    lottery, below
        Deals the arms, up to which lot.

    Returns
    -------
    Table
        One row per person for whom some offer is possible: person_id, lot, `mean_k`, `sd_k` (null: not possible), `cost_k`, `member_k`.
    """
    places = range(len(problem.offers))
    believed = {
        f"{kind}_{k}": people[f"{kind}_{offer.offer_id}"]
        for kind in ("mean", "sd")
        for k, offer in enumerate(problem.offers)
    }
    lot = lottery.lot(armed.person_id)
    some = _any([armed[f"value_{k}"].notnull() for k in places])
    mine = armed.mutate(lot=lot).filter(armed.arm == "treatment", lot < below, some)
    both = mine.inner_join(people.select("person_id", **believed), "person_id")
    able = {
        f"{kind}_{k}": both[f"value_{k}"].notnull().ifelse(both[f"{kind}_{k}"], ibis.null("float64"))
        for kind in ("mean", "sd")
        for k in places
    }
    names = [f"cost_{k}" for k in places] + [f"member_{k}" for k in range(len(problem.segments))]
    return both.select("person_id", "lot", *names, **able).order_by("lot", "person_id")


def explorers(found: ir.Table, *, problem: Problem, campaign_id: str, decided_at: datetime) -> ir.Table:
    """Return explorers (person_id, explored, chances) as rows of `EXPLORERS`."""
    names = {k: offer.offer_id for k, offer in enumerate(problem.offers, start=1)}
    told = found.mutate(
        campaign_id=ibis.literal(campaign_id),
        decided_at=ibis.literal(decided_at).cast("timestamp"),
        offer_id=_by(found.explored, names),
        propensity=found.chances[found.explored],
    )
    return told.select(**{name: told[name].cast(kind) for name, kind in EXPLORERS.schema.items()})


def with_own_chances(dealt: ir.Table, explorers: ir.Table) -> ir.Table:
    """Return person_id, arm and propensity with that of the action drawn in place of the arm's, for explorers (`EXPLORERS`)."""
    own = explorers.select("person_id", own="propensity")
    both = dealt.left_join(own, "person_id").drop("person_id_right")
    return both.mutate(propensity=both.own.fill_null(both.propensity)).drop("own")


def planned_contacts(assigned: ir.Table, *, campaign_id: str, decided_at: datetime) -> ir.Table:
    """Return the plan's assignments as rows of `CONTACTS`."""
    return _as_contacts(assigned, campaign_id=campaign_id, decided_at=decided_at)


def dealt_contacts(
    choices: ir.Table,
    *,
    problem: Problem,
    shares: ArmShares,
    campaign_id: str,
    usual: str | None,
    decided_at: datetime,
) -> ir.Table:
    """Return what people in the arms beside the plan get, as rows of `CONTACTS`.

    Parameters
    ----------
    choices
        Choices of a plan (value_k, cost_k) with `arm`, and `explored` (0: nothing, or the number of the offer, from 1 on; null: no
        explorer).
    problem
        The offers.
    shares, campaign_id
        Draw the lots of the arm `random`: each possible offer is as likely as the others.
    usual
        The offer of the arm `business_as_usual`; None: nothing.
    decided_at
        When.
    """
    lot = Lottery.of(shares.campaign_salt(campaign_id), purpose="random offer").lot(choices.person_id)
    able = [choices[f"value_{k}"].notnull().cast("int64") for k in range(len(problem.offers))]
    n_able = reduce(lambda one, other: one + other, able)
    drawn = lot % n_able.nullif(0)
    picked: ir.Value = ibis.null("int64")
    before: ir.Value = ibis.literal(0, "int64")
    for k, is_able in enumerate(able):
        is_it = (is_able == 1) & (before == drawn)
        picked = is_it.ifelse(ibis.literal(k, "int64"), picked)
        before = before + is_able
    taken: ir.Value = (choices.arm == "random").ifelse(picked, ibis.null("int64"))
    for k, offer in enumerate(problem.offers):
        if offer.offer_id == usual:
            is_usual = (choices.arm == "business_as_usual") & (able[k] == 1)
            taken = is_usual.ifelse(ibis.literal(k, "int64"), taken)
    taken = (choices.arm == "explore").ifelse((choices.explored - 1).nullif(-1), taken)
    given = choices.mutate(taken=taken).filter(taken.notnull())
    names = {k: offer.offer_id for k, offer in enumerate(problem.offers)}
    channels = {k: offer.channel for k, offer in enumerate(problem.offers)}
    numbered = list(range(len(problem.offers)))
    rows = given.mutate(
        offer_id=_by(given.taken, names),
        channel=_by(given.taken, channels),
        value_milli=_by(given.taken, {k: given[f"value_{k}"] for k in numbered}),
        cost_milli=_by(given.taken, {k: given[f"cost_{k}"] for k in numbered}),
    )
    return _as_contacts(rows, campaign_id=campaign_id, decided_at=decided_at)


def used_by_dealt(dealt: ir.Table, choices: ir.Table, *, problem: Problem) -> ir.Table:
    """Return what those contacts use: one row per offer_id with n_contacts, cost_milli and `n_member_k` per segment."""
    members = [f"member_{k}" for k in range(len(problem.segments))]
    rows = dealt.inner_join(choices.select("person_id", *members), "person_id")
    return rows.group_by("offer_id").agg(
        n_contacts=rows.count(),
        cost_milli=rows.cost_milli.sum(),
        **{f"n_{name}": rows[name].sum() for name in members},
    )


def contacts(*parts: ir.Table) -> ir.Table:
    """Return rows of `CONTACTS` from several arms together."""
    return parts[0] if len(parts) == 1 else ibis.union(*parts)


def decisions(
    choices: ir.Table,
    people: ir.Table,
    about: ir.Table,
    *,
    problem: Problem,
    campaign_id: str,
    plan_id: str,
    decided_at: datetime,
) -> ir.Table:
    """Return everybody's receipt: rows of `DECISIONS`.

    Parameters
    ----------
    choices
        Choices of a plan (value_k, cost_k, member_k) with `arm` and `propensity`.
    people
        Result of `reachable`.
    about
        Result of `about_people`.
    problem
        Offers and limits.
    campaign_id, plan_id, decided_at
        Of the round.
    """
    numbered = range(len(problem.offers))
    names = ["response_prob", "order_minor", "margin_minor"]
    names += [f"{kind}_{k}" for k in numbered for kind in ("meant", "way")]
    known = choices.inner_join(people.select("person_id", *names), "person_id")
    known = known.left_join(about, "person_id").drop("person_id_right")
    rows = known.mutate(
        campaign_id=ibis.literal(campaign_id),
        plan_id=ibis.literal(plan_id),
        decided_at=ibis.literal(decided_at).cast("timestamp"),
        value_milli=ibis.array([known[f"value_{k}"] for k in numbered]),
        cost_milli=ibis.array([known[f"cost_{k}"] for k in numbered]),
        is_meant=ibis.array([known[f"meant_{k}"] for k in numbered]),
        in_the_way=ibis.array([known[f"way_{k}"] for k in numbered]),
        members=ibis.array([known[f"member_{k}"] for k in range(len(problem.segments))] or [_NO]),
        is_part=_any([known[f"value_{k}"].notnull() for k in numbered]),
    )
    return rows.select(**{name: rows[name].cast(kind) for name, kind in DECISIONS.schema.items()})


def wanted_shelves(contacts: ir.Table, own: ir.Table, shelves: Mapping[str, str | None]) -> ir.Table:
    """Add `category` to rows of `CONTACTS`, the shelf to show products of, and `is_asked`: whether it is the offer's.

    Parameters
    ----------
    contacts
        Rows of `CONTACTS`.
    own
        person_id, top_category: each person's own shelf.
    shelves
        By offer id: the offer's, which goes first; None: none.
    """
    known = contacts.left_join(own, "person_id").drop("person_id_right")
    of_offers = {offer_id: shelf for offer_id, shelf in shelves.items() if shelf is not None}
    if not of_offers:
        return known.rename(category="top_category").mutate(is_asked=_NO)
    of_offer = ibis.cases(*((known.offer_id == offer_id, shelf) for offer_id, shelf in of_offers.items()))
    return known.mutate(category=ibis.coalesce(of_offer, known.top_category), is_asked=of_offer.notnull())


def shown(wanted: ir.Table, slots: ir.Table) -> ir.Table:
    """Return rows of `SHOWN` from the result of `wanted_shelves` and that of `content.tables.product_slots`."""
    lists = slots.group_by("person_id", "shelf").agg(product_ids=slots.id.collect(order_by=slots.slot))
    asked = wanted.mutate(shelf=wanted.category.fill_null(""))
    rows = asked.inner_join(lists, ["person_id", "shelf"])
    return rows.select(**{name: rows[name].cast(kind) for name, kind in SHOWN.schema.items()})


def _meant(people: ir.Table, offer: Offer) -> ir.BooleanValue:
    if offer.rule is not None:
        return people[f"can_{offer.offer_id}"].fill_null(_NO)
    if offer.segment is not None:
        return people[f"in_{offer.segment}"].fill_null(_NO)
    return ibis.literal(value=True)


def _as_contacts(rows: ir.Table, *, campaign_id: str, decided_at: datetime) -> ir.Table:
    told = rows.mutate(
        campaign_id=ibis.literal(campaign_id), decided_at=ibis.literal(decided_at).cast("timestamp")
    )
    return told.select(**{name: told[name].cast(kind) for name, kind in CONTACTS.schema.items()})


def _by(place: ir.IntegerValue, values: Mapping[int, str | ir.Value]) -> ir.Value:
    return ibis.cases(*((place == k, value) for k, value in values.items()))


def _any(conditions: Sequence[ir.Value]) -> ir.Value:
    return reduce(or_, conditions)
