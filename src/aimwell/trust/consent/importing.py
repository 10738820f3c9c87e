"""Takes the statements of an export into the ledger, in batches: each is recorded, repeated or refused, and nothing else."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import islice
from typing import Any

import numpy as np
import pyarrow as pa
import sqlalchemy as sa

from aimwell.trust.consent import rows
from aimwell.trust.consent.exports import ConsentExport, Refusal, RefusalReason, Row, Statement, statements
from aimwell.trust.consent.ledger import LOCK, ConsentLedger
from aimwell.trust.consent.model import ALL, UNDATED, ConsentEvent, Purpose, Scope
from aimwell.trust.consent.rows import Latest
from aimwell.trust.consent.service import sealed_proof
from aimwell.trust.vault import ARRIVALS, Vault

__all__ = ["ConsentBooks", "Imported", "Importer"]

_BATCH_ROWS = 5_000


@dataclass(frozen=True, kw_only=True)
class ConsentBooks:
    """Where the statements of a file went: read = recorded + repeated + refused, exactly.

    A row holds one statement for each of the file's columns of consent; repeated are those the ledger already holds.
    """

    n_read: int = 0
    n_recorded: int = 0
    n_repeated: int = 0
    n_refused: int = 0

    @property
    def is_balanced(self) -> bool:
        """Say whether no statement is missing or counted twice."""
        return self.n_read == self.n_recorded + self.n_repeated + self.n_refused

    def __add__(self, other: ConsentBooks) -> ConsentBooks:
        return ConsentBooks(**{name: value + getattr(other, name) for name, value in vars(self).items()})


@dataclass(frozen=True, kw_only=True)
class Imported:
    """What became of one batch."""

    books: ConsentBooks
    refusals: tuple[Refusal, ...] = ()


@dataclass(frozen=True, kw_only=True)
class _Named:
    """A statement with random ids in place of who it is about."""

    statement: Statement
    person_id: int
    point: str

    @property
    def key(self) -> tuple[str, Scope, Purpose]:
        return self.point, self.statement.channel, self.statement.purpose


@dataclass(frozen=True)
class _Said:
    """What the ledger holds about the points and people of a batch."""

    points: dict[tuple[str, Scope, Purpose], list[Latest]] = field(default_factory=dict)
    people: dict[tuple[int, Scope, Purpose], list[Latest]] = field(default_factory=dict)

    def last(self, named: _Named) -> Latest | None:
        """Return the act that counts for the statement's point today."""
        wide = [
            latest
            for scope in (named.statement.channel, ALL)
            for latest in self.people.get((named.person_id, scope, named.statement.purpose), ())
        ]
        return max([*self.points.get(named.key, ()), *wide], default=None)

    def last_of(self, named: _Named, source: str) -> Latest | None:
        """Return the last that one source said about the statement's point."""
        return next((one for one in self.points.get(named.key, ()) if one.source == source), None)


class _Refused:
    """Which points a file says no about: eight bytes for each, so that a file may be of any length."""

    def __init__(self) -> None:
        self._parts: list[np.ndarray[Any, np.dtype[np.int64]]] = []

    def add(self, keys: Iterable[tuple[str, Scope, Purpose]]) -> None:
        """Remember these."""
        self._parts.append(np.fromiter((hash(key) for key in keys), dtype=np.int64))

    def holds(self, key: tuple[str, Scope, Purpose]) -> bool:
        """Say whether an earlier batch has said no about it."""
        wanted = hash(key)
        return any(bool((part == wanted).any()) for part in self._parts)


