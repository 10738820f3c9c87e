"""Real delivery to a mail server on loopback: what arrives, and what each way to fail means."""

from __future__ import annotations

import ipaddress
import socket
import socketserver
import ssl
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime, timedelta
from email import message_from_bytes
from email.policy import default
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from aimwell.base.clock import FixedClock
from aimwell.promote.channels.errors import ChannelDown
from aimwell.promote.channels.mail import MailFrom
from aimwell.promote.channels.model import Message
from aimwell.promote.channels.smtp import Security, SmtpChannel, SmtpServer

NOW = datetime(2026, 3, 1, 12, 0, 0)
SENDER = MailFrom(
    name="小店", address="news@shop.example", postal_address="1 Long Street", envelope="bounce@shop.example"
)


def message(number: int, **changes: Any) -> Message:
    given: dict[str, Any] = {
        "message_id": f"m{number}",
        "person_id": number,
        "campaign_id": "spring",
        "offer_id": None,
        "channel": "email",
        "address": f"p{number}@there.example",
        "subject": "春季优惠",
        "text": "您好",
        "html": "<p>您好</p>",
    }
    return Message(**(given | changes))


class Sink:
    """Keeps what arrives; answers as the address asks for, such as 550@... or 451-data@... ."""

    def __init__(self) -> None:
        self.mails: list[tuple[str, str, bytes]] = []
        self.peers: set[object] = set()

    async def handle_RCPT(
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: Any
    ) -> str:
        self.peers.add(session.peer)
        local = address.partition("@")[0]
        if local.isdigit():
            return f"{local} <{address}> is not for us"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        local = envelope.rcpt_tos[0].partition("@")[0]
        if local.endswith("-data"):
            return f"{local[:3]} not this message"
        assert envelope.mail_from is not None
        self.mails.append((envelope.mail_from, envelope.rcpt_tos[0], bytes(envelope.original_content or b"")))
        return "250 2.0.0 Ok: queued as A1B2"


def channel(
    port: int, *, security: Security = "none", tls: ssl.SSLContext | None = None, **more: Any
) -> SmtpChannel:
    server = SmtpServer(host="127.0.0.1", port=port, security=security, **({"timeout_seconds": 10.0} | more))
    return SmtpChannel(name="email", server=server, sender=SENDER, clock=FixedClock(NOW), tls=tls)


