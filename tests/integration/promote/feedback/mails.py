"""Reports as servers write them, about a message of ours."""

from __future__ import annotations


def bounce(
    message_id: str,
    address: str,
    *,
    status: str = "5.1.1",
    action: str = "failed",
    date: str = "Mon, 3 Mar 2025 12:00:00 +0000",
) -> bytes:
    return f"""\
Date: {date}
From: MAILER-DAEMON@mx.example
MIME-Version: 1.0
Content-Type: multipart/report; report-type=delivery-status; boundary="b1"

--b1
Content-Type: message/delivery-status

Reporting-MTA: dns; mx.example

Final-Recipient: rfc822; {address}
Action: {action}
Status: {status}
Diagnostic-Code: smtp; 550 no such user <{address}>

--b1
Content-Type: text/rfc822-headers

Message-ID: <{message_id}@shop.example>

--b1--
""".encode()


def complaint(message_id: str, address: str | None) -> bytes:
    told = f"Original-Rcpt-To: <{address}>\n" if address else ""
    return f"""\
Date: Mon, 3 Mar 2025 12:00:00 +0000
From: <abusedesk@there.example>
MIME-Version: 1.0
Content-Type: multipart/report; report-type=feedback-report; boundary="b1"

--b1
Content-Type: message/feedback-report

Feedback-Type: abuse
Version: 1
{told}
--b1
Content-Type: message/rfc822

Message-ID: <{message_id}@shop.example>
Subject: Hello

Hello
--b1--
""".encode()
