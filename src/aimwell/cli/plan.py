"""`aimwell plan make | show | curve | export | touches` and `aimwell offers check`."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import Annotated

import ibis.expr.types as ir
import typer

from aimwell.base.money import minor_units
from aimwell.base.words import text
from aimwell.cli.face import Column, Face, face_of
from aimwell.cli.moments import day_began
from aimwell.portraits.service import shop_segments, shop_traits, snapshot_at
from aimwell.portraits.traits import BUILT_IN
from aimwell.promote.plan.certificate import Certificate
from aimwell.promote.plan.files import read_campaign, read_offers
from aimwell.promote.plan.model import MILLI, PRICE_UNIT, Campaign, Offer
from aimwell.promote.plan.service import export_plan, log_touches, plan_campaign, read_plan
from aimwell.promote.response.service import prepare_people
from aimwell.shop import Shop

__all__ = ["register"]

_AsOf = Annotated[
    datetime | None,
    typer.Option(
        formats=["%Y-%m-%d"], help=text("Day of the portraits to plan from; the newest if not given.")
    ),
]
_PlanId = Annotated[str | None, typer.Option("--plan", help=text("Id of a plan; the newest if not given."))]
_Offers = Annotated[
    Path | None, typer.Option("--offers", help=text("Offers; offers.toml of the shop if not given."))
]
_Campaign = Annotated[
    Path | None, typer.Option("--campaign", help=text("Campaign; plan.toml of the shop if not given."))
]


def register(app: typer.Typer) -> None:
    """Add the commands to the root."""
    plan = typer.Typer(
        help=text("Plans: who gets which offer, for the most profit within the limits."), no_args_is_help=True
    )
    plan.command("make", help=text("Make a plan from portraits, values, offers.toml and plan.toml."))(make)
    plan.command("show", help=text("Show a plan: profit, limits, prices, and what it assumes."))(show)
    plan.command("curve", help=text("Show what other budgets would bring."))(curve)
    plan.command("export", help=text("Write a plan to files that anyone can check."))(export)
    plan.command("touches", help=text("Log whom the plan contacts, and whom it holds out."))(touches)
    app.add_typer(plan, name="plan")
    offers = typer.Typer(help=text("Offers: what can be offered."), no_args_is_help=True)
    offers.command("check", help=text("Read offers.toml and plan.toml, and say what is wrong in them."))(
        check
    )
    app.add_typer(offers, name="offers")


@dataclass(frozen=True)
class _Wanted:
    """What a plan is made of: the offers, the campaign, and everybody."""

    offers: tuple[Offer, ...]
    campaign: Campaign
    people: ir.Table


@contextmanager
def _wanted(
    shop: Shop, *, offers: Path | None, campaign: Path | None, as_of: datetime | None
) -> Iterator[_Wanted]:
    offered = read_offers(offers or shop.folder / "offers.toml")
    limits = read_campaign(campaign or shop.folder / "plan.toml", offers=offered)
    book = BUILT_IN.extended(shop_traits(folder=shop.folder).traits)
    with prepare_people(
        lake=shop.lake,
        offers=offered,
        campaign=limits,
        segments=shop_segments(folder=shop.folder, book=book),
        traits=book,
        as_of=as_of,
    ) as people:
        yield _Wanted(offered, limits, people)


def make(ctx: typer.Context, as_of: _AsOf = None, offers: _Offers = None, campaign: _Campaign = None) -> None:
    face = face_of(ctx)
    with face.open_shop() as shop, shop.writing(), face.progress() as progress:
        moment = snapshot_at(lake=shop.lake, as_of=day_began(as_of, shop) if as_of else None).as_of
        with _wanted(shop, offers=offers, campaign=campaign, as_of=moment) as wanted:
            plan = plan_campaign(
                wanted.people,
                lake=shop.lake,
                clock=shop.clock,
                offers=wanted.offers,
                campaign=wanted.campaign,
                as_of=moment,
                progress=progress,
            )
    _show(plan.certificate, face)


def show(ctx: typer.Context, plan_id: _PlanId = None) -> None:
    face = face_of(ctx)
    with face.open_shop() as shop:
        _show(read_plan(lake=shop.lake, plan_id=plan_id).certificate, face)


def curve(ctx: typer.Context, plan_id: _PlanId = None) -> None:
    face = face_of(ctx)
    with face.open_shop() as shop:
        plan = read_plan(lake=shop.lake, plan_id=plan_id)
    face.show_rows(
        [asdict(point) | {"profit_minor": point.profit_milli / MILLI} for point in plan.curve],
        [
            Column("budget_minor", text("Budget"), "money"),
            Column("profit_minor", text("Expected profit"), "money"),
            Column("per_unit", text("One more unit brings"), "decimal"),
        ],
        currency=plan.certificate.currency,
    )


def export(
    ctx: typer.Context,
    out: Annotated[Path, typer.Option(help=text("Folder to write to."))],
    plan_id: _PlanId = None,
    offers: _Offers = None,
    campaign: _Campaign = None,
) -> None:
    face = face_of(ctx)
    with face.open_shop() as shop:
        plan = read_plan(lake=shop.lake, plan_id=plan_id)
        with _wanted(shop, offers=offers, campaign=campaign, as_of=plan.as_of) as wanted:
            paths = export_plan(
                wanted.people,
                lake=shop.lake,
                plan_id=plan.plan_id,
                offers=wanted.offers,
                campaign=wanted.campaign,
                folder=out,
            )
    for path in paths:
        face.say(text("Wrote {path}."), path=path)
    face.say(text("Check it with nothing but Python: python tools/verify_plan.py {folder}"), folder=out)


def touches(ctx: typer.Context, plan_id: _PlanId = None) -> None:
    face = face_of(ctx)
    with face.open_shop() as shop, shop.writing():
        plan = read_plan(lake=shop.lake, plan_id=plan_id)
        commit = log_touches(lake=shop.lake, plan_id=plan.plan_id, decided_at=shop.clock.now())
    if commit.is_repeat:
        face.say(text("Plan {plan_id} was logged before; nothing was done."), plan_id=plan.plan_id)
    else:
        count = face.words.number(commit.n_rows)
        face.say(
            text("Logged {n} contacts and deliberate non-contacts of plan {plan_id}."),
            n=count,
            plan_id=plan.plan_id,
        )


def check(ctx: typer.Context, offers: _Offers = None, campaign: _Campaign = None) -> None:
    face = face_of(ctx)
    with face.open_shop() as shop:
        offered = read_offers(offers or shop.folder / "offers.toml")
        limits = read_campaign(campaign or shop.folder / "plan.toml", offers=offered)
    face.show_rows(
        [asdict(offer) | {"contact_minor": offer.contact_milli / MILLI} for offer in offered],
        [
            Column("offer_id", text("Offer")),
            Column("name", text("Name")),
            Column("channel", text("Channel")),
            Column("contact_minor", text("Cost per contact"), "money"),
            Column("incentive_minor", text("Cost when used"), "money"),
            Column("stock", text("Stock"), "number"),
            Column("segment", text("Segment")),
            Column("category", text("Category")),
        ],
        currency=limits.currency,
    )
    face.say(text("offers.toml and plan.toml are well formed. Next: aimwell plan make"))


def _show(certificate: Certificate, face: Face) -> None:
    """Show a plan: as JSON whole, else what it brings, what it costs, what holds it back, and what it assumes."""
    if face.output == "json":
        face.show_json(asdict(certificate) | {"gap": certificate.gap})
        return
    currency, words = certificate.currency, face.words

    def money(milli: float | None) -> str:
        return "–" if milli is None else words.money(milli / MILLI, currency)

    face.show_rows(
        [
            {"what": words.say(text("Plan")), "value": f"{certificate.plan_id} ({certificate.campaign})"},
            {"what": words.say(text("Customers")), "value": words.number(certificate.n_people)},
            {
                "what": words.say(text("Held out, to measure against")),
                "value": words.number(certificate.n_held_out),
            },
            {"what": words.say(text("Contacts")), "value": words.number(certificate.n_contacts)},
            {"what": words.say(text("Expected cost")), "value": money(certificate.cost_milli)},
            {"what": words.say(text("Expected profit")), "value": money(certificate.value_milli)},
            {
                "what": words.say(text("If the assumption is off")),
                "value": f"{money(certificate.value_low_milli)} … {money(certificate.value_high_milli)}",
            },
            {
                "what": words.say(text("No plan could bring more than")),
                "value": money(certificate.bound_milli),
            },
            {
                "what": words.say(text("Gap to that bound")),
                "value": words.percent(certificate.gap, decimals=4),
            },
        ],
        [Column("what", text("The plan")), Column("value", text("Value"))],
    )
    _show_limits(certificate, face)
    face.say(certificate.effect_basis)


def _show_limits(certificate: Certificate, face: Face) -> None:
    """Show how far each limit is used, and what one more unit of it would bring."""
    budget = {
        "key": face.words.say(text("Budget")),
        "use": face.words.money(certificate.cost_milli / MILLI, certificate.currency),
        "maximum": face.words.money(certificate.budget_minor, certificate.currency),
        "price_minor": certificate.budget_price / PRICE_UNIT * minor_units(certificate.currency),
        "binds": "maximum" if certificate.budget_price > 0 else None,
    }
    limits = [
        {
            "key": limit.key,
            "use": face.words.number(limit.use),
            "minimum": limit.minimum or None,
            "maximum": None if limit.maximum is None else face.words.number(limit.maximum),
            "price_minor": limit.price_milli / MILLI,
            "binds": limit.binds,
        }
        for limit in certificate.limits
    ]
    face.show_rows(
        [budget, *limits],
        [
            Column("key", text("Limit")),
            Column("use", text("Used")),
            Column("minimum", text("At least")),
            Column("maximum", text("At most")),
            Column("price_minor", text("One more unit brings"), "money"),
            Column("binds", text("Holds the plan back")),
        ],
        title=text("What limits the profit"),
        currency=certificate.currency,
    )
