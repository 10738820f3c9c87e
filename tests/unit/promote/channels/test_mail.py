"""What an e-mail looks like on the wire: headers that nobody can break out of, both parts, the signature."""

from __future__ import annotations

import base64
from dataclasses import replace
from datetime import datetime
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from typing import cast

import dkim
import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)
from hypothesis import given, settings
from hypothesis import strategies as st

from aimwell.promote.channels.errors import MessageUnfit
from aimwell.promote.channels.mail import DkimKey, MailFrom, compose, envelope_address
from aimwell.promote.channels.model import Message

from .messages import message

NOW = datetime(2026, 3, 1, 12, 0, 0)
SENDER = MailFrom(
    name='小店, the "shop"',
    address="news@shop.example",
    postal_address="1 Long Street, Shanghai",
    envelope="bounce@shop.example",
)


def parsed(raw: bytes) -> EmailMessage:
    return cast(EmailMessage, message_from_bytes(raw, policy=default))


def composed(sender: MailFrom = SENDER, **changes: object) -> EmailMessage:
    return parsed(compose(message(**changes), sender=sender, now=NOW))


def body(mail: EmailMessage, kind: str) -> str:
    part = mail.get_body(preferencelist=(kind,))
    assert isinstance(part, EmailMessage)
    return str(part.get_content())


def test_the_headers_of_a_marketing_mail() -> None:
    url = "https://shop.example/u/" + "t" * 300
    raw = compose(message(subject="Grüße, 您的优惠", unsubscribe_url=url), sender=SENDER, now=NOW)
    head = raw.partition(b"\r\n\r\n")[0].decode("ascii").split("\r\n")  # nothing but ASCII on the wire
    assert "Message-ID: <m1@shop.example>" in head
    assert "Date: Sun, 01 Mar 2026 12:00:00 +0000" in head
    assert f"List-Unsubscribe: <{url}>" in head  # on one line, however long
    assert "List-Unsubscribe-Post: List-Unsubscribe=One-Click" in head
    mail = parsed(raw)
    assert mail["Subject"] == "Grüße, 您的优惠"
    assert mail["To"] == "ann@shop.example"
    sender = mail["From"].addresses[0]
    assert (sender.display_name, sender.addr_spec) == ('小店, the "shop"', "news@shop.example")


def test_a_long_chinese_subject_is_encoded_in_words_of_at_most_75_characters() -> None:
    raw = compose(message(subject="春季优惠" * 40), sender=SENDER, now=NOW)
    assert parsed(raw)["Subject"] == "春季优惠" * 40
    words = [w for w in raw.partition(b"\r\n\r\n")[0].split() if w.startswith(b"=?")]
    assert max(len(word) for word in words) <= 75  # RFC 2047, section 2


def test_what_looks_like_an_encoded_word_is_shown_as_it_is() -> None:
    assert composed(subject="=?utf-8?q?=41=0A?= x")["Subject"] == "=?utf-8?q?=41=0A?= x"


def test_half_a_character_does_not_stop_the_mail() -> None:
    mail = composed(subject="a\ud800b", text="a\ud800b", html="a\udfffb")
    assert mail["Subject"] == "a?b"
    assert body(mail, "plain").startswith("a?b")


def test_a_mail_without_consent_to_take_back_has_no_unsubscribe_headers() -> None:
    assert "List-Unsubscribe" not in composed(unsubscribe_url=None)


HOSTILE = [
    "Ann\r\nBcc: all@there.example",
    "Ann\nBcc: all@there.example",
    "Ann\rBcc: all@there.example",
    "Ann\r\n\r\n<script>",
    "Ann\x0b\x0c\x1c\x1d\x1e\x85\u2028\u2029Bcc: x@y.example",
    'Ann" <all@there.example>, "',
    "=?utf-8?q?Ann=0D=0ABcc:_all@there.example?=",
    "安\x00娜\r\n Bcc: all@there.example",
    "Ann\\\r\n\tBcc: all@there.example",
    "\u202eAnn",
]


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_name_begins_no_header_of_its_own(name: str) -> None:
    sender = replace(SENDER, name="Shop")
    raw = compose(message(subject=f"Hello {name}", headers={"X-Who": name}), sender=sender, now=NOW)
    _check_headers(raw)


@settings(deadline=None)
@given(st.text(max_size=80) | st.from_regex(r"=\?utf-8\?[qb]\?[ -~]{0,40}\?="), st.text(max_size=80))
def test_no_text_at_all_begins_a_header_of_its_own(subject: str, value: str) -> None:
    _check_headers(compose(message(subject=subject, headers={"X-Who": value}), sender=SENDER, now=NOW))


def _check_headers(raw: bytes) -> None:
    head = raw.partition(b"\r\n\r\n")[0]
    assert b"\r" not in head.replace(b"\r\n", b"")
    assert b"\n" not in head.replace(b"\r\n", b"")
    names = [line.split(b":")[0].lower() for line in head.split(b"\r\n") if line[:1] not in b" \t"]
    expected = b"message-id date from to subject x-who content-type content-transfer-encoding mime-version"
    assert sorted(names) == sorted(expected.split())


