"""`aimwell plan make | list | show | curve | export | verify` and `aimwell offers check`."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any

import ibis
import typer

from aimwell.base.words import CLAUSES, text
from aimwell.cli.face import Column, Face, face_of
from aimwell.cli.moments import day_began
from aimwell.portraits.service import shop_segments, snapshot_at, snapshots
from aimwell.predict.traits import known_traits
from aimwell.promote import verify_plan
from aimwell.promote.plan.explain import assumptions, basis, beliefs, binding, marginal, reasons
from aimwell.promote.plan.files import read_campaign, read_offers
from aimwell.promote.plan.model import MILLI, Campaign, Offer, range_of
from aimwell.promote.plan.service import (
    Plan,
    assignments,
    export_plan,
    plan_campaign,
    read_plan,
    read_plans,
    with_ranges,
)
from aimwell.promote.policy.service import Believed, believed
from aimwell.promote.response.service import prepare_people
from aimwell.shop import Shop

__all__ = ["register"]

_AsOf = Annotated[
    datetime | None,
    typer.Option(
        formats=["%Y-%m-%d"], help=text("Day of the portraits and values; the newest if not given.")
    ),
]
_Offers = Annotated[
    Path | None, typer.Option("--offers", help=text("File of offers; offers.toml of the shop if not given."))
]
_Campaign = Annotated[
    Path | None,
    typer.Option("--plan", help=text("File of the campaign; plan.toml of the shop if not given.")),
]
_PlanId = Annotated[str | None, typer.Option("--id", help=text("Name of a plan; the newest if not given."))]


def register(app: typer.Typer) -> None:
    """Add the commands to the root."""
    plan = typer.Typer(
        help=text("Who gets which offer: the most profit within a budget, with a certificate."),
        no_args_is_help=True,
    )
    plan.command("make", help=text("Choose an offer, or none, for each person."))(make)
    plan.command("list", help=text("List the plans made so far."))(list_)
    plan.command("show", help=text("Show a plan: what it promises, what holds it back, who and why."))(show)
    plan.command("curve", help=text("Show what other budgets would bring."))(curve)
    plan.command("export", help=text("Write a plan to files that anyone can check."))(export)
    plan.command(
        "verify", help=text("Check exported files with a program that shares no code with Aimwell.")
    )(verify)
    app.add_typer(plan, name="plan")
    offers = typer.Typer(help=text("What can be offered."), no_args_is_help=True)
    offers.command("check", help=text("Read offers.toml and plan.toml, and show what was understood."))(check)
    app.add_typer(offers, name="offers")


def make(
    ctx: typer.Context, as_of: _AsOf = None, offers_path: _Offers = None, campaign_path: _Campaign = None
) -> None:
    face = face_of(ctx)
    with face.open_shop() as shop, shop.writing(), face.progress() as progress:
        offers, campaign = _files(shop, offers_path, campaign_path)
        moment = day_began(as_of, shop) if as_of else snapshot_at(lake=shop.lake, as_of=None).as_of
        offers = with_ranges(offers, campaign, lake=shop.lake, as_of=moment)
        with _people(shop, offers, campaign, as_of=moment) as known:
            plan = plan_campaign(
                known.people,
                lake=shop.lake,
                clock=shop.clock,
                offers=offers,
                campaign=campaign,
                as_of=moment,
                beliefs=known.beliefs,
                progress=progress,
            )
        totals = _by_offer(shop, plan)
    _tell(plan, totals, face)


def list_(ctx: typer.Context) -> None:
    face = face_of(ctx)
    with face.open_shop() as shop:
        plans = read_plans(lake=shop.lake)
        currency = shop.settings.currency
    face.show_rows(
        [
            {
                "plan_id": plan.plan_id,
                "campaign": plan.certificate.campaign,
                "as_of": plan.as_of,
                "n_contacts": plan.certificate.n_contacts,
                "budget_minor": plan.certificate.budget_minor,
                "profit_minor": plan.certificate.value_milli / MILLI,
            }
            for plan in plans
        ],
        [
            Column("plan_id", text("Plan")),
            Column("campaign", text("Campaign")),
            Column("as_of", text("As of"), "day"),
            Column("n_contacts", text("Contacts"), "number"),
            Column("budget_minor", text("Budget"), "money"),
            Column("profit_minor", text("Expected profit"), "money"),
        ],
        currency=currency,
    )


def show(
    ctx: typer.Context,
    plan_id: _PlanId = None,
    people: Annotated[int, typer.Option(min=0, help=text("Show so many people, with reasons."))] = 10,
) -> None:
    face = face_of(ctx)
    with face.open_shop() as shop:
        plan = read_plan(lake=shop.lake, plan_id=plan_id)
        totals = _by_offer(shop, plan)
        chosen = assignments(lake=shop.lake, plan_id=plan.plan_id)
        best = chosen.filter(chosen.arm == "treatment").order_by(
            ibis.desc("value_milli"), "person_id", "offer_id"
        )
        rows = shop.engine.rows(best.limit(people))
    if face.output == "json":
        face.show_json({"certificate": plan.certificate, "gap": plan.certificate.gap, "people": rows})
        return
    _tell(plan, totals, face)
    for row in rows:
        found = reasons(row, currency=plan.certificate.currency, words=face.words)
        row["why"] = face.words.joined(found, joint=CLAUSES)
    if rows:
        columns = [
            Column("person_id", text("Person")),
            Column("offer_id", text("Offer")),
            Column("channel", text("Channel")),
            Column("why", text("Why")),
        ]
        face.show_rows(rows, columns, title=text("Who brings most, and why"))


def curve(ctx: typer.Context, plan_id: _PlanId = None) -> None:
    face = face_of(ctx)
    with face.open_shop() as shop:
        plan = read_plan(lake=shop.lake, plan_id=plan_id)
    face.show_rows(
        [
            {"budget_minor": p.budget_minor, "profit_minor": p.profit_milli / MILLI, "per_unit": p.per_unit}
            for p in plan.curve
        ],
        [
            Column("budget_minor", text("Budget"), "money"),
            Column("profit_minor", text("Expected profit"), "money"),
            Column("per_unit", text("Earned by one more unit"), "decimal"),
        ],
        currency=plan.certificate.currency,
    )


def export(
    ctx: typer.Context,
    out: Annotated[Path, typer.Option(help=text("Folder to write to."))],
    plan_id: _PlanId = None,
    offers_path: _Offers = None,
    campaign_path: _Campaign = None,
) -> None:
    face = face_of(ctx)
    with face.open_shop() as shop:
        plan = read_plan(lake=shop.lake, plan_id=plan_id)
        offers, campaign = _files(shop, offers_path, campaign_path)
        made_with = plan.certificate.assumed  # not what a price model fitted since would say
        offers = with_ranges(offers, campaign, lake=shop.lake, as_of=plan.as_of, kept=made_with)
        with _people(shop, offers, campaign, as_of=plan.as_of) as known:
            paths = export_plan(
                known.people,
                lake=shop.lake,
                plan_id=plan.plan_id,
                offers=offers,
                campaign=campaign,
                folder=out,
            )
    face.say(text("Wrote {files} to {folder}."), files=", ".join(path.name for path in paths), folder=out)


def verify(
    ctx: typer.Context, folder: Annotated[Path, typer.Argument(help=text("Folder that `plan export` wrote."))]
) -> None:
    face_of(ctx)
    code = verify_plan.main([str(folder)])
    sys.stdout.flush()
    if code:
        raise typer.Exit(code)


def check(ctx: typer.Context, offers_path: _Offers = None, campaign_path: _Campaign = None) -> None:
    face = face_of(ctx)
    with face.open_shop() as shop:
        currency = shop.settings.currency
        offers, campaign = _files(shop, offers_path, campaign_path)
        built = snapshots(lake=shop.lake)
        moment = built[0].as_of if built else shop.clock.now()
        offers = with_ranges(offers, campaign, lake=shop.lake, as_of=moment)
    rows = [_offer_row(offer, face) | _assumed(offer, campaign, face) for offer in offers]
    face.show_rows(rows, _offer_columns(face), currency=currency)
    face.say(
        text("Campaign {name}: budget {budget}, {share} held out. Next: aimwell plan make"),
        name=campaign.name,
        budget=face.words.money(campaign.budget_minor, campaign.currency),
        share=face.words.percent(campaign.holdout_share),
    )


def _offer_row(offer: Offer, face: Face) -> dict[str, Any]:
    return {
        "offer_id": offer.offer_id,
        "name": offer.name,
        "channel": offer.channel,
        "contact_minor": offer.contact_milli / MILLI,
        "incentive_minor": offer.incentive_minor,
        "stock": offer.stock,
        "who": offer.segment or face.words.say(text("by rule") if offer.rule else text("everyone")),
    }


def _offer_columns(face: Face) -> list[Column]:
    more = [Column("price_model", text("Model")), Column("why_not", text("Why"))]
    return [
        Column("offer_id", text("Offer")),
        Column("name", text("Name")),
        Column("channel", text("Channel")),
        Column("contact_minor", text("Cost per contact"), "money"),
        Column("incentive_minor", text("Cost when used"), "money"),
        Column("stock", text("Stock"), "number"),
        Column("who", text("For whom")),
        Column("low", text("Not ordered otherwise, at least"), "percent"),
        Column("mid", text("Middle"), "percent"),
        Column("high", text("At most"), "percent"),
        Column("source", text("Says who")),
        *([] if face.output == "table" else more),
    ]


def _assumed(offer: Offer, campaign: Campaign, face: Face) -> dict[str, Any]:
    """Return the range that a plan would assume of an offer, and where it is from: words for people, the price model's id for programs."""
    found, own = range_of(offer, campaign), offer.assumed
    prices = own.prices if own is not None else None
    told = {"low": found.low, "mid": found.mid, "high": found.high}
    if face.output != "table":
        return told | {
            "source": "stated" if prices is None else "prices",
            "price_model": prices.model_id if prices else None,
            "why_not": own.why_not if own else None,
        }
    if prices is not None:
        return told | {"source": face.words.say(text("past prices of {n} products"), n=prices.n_products)}
    return told | {"source": face.words.say(text("the plan file"))}


