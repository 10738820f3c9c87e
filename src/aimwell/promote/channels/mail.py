"""Writes an e-mail as it goes over the wire: headers, both parts, the postal address, the signature.

References
----------
RFC 5322 (messages), RFC 2047 (headers beyond ASCII), RFC 8058 (one-click unsubscribe), RFC 6376 (DKIM).
"""

from __future__ import annotations

import base64
import html
import re
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime

import dkim
import idna

from aimwell.base.words import Sentence, text
from aimwell.promote.channels.errors import MessageUnfit
from aimwell.promote.channels.fitness import one_line
from aimwell.promote.channels.model import Message

__all__ = ["DkimKey", "MailFrom", "compose", "envelope_address"]

_POLICY = SMTP.clone(
    cte_type="7bit"
)  # whatever servers are on the way, nothing is written anew, so the signature holds
_LOCAL = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*")
_LONGEST_LOCAL = 64
_HEADER_NAME = re.compile(r"[A-Za-z][A-Za-z0-9-]{0,70}")
_URL = re.compile(r"https?://[!-~]{1,900}")
_AS_IT_IS = re.compile(r"[ -~]{0,200}")
_BYTES_PER_WORD = 45  # 60 characters of base64, 72 with what stands around them
_OWN = frozenset(
    (
        "bcc",
        "cc",
        "date",
        "dkim-signature",
        "from",
        "list-unsubscribe",
        "list-unsubscribe-post",
        "message-id",
        "mime-version",
        "received",
        "reply-to",
        "return-path",
        "sender",
        "subject",
        "to",
    )
)
_SIGNED = (
    "from",
    "to",
    "subject",
    "date",
    "message-id",
    "reply-to",
    "mime-version",
    "content-type",
    "content-transfer-encoding",
    "list-unsubscribe",
    "list-unsubscribe-post",
)


@dataclass(frozen=True, kw_only=True)
class DkimKey:
    """What signs the e-mails of a domain."""

    domain: str
    selector: str
    private_key: bytes = field(repr=False)  # PEM, RSA

    def signed(self, mail: bytes) -> bytes:
        """Return the mail with its signature in front: relaxed/relaxed, RSA-SHA256; `From` is signed once more than it occurs."""
        signer = dkim.DKIM(mail)
        present = {name.lower().decode() for name, _ in signer.headers}
        names = [name.encode() for name in _SIGNED if name in present]
        line = signer.sign(
            self.selector.encode(),
            self.domain.encode(),
            self.private_key,
            canonicalize=(b"relaxed", b"relaxed"),
            include_headers=[*names, b"from"],  # so that nobody adds a second one
        )
        return bytes(line) + mail


@dataclass(frozen=True, kw_only=True)
class MailFrom:
    """Who an e-mail is from.

    Attributes
    ----------
    postal_address
        Stands at the end of both parts where the text does not have it already; most laws on advertising ask for it.
    envelope
        Where reports of delivery go.
    """

    name: str
    address: str
    postal_address: str
    envelope: str
    reply_to: str | None = None
    dkim: DkimKey | None = None

    @property
    def domain(self) -> str:
        """The domain after the @."""
        return self.address.rpartition("@")[2]


def envelope_address(written: str) -> str:
    """Return an e-mail address as servers take it, its domain in ASCII.

    Raises
    ------
    MessageUnfit
        If it is none, or has more than ASCII before the @.
    """
    local, at, domain = written.strip().rpartition("@")
    if not at or len(local) > _LONGEST_LOCAL or not _LOCAL.fullmatch(local):
        raise MessageUnfit(problem=Sentence(text("its address is no e-mail address that servers take")))
    try:
        return f"{local}@{idna.encode(domain, uts46=True).decode()}"
    except idna.IDNAError as exc:
        raise MessageUnfit(problem=Sentence(text("the domain of its address is none"))) from exc


