"""What comes back about messages: delivery reports and complaints by mail, and signed webhooks of providers.

A mail can be forged by anybody. So a report says only which message it claims to be about; who acts on it looks that message
up first, and takes the address from there.

References
----------
RFC 3464 (delivery status notifications), RFC 3463 (status codes), RFC 5965 (complaints, ARF), RFC 6522 (multipart/report).
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from email import message_from_bytes
from email.message import Message
from email.utils import parseaddr, parsedate_to_datetime
from typing import Annotated, Literal, TypeAlias, cast

from pydantic import BaseModel, Field, ValidationError

from aimwell.base.allowed import allowed
from aimwell.base.words import Sentence, text
from aimwell.promote.channels.errors import FeedbackUnreadable
from aimwell.promote.channels.fitness import one_line, without_addresses
from aimwell.promote.channels.signing import WebhookSecret, verify

Mail: TypeAlias = (
    "Message[str, str]"  # of the lenient policy: the strict one fails on the headers that real servers write
)

__all__ = [
    "LARGEST",
    "Feedback",
    "FeedbackKind",
    "read_bounce",
    "read_complaint",
    "read_report",
    "read_webhook",
]

FeedbackKind = Literal["bounced", "delayed", "delivered", "complained"]

_ACTIONS: dict[str, FeedbackKind] = {
    "failed": "bounced",
    "delayed": "delayed",
    "delivered": "delivered",
    "relayed": "delivered",
    "expanded": "delivered",
}
_WORST_FIRST = ("bounced", "delayed", "delivered")
_STATUS = re.compile(r"[245]\.\d{1,3}\.\d{1,3}")
_MESSAGE_ID = re.compile(r"<([A-Za-z0-9._-]{1,200})@[^\s<>@]+>")
_MOST_NESTED = 50  # boundaries and enclosed messages
LARGEST = 1_048_576
"""Bytes of a report, at most; the mail it is about is cut by most servers."""


@dataclass(frozen=True, kw_only=True)
class Feedback:
    """What a report claims about one message.

    Attributes
    ----------
    message_id
        Of the message, as it was sent; None where the report does not tell.
    address
        Whom it was for, as the report tells; None where it does not.
    status
        RFC 3463, such as 5.1.1.
    is_permanent
        The address will not work later either: a bounce of class 5, a complaint.
    """

    kind: FeedbackKind
    message_id: str | None
    address: str | None
    status: str | None
    is_permanent: bool
    detail: str
    at: datetime | None  # naive UTC


def read_report(raw: bytes) -> Feedback:
    """Return what a mail reports, be it a delivery report or a complaint.

    Raises
    ------
    FeedbackUnreadable
        If it is neither.
    """
    report = _parsed(raw)
    kind = str(report.get_param("report-type", "")).lower()
    return read_complaint(raw) if kind == "feedback-report" else read_bounce(raw)


def read_bounce(raw: bytes) -> Feedback:
    """Return what a delivery report (RFC 3464) says; of several recipients, the one that fared worst.

    Raises
    ------
    FeedbackUnreadable
        If it is none.
    """
    report = _parsed(raw)
    status = next(
        (part for part in report.walk() if part.get_content_type() == "message/delivery-status"), None
    )
    if status is None:
        raise FeedbackUnreadable(problem=Sentence(text("it has no part message/delivery-status")))
    recipients = [found for fields in _blocks(status) if (found := _recipient(fields)) is not None]
    if not recipients:
        raise FeedbackUnreadable(problem=Sentence(text("its delivery status names no recipient and action")))
    recipients.sort(key=lambda one: _WORST_FIRST.index(one[0]))
    kind, address, code, detail = recipients[0]
    return Feedback(
        kind=kind,
        message_id=_original_id(report),
        address=address,
        status=code,
        is_permanent=kind == "bounced" and (code is None or code.startswith("5")),
        detail=detail,
        at=_at(report),
    )


def read_complaint(raw: bytes) -> Feedback:
    """Return what a complaint (RFC 5965) says: somebody has called our message unwanted.

    Raises
    ------
    FeedbackUnreadable
        If it is none, or a report of another type, such as one about DMARC.
    """
    report = _parsed(raw)
    part = next((one for one in report.walk() if one.get_content_type() == "message/feedback-report"), None)
    if part is None:
        raise FeedbackUnreadable(problem=Sentence(text("it has no part message/feedback-report")))
    fields = next(iter(_blocks(part)), {})
    kind = fields.get("feedback-type", "").lower()
    if kind not in ("abuse", "fraud", "opt-out", "other", "virus"):
        raise FeedbackUnreadable(problem=Sentence(text("its feedback type is `{kind}`"), {"kind": kind[:40]}))
    return Feedback(
        kind="complained",
        message_id=_original_id(report),
        address=_address(fields.get("original-rcpt-to", "")),
        status=None,
        is_permanent=True,
        detail=kind,
        at=_at(report),
    )


class _Data(BaseModel):
    message_id: Annotated[str, Field(pattern=r"^[A-Za-z0-9._-]{1,200}$")]
    status: Annotated[str, Field(pattern=r"^[245]\.\d{1,3}\.\d{1,3}$")] | None = None
    detail: Annotated[str, Field(max_length=2_000)] = ""
    is_permanent: bool | None = None


class _Call(BaseModel):
    type: Literal["message.bounced", "message.delayed", "message.delivered", "message.complained"]
    timestamp: datetime
    data: _Data


def read_webhook(
    headers: Mapping[str, str], body: bytes, *, secrets: Sequence[WebhookSecret], now: datetime
) -> Feedback:
    """Return what a provider's webhook says, if it is signed with one of these secrets within five minutes of now (naive UTC).

    Raises
    ------
    SignatureWrong
        If it is not signed so.
    FeedbackUnreadable
        If its JSON is not that of docs/channels.md.
    """
    verify(headers, body, secrets=secrets, now=now)
    try:
        call = _Call.model_validate_json(body)
    except ValidationError as exc:
        first = exc.errors(include_url=False)[0]
        where = ".".join(str(step) for step in first["loc"]) or "JSON"
        problem = text("at `{where}`, allowed is {allowed}")
        raise FeedbackUnreadable(
            problem=Sentence(problem, {"where": where, "allowed": allowed(first)})
        ) from exc
    kind = cast(FeedbackKind, call.type.removeprefix("message."))
    code = call.data.status
    is_permanent = kind == "complained" or (kind == "bounced" and (code is None or code.startswith("5")))
    return Feedback(
        kind=kind,
        message_id=call.data.message_id,
        address=None,
        status=code,
        is_permanent=is_permanent if call.data.is_permanent is None else call.data.is_permanent,
        detail=without_addresses(call.data.detail),
        at=_naive(call.timestamp),
    )


def _parsed(raw: bytes) -> Mail:
    """Return a mail; what is beyond the limit is left out."""
    lowered = raw[:LARGEST].lower()
    n_nested = lowered.count(b"boundary=") + lowered.count(b"message/")
    if n_nested > _MOST_NESTED:  # the parser's time grows with the square of the depth
        raise FeedbackUnreadable(problem=Sentence(text("its parts are nested too deeply")))
    return message_from_bytes(raw[:LARGEST])


def _inner(part: Mail) -> list[Mail]:
    """Return what a part of type message/... holds."""
    payload = part.get_payload()
    if isinstance(payload, list):
        return [one for one in payload if isinstance(one, Message)]
    return [message_from_bytes(_body(part))]


def _blocks(part: Mail) -> list[dict[str, str]]:
    """Return the groups of fields of a part, names in lower case."""
    return [{name.lower(): one_line(str(value)) for name, value in group.items()} for group in _inner(part)]


def _recipient(fields: Mapping[str, str]) -> tuple[FeedbackKind, str | None, str | None, str] | None:
    """Return what a group of fields says about one recipient; None for the group about the whole report."""
    kind = _ACTIONS.get(fields.get("action", "").split("(")[0].strip().lower())
    recipient = fields.get("original-recipient") or fields.get("final-recipient")
    if kind is None or not recipient:
        return None
    found = _STATUS.search(fields.get("status", ""))
    said = without_addresses(fields.get("diagnostic-code", ""))
    return kind, _address(recipient.partition(";")[2] or recipient), found[0] if found else None, said


def _address(written: str) -> str | None:
    address = parseaddr(written.strip())[1]
    return address if "@" in address else None


def _original_id(report: Mail) -> str | None:
    """Return the id of the message that a report is about, from the copy of its head or of the whole."""
    for part in report.walk():
        if part.get_content_type() in (
            "message/rfc822",
            "message/global",
            "message/rfc822-headers",
            "text/rfc822-headers",
        ):
            for copy in _inner(part):
                if found := _MESSAGE_ID.search(str(copy.get("Message-ID", ""))):
                    return found[1]
    return None


def _body(part: Mail) -> bytes:
    payload = part.get_payload(decode=True)
    return payload if isinstance(payload, bytes) else b""


def _at(report: Mail) -> datetime | None:
    try:
        return _naive(parsedate_to_datetime(str(report.get("Date", ""))))
    except ValueError:
        return None


def _naive(at: datetime) -> datetime:
    return at.astimezone(UTC).replace(tzinfo=None) if at.tzinfo else at