@contextmanager
def serving(sink: Sink, **more: Any) -> Iterator[int]:
    with closing(socket.socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    controller = Controller(sink, hostname="127.0.0.1", port=port, **more)
    controller.start()
    try:
        yield port
    finally:
        controller.stop()


def test_a_batch_arrives_over_one_connection_in_order() -> None:
    sink = Sink()
    with serving(sink) as port, closing(channel(port)) as email:
        found = list(email.send([message(n) for n in range(20)]))
    assert [(d.message_id, d.outcome, d.provider_id) for d in found] == [
        (f"m{n}", "sent", "A1B2") for n in range(20)
    ]
    assert [to for _, to, _ in sink.mails] == [f"p{n}@there.example" for n in range(20)]
    assert len(sink.peers) == 1
    sent_from, _, raw = sink.mails[3]
    mail = message_from_bytes(raw, policy=default)
    assert sent_from == "bounce@shop.example"
    assert (mail["Message-ID"], mail["Subject"]) == ("<m3@shop.example>", "春季优惠")
    assert [part.get_content_type() for part in mail.walk()] == [
        "multipart/alternative",
        "text/plain",
        "text/html",
    ]


def test_lines_that_begin_with_a_dot_arrive_as_they_are() -> None:
    sink = Sink()
    with serving(sink) as port, closing(channel(port)) as email:
        list(email.send([message(1, html=None, text=".\n..\n.hidden\nend 1 Long Street")]))
    mail = message_from_bytes(sink.mails[0][2], policy=default)
    assert mail.get_content().splitlines() == [".", "..", ".hidden", "end 1 Long Street"]


def test_each_answer_of_the_server_has_its_meaning_and_the_rest_goes_on() -> None:
    addresses = ["a", "550", "b", "450", "551", "451-data", "554-data", "c", "421", "d"]
    batch = [message(n, address=f"{local}@there.example") for n, local in enumerate(addresses)]
    sink = Sink()
    with serving(sink) as port, closing(channel(port)) as email:
        found = list(email.send(batch))
    assert [d.outcome for d in found] == [
        "sent",
        "refused",
        "sent",
        "deferred",
        "refused",
        "deferred",
        "refused",
        "sent",
        "deferred",  # 421: the server closes; the next message makes a new connection
        "sent",
    ]
    assert found[1].detail == "550 <address> is not for us"
    assert [to.partition("@")[0] for _, to, _ in sink.mails] == ["a", "b", "c", "d"]


def test_an_unfit_address_is_refused_without_a_word_to_the_server() -> None:
    batch = [
        message(1, address="x@y.example\r\nRCPT TO:<z@y.example>"),
        message(2, address="no address"),
        message(3),
    ]
    sink = Sink()
    with serving(sink) as port, closing(channel(port)) as email:
        assert [d.outcome for d in email.send(batch)] == ["refused", "refused", "sent"]
    assert len(sink.mails) == 1


def test_a_server_that_is_down_defers_all_at_once() -> None:
    with closing(socket.socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    email = channel(port)
    assert [d.outcome for d in email.send([message(1), message(2), message(3)])] == ["deferred"] * 3
    with pytest.raises(ChannelDown):
        email.check()


def test_a_server_that_went_away_between_two_batches_is_asked_again() -> None:
    sink = Sink()
    with serving(sink) as port, closing(channel(port)) as email:
        list(email.send([message(1)]))
        assert email._connection is not None
        email._connection.sock.shutdown(socket.SHUT_RDWR)  # type: ignore[union-attr]
        assert [d.outcome for d in email.send([message(2)])] == ["sent"]
    assert len(sink.peers) == 2


class Script(socketserver.StreamRequestHandler):
    """A server that says what it was told to say, line for line, and then hangs up or falls silent."""

    answers: tuple[str, ...] = ()
    silent: threading.Event | None = None
    asked: list[str]

    def handle(self) -> None:
        self.wfile.write(b"220 hello\r\n")
        in_data = False
        for answer in self.answers:
            while (line := self.rfile.readline().decode("latin-1").strip()) != "." and in_data:
                pass
            self.asked.append(line)
            self.wfile.write(answer.encode() + b"\r\n")
            in_data = answer.startswith("354")
        if self.silent is not None:
            self.silent.wait(30)
        elif in_data:
            while self.rfile.readline().strip() != b".":
                pass


@contextmanager
def scripted(*answers: str, is_silent: bool = False) -> Iterator[tuple[int, type[Script]]]:
    released = threading.Event()
    handler = type(
        "Said", (Script,), {"answers": answers, "silent": released if is_silent else None, "asked": []}
    )
    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), handler) as server:
        server.daemon_threads = True
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        try:
            yield server.server_address[1], handler
        finally:
            released.set()
            server.shutdown()
            thread.join()


TAKEN = ("250 hello", "250 sender", "250 recipient")


def outcome(*answers: str, is_silent: bool = False, timeout: float = 10.0) -> list[str]:
    with (
        scripted(*answers, is_silent=is_silent) as (port, _),
        closing(channel(port, timeout_seconds=timeout)) as email,
    ):
        return [delivery.outcome for delivery in email.send([message(1), message(2)])]


def test_a_connection_that_breaks_before_the_data_hands_nothing_over() -> None:
    assert outcome("250 hello") == ["deferred", "deferred"]
    assert outcome("250 hello", "250 sender") == ["deferred", "deferred"]
    assert outcome(*TAKEN) == ["deferred", "deferred"]


