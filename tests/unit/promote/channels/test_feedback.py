"""Reports as real servers write them, and mails that only look like reports."""

from __future__ import annotations

import json
from datetime import datetime
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aimwell.promote.channels.errors import FeedbackUnreadable, SignatureWrong
from aimwell.promote.channels.feedback import (
    Feedback,
    read_bounce,
    read_complaint,
    read_report,
    read_webhook,
)
from aimwell.promote.channels.signing import WebhookSecret, signed_headers
from aimwell.promote.feedback.reading import mail_reports

NOW = datetime(2026, 3, 1, 12, 0, 0)
SECRET = WebhookSecret(b"k" * 32)

# As Postfix writes them (RFC 3464's own example has the same parts)
BOUNCE = b"""\
Return-Path: <>
Date: Sun, 1 Mar 2026 20:00:05 +0800 (CST)
From: MAILER-DAEMON@mx.example (Mail Delivery System)
Subject: Undelivered Mail Returned to Sender
To: bounce@shop.example
MIME-Version: 1.0
Content-Type: multipart/report; report-type=delivery-status;
\tboundary="9B095B5ADSN=_01D1"

--9B095B5ADSN=_01D1
Content-Description: Notification
Content-Type: text/plain; charset=us-ascii

I'm sorry to have to inform you.

--9B095B5ADSN=_01D1
Content-Description: Delivery report
Content-Type: message/delivery-status

Reporting-MTA: dns; mx.example
X-Postfix-Queue-ID: 4F1A2B3C
Arrival-Date: Sun, 1 Mar 2026 20:00:01 +0800 (CST)

Final-Recipient: rfc822; ann@there.example
Original-Recipient: rfc822;ann@there.example
Action: failed
Status: 5.1.1
Remote-MTA: dns; mail.there.example
Diagnostic-Code: smtp; 550 5.1.1 <ann@there.example>: Recipient address
    rejected: User unknown

--9B095B5ADSN=_01D1
Content-Description: Undelivered Message Headers
Content-Type: text/rfc822-headers

From: Shop <news@shop.example>
Message-ID: <spring-1.a@shop.example>
Subject: Hello

--9B095B5ADSN=_01D1--
"""

COMPLAINT = b"""\
From: <abusedesk@there.example>
Date: Sun, 1 Mar 2026 12:00:00 +0000
Subject: FW: Earn money
To: <abuse@shop.example>
MIME-Version: 1.0
Content-Type: multipart/report; report-type=feedback-report;
     boundary="part1_13d.2e68ed54_boundary"

--part1_13d.2e68ed54_boundary
Content-Type: text/plain; charset="US-ASCII"

This is an email abuse report.

--part1_13d.2e68ed54_boundary
Content-Type: message/feedback-report

Feedback-Type: abuse
User-Agent: SomeGenerator/1.0
Version: 1
Original-Mail-From: <news@shop.example>
Original-Rcpt-To: <ann@there.example>

--part1_13d.2e68ed54_boundary
Content-Type: message/rfc822
Content-Disposition: inline

From: <news@shop.example>
To: <ann@there.example>
Message-ID: <spring-1.a@shop.example>
Subject: Earn money

Spam Spam Spam
--part1_13d.2e68ed54_boundary--
"""


def test_a_bounce_of_a_user_that_is_not_there() -> None:
    assert read_bounce(BOUNCE) == Feedback(
        kind="bounced",
        message_id="spring-1.a",
        address="ann@there.example",
        status="5.1.1",
        is_permanent=True,
        detail="smtp; 550 5.1.1 <address>: Recipient address rejected: User unknown",
        at=datetime(2026, 3, 1, 12, 0, 5),  # 20:00:05 at +0800
    )


def test_a_complaint() -> None:
    assert read_complaint(COMPLAINT) == Feedback(
        kind="complained",
        message_id="spring-1.a",
        address="ann@there.example",
        status=None,
        is_permanent=True,
        detail="abuse",
        at=datetime(2026, 3, 1, 12, 0, 0),
    )


@pytest.mark.parametrize(
    ("action", "status", "kind", "is_permanent"),
    [
        ("failed", "5.1.1", "bounced", True),
        ("failed", "4.2.2", "bounced", False),  # given up at last: the mailbox was full for days
        ("failed (x)", "5.7.1 (policy)", "bounced", True),
        ("delayed", "4.4.1", "delayed", False),
        ("delivered", "2.0.0", "delivered", False),
        ("relayed", "2.0.0", "delivered", False),
    ],
)
def test_actions_and_classes(action: str, status: str, kind: str, is_permanent: bool) -> None:
    raw = BOUNCE.replace(b"Action: failed", f"Action: {action}".encode())
    found = read_bounce(raw.replace(b"Status: 5.1.1", f"Status: {status}".encode()))
    assert (found.kind, found.is_permanent, found.status) == (kind, is_permanent, status.split(" ")[0])


def test_of_several_recipients_the_worst_counts() -> None:
    more = b"Final-Recipient: rfc822; list@there.example\nAction: expanded\nStatus: 2.0.0\n\n"
    found = read_bounce(
        BOUNCE.replace(b"Final-Recipient: rfc822; ann", more + b"Final-Recipient: rfc822; ann")
    )
    assert (found.kind, found.address) == ("bounced", "ann@there.example")


