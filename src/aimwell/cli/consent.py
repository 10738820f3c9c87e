"""`aimwell consent import | show | grant | withdraw | policies`."""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any

import typer

from aimwell.base.clock import utc_time
from aimwell.base.words import text
from aimwell.cli.face import Column, Face, face_of
from aimwell.cli.load import desk_of
from aimwell.cli.people import person_named
from aimwell.intake.service import ConsentReport, import_consents
from aimwell.people.service import link_accounts
from aimwell.shop import Shop
from aimwell.trust.consent import ALL, CHANNELS, UNDATED, ChannelKind, ConsentLedger, Purpose, read_policies
from aimwell.trust.consent.errors import AddressUnusable
from aimwell.trust.consent.exports import REASONS, Refusal
from aimwell.trust.consent.service import (
    OPTIONAL,
    POINT_KINDS,
    Said,
    grant,
    revealed_proof,
    sealed_proof,
    withdraw,
)

__all__ = ["ledger_of", "register"]

_SHOWN_REFUSALS = 20

_BOOKS = [
    Column("file", text("File")),
    Column("title", text("Recognised as")),
    Column("n_read", text("Read"), "number"),
    Column("n_recorded", text("Recorded"), "number"),
    Column("n_repeated", text("Repeated"), "number"),
    Column("n_refused", text("Refused"), "number"),
]
_ACTS = [
    Column("event_no", text("Number")),
    Column("at", text("At (UTC)")),
    Column("act", text("Said")),
    Column("channel", text("Channel")),
    Column("purpose", text("Purpose")),
    Column("contact_point", text("Contact point")),
    Column("source", text("Source")),
    Column("notice", text("Notice")),
    Column("expires_at", text("Expires (UTC)")),
    Column("proof", text("Proof")),
]
_RULES = [
    Column("policy", text("Policy")),
    Column("regions", text("Regions")),
    Column("purposes", text("Purposes")),
    Column("needs", text("Needs")),
    Column("ages", text("Ages")),
    Column("references", text("References")),
]
_ACT_WORDS = {"grant": text("agreed"), "deny": text("refused"), "withdraw": text("withdrawn")}
_ALL = text("all")
_NEEDS = {"none": text("no consent"), "opt_out": text("that nobody objected"), "consent": text("consent")}

_Person = Annotated[str, typer.Argument(help=text("Id of a person, an account, or an e-mail of the person."))]
_Channel = Annotated[
    ChannelKind | None, typer.Option(help=text("email, sms, wechat, push, post or webhook."))
]
_Source = Annotated[
    str, typer.Option(help=text("Where it was said, such as till or letter; parent for a child."))
]
_Notice = Annotated[str, typer.Option(help=text("Version of the notice that the person saw."))]
_Proof = Annotated[str, typer.Option(help=text("What proves it; kept sealed by the vault."))]
_Files = Annotated[
    list[Path], typer.Argument(help=text("CSV, TSV, JSONL, Parquet or XLSX; plain, gz or zip."))
]
_Preset = Annotated[
    str | None,
    typer.Option(
        help=text(
            "Read the files as this export: shopify_customers, klaviyo_profiles, simulated_customers or consents."
        )
    ),
]
_Scope = Annotated[
    str | None,
    typer.Option(help=text("Scope of order and account numbers, such as the shop's platform.")),
]
_ExportedAt = Annotated[
    datetime | None,
    typer.Option(
        help=text("When the files were exported, on the shop's clock: the time of every no without one.")
    ),
]
_RefusedFile = Annotated[
    Path | None, typer.Option(help=text("Write every refused line and its reason to this CSV file."))
]


def register(app: typer.Typer) -> None:
    """Add the commands to the root."""
    consent = typer.Typer(
        help=text(
            "Who may be contacted: what people said, and what the law asks. Missing consent means no send."
        ),
        no_args_is_help=True,
    )
    consent.command("import", help=text("Take consents out of exports, such as Shopify's or Klaviyo's."))(
        import_
    )
    consent.command("show", help=text("Show all that a person said, in the order in which it counts."))(show)
    consent.command("grant", help=text("Record a consent that a person has just given."))(grant_)
    consent.command("withdraw", help=text("Take consent back, at once: of one channel, or of everything."))(
        withdraw_
    )
    consent.command("policies", help=text("Show what each policy asks, and where."))(policies)
    app.add_typer(consent, name="consent")


