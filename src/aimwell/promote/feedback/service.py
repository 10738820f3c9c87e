"""Acts on what came back: a bounce for good ends writing to the address, a complaint ends marketing to the person too.

A report is acted on only if it is about a message of ours and, where it came by mail, tells the address that this message went
to. Whatever else came is entered with the reason and left alone, so a forged report ends nothing. What stands in the way of
the next message (suppression, consent) is written before the report counts as acted on: cut off in between, the same report
does the same again.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import islice

from aimwell.promote.feedback import rows
from aimwell.promote.feedback.model import (
    Aside,
    Books,
    KeptAside,
    Outcome,
    Report,
    Source,
    outcome_of,
    report_key,
)
from aimwell.promote.gate.gate import Gate
from aimwell.promote.gate.model import Suppression, SuppressionReason
from aimwell.promote.outbox import rows as outbox
from aimwell.promote.outbox.model import HandedOver, Receipt
from aimwell.storage.database import Database
from aimwell.trust.consent.ledger import ConsentLedger
from aimwell.trust.consent.model import ChannelKind, Purpose
from aimwell.trust.consent.service import POINT_KINDS, Said, withdraw
from aimwell.trust.vault import Vault

__all__ = ["Intake", "came_back", "kept_aside"]

_AT_ONCE = 500  # reports in one transaction

_SUPPRESSED_FOR: Mapping[Outcome, SuppressionReason] = {"bounced": "hard_bounce", "complained": "complaint"}

_WITHDRAWN: tuple[Purpose, ...] = ("marketing",)


@dataclass(frozen=True, kw_only=True)
class _Judged:
    """A report, the message that it is about, and what stands in the way of acting on it."""

    report: Report
    key: str
    outcome: Outcome | None
    message: HandedOver | None
    aside: Aside | None


@dataclass(frozen=True, kw_only=True)
class Intake:
    """Takes in what came back.

    Attributes
    ----------
    database, gate, ledger, vault
        The shop's.
    kinds
        Of the channels, by name.
    """

    database: Database
    gate: Gate
    ledger: ConsentLedger
    vault: Vault
    kinds: Mapping[str, ChannelKind]

    def take(self, reports: Iterable[Report], *, now: datetime) -> Books:
        """Act on reports, each once, whoever brings it how often; in bounded memory.

        Parameters
        ----------
        reports
            Any number.
        now
            Naive UTC: when they came.

        Returns
        -------
        Books
            n_read = applied + repeated + set aside.
        """
        applied, aside = Counter[Outcome](), Counter[Aside]()
        n_read = n_repeated = 0
        for batch in _batches(reports):
            fresh = self._fresh(batch)
            self._stop_writing_to(fresh, now=now)
            entered = self._enter(fresh, now=now)
            n_read += len(batch)
            n_repeated += len(batch) - len(entered)
            aside.update(one.aside for one in entered if one.aside)
            applied.update(one.outcome for one in entered if one.outcome and not one.aside)
        return Books(n_read=n_read, n_repeated=n_repeated, applied=dict(applied), aside=dict(aside))

    def _fresh(self, batch: Sequence[Report]) -> list[_Judged]:
        """Return the reports that are not entered yet, or are no longer to be set aside for what they were."""
        ids = {one.feedback.message_id for one in batch if one.feedback and one.feedback.message_id}
        outcomes = [outcome_of(one.feedback) if one.feedback else None for one in batch]
        keys = [report_key(one, outcome) for one, outcome in zip(batch, outcomes, strict=True)]
        with self.database.read() as connection:
            messages = outbox.handed_over(connection, ids)
            known = rows.known(connection, set(keys))
        told = self._tokens(batch, messages)
        fresh = []
        for report, key, outcome in zip(batch, keys, outcomes, strict=True):
            message = messages.get(report.feedback.message_id or "") if report.feedback else None
            aside = self._aside(report, message, told)
            is_settled = key in known and known[key] in (None, aside)
            if not is_settled:
                known[key] = aside
                fresh.append(_Judged(report=report, key=key, outcome=outcome, message=message, aside=aside))
        return fresh

    def _tokens(
        self, batch: Sequence[Report], messages: Mapping[str, HandedOver]
    ) -> dict[tuple[str, str], str | None]:
        """Return the vault's token of each address that a report tells, by channel and address."""
        wanted: dict[str, list[str]] = {}
        for report in batch:
            told = report.feedback
            message = messages.get(told.message_id or "") if told else None
            if told is not None and told.address is not None and message is not None:
                wanted.setdefault(message.channel, []).append(told.address)
        found: dict[tuple[str, str], str | None] = {}
        for channel, addresses in wanted.items():
            kind = POINT_KINDS.get(self.kinds.get(channel, "webhook"))
            tokens = self.vault.point_tokens(kind, addresses) if kind else [None] * len(addresses)
            found |= {(channel, one): token for one, token in zip(addresses, tokens, strict=True)}
        return found

    def _aside(
        self,
        report: Report,
        message: HandedOver | None,
        tokens: Mapping[tuple[str, str], str | None],
    ) -> Aside | None:
        """Return why a report must not be acted on; None if it may."""
        told = report.feedback
        if told is None:
            return "unreadable"
        if told.message_id is None:
            return "no_message_id"
        if message is None:
            return "unknown_message"
        if message.channel not in self.kinds:
            return "unknown_channel"
        if told.address is None:
            return "no_address" if report.source == "mail" else None
        token = tokens[message.channel, told.address]
        return None if token is not None and token == message.contact_point else "other_address"

    def _stop_writing_to(self, judged: Collection[_Judged], *, now: datetime) -> None:
        """Suppress the addresses that bounced for good or complained, and withdraw what who complained had agreed to."""
        acting = [
            (one.outcome, one.message, one.report.source)
            for one in judged
            if one.outcome and one.message and not one.aside
        ]
        suppressions = [
            _suppression(message, _SUPPRESSED_FOR[outcome], source=source, now=now)
            for outcome, message, source in acting
            # without an address it would be the person on every channel
            if outcome in _SUPPRESSED_FOR and message.contact_point
        ]
        if suppressions:
            self.gate.suppress(suppressions)
        for outcome, message, source in acting:
            if outcome == "complained":
                self._withdraw(message, source=source, now=now)

    def _withdraw(self, message: HandedOver, *, source: Source, now: datetime) -> None:
        kind = self.kinds[message.channel]
        withdraw(
            message.person_id,
            channel=kind,
            purposes=_WITHDRAWN,
            also=[(message.contact_point, kind)],
            said=Said(source="complaint", proof=f"{source} about message {message.message_id}"),
            ledger=self.ledger,
            vault=self.vault,
            now=now,
        )

    def _enter(self, judged: Sequence[_Judged], *, now: datetime) -> list[_Judged]:
        """Enter reports, with a receipt for each that was acted on; returns those that nobody else had acted on meanwhile."""
        with self.database.begin() as connection:
            entered = [one for one in judged if rows.enter(connection, _entered(one, now=now))]
            outbox.add_receipts(
                connection,
                [_receipt(one, one.message, now=now) for one in entered if one.message and not one.aside],
            )
        return entered


