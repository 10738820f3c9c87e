"""channels.toml and secrets: what is accepted, and what is refused with its place."""

from __future__ import annotations

import base64
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ed25519, rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from aimwell.base.clock import FixedClock
from aimwell.base.errors import UserError
from aimwell.promote.channels.errors import (
    ChannelBadKey,
    ChannelBadValue,
    ChannelsNotToml,
    ChannelUnknown,
    DkimKeyUnusable,
    SecretExposed,
    SecretMissing,
    SecretWeak,
)
from aimwell.promote.channels.model import Channel
from aimwell.promote.channels.opening import channel_named, open_channels
from aimwell.promote.channels.secrets import Secrets
from aimwell.promote.channels.smtp import SmtpChannel

CLOCK = FixedClock(datetime(2026, 3, 1, 12, 0, 0))
SECRET = "whsec_" + base64.b64encode(bytes(range(32))).decode()
GOOD = """
[channels.email]
type = "smtp"
host = "smtp.example.com"
user = "shop"
password_env = "SMTP_PASSWORD"
from = "Little Shop <news@shop.example>"
postal_address = "1 Long Street, Shanghai"
rate_per_second = 10

[channels.sms]
type = "webhook"
kind = "sms"
url = "https://gateway.example/send"
secret_file = "keys/sms.secret"

[channels.letters]
type = "file"
kind = "post"
folder = "exports"
"""


def opened(folder: Path, toml: str, **environment: str) -> Any:
    path = folder / "channels.toml"
    path.write_text(toml, "utf-8")
    return open_channels(path, secrets=Secrets(environment, folder), clock=CLOCK)


def secret_file(folder: Path, value: str | bytes, *, name: str = "sms.secret", mode: int = 0o600) -> Path:
    path = folder / "keys" / name
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(value if isinstance(value, bytes) else value.encode())
    path.chmod(mode)
    return path


def test_a_good_file_opens_its_channels(tmp_path: Path) -> None:
    secret_file(tmp_path, SECRET + "\n")
    channels: dict[str, Channel] = opened(tmp_path, GOOD, SMTP_PASSWORD="correct horse")
    assert {name: (c.name, c.kind, c.rate_per_second) for name, c in channels.items()} == {
        "email": ("email", "email", 10.0),
        "sms": ("sms", "sms", None),
        "letters": ("letters", "post", None),
    }
    email = channels["email"]
    assert isinstance(email, SmtpChannel)
    assert (email.server.port, email.server.security, email.sender.name) == (587, "starttls", "Little Shop")
    assert "correct horse" not in repr(email.server)
    assert channel_named(channels, "sms") is channels["sms"]
    with pytest.raises(ChannelUnknown) as caught:
        channel_named(channels, "smms")
    assert "email, letters, sms" in str(caught.value)


def test_no_file_has_no_channels(tmp_path: Path) -> None:
    assert open_channels(tmp_path / "channels.toml", secrets=Secrets({}, tmp_path), clock=CLOCK) == {}