def ledger_of(shop: Shop) -> ConsentLedger:
    """Return the consent ledger of an open shop, under the bundled policies and the shop's own in `policies/`."""
    return ConsentLedger(database=shop.database, policies=read_policies(shop.folder / "policies"))


def import_(
    ctx: typer.Context,
    files: _Files,
    preset: _Preset = None,
    source: _Scope = None,
    exported_at: _ExportedAt = None,
    refused: _RefusedFile = None,
) -> None:
    face = face_of(ctx)
    with (
        face.open_shop() as shop,
        shop.writing(),
        face.progress() as progress,
        _refusals(face, refused) as hear,
    ):
        reports = import_consents(
            files,
            desk=desk_of(shop, progress=progress),
            ledger=ledger_of(shop),
            vault=shop.vault,
            refused=hear,
            preset=preset,
            source=source,
            exported_at=_utc(exported_at, shop),
        )
        link_accounts(lake=shop.lake, database=shop.database, vault=shop.vault, now=shop.clock.now())
    _tell(reports, face)


def show(ctx: typer.Context, person: _Person) -> None:
    face = face_of(ctx)
    with face.open_shop() as shop:
        person_id = person_named(shop, person)
        history = ledger_of(shop).numbered_history(person_id)
        rows = [
            asdict(event) | {"event_no": number, "proof": revealed_proof(event.proof, vault=shop.vault)}
            for number, event in history
        ]
    face.show_rows([_read(row, face) for row in rows] if face.output == "table" else rows, _ACTS)


def grant_(
    ctx: typer.Context,
    person: _Person,
    channel: _Channel = None,
    purpose: Annotated[
        Purpose, typer.Option(help=text("marketing, transactional, analytics, sharing or personalisation."))
    ] = "marketing",
    address: Annotated[
        str | None, typer.Option(help=text("Only this e-mail or phone; all of the channel if not given."))
    ] = None,
    source: _Source = "staff",
    notice: _Notice = "",
    proof: _Proof = "",
    expires: Annotated[
        datetime | None,
        typer.Option(help=text("Holds until then, on the shop's clock; for good if not given.")),
    ] = None,
) -> None:
    face = face_of(ctx)
    if (channel is None) == (purpose in ("marketing", "transactional")):
        raise typer.BadParameter(face.words.say(_CHANNEL_RULE), param_hint="--channel")
    with face.open_shop() as shop:
        n_recorded = grant(
            person_named(shop, person),
            channel=channel or ALL,
            purpose=purpose,
            said=Said(source=source, notice=notice, proof=sealed_proof(proof, vault=shop.vault)),
            ledger=ledger_of(shop),
            now=shop.clock.now(),
            contact_point=_point(shop, channel, address),
            expires_at=_utc(expires, shop),
        )
    _tell_acts(n_recorded, face)


def withdraw_(
    ctx: typer.Context,
    person: _Person,
    channel: _Channel = None,
    purpose: Annotated[
        Purpose | None,
        typer.Option(help=text("Only this purpose; all but messages about orders if not given.")),
    ] = None,
    source: _Source = "staff",
    notice: _Notice = "",
    proof: _Proof = "",
) -> None:
    face = face_of(ctx)
    with face.open_shop() as shop:
        n_recorded = withdraw(
            person_named(shop, person),
            channel=channel or ALL,
            purposes=OPTIONAL if purpose is None else (purpose,),
            said=Said(source=source, notice=notice, proof=sealed_proof(proof, vault=shop.vault)),
            ledger=ledger_of(shop),
            vault=shop.vault,
            now=shop.clock.now(),
        )
    _tell_acts(n_recorded, face)