def test_a_connection_that_breaks_after_the_data_may_have_handed_it_over() -> None:
    assert outcome(*TAKEN, "354 go on")[0] == "unknown"


def test_a_server_that_falls_silent_is_given_up() -> None:
    assert outcome("250 hello", is_silent=True, timeout=0.3) == ["deferred", "deferred"]
    assert outcome(*TAKEN, "354 go on", is_silent=True, timeout=0.3)[0] == "unknown"


def test_a_sender_that_is_refused_is_not_the_recipients_fault() -> None:
    with scripted("250 hello", "553 not yours", "250 reset", "553 not yours", "250 reset") as (port, said):
        with closing(channel(port)) as email:
            assert [d.outcome for d in email.send([message(1), message(2)])] == ["deferred", "deferred"]
        assert said.asked[1].startswith("mail FROM:<bounce@shop.example>")


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a file with a key and a certificate of its own for 127.0.0.1."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "mail.test")])
    start = datetime.now(UTC) - timedelta(days=1)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(start)
        .not_valid_after(start + timedelta(days=3))
        .add_extension(
            x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), critical=False
        )
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, SHA256())
    )
    path = tmp_path_factory.mktemp("tls") / "mail.pem"
    written = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    path.write_bytes(written + made.public_bytes(Encoding.PEM))
    return path


@pytest.fixture
def server_tls(certificate: Path) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    return context


@pytest.fixture
def client_tls(certificate: Path) -> ssl.SSLContext:
    return ssl.create_default_context(cafile=str(certificate))


def only_ann(server: SMTP, session: Session, envelope: Envelope, mechanism: str, data: Any) -> AuthResult:
    fits = isinstance(data, LoginPassword) and (data.login, data.password) == (b"ann", b"correct horse")
    return AuthResult(success=fits)


def starttls_server(sink: Sink, tls: ssl.SSLContext) -> Any:
    return serving(sink, tls_context=tls, require_starttls=True, authenticator=only_ann, auth_required=True)


def test_starttls_and_login(server_tls: ssl.SSLContext, client_tls: ssl.SSLContext) -> None:
    sink = Sink()
    with starttls_server(sink, server_tls) as port:
        good = channel(port, security="starttls", tls=client_tls, user="ann", password="correct horse")
        with closing(good):
            good.check()
            assert [d.outcome for d in good.send([message(1)])] == ["sent"]
    assert len(sink.mails) == 1


def test_a_wrong_password_is_not_the_recipients_fault() -> None:
    with scripted("250-hello\r\n250 AUTH PLAIN", "535 5.7.8 no") as (port, _):
        (delivery,) = channel(port, user="ann", password="wrong horse").send([message(1)])
    assert delivery.outcome == "deferred"
    assert "horse" not in delivery.detail


def test_a_certificate_that_nobody_vouches_for_is_not_trusted(server_tls: ssl.SSLContext) -> None:
    sink = Sink()
    with starttls_server(sink, server_tls) as port:
        (delivery,) = channel(port, security="starttls", user="ann", password="correct horse").send(
            [message(1)]
        )
    assert delivery.outcome == "deferred"
    assert sink.mails == []


def test_a_server_without_starttls_gets_nothing_in_clear() -> None:
    sink = Sink()
    with serving(sink) as port:
        (delivery,) = channel(port, security="starttls").send([message(1)])
    assert delivery.outcome == "deferred"
    assert sink.mails == []


def test_tls_from_the_first_byte(server_tls: ssl.SSLContext, client_tls: ssl.SSLContext) -> None:
    sink = Sink()
    with (
        serving(sink, ssl_context=server_tls) as port,
        closing(channel(port, security="tls", tls=client_tls)) as email,
    ):
        assert [d.outcome for d in email.send([message(1)])] == ["sent"]
    assert len(sink.mails) == 1