@pytest.mark.parametrize(
    ("change", "error", "place"),
    [
        (('host = "smtp.example.com"', 'hots = "smtp.example.com"'), ChannelBadKey, "channels.email.hots"),
        (
            ('password_env = "SMTP_PASSWORD"', 'password = "correct horse"'),
            ChannelBadKey,
            "channels.email.password",
        ),
        (('type = "smtp"', 'type = "pigeon"'), ChannelBadValue, "channels.email"),
        (('type = "smtp"\n', ""), ChannelBadValue, "channels.email"),
        (('host = "smtp.example.com"\n', ""), ChannelBadValue, "channels.email.host"),
        (("rate_per_second = 10", "rate_per_second = 0"), ChannelBadValue, "channels.email.rate_per_second"),
        (("news@shop.example", "news"), ChannelBadValue, "channels.email.from"),
        (
            ('"1 Long Street, Shanghai"', '"1 Long Street\\nBcc: x"'),
            ChannelBadValue,
            "channels.email.postal_address",
        ),
        (
            ('postal_address = "1 Long Street, Shanghai"\n', ""),
            ChannelBadValue,
            "channels.email.postal_address",
        ),
        (('user = "shop"', 'security = "none"\nuser = "shop"'), ChannelBadValue, "channels.email"),
        (("https://gateway", "http://gateway"), ChannelBadValue, "channels.sms"),
        (("https://gateway", "ftp://gateway"), ChannelBadValue, "channels.sms.url"),
        (('kind = "sms"', 'kind = "fax"'), ChannelBadValue, "channels.sms.kind"),
        (
            ('folder = "exports"', 'folder = "exports"\nformat = "xls"'),
            ChannelBadValue,
            "channels.letters.format",
        ),
        (
            ('secret_file = "keys/sms.secret"', 'private_networks = ["10.0.0.1/8"]'),
            ChannelBadValue,
            "private_networks",
        ),
        (("[channels.letters]", "[chanels.letters]"), ChannelBadKey, "chanels"),
        (("[channels.letters]", "[channels.Letters]"), ChannelBadValue, "channels.Letters"),
        (('type = "smtp"', "type = smtp"), ChannelsNotToml, "line 3"),
    ],
)
def test_a_mistake_is_refused_with_its_place(
    tmp_path: Path, change: tuple[str, str], error: type[UserError], place: str
) -> None:
    assert change[0] in GOOD
    with pytest.raises(error) as caught:
        opened(tmp_path, GOOD.replace(*change), SMTP_PASSWORD="correct horse")
    assert place in str(caught.value)
    assert "correct horse" not in str(caught.value)


def test_a_missing_secret_names_every_place_searched(tmp_path: Path) -> None:
    with pytest.raises(SecretMissing) as caught:
        opened(tmp_path, GOOD.replace('"SMTP_PASSWORD"', '"SMTP_PASSWORD"\npassword_file = "keys/smtp"'))
    assert str(tmp_path / "keys" / "smtp") in str(caught.value)
    with pytest.raises(SecretMissing, match=r"\$SMTP_PASSWORD"):
        opened(tmp_path, GOOD)


@pytest.mark.parametrize(
    "password",
    ["short", "changeme", "CHANGE_ME_PLEASE", "password123", "your-password", "xxxxxxxx", "abababababab"],
)
def test_a_short_or_placeholder_password_is_refused(tmp_path: Path, password: str) -> None:
    with pytest.raises(SecretWeak) as caught:
        opened(tmp_path, GOOD, SMTP_PASSWORD=password)
    assert password not in str(caught.value)


def test_a_secret_that_others_may_read_is_refused(tmp_path: Path) -> None:
    secret_file(tmp_path, SECRET, mode=0o644)
    with pytest.raises(SecretExposed, match="chmod 600"):
        opened(tmp_path, GOOD, SMTP_PASSWORD="correct horse")


DKIM = '\n[channels.email.dkim]\ndomain = "shop.example"\nselector = "aimwell"\nkey_file = "keys/dkim.pem"\n'


def with_dkim() -> str:
    return GOOD.replace("\n[channels.sms]", f"{DKIM}\n[channels.sms]")


@pytest.mark.parametrize("form", [PrivateFormat.PKCS8, PrivateFormat.TraditionalOpenSSL])
def test_a_dkim_key_in_either_form_is_taken(tmp_path: Path, form: PrivateFormat) -> None:
    secret_file(tmp_path, SECRET)
    key = rsa.generate_private_key(public_exponent=65537, key_size=1024)
    secret_file(tmp_path, key.private_bytes(Encoding.PEM, form, NoEncryption()), name="dkim.pem")
    email = opened(tmp_path, with_dkim(), SMTP_PASSWORD="correct horse")["email"]
    assert email.sender.dkim.private_key.startswith(b"-----BEGIN RSA PRIVATE KEY")


def test_a_dkim_key_that_is_none_is_refused(tmp_path: Path) -> None:
    secret_file(tmp_path, SECRET)
    secret_file(tmp_path, b"not a key", name="dkim.pem")
    with pytest.raises(DkimKeyUnusable):
        opened(tmp_path, with_dkim(), SMTP_PASSWORD="correct horse")
    other = ed25519.Ed25519PrivateKey.generate()
    secret_file(
        tmp_path, other.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()), name="dkim.pem"
    )
    with pytest.raises(DkimKeyUnusable):
        opened(tmp_path, with_dkim(), SMTP_PASSWORD="correct horse")
