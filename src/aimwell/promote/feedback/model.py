"""A report about a message, what it leads to, and why it may lead to nothing."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

from aimwell.base.words import text
from aimwell.promote.channels.feedback import Feedback

__all__ = [
    "ASIDE",
    "Aside",
    "Books",
    "KeptAside",
    "Outcome",
    "Report",
    "Source",
    "Verdict",
    "outcome_of",
    "report_key",
]

Outcome = Literal["bounced", "soft_bounced", "delayed", "delivered", "complained"]
"""bounced: the address will not work later either. soft_bounced: this message did not arrive, the next one may."""

Source = Literal["mail", "webhook"]
"""A mail can be forged by anybody; a webhook is signed with the shop's secret."""

Aside = Literal[
    "unreadable", "no_message_id", "unknown_message", "unknown_channel", "no_address", "other_address"
]
"""Why a report is kept and not acted on."""

ASIDE: Mapping[Aside, str] = {
    "unreadable": text("It is no report that can be read."),
    "no_message_id": text("It does not tell which message it is about."),
    "unknown_message": text("We sent no such message."),
    "unknown_channel": text("The channel of its message is no longer in channels.toml."),
    "no_address": text("It came by mail and does not tell the address, so it may be forged."),
    "other_address": text("It tells another address than the message went to."),
}

Verdict = Literal["applied", "repeated", "aside"]

_ONCE: tuple[Outcome, ...] = ("bounced", "delivered", "complained")


@dataclass(frozen=True, kw_only=True)
class Report:
    """What a report claims, and how it came.

    Attributes
    ----------
    digest
        Of the report as it came (SHA-256, hex): what makes one that says nothing else itself.
    feedback
        None if it could not be read.
    """

    source: Source
    digest: str
    feedback: Feedback | None


@dataclass(frozen=True, kw_only=True)
class Books:
    """What became of the reports that were read: n_read = n_applied + n_repeated + all set aside.

    Attributes
    ----------
    applied
        How many of each outcome.
    aside
        How many for each reason.
    """

    n_read: int = 0
    n_repeated: int = 0
    applied: Mapping[Outcome, int] = field(default_factory=dict)
    aside: Mapping[Aside, int] = field(default_factory=dict)

    @property
    def n_applied(self) -> int:
        """How many were acted on or counted."""
        return sum(self.applied.values())

    @property
    def n_aside(self) -> int:
        """How many are kept and not acted on."""
        return sum(self.aside.values())


@dataclass(frozen=True, kw_only=True)
class KeptAside:
    """A report that was not acted on."""

    message_id: str | None
    outcome: Outcome | None
    aside: Aside
    source: Source
    received_at: datetime


def outcome_of(feedback: Feedback) -> Outcome:
    """Return what a report comes to."""
    if feedback.kind == "bounced":
        return "bounced" if feedback.is_permanent else "soft_bounced"
    return feedback.kind


def report_key(report: Report, outcome: Outcome | None) -> str:
    """Return what makes a report itself, so that it counts once.

    A message bounces for good, arrives or is complained about once, whoever says so how often. It may be put off several
    times: such reports differ by time, status and words. One that names no message is itself by its bytes.
    """
    told = report.feedback
    if told is None or outcome is None or told.message_id is None:
        parts = [report.source, report.digest]
    elif outcome in _ONCE:
        parts = [told.message_id, outcome]
    else:
        at = told.at.isoformat() if told.at else ""
        parts = [told.message_id, outcome, at, told.status or "", told.detail]
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()
