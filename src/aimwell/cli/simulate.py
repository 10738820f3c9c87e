"""`aimwell simulate`: shops whose truth is known, as files or as a shop; and what campaigns in them really do."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, time, timedelta
from pathlib import Path
from typing import Annotated, Any, Literal

import pyarrow as pa
import typer

from aimwell.base.clock import SystemClock, local_time, utc_time
from aimwell.base.money import minor_units
from aimwell.base.words import text
from aimwell.cli.face import Column, Face, face_of
from aimwell.cli.load import desk_of
from aimwell.intake.model import LoadReport
from aimwell.intake.service import ConsentReport, Desk, import_consents
from aimwell.learn.simulator.campaigns import (
    contacts_of,
    plan_of,
    read_contacts,
    read_deals,
    remembered,
    to_remember,
)
from aimwell.learn.simulator.files import Files, Written, write_world
from aimwell.learn.simulator.loading import fill_shop, load_facts
from aimwell.learn.simulator.model import Dirt, WorldSpec
from aimwell.learn.simulator.play import Plan, Played, play
from aimwell.learn.simulator.presets import PRESETS
from aimwell.learn.simulator.saving import TruthFolder
from aimwell.learn.simulator.unsubscribing import withdraw_unsubscribed
from aimwell.learn.simulator.world import World
from aimwell.people.service import link_accounts
from aimwell.shop import Shop

__all__ = ["register"]

_DOLLAR = {
    "CNY": 7.0,
    "JPY": 150.0,
    "KRW": 1350.0,
    "INR": 84.0,
    "HKD": 7.8,
    "TWD": 32.0,
}  # about; others: as a dollar
_FILES = [Column("file", text("File")), Column("n_rows", text("Rows"), "number")]
_EFFECTS = [
    Column("offer_id", text("Offer")),
    Column("n_contacts", text("Contacts"), "number"),
    Column("delivered", text("Delivered"), "percent"),
    Column("opened", text("Opened"), "percent"),
    Column("unsubscribed", text("Unsubscribed"), "percent"),
    Column("effect_minor", text("True effect per contact"), "money"),
]

Folder = Annotated[Path, typer.Argument(help=text("Empty or new folder."))]
Truth = Annotated[
    Path, typer.Option(help=text("Folder of the truth, apart from the shop; nobody else can open it."))
]
Like = Annotated[Literal["gift-shop", "grocery"], typer.Option(help=text("The kind of shop."))]
People = Annotated[int, typer.Option(min=1, help=text("How many people."))]
Products = Annotated[int | None, typer.Option(min=12, help=text("How many products."))]
Days = Annotated[int, typer.Option(min=1, max=7300, help=text("Days of history."))]
StartOn = Annotated[
    datetime | None,
    typer.Option(
        formats=["%Y-%m-%d"],
        help=text("First day of the history; if not given, the one by which it ends yesterday."),
    ),
]
Market = Annotated[Literal["west", "china"], typer.Option(help=text("Whose holidays and sales there are."))]
Currency = Annotated[str, typer.Option(help=text("Currency of all amounts, ISO 4217."))]
Zone = Annotated[str, typer.Option(help=text("The shop's own time zone, IANA name."))]
Seed = Annotated[int, typer.Option(help=text("The same seed makes the same world."))]
Dirty = Annotated[
    bool, typer.Option("--dirty", help=text("With duplicates, late rows, wrong clocks and test orders."))
]
Events = Annotated[
    bool, typer.Option("--events/--no-events", help=text("With browsing events, which are most of the rows."))
]
FilesAs = Annotated[Literal["parquet", "csv"], typer.Option(help=text("Format of the files."))]
Deals = Annotated[Path, typer.Option(help=text("TOML: what each offer gives, a table [[deals]] for each."))]
Contacts = Annotated[Path | None, typer.Option(help=text("CSV or Parquet: account, offer_id, at (UTC)."))]
Campaigns = Annotated[
    list[str] | None,
    typer.Option(
        "--campaign",
        help=text(
            "Instead: the messages that this round of a campaign sent, all on the first day; may be repeated."
        ),
    ),
]
DaysToLive = Annotated[int, typer.Option(min=1, max=7300, help=text("Days to live."))]
Out = Annotated[Path | None, typer.Option(help=text("Write files here; left out: load into the shop."))]


def register(app: typer.Typer) -> None:
    """Add the commands to the root."""
    simulate = typer.Typer(
        no_args_is_help=True,
        help=text("Make shops whose truth is known, and see what campaigns really do in them."),
    )
    simulate.command("files", help=text("Write a simulated shop's exports, and its truth apart from them."))(
        files
    )
    simulate.command("shop", help=text("Load a simulated shop's history into this shop."))(shop)
    simulate.command(
        "play", help=text("Live the next days with contacts, and say what each of them really did.")
    )(play_on)
    app.add_typer(simulate, name="simulate")


def files(
    ctx: typer.Context,
    folder: Folder,
    truth: Truth,
    like: Like = "gift-shop",
    people: People = 10_000,
    products: Products = None,
    days: Days = 365,
    start_on: StartOn = None,
    market: Market = "west",
    currency: Currency = "USD",
    zone: Zone = "America/New_York",
    seed: Seed = 1,
    dirty: Dirty = False,
    events: Events = True,
    file_format: FilesAs = "parquet",
) -> None:
    face = face_of(ctx)
    spec = _spec(
        like,
        people,
        products,
        days=days,
        start_on=start_on or _start(days, zone=zone, now=SystemClock().now()),
        market=market,
        currency=currency,
        zone=zone,
        dirty=dirty,
    )
    world = World(spec, seed)
    kept = TruthFolder.make(truth, apart_from=folder)
    with face.progress() as progress:
        written = write_world(
            world, folder, truth=kept, file_format=file_format, has_events=events, progress=progress
        )
    rows = [{"file": f"{name}.{file_format}", "n_rows": n} for name, n in written.rows.items()]
    face.show_rows(rows, _FILES, title=text("Files of the simulated shop"))
    _say_how_to_load(written, face)
    face.say(text("The truth is in {folder}; nothing that plans or measures can read it."), folder=truth)


def shop(
    ctx: typer.Context,
    truth: Truth,
    like: Like = "gift-shop",
    people: People = 10_000,
    products: Products = None,
    days: Days = 365,
    start_on: StartOn = None,
    market: Market = "west",
    seed: Seed = 1,
    dirty: Dirty = False,
    events: Events = True,
) -> None:
    face, consents = face_of(ctx), list[ConsentReport]()
    with face.open_shop() as opened, opened.writing(), face.progress() as progress:
        own = opened.settings
        spec = _spec(
            like,
            people,
            products,
            days=days,
            start_on=start_on or _start(days, zone=own.time_zone, now=opened.clock.now()),
            market=market,
            currency=own.currency,
            zone=own.time_zone,
            dirty=dirty,
        )
        kept = TruthFolder.make(truth, apart_from=opened.folder)
        desk = desk_of(opened, progress=progress)
        report = fill_shop(
            World(spec, seed),
            desk=desk,
            truth=kept,
            consents=lambda paths: consents.extend(_consents(paths, opened, desk=desk)),
            has_events=events,
            progress=progress,
        )
        link_accounts(lake=opened.lake, database=opened.database, vault=opened.vault, now=opened.clock.now())
    _tell_filled(report, consents, face)
    _tell_next(truth, spec, face)


def play_on(
    ctx: typer.Context,
    truth: Truth,
    deals: Deals,
    touches: Contacts = None,
    campaigns: Campaigns = None,
    days: DaysToLive = 30,
    out: Out = None,
) -> None:
    if (touches is None) == (not campaigns):
        raise typer.BadParameter("--touches | --campaign", param_hint="--touches")
    face, kept = face_of(ctx), TruthFolder(truth)
    world, since = kept.world(), kept.lived_until()
    contacts = read_contacts(touches) if touches else _sent(face, campaigns or [], world=world, day=since)
    plan = plan_of(contacts, read_deals(deals, world=world), world=world, people=kept.people())
    played = list(play(world, since=since, days=days, plan=plan, earlier=remembered(kept.touches())))
    if out is not None:
        _write(played, out, currency=world.spec.currency)
    else:
        _load(played, plan, face, currency=world.spec.currency)
    effects = kept.keep_played(
        since, since + days, effects=[part.effects for part in played], plan=to_remember(plan)
    )
    _show_effects(effects, face, currency=world.spec.currency)
    first = world.spec.start_on + timedelta(since)
    face.say(
        text("Lived: {first} to {last}."),
        first=face.words.day(first),
        last=face.words.day(first + timedelta(days - 1)),
    )


def _start(days: int, *, zone: str, now: datetime) -> datetime:
    """Return the first day of a history that ends yesterday, so that the shop's next day is today."""
    return local_time(now, zone) - timedelta(days)


