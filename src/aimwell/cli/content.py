"""`aimwell content check | preview` and `aimwell channels check | test | feedback`."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import asdict
from typing import Annotated, Any, Literal

import typer

from aimwell.base.errors import UserError
from aimwell.base.words import text
from aimwell.cli.face import Column, Face, face_of
from aimwell.cli.feedback import feedback
from aimwell.cli.people import person_named
from aimwell.people.objections import objectors
from aimwell.predict.traits import known_traits
from aimwell.promote.channels.model import CheckableChannel, Message
from aimwell.promote.channels.opening import FILE_NAME, channel_named, open_channels
from aimwell.promote.channels.secrets import Secrets
from aimwell.promote.content.files import content_names
from aimwell.promote.content.service import check_content, preview_content
from aimwell.promote.plan.errors import BadValue
from aimwell.promote.plan.files import read_offers
from aimwell.shop import Shop

__all__ = ["register"]

_Part = Literal["all", "subject", "text", "html"]
_CHECKED = [
    Column("name", text("Content")),
    Column("locales", text("Languages")),
    Column("problem", text("Problem")),
]
_CHANNELS = [
    Column("name", text("Channel")),
    Column("kind", text("Kind")),
    Column("rate_per_second", text("Per second"), "decimal"),
    Column("problem", text("Problem")),
]
_TEST_TEXT = text("This is a test message of {shop}. If you can read it, the channel works.")
_OUTCOMES = {
    "sent": text("Taken by the other side: {detail}"),
    "deferred": text("Not taken now; it can be tried again: {detail}"),
    "refused": text("Refused: {detail}"),
    "unknown": text("Handed over, and the connection broke before an answer: {detail}"),
}


def register(app: typer.Typer) -> None:
    """Add the commands to the root."""
    content = typer.Typer(
        help=text("Templates of messages: check them, see them as a person will."), no_args_is_help=True
    )
    content.command("check", help=text("Look for mistakes in templates, by file and line."))(check)
    content.command("preview", help=text("Show a template filled for a person; nothing is sent."))(preview)
    app.add_typer(content, name="content")
    channels = typer.Typer(help=text("Ways out: e-mail, webhooks, files."), no_args_is_help=True)
    channels.command("check", help=text("Read channels.toml with its secrets, and try the connections."))(
        check_channels
    )
    channels.command("test", help=text("Send one test message to an address."))(try_channel)
    channels.command(
        "feedback", help=text("Act on bounces and complaints that came back as mails; each acts once.")
    )(feedback)
    app.add_typer(channels, name="channels")


def check(
    ctx: typer.Context,
    name: Annotated[str | None, typer.Argument(help=text("Folder below content/; all if not given."))] = None,
) -> None:
    face = face_of(ctx)
    with face.open_shop() as shop:
        traits = {one.name: one.dtype for one in known_traits(shop.folder)}
        names = content_names(shop.folder) if name is None else (name,)
        found = [check_content(shop.folder, one, traits=traits, shop=_shop_facts(shop)) for one in names]
    rows = [
        {
            "name": one.name,
            "locales": ", ".join(one.locales),
            "problem": one.problem and one.problem.said(face.words),
        }
        for one in found
    ]
    face.show_rows(rows, _CHECKED)
    if any(one.problem for one in found):
        raise typer.Exit(1)


def preview(
    ctx: typer.Context,
    name: Annotated[str, typer.Argument(help=text("Folder below content/."))],
    person: Annotated[str, typer.Option(help=text("Account number, e-mail or number of a person."))],
    locale: Annotated[
        str | None, typer.Option(help=text("Language, such as zh-CN; the person's own if not given."))
    ] = None,
    offer: Annotated[
        str | None, typer.Option(help=text("Offer of offers.toml that the message makes."))
    ] = None,
    part: Annotated[_Part, typer.Option(help=text("What to show."))] = "all",
) -> None:
    face = face_of(ctx)
    with face.open_shop() as shop:
        seen = preview_content(
            shop.folder,
            name,
            person_id=person_named(shop, person),
            lake=shop.lake,
            vault=shop.vault,
            shop=_shop_facts(shop),
            locale=locale,
            language=shop.settings.language,
            offer=_offer(shop, offer) if offer else None,
            objectors=objectors(lake=shop.lake, database=shop.database),
        )
    if face.output == "json":
        face.show_json(asdict(seen))
        return
    shown = seen.content
    parts = {"subject": shown.subject, "text": shown.text, "html": shown.html}
    wanted = [value for key, value in parts.items() if part in ("all", key) and value]
    face.stdout.print(
        "\n\n".join(value.rstrip("\n") for value in wanted), markup=False, highlight=False, soft_wrap=True
    )


def check_channels(
    ctx: typer.Context,
    connect: Annotated[bool, typer.Option(help=text("Connect and log in; nothing is sent."))] = True,
) -> None:
    face = face_of(ctx)
    rows: list[dict[str, Any]] = []
    with face.open_shop() as shop, _open_channels(shop) as channels:
        for channel in channels.values():
            problem = None
            try:
                if connect:
                    channel.check()
            except UserError as exc:
                problem = exc.said(face.words)
            rows.append(
                {
                    "name": channel.name,
                    "kind": channel.kind,
                    "rate_per_second": channel.rate_per_second,
                    "problem": problem,
                }
            )
    face.show_rows(rows, _CHANNELS)
    if any(row["problem"] for row in rows):
        raise typer.Exit(1)


def try_channel(
    ctx: typer.Context,
    name: Annotated[str, typer.Argument(help=text("Name of a channel in channels.toml."))],
    address: Annotated[str, typer.Argument(help=text("Where to: an address of your own."))],
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help=text("Show the message and send nothing."))
    ] = False,
) -> None:
    face = face_of(ctx)
    with face.open_shop() as shop, _open_channels(shop) as channels:
        channel = channel_named(channels, name)
        message = _test_message(shop, face, name=name, address=address)
        if dry_run:
            face.show_json(asdict(message))
            return
        (delivery,) = channel.send([message])
    if face.output == "json":
        face.show_json(asdict(delivery))
    else:
        face.say(_OUTCOMES[delivery.outcome], detail=delivery.detail)
    if delivery.outcome != "sent":
        raise typer.Exit(1)


@contextmanager
def _open_channels(shop: Shop) -> Iterator[Mapping[str, CheckableChannel]]:
    """Open the channels of a shop alone, whatever the state of its campaigns; close them when the block ends."""
    secrets = Secrets(environment=os.environ, folder=shop.folder)
    channels = open_channels(shop.folder / FILE_NAME, secrets=secrets, clock=shop.clock)
    with ExitStack() as opened:
        for channel in channels.values():
            opened.callback(channel.close)
        yield channels


def _test_message(shop: Shop, face: Face, *, name: str, address: str) -> Message:
    return Message(
        message_id=f"test-{shop.clock.now():%Y%m%dT%H%M%S%f}",
        person_id=0,
        campaign_id="test",
        offer_id=None,
        channel=name,
        address=address,
        subject=face.words.say(text("Test message of {shop}"), shop=shop.settings.name),
        text=face.words.say(_TEST_TEXT, shop=shop.settings.name),
        html=None,
    )


def _shop_facts(shop: Shop) -> dict[str, object]:
    return {"name": shop.settings.name, "currency": shop.settings.currency}


def _offer(shop: Shop, offer_id: str) -> dict[str, object]:
    """Return what a template may say of an offer: nothing of what it costs the shop."""
    path = shop.folder / "offers.toml"
    offers = {one.offer_id: one for one in read_offers(path, currency=shop.settings.currency)}
    if offer_id not in offers:
        raise BadValue(path=path, key="--offer", value=offer_id, allowed=", ".join(sorted(offers)))
    one = offers[offer_id]
    return {"id": one.offer_id, "name": one.name, "category": one.category}