def came_back(campaign_id: str, *, database: Database) -> dict[Outcome, int]:
    """Return how many messages of a campaign bounced, arrived, were put off or complained about, as far as reported."""
    with database.read() as connection:
        return rows.counts(connection, campaign_id)


def kept_aside(*, database: Database, limit: int = 100) -> list[KeptAside]:
    """Return the newest reports that were not acted on, with the reason."""
    with database.read() as connection:
        return rows.set_aside(connection, limit=limit)


def _batches(reports: Iterable[Report]) -> Iterator[list[Report]]:
    left = iter(reports)
    while batch := list(islice(left, _AT_ONCE)):
        yield batch


def _suppression(
    message: HandedOver, reason: SuppressionReason, *, source: Source, now: datetime
) -> Suppression:
    return Suppression(
        person_id=message.person_id,
        contact_point=message.contact_point,
        reason=reason,
        suppressed_at=now,
        source=source,
    )


def _entered(one: _Judged, *, now: datetime) -> rows.Entered:
    told = one.report.feedback
    return rows.Entered(
        report_key=one.key,
        message_id=told.message_id if told else None,
        campaign_id=one.message.campaign_id if one.message else None,
        outcome=one.outcome,
        status=told.status if told else None,
        detail=told.detail if told else "",
        reported_at=told.at if told else None,
        received_at=now,
        source=one.report.source,
        aside=one.aside,
    )


def _receipt(one: _Judged, message: HandedOver, *, now: datetime) -> Receipt:
    told = one.report.feedback
    said = [told.status, told.detail] if told else []
    return Receipt(
        message_id=message.message_id,
        campaign_id=message.campaign_id,
        person_id=message.person_id,
        offer_id=message.offer_id,
        at=now,
        outcome=str(one.outcome),
        detail=" ".join(part for part in said if part),
        n_attempts=message.n_attempts,
    )