def compose(message: Message, *, sender: MailFrom, now: datetime) -> bytes:
    """Return an e-mail, signed if the sender has a key, lines ending in CR LF.

    Line ends in a subject or header become blanks, so that no value can begin a header of its own.

    Parameters
    ----------
    now
        Date of the mail, naive UTC.

    Raises
    ------
    MessageUnfit
        If a header may not be there, or a URL or address is none.
    """
    parts = EmailMessage(policy=_POLICY)
    parts.set_content(_encodable(_with_address(message.text, sender.postal_address)))
    if message.html is not None:
        page = _html_with_address(message.html, sender.postal_address)
        parts.add_alternative(_encodable(page), subtype="html")
    head = _headers(message, sender=sender, now=now)
    written = "".join(f"{line}\r\n" for line in head).encode("ascii") + parts.as_bytes()
    return sender.dkim.signed(written) if sender.dkim else written


def _headers(message: Message, *, sender: MailFrom, now: datetime) -> list[str]:
    """Return the lines of the head, without those that describe the parts.

    None is left to the library. It breaks or encodes a long URL, and then no client reads it; and it decodes what looks like an
    encoded word, so that a name such as ``=?utf-8?q?Ann=0D=0ABcc:_x@y?=`` becomes a header of its own.
    """
    lines = [
        f"Message-ID: <{message.message_id}@{sender.domain}>",
        f"Date: {format_datetime(now.replace(tzinfo=UTC))}",
        f"From: {_phrase(sender.name)}<{sender.address}>",
        f"To: {envelope_address(message.address)}",
        f"Subject: {_unstructured(message.subject or '')}",
    ]
    if sender.reply_to:
        lines.append(f"Reply-To: {sender.reply_to}")
    if message.unsubscribe_url is not None:
        if not _URL.fullmatch(message.unsubscribe_url) or set("<>") & set(message.unsubscribe_url):
            raise MessageUnfit(
                problem=Sentence(text("its unsubscribe_url is no URL of at most 900 characters"))
            )
        lines.append(f"List-Unsubscribe: <{message.unsubscribe_url}>")
        lines.append("List-Unsubscribe-Post: List-Unsubscribe=One-Click")
    for name, value in message.headers.items():
        if not _HEADER_NAME.fullmatch(name) or name.lower() in _OWN or name.lower().startswith("content-"):
            problem = text("`{header}` is not a header that may be added")
            raise MessageUnfit(problem=Sentence(problem, {"header": one_line(name)[:70]}))
        lines.append(f"{name}: {_unstructured(value)}")
    return lines


def _unstructured(value: str) -> str:
    """Return a value for a header; short printable ASCII as it is, all else in encoded words on lines of their own."""
    line = one_line(value)
    return line if _AS_IT_IS.fullmatch(line) and "=?" not in line else _encoded_words(line)


def _phrase(name: str) -> str:
    """Return a display name, with the blank that follows it; nothing for no name."""
    line = one_line(name)
    if not line:
        return ""
    if not _AS_IT_IS.fullmatch(line) or "=?" in line:
        return f"{_encoded_words(line)} "
    escaped = line.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}" '


def _encoded_words(line: str) -> str:
    """Return a text as encoded words of at most 75 characters each, no character cut in two (RFC 2047)."""
    chunks, chunk = [], b""
    for character in line:
        encoded = character.encode("utf-8", "replace")
        if len(chunk) + len(encoded) > _BYTES_PER_WORD:
            chunks.append(chunk)
            chunk = b""
        chunk += encoded
    return "\r\n ".join(f"=?utf-8?b?{base64.b64encode(one).decode()}?=" for one in (*chunks, chunk))


def _encodable(body: str) -> str:
    """Return a text without halves of characters, which no encoding knows."""
    return body.encode("utf-8", "replace").decode()


def _with_address(plain: str, address: str) -> str:
    return plain if address in plain else f"{plain.rstrip()}\n\n--\n{address}\n"


def _html_with_address(page: str, address: str) -> str:
    escaped = html.escape(address)
    if address in page or escaped in page:
        return page
    at = page.lower().rfind("</body>")
    end = len(page) if at < 0 else at
    return f'{page[:end]}<p style="font-size:12px;color:#666">{escaped}</p>{page[end:]}'
