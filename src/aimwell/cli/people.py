"""`aimwell people explain | link | unlink`."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated

import typer

from aimwell.base.words import text
from aimwell.cli.face import Column, Face, face_of
from aimwell.people.errors import NobodyFound, NobodyNamed
from aimwell.people.model import Explanation, LinkChanges
from aimwell.people.service import explain as explain_person
from aimwell.people.service import link as link_people
from aimwell.people.service import unlink as unlink_people
from aimwell.shop import Shop
from aimwell.trust.vault import MatchedKind

__all__ = ["person_named", "register"]

_MEMBERS = [
    Column("person_id", text("Person")),
    Column("source", text("Source")),
    Column("account_id", text("Account")),
    Column("evidence", text("Linked by")),
    Column("linked_at", text("Since"), "day"),
]
_DECISIONS = [
    Column("person_id", text("Person")),
    Column("other_id", text("Other person")),
    Column("verdict", text("Decided")),
    Column("decided_at", text("On"), "day"),
]
_VERDICTS = {"same": text("one person"), "apart": text("two people")}
_CHANGED = text(
    "Links: {n_added} new, {n_ended} ended, {n_linked} in all. Portraits follow when they are next made."
)

_Person = Annotated[int, typer.Argument(help=text("Id of a person."))]


def register(app: typer.Typer) -> None:
    """Add the commands to the root."""
    people = typer.Typer(
        help=text("Which accounts are one person, why, and how to undo it."), no_args_is_help=True
    )
    people.command(
        "explain", help=text("Show the accounts that are one person, and why. No identifier is shown.")
    )(explain)
    people.command("link", help=text("Decide that two people are one."))(link)
    people.command(
        "unlink", help=text("Decide that a person is not another, or none of those it is linked to.")
    )(unlink)
    app.add_typer(people, name="people")


def explain(
    ctx: typer.Context,
    person: Annotated[int | None, typer.Argument(help=text("Id of a person."))] = None,
    email: Annotated[str | None, typer.Option(help=text("Find the person by e-mail."))] = None,
    phone: Annotated[str | None, typer.Option(help=text("Find the person by phone."))] = None,
    account: Annotated[str | None, typer.Option(help=text("Find the person by account id."))] = None,
) -> None:
    face = face_of(ctx)
    with face.open_shop() as shop:
        found = _found(shop, person=person, email=email, phone=phone, account=account)
        explained: dict[int, Explanation] = {}
        for person_id in found:
            one = explain_person(person_id, lake=shop.lake, database=shop.database, vault=shop.vault)
            explained[one.canonical_id] = one
    if face.output == "json":
        face.show_json(list(explained.values()))
        return
    for one in explained.values():
        _show(one, face)


def link(ctx: typer.Context, person: _Person, other: _Person) -> None:
    face = face_of(ctx)
    with face.open_shop() as shop, shop.writing():
        changes = link_people(
            person, other, lake=shop.lake, database=shop.database, vault=shop.vault, now=shop.clock.now()
        )
    _tell(changes, face)


def unlink(
    ctx: typer.Context,
    person: _Person,
    other: Annotated[
        int | None, typer.Option("--from", help=text("Only from this person; from all others if not given."))
    ] = None,
) -> None:
    face = face_of(ctx)
    with face.open_shop() as shop, shop.writing():
        changes = unlink_people(
            person,
            other_id=other,
            lake=shop.lake,
            database=shop.database,
            vault=shop.vault,
            now=shop.clock.now(),
        )
    _tell(changes, face)


def _found(
    shop: Shop, *, person: int | None, email: str | None, phone: str | None, account: str | None
) -> list[int]:
    """Return the people that the arguments name."""
    named = [value for value in (person, email, phone, account) if value is not None]
    if len(named) != 1:
        raise NobodyNamed()
    if person is not None:
        return [person]
    if account is not None:
        found = [known.person_id for known in shop.vault.accounts_named(account)]
    else:
        kind: MatchedKind = "phone" if email is None else "email"
        found = list(shop.vault.find_people(kind, str(named[0])))
    if not found:
        raise NobodyFound()
    return found


def person_named(shop: Shop, name: str) -> int:
    """Return the one person under whom the facts of an account number, an e-mail or a person's number stand.

    Raises
    ------
    NobodyFound
        If there is none.
    """
    found = [known.person_id for known in shop.vault.accounts_named(name)]
    found += shop.vault.find_people("email", name) if "@" in name else []
    found += [int(name)] if name.isdecimal() and not found else []
    if not found:
        raise NobodyFound()
    one = explain_person(found[0], lake=shop.lake, database=shop.database, vault=shop.vault)
    return one.canonical_id


def _show(one: Explanation, face: Face) -> None:
    face.show_rows([asdict(member) for member in one.members], _MEMBERS)
    if one.decisions and face.output == "table":
        decisions = [
            asdict(decision) | {"verdict": face.words.say(_VERDICTS[decision.verdict])}
            for decision in one.decisions
        ]
        face.show_rows(decisions, _DECISIONS, title=text("Decided by hand"))


def _tell(changes: LinkChanges, face: Face) -> None:
    if face.output == "json":
        face.show_json(changes)
        return
    face.say(_CHANGED, **{name: face.words.number(count) for name, count in asdict(changes).items()})