def _files(
    shop: Shop, offers_path: Path | None, campaign_path: Path | None
) -> tuple[tuple[Offer, ...], Campaign]:
    currency = shop.settings.currency
    offers = read_offers(offers_path or shop.folder / "offers.toml", currency=currency)
    campaign = read_campaign(campaign_path or shop.folder / "plan.toml", offers=offers, currency=currency)
    return offers, campaign


def _wanted(shop: Shop, offers: tuple[Offer, ...], campaign: Campaign) -> dict[str, Any]:
    traits = known_traits(shop.folder)
    segments = shop_segments(folder=shop.folder, book=traits)
    return {"lake": shop.lake, "offers": offers, "campaign": campaign, "segments": segments, "traits": traits}


@contextmanager
def _people(
    shop: Shop, offers: tuple[Offer, ...], campaign: Campaign, *, as_of: datetime
) -> Iterator[Believed]:
    """Give the people of a plan, with what is believed of the offers."""
    with prepare_people(**_wanted(shop, offers, campaign), as_of=as_of) as people:
        yield believed(people, lake=shop.lake, offers=offers, campaign=campaign)


def _by_offer(shop: Shop, plan: Plan) -> list[dict[str, Any]]:
    rows = assignments(lake=shop.lake, plan_id=plan.plan_id)
    treated = rows.filter(rows.arm == "treatment")
    totals = treated.group_by("offer_id", "channel").agg(
        n_people=treated.count(), cost_milli=treated.cost_milli.sum(), value_milli=treated.value_milli.sum()
    )
    return [
        row | {"cost_minor": row["cost_milli"] / MILLI, "profit_minor": row["value_milli"] / MILLI}
        for row in shop.engine.rows(totals.order_by(ibis.desc("value_milli"), "offer_id"))
    ]