def policies(ctx: typer.Context) -> None:
    face = face_of(ctx)
    with face.open_shop() as shop:
        found = ledger_of(shop).policies.policies
    if face.output == "json":
        face.show_json([policy.model_dump(mode="json") for policy in found])
        return
    rows = [
        {
            "policy": policy.name,
            "regions": ", ".join(policy.regions),
            "purposes": ", ".join(rule.purposes)
            + ("" if rule.channels == CHANNELS else f" ({', '.join(rule.channels)})"),
            "needs": face.words.say(_NEEDS[rule.needs]),
            "ages": _ages(rule.consent_below_age, rule.parent_ages(None), face),
            "references": "; ".join(rule.references),
        }
        for policy in found
        for rule in policy.rules
    ]
    face.show_rows(rows, _RULES)


_CHANNEL_RULE = text(
    "marketing and transactional need a channel; analytics, sharing and personalisation have none"
)


def _utc(local: datetime | None, shop: Shop) -> datetime | None:
    return None if local is None else utc_time(local, shop.settings.time_zone)


def _point(shop: Shop, channel: ChannelKind | None, address: str | None) -> str:
    """Return the token of the address named, or that of all.

    Raises
    ------
    AddressUnusable
        If it reaches nobody, or the channel has no addresses.
    """
    if address is None:
        return ALL
    kind = POINT_KINDS.get(channel) if channel is not None else None
    token = shop.vault.point_tokens(kind, [address])[0] if kind is not None else None
    if token is None:
        raise AddressUnusable(
            channel=channel or "–", allowed=", ".join(f"{c}: {k}" for c, k in POINT_KINDS.items())
        )
    return token


@contextmanager
def _refusals(face: Face, path: Path | None) -> Iterator[Callable[[str, Refusal], None]]:
    """Take refusals in: into a file if one is named, and the first of them on the screen."""
    n_heard = 0

    def heard(file: str, refusal: Refusal) -> None:
        nonlocal n_heard
        n_heard += 1
        if n_heard <= _SHOWN_REFUSALS:
            reason = face.words.say(REASONS[refusal.reason])
            face.say(_REFUSED, file=file, line=refusal.line_no, column=refusal.column, reason=reason)

    if path is None:
        yield heard
        return
    with path.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream)
        writer.writerow(["file", "line_no", "column", "reason"])

        def written(file: str, refusal: Refusal) -> None:
            heard(file, refusal)
            writer.writerow([file, refusal.line_no, refusal.column, refusal.reason])

        yield written


_REFUSED = text("{file}, line {line}, {column}: not recorded: {reason}.")
_MORE = text("{n} in all were not recorded; write them all down with --refused FILE.csv.")


def _tell(reports: tuple[ConsentReport, ...], face: Face) -> None:
    n_refused = sum(report.books.n_refused for report in reports)
    if n_refused > _SHOWN_REFUSALS:
        face.say(_MORE, n=face.words.number(n_refused))
    if face.output == "json":
        face.show_json(list(reports))
        return
    face.show_rows(
        [{"file": report.file, "title": report.title, **vars(report.books)} for report in reports],
        _BOOKS,
        title=text("Books of this import"),
    )


def _tell_acts(n_recorded: int, face: Face) -> None:
    if face.output == "json":
        face.show_json({"n_recorded": n_recorded})
    elif n_recorded:
        face.say(text("Recorded; it takes effect at once."))
    else:
        face.say(text("That was so already; nothing was recorded."))


def _read(row: dict[str, Any], face: Face) -> dict[str, Any]:
    act, everything = _ACT_WORDS[row["act"]], face.words.say(_ALL)
    return row | {
        "at": "–" if row["at"] == UNDATED else f"{row['at']:%Y-%m-%d %H:%M:%S}",
        "act": face.words.say(act),
        "channel": row["channel"] or everything,
        "contact_point": row["contact_point"] or everything,
    }


def _ages(consent_below: int | None, parent_below: tuple[int, ...], face: Face) -> str:
    parts = []
    if consent_below is not None:
        parts.append(face.words.say(text("consent below {age}"), age=consent_below))
    if parent_below:
        low, high = min(parent_below), max(parent_below)
        age = low if low == high else f"{low}–{high}"
        parts.append(face.words.say(text("a parent below {age}"), age=age))
    return ", ".join(parts)
