"""`aimwell manners show | check` and `aimwell suppress add | lift | list`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Annotated, Any

import ibis
import typer

from aimwell.base.clock import local_time
from aimwell.base.errors import InvalidInput
from aimwell.base.words import CLAUSES, SENTENCES, text
from aimwell.cli.face import Column, Face, face_of
from aimwell.cli.people import person_named
from aimwell.people.service import explain, read_facts
from aimwell.promote.gate.explain import cap_states, reasons
from aimwell.promote.gate.files import WEEKDAYS
from aimwell.promote.gate.model import ALL, Contact, Hours, Suppression, SuppressionReason, Verdict
from aimwell.shop import Shop
from aimwell.trust.consent.model import ChannelKind, Purpose
from aimwell.trust.vault import MatchedKind

__all__ = ["SubjectUnclear", "register"]

_POINTS: Mapping[str, MatchedKind] = {"email": "email", "sms": "phone"}
_REASONS: Mapping[SuppressionReason, str] = {
    "hard_bounce": text("does not exist"),
    "complaint": text("complaint"),
    "manual": text("by hand"),
    "erasure": text("data erased"),
}
_DAYS = (
    text("Mon"),
    text("Tue"),
    text("Wed"),
    text("Thu"),
    text("Fri"),
    text("Sat"),
    text("Sun"),
)
_BY_HAND = "hand"

_Email = Annotated[str | None, typer.Option(help=text("An e-mail address, in any spelling."))]
_Phone = Annotated[str | None, typer.Option(help=text("A phone number, in any spelling."))]
_Person = Annotated[
    str | None, typer.Option(help=text("A person as a whole: account, e-mail or person's number."))
]


class SubjectUnclear(InvalidInput):
    """Not exactly one of e-mail, phone and person was given, or it is none."""

    code = "suppress_subject_unclear"
    template = text(
        "Say whom: one of --email, --phone (one that can be written to) and --person. Nothing was changed."
    )


_Kind = Annotated[
    ChannelKind | None, typer.Option(help=text("Kind of channel; e-mail and sms if not given."))
]
_Region = Annotated[
    str | None, typer.Option(help=text("Where the person lives, such as DE; as the shop knows if not given."))
]
_Zone = Annotated[
    str | None, typer.Option("--zone", help=text("The person's time zone; the shop's if not given."))
]


@dataclass(frozen=True, kw_only=True)
class _Subject:
    """Whom a command is about: a contact point and those who have it, or a person as a whole (point None)."""

    contact_point: str | None
    people: tuple[int, ...]


def register(app: typer.Typer) -> None:
    """Add the commands to the root."""
    manners = typer.Typer(
        help=text("How often, when and to whom the shop writes: caps, quiet hours, holidays."),
        no_args_is_help=True,
    )
    manners.command("show", help=text("Show the rules as they were understood from manners.toml."))(show)
    manners.command(
        "check", help=text("Show whether a person may be written to now, and if not, why and when again.")
    )(check)
    app.add_typer(manners, name="manners")
    suppress = typer.Typer(help=text("Who is never written to."), no_args_is_help=True)
    suppress.command("add", help=text("Never write to this address or person again."))(add)
    suppress.command("lift", help=text("End a suppression."))(lift)
    suppress.command("list", help=text("List what is suppressed, newest first. No address is shown."))(list_)
    app.add_typer(suppress, name="suppress")


def show(ctx: typer.Context) -> None:
    face = face_of(ctx)
    with face.open_shop() as shop:
        manners = shop.gate.manners
    rows = [
        _rules(name, hours, [cap.key for cap in manners.caps if cap.of == name], face)
        for name, hours in {ALL: manners.hours, **manners.hours_of}.items()
    ]
    face.show_rows(
        rows,
        [
            Column("channel", text("Channel")),
            Column("caps", text("At most")),
            Column("quiet_hours", text("Quiet hours")),
            Column("weekdays", text("Weekdays")),
            Column("holidays", text("Keeps holidays")),
        ],
    )
    if face.output == "table":
        face.say(
            text(
                "After a complaint nothing for {n_days} days. {n_exempt} people are exempt from caps; {n_off} days off of the shop's own."
            ),
            n_days=manners.wash_out_days,
            n_exempt=len(manners.exempt_people),
            n_off=len(manners.days_off),
        )


def check(
    ctx: typer.Context,
    person: Annotated[str, typer.Argument(help=text("Account, e-mail or person's number."))],
    channel: _Kind = None,
    purpose: Annotated[Purpose, typer.Option(help=text("What the message is for."))] = "marketing",
    region: _Region = None,
    time_zone: _Zone = None,
) -> None:
    face = face_of(ctx)
    with face.open_shop() as shop:
        contacts = _contacts(
            shop,
            person_named(shop, person),
            kinds=["email", "sms"] if channel is None else [channel],
            purpose=purpose,
            region=region,
            time_zone=time_zone,
        )
        verdicts = shop.gate.look(contacts, now=shop.clock.now())
        zone = time_zone or shop.settings.time_zone
    if face.output == "json":
        both = zip(contacts, verdicts, strict=True)
        face.show_json([{"channel": contact.kind, **asdict(verdict)} for contact, verdict in both])
        return
    face.show_rows(
        [_answer(*both, zone=zone, face=face) for both in zip(contacts, verdicts, strict=True)],
        [
            Column("channel", text("Channel")),
            Column("point", text("Contact point")),
            Column("may", text("May go")),
            Column("why", text("Why")),
            Column("retry_at", text("Again from")),
            Column("caps", text("Used up")),
        ],
    )


def add(
    ctx: typer.Context,
    email: _Email = None,
    phone: _Phone = None,
    person: _Person = None,
    reason: Annotated[SuppressionReason, typer.Option(help=text("Why."))] = "manual",
) -> None:
    face = face_of(ctx)
    with face.open_shop() as shop:
        subject = _subject(shop, email=email, phone=phone, person=person)
        owners = subject.people if subject.contact_point is None or reason == "complaint" else ()
        shop.gate.suppress(
            Suppression(
                person_id=owner,
                contact_point=subject.contact_point or "",
                reason=reason,
                suppressed_at=shop.clock.now(),
                source=_BY_HAND,
            )
            for owner in owners or (None,)
        )
    face.say(text("Suppressed. It holds from now on, also for messages already planned."))


def lift(
    ctx: typer.Context,
    email: _Email = None,
    phone: _Phone = None,
    person: _Person = None,
    reason: Annotated[
        SuppressionReason | None, typer.Option(help=text("Only what was suppressed for this reason."))
    ] = None,
) -> None:
    face = face_of(ctx)
    with face.open_shop() as shop:
        subject = _subject(shop, email=email, phone=phone, person=person)
        n_lifted = shop.gate.lift(
            person_id=subject.people[0] if subject.contact_point is None else None,
            contact_point=subject.contact_point,
            reason=reason,
            now=shop.clock.now(),
        )
    face.say(text("{n_lifted} suppressions lifted. Consent is still needed."), n_lifted=n_lifted)


def list_(
    ctx: typer.Context,
    limit: Annotated[int, typer.Option(min=1, help=text("So many rows at most."))] = 50,
) -> None:
    face = face_of(ctx)
    with face.open_shop() as shop:
        found = shop.gate.suppressions(limit=limit)
    said = face.output == "table"
    face.show_rows(
        [
            asdict(one)
            | {"reason": face.words.say(_REASONS[one.reason]) if said else one.reason}
            | {"contact_point": one.contact_point or None}
            for one in found
        ],
        [
            Column("person_id", text("Person")),
            Column("contact_point", text("Contact point")),
            Column("reason", text("Reason")),
            Column("suppressed_at", text("Since"), "day"),
            Column("source", text("Source")),
        ],
    )


def _rules(channel: str, hours: Hours, caps: list[str], face: Face) -> dict[str, Any]:
    quiet, days = [span.shown for span in hours.quiet], sorted(hours.weekdays)
    if face.output == "json":
        return {
            "channel": channel,
            "caps": caps,
            "quiet_hours": quiet,
            "weekdays": [WEEKDAYS[day] for day in days],
            "holidays": hours.keeps_holidays,
        }
    return {
        "channel": channel,
        "caps": ", ".join(caps) or None,
        "quiet_hours": ", ".join(quiet) or None,
        "weekdays": " ".join(face.words.say(_DAYS[day]) for day in days),
        "holidays": _yes(hours.keeps_holidays, face),
    }


def _answer(contact: Contact, verdict: Verdict, *, zone: str, face: Face) -> dict[str, Any]:
    again = verdict.retry_at
    return {
        "channel": contact.kind,
        "point": contact.contact_point[:8] or None,
        "may": _yes(verdict.may, face),
        "why": face.words.joined(reasons(verdict), joint=SENTENCES) or None,
        "retry_at": None if again is None else f"{local_time(again, zone):%Y-%m-%d %H:%M}",
        "caps": face.words.joined(cap_states(verdict), joint=CLAUSES) or None,
    }


def _yes(value: object, face: Face) -> str:
    return face.words.say(text("yes") if value else text("no"))


def _contacts(
    shop: Shop,
    person_id: int,
    *,
    kinds: list[ChannelKind],
    purpose: Purpose,
    region: str | None,
    time_zone: str | None,
) -> list[Contact]:
    """Return a contact for each address of the person, or one without an address."""
    known = explain(person_id, lake=shop.lake, database=shop.database, vault=shop.vault)
    ids = tuple(member.person_id for member in known.members)
    customers = read_facts(lake=shop.lake).customers
    of_person = customers.filter((customers.person_id == person_id) & customers.region.notnull())
    seen = shop.engine.rows(of_person.order_by(ibis.desc("known_at"), "source").select("region").limit(1))
    found = []
    for kind in kinds:
        held = shop.vault.contact_points(ids, _POINTS[kind]) if kind in _POINTS else {}
        tokens = dict.fromkeys(point.token for points in held.values() for point in points)
        found += [
            Contact(
                person_id=person_id,
                contact_point=token,
                channel=kind,
                kind=kind,
                purpose=purpose,
                campaign_id="",
                message_id="",
                time_zone=time_zone,
                region=region or (seen[0]["region"] if seen else None),
                birth_year=None,
                others=tuple(one for one in ids if one != person_id),
            )
            for token in tokens or ("",)
        ]
    return found


def _subject(shop: Shop, *, email: str | None, phone: str | None, person: str | None) -> _Subject:
    given = {"email": email, "phone": phone, "person": person}
    named = [(key, value) for key, value in given.items() if value is not None]
    if len(named) != 1:
        raise SubjectUnclear()
    key, value = named[0]
    if key == "person":
        return _Subject(contact_point=None, people=(person_named(shop, value),))
    kind: MatchedKind = "email" if key == "email" else "phone"
    token = shop.vault.point_tokens(kind, [value])[0]
    if token is None:
        raise SubjectUnclear()
    known = [
        explain(found, lake=shop.lake, database=shop.database, vault=shop.vault)
        for found in shop.vault.find_people(kind, value)
    ]
    return _Subject(contact_point=token, people=tuple(dict.fromkeys(one.canonical_id for one in known)))