def _tell(plan: Plan, totals: list[dict[str, Any]], face: Face) -> None:
    """Show what the plan promises, as a table and in words."""
    proof, words = plan.certificate, face.words
    face.show_rows(
        totals,
        [
            Column("offer_id", text("Offer")),
            Column("channel", text("Channel")),
            Column("n_people", text("People"), "number"),
            Column("cost_minor", text("Expected cost"), "money"),
            Column("profit_minor", text("Expected profit"), "money"),
        ],
        title=text("The plan"),
        currency=proof.currency,
    )
    face.say(
        text(
            "Plan {plan_id}: {contacts} contacts cost {cost} and are expected to earn {profit} beyond that."
        ),
        plan_id=plan.plan_id,
        contacts=words.number(proof.n_contacts),
        cost=words.money(proof.cost_milli / MILLI, proof.currency),
        profit=words.money(proof.value_milli / MILLI, proof.currency),
    )
    if proof.value_low_milli is not None and proof.value_high_milli is not None:
        face.say(
            text("At the ends of the assumed range it would earn {low} or {high}."),
            low=words.money(proof.value_low_milli / MILLI, proof.currency),
            high=words.money(proof.value_high_milli / MILLI, proof.currency),
        )
    face.say(
        text("No plan within these limits could be expected to earn more than {bound} (gap {gap})."),
        bound=words.money(proof.bound_milli / MILLI, proof.currency),
        gap=words.percent(proof.gap, decimals=4),
    )
    face.say("{sentence}", sentence=marginal(proof, words=words).said(words))
    for sentence in binding(proof, words=words):
        face.say("{sentence}", sentence=sentence.said(words))
    for sentence in (basis(proof), *assumptions(proof, words=words), *beliefs(proof, words=words)):
        face.say("{sentence}", sentence=sentence.said(words))