def test_the_whole_message_instead_of_its_head_tells_the_id_too() -> None:
    whole = BOUNCE.replace(b"text/rfc822-headers", b"message/rfc822")
    assert read_bounce(whole).message_id == "spring-1.a"


def test_a_report_without_the_message_has_no_id() -> None:
    cut = (
        BOUNCE.split(b"--9B095B5ADSN=_01D1\nContent-Description: Undelivered")[0] + b"--9B095B5ADSN=_01D1--\n"
    )
    assert read_bounce(cut).message_id is None


@pytest.mark.parametrize(
    "message_id", [b"<a b@x>", b"<@x>", b"<a@x\r\n>", b"x" * 300, b"=?utf-8?q?=3Ca=40b=3E?="]
)
def test_an_id_that_is_none_of_ours_is_none(message_id: bytes) -> None:
    assert read_bounce(BOUNCE.replace(b"<spring-1.a@shop.example>", message_id)).message_id is None


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"\xff\xfe" * 500,
        b"From: ann@there.example\nSubject: I am away\n\nBack on Monday.\n",
        BOUNCE.replace(b"message/delivery-status", b"text/plain"),
        BOUNCE.replace(b"Action: failed", b"Action: exploded"),
        COMPLAINT.replace(b"Feedback-Type: abuse", b"Feedback-Type: auth-failure"),
        COMPLAINT.replace(b"message/feedback-report", b"text/plain"),
        b"".join(b"Content-Type: multipart/mixed; boundary=b%d\n\n--b%d\n" % (i, i) for i in range(3000)),
        b"Content-Type: message/rfc822\n\n" * 3000,
    ],
)
def test_what_is_no_report_is_refused_in_words(raw: bytes) -> None:
    with pytest.raises(FeedbackUnreadable):
        read_report(raw)


@settings(deadline=None, max_examples=60)
@given(st.binary(max_size=200), st.integers(0, len(BOUNCE)), st.sampled_from([BOUNCE, COMPLAINT]))
def test_a_report_with_rubbish_in_it_is_read_or_refused(rubbish: bytes, at: int, report: bytes) -> None:
    try:
        found = read_report(report[:at] + rubbish + report[at:])
    except FeedbackUnreadable:
        return
    assert found.message_id is None or found.message_id.isascii()
    assert len(found.detail.splitlines()) <= 1


def test_a_maildir_is_read_without_being_changed(tmp_path: Path) -> None:
    for place in ("new", "cur", "tmp"):
        (tmp_path / place).mkdir()
    (tmp_path / "new" / "2").write_bytes(COMPLAINT)
    (tmp_path / "new" / "1").write_bytes(BOUNCE)
    (tmp_path / "cur" / "0:2,S").write_bytes(b"Subject: hello\n\n")
    (tmp_path / "tmp" / "unfinished").write_bytes(BOUNCE)
    found = [one.feedback and one.feedback.kind for one in mail_reports([tmp_path])]
    assert found == ["bounced", "complained", None]
    assert len(list(tmp_path.rglob("*"))) == 7


def test_folders_of_mail_files_and_single_mails_are_read_too(tmp_path: Path) -> None:
    (tmp_path / "a.eml").write_bytes(BOUNCE)
    read = list(mail_reports([tmp_path, tmp_path / "a.eml"]))
    assert [one.feedback and one.feedback.message_id for one in read] == ["spring-1.a", "spring-1.a"]
    assert len({one.digest for one in read}) == 1


def call(kind: str = "message.bounced", **data: object) -> bytes:
    whole = {"type": kind, "timestamp": "2026-03-01T20:00:00+08:00", "data": {"message_id": "m1"} | data}
    return json.dumps(whole).encode()


def heard(body: bytes) -> Feedback:
    headers = signed_headers(SECRET, message_id="evt_1", now=NOW, body=body)
    return read_webhook(headers, body, secrets=[SECRET], now=NOW)


def test_a_signed_webhook_of_a_provider() -> None:
    found = heard(call(status="5.1.1", detail="no such number +86 138 0013 8000"))
    assert found == Feedback(
        kind="bounced",
        message_id="m1",
        address=None,
        status="5.1.1",
        is_permanent=True,
        detail="no such number <number>",
        at=datetime(2026, 3, 1, 12, 0, 0),
    )
    assert heard(call(status="4.2.2")).is_permanent is False
    assert heard(call("message.complained")).is_permanent is True
    assert heard(call("message.delivered")).is_permanent is False


def test_a_webhook_that_is_not_signed_is_not_even_read() -> None:
    with pytest.raises(SignatureWrong):
        read_webhook({}, b"not json", secrets=[SECRET], now=NOW)


@pytest.mark.parametrize(
    "body", [b"", b"[]", b"{}", call("message.opened"), call(message_id="a b"), call(status="550"), b"\xff"]
)
def test_a_signed_webhook_of_another_shape_is_refused_with_the_place(body: bytes) -> None:
    with pytest.raises(FeedbackUnreadable):
        heard(body)