@pytest.mark.parametrize(
    "name", ["To", "bcc", "DKIM-Signature", "Content-Type", "X Y", "X:Y", "X\r\nBcc", "", "Ä"]
)
def test_headers_of_the_channel_cannot_be_added(name: str) -> None:
    with pytest.raises(MessageUnfit):
        compose(message(headers={name: "x"}), sender=SENDER, now=NOW)


@pytest.mark.parametrize(
    "url",
    [
        "javascript:alert(1)",
        "https://x y",
        "https://x>\r\nBcc: a@b",
        "https://" + "x" * 950,
        "https://x>,<y",
        "",
    ],
)
def test_an_unsubscribe_url_that_is_none_is_refused(url: str) -> None:
    with pytest.raises(MessageUnfit):
        compose(message(unsubscribe_url=url), sender=SENDER, now=NOW)


@pytest.mark.parametrize(
    ("written", "envelope"),
    [
        ("ann@there.example", "ann@there.example"),
        (" ann.lee+tag@there.example ", "ann.lee+tag@there.example"),
        ("ann@Bücher.example", "ann@xn--bcher-kva.example"),
        ("ann@例子.测试", "ann@xn--fsqu00a.xn--0zwm56d"),
    ],
)
def test_addresses_that_servers_take(written: str, envelope: str) -> None:
    assert envelope_address(written) == envelope


@pytest.mark.parametrize(
    "written",
    [
        "ann",
        "@there.example",
        "ann@",
        "a b@there.example",
        "ann@there.example, bob@there.example",
        "ann@there.example\r\nRCPT TO:<bob@there.example>",
        "<ann@there.example>",
        '"a b"@there.example',
        "安@there.example",
        "ann@there.example>",
        "ann.@there.example",
        "a" * 65 + "@there.example",
        "ann@-.example",
        "ann@" + "x" * 64 + ".example",
    ],
)
def test_addresses_that_are_none(written: str) -> None:
    with pytest.raises(MessageUnfit):
        envelope_address(written)


def test_both_parts_end_in_the_postal_address_once() -> None:
    mail = composed(text="Hello 安娜", html="<html><body><p>Hello</p></body></html>")
    assert mail.get_content_type() == "multipart/alternative"
    assert body(mail, "plain").replace("\r\n", "\n") == "Hello 安娜\n\n--\n1 Long Street, Shanghai\n"
    assert body(mail, "html").count("1 Long Street, Shanghai</p></body>") == 1
    named = composed(text="From 1 Long Street, Shanghai.", html="<p>1 Long Street, Shanghai</p>")
    assert body(named, "plain").count("Long Street") == 1
    assert body(named, "html").count("Long Street") == 1


def test_the_postal_address_is_text_in_html_too() -> None:
    sender = replace(SENDER, postal_address="1 <b>Long</b> & Street")
    page = body(composed(sender, html="<p>x</p>"), "html")
    assert "1 &lt;b&gt;Long&lt;/b&gt; &amp; Street" in page


@pytest.fixture(scope="module")
def key() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


def signed(key: rsa.RSAPrivateKey, what: Message) -> bytes:
    pem = key.private_bytes(Encoding.PEM, PrivateFormat.TraditionalOpenSSL, NoEncryption())
    sender = replace(SENDER, dkim=DkimKey(domain="shop.example", selector="aimwell", private_key=pem))
    return compose(what, sender=sender, now=NOW)


def verifies(raw: bytes, key: rsa.RSAPrivateKey) -> bool:
    """Ask the verifier, with a name service that knows the one key."""
    public = key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    record = b"v=DKIM1; k=rsa; p=" + base64.b64encode(public)
    known = {b"aimwell._domainkey.shop.example.": record}
    return bool(dkim.verify(raw, dnsfunc=lambda name, timeout=5: known.get(name)))


def test_a_signed_mail_verifies_and_a_changed_one_does_not(key: rsa.RSAPrivateKey) -> None:
    what = message(subject="您好", html="<p>你好</p>", unsubscribe_url="https://shop.example/u/1")
    raw = signed(key, what)
    assert verifies(raw, key)
    assert not verifies(raw.replace(b"<m1@", b"<m2@"), key)
    assert not verifies(raw.replace(b"https://shop.example/u/1", b"https://shop.example/u/2"), key)
    assert not verifies(b"From: Other <other@shop.example>\r\n" + raw, key)
    assert not verifies(raw[:-6] + b"x" + raw[-6:], key)


def test_the_key_is_not_shown(key: rsa.RSAPrivateKey) -> None:
    assert "PRIVATE" not in repr(DkimKey(domain="d", selector="s", private_key=b"-----BEGIN PRIVATE"))