@dataclass(frozen=True, kw_only=True)
class Importer:
    """Reads one file's consents into the ledger.

    Attributes
    ----------
    ledger, vault
        Of the shop.
    export
        How the file tells consent.
    source
        Scope of its accounts, and the source of its acts.
    file
        Its name, for proofs.
    zone
        Wall clock of its times.
    now
        When it is imported, naive UTC.
    exported_at
        When it was exported, naive UTC: the moment of every no that has no date of its own. None: `now`.

    Notes
    -----
    Of a yes without a date nobody knows when it was said, so it ranks below whatever else was said (`UNDATED`). Only a no of
    the same source in an earlier export does it replace: that source has changed its mind since.
    """

    ledger: ConsentLedger
    vault: Vault
    export: ConsentExport
    source: str
    file: str
    zone: str
    now: datetime
    exported_at: datetime | None = None

    def take(self, given: Iterable[Row]) -> Iterator[Imported]:
        """Record rows, a batch at a time; what was yielded is on disk. Doing it again repeats, and records nothing."""
        refused = _Refused()
        remaining = iter(given)
        while batch := list(islice(remaining, _BATCH_ROWS)):
            told = [
                one
                for row in batch
                for one in statements(row, export=self.export, file=self.file, zone=self.zone)
            ]
            yield self._taken(told, refused)

    def _taken(self, told: Sequence[Statement | Refusal], refused: _Refused) -> Imported:
        refusals = [one for one in told if isinstance(one, Refusal)]
        named = self._named([one for one in told if isinstance(one, Statement)], refusals)
        with self.ledger.database.begin(lock=LOCK) as connection:
            events, n_repeated = self._events(connection, named, refusals, refused)
            n_recorded = rows.add_events(connection, events)
        books = ConsentBooks(
            n_read=len(told),
            n_recorded=n_recorded,
            n_repeated=n_repeated + len(events) - n_recorded,
            n_refused=len(refusals),
        )
        return Imported(
            books=books, refusals=tuple(sorted(refusals, key=lambda one: (one.line_no, one.column)))
        )

    def _named(self, told: Sequence[Statement], refusals: list[Refusal]) -> list[_Named]:
        """Give every address its token and every account its person; the vault learns of those that are new."""
        tokens: dict[tuple[str, str], str | None] = {}
        for kind in ("email", "phone"):
            values = list(dict.fromkeys(one.address for one in told if one.kind == kind))
            found = self.vault.point_tokens(kind, values)
            tokens |= {(kind, value): token for value, token in zip(values, found, strict=True)}
        refusals += [_refusal(one, "unusable_address") for one in told if not tokens[one.kind, one.address]]
        usable = [one for one in told if tokens[one.kind, one.address]]
        people = self._people(usable)
        return [
            _Named(statement=one, person_id=person_id, point=tokens[one.kind, one.address] or ALL)
            for one, person_id in zip(usable, people, strict=True)
        ]

    def _people(self, told: Sequence[Statement]) -> list[int]:
        columns = {
            "source": [self.source] * len(told),
            "account_key_kind": [self.export.who.account_kind] * len(told),
            "account_key": [one.account_key for one in told],
            "email": [one.address if one.kind == "email" else None for one in told],
            "phone": [one.address if one.kind == "phone" else None for one in told],
        }
        schema = pa.schema([ARRIVALS.field(name) for name in columns])
        batches = self.vault.admit([pa.RecordBatch.from_pydict(columns, schema)])
        return [person_id for batch in batches for person_id in batch.column("person_id").to_pylist()]

    def _events(
        self, connection: sa.Connection, named: Sequence[_Named], refusals: list[Refusal], refused: _Refused
    ) -> tuple[list[ConsentEvent], int]:
        """Return the acts to add, and how many statements say what their source has said before."""
        said = _said(connection, named)
        here = {one.key for one in named if one.statement.act != "grant"}
        events: list[ConsentEvent] = []
        n_repeated = 0
        for one in named:
            own, last = said.last_of(one, self.source), said.last(one)
            event = self._event(one, own=own)
            if one.statement.at is None and own is not None and _is_same(own, event):
                n_repeated += 1
                continue
            # a no of an earlier batch is in the ledger by now: only then is it worth a search
            is_known = own is not None and own.act != "grant" and refused.holds(one.key)
            reason = self._reason(one, event, last=last, is_contradicted=one.key in here or is_known)
            if reason is None:
                events.append(event)
            else:
                refusals.append(_refusal(one.statement, reason))
        refused.add(here)
        return events, n_repeated

    def _reason(
        self, named: _Named, event: ConsentEvent, *, last: Latest | None, is_contradicted: bool
    ) -> RefusalReason | None:
        """Return why a statement cannot be recorded; a no always can."""
        if event.act != "grant":
            return None
        if event.at > self.now:
            return "from_the_future"
        if event.expires_at is not None and event.expires_at <= event.at:
            return "expired"
        if named.statement.at is not None:
            return None
        if is_contradicted:
            return "contradicted"
        is_withdrawn = last is not None and last.act != "grant" and last.source != self.source
        return "withdrawn_since" if is_withdrawn else None

    def _event(self, named: _Named, *, own: Latest | None) -> ConsentEvent:
        told = named.statement
        known_at = UNDATED if own is None else own.at
        objected_at = min(told.at or self.exported_at or self.now, self.now)
        return ConsentEvent(
            person_id=named.person_id,
            contact_point=named.point,
            channel=told.channel,
            purpose=told.purpose,
            act=told.act,
            source=self.source,
            notice=told.notice,
            at=told.at or known_at if told.act == "grant" else objected_at,
            expires_at=told.expires_at,
            proof=sealed_proof(told.proof, vault=self.vault),
        )


def _said(connection: sa.Connection, named: Sequence[_Named]) -> _Said:
    said = _Said()
    for latest in rows.latest_of_points(connection, {one.point for one in named}):
        said.points.setdefault((latest.contact_point, latest.channel, latest.purpose), []).append(latest)
    for latest in rows.latest_of_people(connection, {one.person_id for one in named}):
        said.people.setdefault((latest.person_id, latest.channel, latest.purpose), []).append(latest)
    return said


def _refusal(told: Statement, reason: RefusalReason) -> Refusal:
    return Refusal(line_no=told.line_no, column=told.column, reason=reason)


def _is_same(own: Latest, event: ConsentEvent) -> bool:
    return (own.act, own.expires_at) == (event.act, event.expires_at)
