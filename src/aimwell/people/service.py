"""What a user does with people: read their facts, link, unlink and explain them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import ibis
import ibis.expr.types as ir
import numpy as np
import pyarrow as pa
import sqlalchemy as sa

from aimwell.base.words import Sentence, text
from aimwell.intake.facts import FACTS
from aimwell.people import rows
from aimwell.people.clusters import Holdings, cluster_of, speaking
from aimwell.people.errors import NotLinked, PersonUnknown, SamePerson
from aimwell.people.model import Decision, Explanation, Facts, LinkChanges, Member, Verdict
from aimwell.people.tables import ALIASES, alias_changes, canonical, holding, linked, without_tests
from aimwell.storage.database import Database
from aimwell.storage.lake.lake import Lake
from aimwell.storage.lake.model import TableSpec
from aimwell.trust.vault import Vault

__all__ = ["AT_MOST", "canonical_ids", "explain", "link", "link_accounts", "read_facts", "unlink"]

AT_MOST = 10
"""More accounts with one phone, or e-mails of one account, than this are a counter's or a form filler's: no evidence."""

_LOCK = "people"  # who looks at all evidence does so alone
_BITS = {"email": 1, "phone": 2, "hand": 4}
_WANTED = pa.schema([("person_id", pa.int64()), ("canonical_id", pa.int64()), ("evidence", pa.string())])


def read_facts(*, lake: Lake, known_at: datetime | None = None) -> Facts:
    """Return the shop's facts as expressions: rows that hold, aliases applied, test orders left out.

    Parameters
    ----------
    lake
        The shop's lake; tables that no load has made yet are empty.
    known_at
        What Aimwell knew at this moment (naive UTC, inclusive); None: what it knows now.
    """
    aliases = _rows(lake, ALIASES) if lake.has_table(ALIASES.name) else None

    def read(spec: TableSpec) -> ir.Table:
        held = without_tests(holding(_rows(lake, spec), known_at=known_at))
        if aliases is None or "person_id" not in spec.schema:
            return held
        return canonical(held, aliases, known_at=known_at)

    return Facts(**{name: read(spec) for name, spec in FACTS.items()})


def link_accounts(
    *, lake: Lake, database: Database, vault: Vault, now: datetime, at_most: int = AT_MOST
) -> LinkChanges:
    """Link all accounts that have an e-mail or phone in common, and end links that nothing speaks for any more.

    Run it after every load; doing it again changes nothing. If it is cut off, the next run completes it.

    Parameters
    ----------
    lake
        Where the aliases are kept.
    database
        Where decisions are kept.
    vault
        Knows who has what in common.
    now
        When the changes take effect.
    at_most
        A value that more people share, or of whose kind an account has more, is no evidence.
    """
    with database.begin(lock=_LOCK) as connection:
        return _relink(connection, lake=lake, vault=vault, now=now, at_most=at_most)


def link(
    person_id: int, other_id: int, *, lake: Lake, database: Database, vault: Vault, now: datetime
) -> LinkChanges:
    """Decide that two people are one, whatever was decided before.

    Raises
    ------
    SamePerson
        If both are the same id.
    PersonUnknown
        If one of them has no account.
    """
    if person_id == other_id:
        raise SamePerson(person=person_id)
    known = {account.person_id for account in vault.accounts_of((person_id, other_id))}
    for unknown in sorted({person_id, other_id} - known):
        raise PersonUnknown(person=unknown)
    with database.begin(lock=_LOCK) as connection:
        rows.add_decisions(connection, [_decision(person_id, other_id, verdict="same", now=now)])
        return _relink(connection, lake=lake, vault=vault, now=now, at_most=AT_MOST)


def unlink(
    person_id: int,
    *,
    lake: Lake,
    database: Database,
    vault: Vault,
    now: datetime,
    other_id: int | None = None,
) -> LinkChanges:
    """Decide that a person is not another, or none of those it is linked to; evidence will not join them again.

    Taking back a link leaves everything as it was before the link.

    Raises
    ------
    NotLinked
        If they are not linked.
    """
    with database.begin(lock=_LOCK) as connection:
        others = [m for m in _cluster(person_id, lake=lake) if m != person_id and other_id in (None, m)]
        if not others:
            raise NotLinked(
                person=person_id, other=Sentence(text("anybody")) if other_id is None else other_id
            )
        made = [_decision(person_id, other, verdict="apart", now=now) for other in others]
        rows.add_decisions(connection, made)
        return _relink(connection, lake=lake, vault=vault, now=now, at_most=AT_MOST)


def explain(person_id: int, *, lake: Lake, database: Database, vault: Vault) -> Explanation:
    """Return the accounts that are one person with this one, and why; no identifier is shown.

    Raises
    ------
    PersonUnknown
        If the person has no account.
    """
    ids = _cluster(person_id, lake=lake)
    accounts = vault.accounts_of(ids)
    if not accounts:
        raise PersonUnknown(person=person_id)
    held = {row["person_id"]: row for row in _aliases_among(ids, lake=lake)}
    members = tuple(
        Member(
            person_id=account.person_id,
            source=account.source,
            account_id=account.account_id,
            evidence=held.get(account.person_id, {}).get("evidence"),
            linked_at=held.get(account.person_id, {}).get("linked_at"),
        )
        for account in accounts
    )
    with database.read() as connection:
        made = tuple(d for d in rows.decisions(connection) if d.person_id in ids or d.other_id in ids)
    head = next(member.person_id for member in members if member.evidence is None)
    return Explanation(canonical_id=head, members=members, decisions=made)


def _relink(
    connection: sa.Connection, *, lake: Lake, vault: Vault, now: datetime, at_most: int
) -> LinkChanges:
    """Bring the aliases to what evidence and decisions say, in one commit of the lake."""
    wanted = _wanted(vault, rows.decisions(connection), at_most=at_most)
    aliases = _rows(lake, ALIASES)
    with lake.engine.stage(alias_changes(aliases, ibis.memtable(wanted), now=now)) as changes:
        counted = changes.agg(n_all=changes.count(), n_ended=changes.unlinked_at.count())
        n_all, n_ended = (int(lake.engine.rows(counted)[0][name]) for name in ("n_all", "n_ended"))
        if n_all:
            lake.merge(ALIASES, changes, on=("person_id", "linked_at"))
    return LinkChanges(n_linked=wanted.num_rows, n_added=n_all - n_ended, n_ended=n_ended)


def _wanted(vault: Vault, decisions: Sequence[Decision], *, at_most: int) -> pa.Table:
    """Return the alias of everybody who is not the oldest account of a cluster."""
    held = _holdings(vault.evidence(at_most=at_most)).without_hubs(at_most=at_most)
    clusters = cluster_of(held, decisions)
    same = [decision for decision in decisions if decision.verdict == "same"]
    bits = speaking(held, same, clusters, hand=_BITS["hand"])
    ages = vault.ages(bits)
    heads: dict[int, int] = {}
    for person_id in sorted(bits, key=ages.__getitem__):  # oldest first
        heads.setdefault(clusters[person_id], person_id)
    found = [
        (person_id, heads[clusters[person_id]], _named(spoken))
        for person_id, spoken in sorted(bits.items())
        if heads[clusters[person_id]] != person_id
    ]
    columns = list(zip(*found, strict=True)) or [(), (), ()]
    return pa.table(dict(zip(_WANTED.names, columns, strict=True)), schema=_WANTED)


def _holdings(evidence: pa.Table) -> Holdings:
    ordered = evidence.sort_by("entry_no")
    kinds = np.asarray([_BITS[kind] for kind in ordered["kind"].to_pylist()], dtype=np.int64)
    return Holdings(items=ordered["item"].to_numpy(), person_ids=ordered["person_id"].to_numpy(), kinds=kinds)


def _named(bits: int) -> str:
    return "+".join(kind for kind, bit in _BITS.items() if bits & bit)


def _cluster(person_id: int, *, lake: Lake) -> list[int]:
    """Return the ids that are one person with this one, itself among them."""
    aliases = linked(_rows(lake, ALIASES), known_at=None)
    head = lake.engine.rows(aliases.filter(aliases.person_id == person_id).select("canonical_id"))
    canonical_id = int(head[0]["canonical_id"]) if head else person_id
    members = lake.engine.rows(aliases.filter(aliases.canonical_id == canonical_id).select("person_id"))
    return sorted({canonical_id, *(int(row["person_id"]) for row in members)})


def canonical_ids(ids: Sequence[int], *, lake: Lake) -> list[int]:
    """Return the person_id under which facts are kept, for each of these ids of people, linked or not."""
    heads = {int(row["person_id"]): int(row["canonical_id"]) for row in _aliases_among(ids, lake=lake)}
    return [heads.get(one, one) for one in ids]


def _aliases_among(ids: Sequence[int], *, lake: Lake) -> list[dict[str, Any]]:
    aliases = linked(_rows(lake, ALIASES), known_at=None)
    return lake.engine.rows(aliases.filter(aliases.person_id.isin(ids)))


def _decision(one: int, other: int, *, verdict: Verdict, now: datetime) -> Decision:
    return Decision(person_id=min(one, other), other_id=max(one, other), verdict=verdict, decided_at=now)


def _rows(lake: Lake, spec: TableSpec) -> ir.Table:
    """Return a table of the lake; one that was never made is empty."""
    if lake.has_table(spec.name):
        return lake.table(spec.name)
    return ibis.memtable(spec.schema.to_pyarrow().empty_table())
