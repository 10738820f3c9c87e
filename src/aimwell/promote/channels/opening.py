"""Makes the channels of channels.toml: here their secrets are read and their connections prepared, none is opened."""

from __future__ import annotations

from collections.abc import Mapping
from email.utils import parseaddr
from pathlib import Path
from typing import TypeVar

from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)

from aimwell.base.clock import Clock
from aimwell.base.words import Sentence, text
from aimwell.promote.channels.errors import ChannelUnknown, DkimKeyUnusable
from aimwell.promote.channels.export import ExportChannel
from aimwell.promote.channels.files import (
    ChannelSettings,
    DkimSettings,
    ExportSettings,
    SmtpSettings,
    WebhookSettings,
    read_channels,
    read_feedback,
)
from aimwell.promote.channels.mail import DkimKey, MailFrom, envelope_address
from aimwell.promote.channels.model import Channel, CheckableChannel
from aimwell.promote.channels.secrets import Secrets
from aimwell.promote.channels.signing import WebhookSecret
from aimwell.promote.channels.smtp import SmtpChannel, SmtpServer
from aimwell.promote.channels.webhook import WebhookChannel
from aimwell.trust.outbound import OutboundClient
from aimwell.trust.outbound.addresses import networks

__all__ = ["FILE_NAME", "channel_named", "feedback_secrets", "open_channels"]

FILE_NAME = "channels.toml"
Opened = TypeVar("Opened", bound=Channel)
_FEEDBACK = "feedback"  # in messages, in place of a channel's name
_FEWEST_BITS = 1024  # RFC 8301; 2048 is what the message recommends


def open_channels(path: Path, *, secrets: Secrets, clock: Clock) -> Mapping[str, CheckableChannel]:
    """Return the channels of a file by name; the caller closes them.

    Parameters
    ----------
    path
        channels.toml; a file that is not there gives no channels.
    secrets
        Where passwords and keys are; relative folders of exports start there too.
    clock
        Dates mails and signs webhooks.

    Raises
    ------
    ChannelsNotToml, ChannelBadKey, ChannelBadValue
        If the file is not usable.
    SecretMissing, SecretWeak, SecretExposed, DkimKeyUnusable
        If a secret is not.
    """
    return {
        name: _opened(name, settings, secrets=secrets, clock=clock)
        for name, settings in read_channels(path).items()
    }


def feedback_secrets(path: Path, *, secrets: Secrets) -> tuple[WebhookSecret, ...]:
    """Return what webhooks about our messages are signed with; none if the file has no table `[feedback]`.

    Raises
    ------
    ChannelsNotToml, ChannelBadKey, ChannelBadValue
        If the file is not usable.
    SecretMissing, SecretWeak, SecretExposed
        If the secret is not.
    """
    settings = read_feedback(path)
    if settings is None:
        return ()
    found = secrets.read(channel=_FEEDBACK, key="secret", env=settings.secret_env, file=settings.secret_file)
    return (WebhookSecret.parse(found, channel=_FEEDBACK),)


def channel_named(channels: Mapping[str, Opened], name: str) -> Opened:
    """Return one channel.

    Raises
    ------
    ChannelUnknown
        If there is none of this name.
    """
    try:
        return channels[name]
    except KeyError as exc:
        known = ", ".join(sorted(channels)) or Sentence(text("none yet"))
        raise ChannelUnknown(name=name, known=known) from exc


def _opened(name: str, settings: ChannelSettings, *, secrets: Secrets, clock: Clock) -> CheckableChannel:
    if isinstance(settings, SmtpSettings):
        return _smtp(name, settings, secrets=secrets, clock=clock)
    if isinstance(settings, WebhookSettings):
        return _webhook(name, settings, secrets=secrets, clock=clock)
    return _export(name, settings, secrets=secrets)


def _smtp(name: str, settings: SmtpSettings, *, secrets: Secrets, clock: Clock) -> SmtpChannel:
    shown, address = parseaddr(settings.sender)
    sent_from = envelope_address(address)
    password = None
    if settings.user is not None:
        password = secrets.read(
            channel=name, key="password", env=settings.password_env, file=settings.password_file
        )
    sender = MailFrom(
        name=shown,
        address=sent_from,
        postal_address=settings.postal_address,
        envelope=_bare(settings.envelope_from) or sent_from,
        reply_to=_bare(settings.reply_to),
        dkim=_dkim(name, settings.dkim, secrets=secrets) if settings.dkim else None,
    )
    server = SmtpServer(
        host=settings.host,
        port=settings.port,
        security=settings.security,
        user=settings.user,
        password=password,
        timeout_seconds=settings.timeout_seconds,
    )
    return SmtpChannel(
        name=name, server=server, sender=sender, clock=clock, rate_per_second=settings.rate_per_second
    )


def _bare(written: str | None) -> str | None:
    return None if written is None else envelope_address(parseaddr(written)[1])


def _dkim(name: str, settings: DkimSettings, *, secrets: Secrets) -> DkimKey:
    held = secrets.file(settings.key_file, channel=name, key="dkim.key_file")
    path = secrets.folder / settings.key_file
    try:
        key = load_pem_private_key(held, password=None)
    except (ValueError, TypeError) as exc:
        raise DkimKeyUnusable(
            channel=name, path=path, problem=Sentence(text("it is no PEM key without password"))
        ) from exc
    if not isinstance(key, RSAPrivateKey) or key.key_size < _FEWEST_BITS:
        raise DkimKeyUnusable(
            channel=name, path=path, problem=Sentence(text("it is no RSA key, or a short one"))
        )
    written = key.private_bytes(Encoding.PEM, PrivateFormat.TraditionalOpenSSL, NoEncryption())
    return DkimKey(domain=settings.domain, selector=settings.selector, private_key=written)


def _webhook(name: str, settings: WebhookSettings, *, secrets: Secrets, clock: Clock) -> WebhookChannel:
    secret = secrets.read(channel=name, key="secret", env=settings.secret_env, file=settings.secret_file)
    client = OutboundClient(
        allowed=networks(settings.private_networks),
        schemes=(settings.url.partition(":")[0],),
        max_seconds=settings.timeout_seconds,
    )
    return WebhookChannel(
        name=name,
        kind=settings.kind,
        url=settings.url,
        secret=WebhookSecret.parse(secret, channel=name),
        client=client,
        clock=clock,
        rate_per_second=settings.rate_per_second,
    )


def _export(name: str, settings: ExportSettings, *, secrets: Secrets) -> ExportChannel:
    return ExportChannel(
        name=name, kind=settings.kind, folder=secrets.folder / settings.folder, file_format=settings.format
    )