def _tell_filled(report: LoadReport, consents: Sequence[ConsentReport], face: Face) -> None:
    rows = [{"file": file.file, "n_rows": file.books.n_stored} for file in report.files]
    face.show_rows(rows, _FILES, title=text("Loaded into the shop"))
    face.say(
        text("Consents: {recorded} yes or no about an address went into the ledger."),
        recorded=face.words.number(sum(one.books.n_recorded for one in consents)),
    )


def _tell_next(truth: Path, spec: WorldSpec, face: Face) -> None:
    face.say(text("The truth is in {folder}; nothing that plans or measures can read it."), folder=truth)
    face.say(
        text("The history ends before {day}. Next: aimwell portrait build --as-of {day}"),
        day=f"{spec.start_on + timedelta(spec.days):%Y-%m-%d}",
    )


def _consents(paths: Sequence[Path], opened: Shop, *, desk: Desk) -> tuple[ConsentReport, ...]:
    """Take down who accepts marketing; cells of people without that address are left out."""
    return import_consents(
        paths, desk=desk, ledger=opened.ledger, vault=opened.vault, refused=lambda *_: None
    )


def _load(played: list[Played], plan: Plan, face: Face, *, currency: str) -> None:
    """Load what happened into the shop; who unsubscribed takes the consent back."""
    with face.open_shop() as opened, opened.writing(), face.progress() as progress:
        desk, now = desk_of(opened, progress=progress), opened.clock.now()
        load_facts([part.happened for part in played], desk=desk, currency=currency)
        link_accounts(lake=opened.lake, database=opened.database, vault=opened.vault, now=now)
        effects = pa.concat_tables([part.effects for part in played])
        n_gone = withdraw_unsubscribed(effects, plan.deals, ledger=opened.ledger, vault=opened.vault, now=now)
    face.say(text("Consent withdrawn by {n} people who unsubscribed."), n=face.words.number(n_gone))


def _say_how_to_load(written: Written, face: Face) -> None:
    for kind in dict.fromkeys(kind for kind, _ in written.files):
        paths = " ".join(str(path) for found, path in written.files if found == kind)
        mapping = written.folder / f"{kind}.toml"
        face.say("$ aimwell load {paths} --mapping {mapping}", paths=paths, mapping=mapping)


def _sent(face: Face, campaigns: list[str], *, world: World, day: int) -> pa.Table:
    """Return the contacts of campaigns, at ten in the morning of a day of the world."""
    ten = datetime.combine(world.spec.start_on + timedelta(day), time(10))
    at = utc_time(ten, world.spec.zone)
    with face.open_shop() as opened:
        found = [contacts_of(opened.lake, database=opened.database, campaign=one, at=at) for one in campaigns]
    return pa.concat_tables(found)


def _show_effects(effects: pa.Table, face: Face, *, currency: str) -> None:
    means = ("is_delivered", "is_opened", "is_unsubscribed", "expected_effect_minor")
    table = effects.group_by("offer_id").aggregate([*((name, "mean") for name in means), ("person", "count")])
    rows = [
        {
            "offer_id": row["offer_id"],
            "n_contacts": row["person_count"],
            "delivered": row["is_delivered_mean"],
            "opened": row["is_opened_mean"],
            "unsubscribed": row["is_unsubscribed_mean"],
            "effect_minor": row["expected_effect_minor_mean"],
        }
        for row in table.sort_by("offer_id").to_pylist()
    ]
    face.show_rows(rows, _EFFECTS, title=text("What the contacts do to profit, in truth"), currency=currency)


def _spec(
    like: str,
    people: int,
    products: int | None,
    *,
    days: int,
    start_on: datetime,
    market: str,
    currency: str,
    zone: str,
    dirty: bool,
) -> WorldSpec:
    changes: dict[str, Any] = {"people": people, "days": days, "start_on": start_on.date(), "market": market}
    changes |= {"currency": currency, "zone": zone}
    spec = PRESETS[like](**changes | ({"products": products} if products else {}))
    dirt = Dirt.usual() if dirty else Dirt()
    return replace(spec, unit_minor=minor_units(currency) * _DOLLAR.get(currency, 1.0), dirt=dirt)


def _write(played: list[Played], folder: Path, *, currency: str) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    with Files(folder, file_format="parquet", currency=currency) as files_:
        for part in played:
            for name, rows in vars(part.happened).items():
                files_.add(name, rows)
        files_.loadable()
