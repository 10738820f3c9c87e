"""Reads channels.toml, strictly: an unknown key or a doubtful value is refused with its place. No secret stands in it."""

from __future__ import annotations

import re
import tomllib
from email.errors import HeaderParseError
from email.headerregistry import Address
from email.utils import parseaddr
from ipaddress import ip_network
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError, model_validator

from aimwell.base.allowed import allowed
from aimwell.base.words import Sentence, text
from aimwell.promote.channels.errors import ChannelBadKey, ChannelBadValue, ChannelsNotToml, MessageUnfit
from aimwell.promote.channels.mail import envelope_address
from aimwell.promote.channels.model import ChannelKind

__all__ = [
    "ChannelSettings",
    "DkimSettings",
    "ExportSettings",
    "FeedbackSettings",
    "SmtpSettings",
    "WebhookSettings",
    "channel_kinds",
    "read_channels",
    "read_feedback",
]

_CONTROL = re.compile(r"[\x00-\x1f\x7f]")


def _mailbox(written: str) -> str:
    name, address = parseaddr(written)
    try:
        Address(name, addr_spec=envelope_address(address))
    except (MessageUnfit, HeaderParseError, ValueError) as exc:
        raise ValueError(Sentence(text("an address such as Little Shop <news@shop.example>"))) from exc
    if _CONTROL.search(written):
        raise ValueError(Sentence(text("one line")))
    return written


def _network(written: str) -> str:
    try:
        ip_network(written)
    except ValueError as exc:
        raise ValueError(Sentence(text("a network such as 10.1.2.0/24"))) from exc
    return written


def _postal(written: str) -> str:
    if _CONTROL.search(written):
        raise ValueError(Sentence(text("one line")))
    return written.strip()


Mailbox = Annotated[str, Field(max_length=320), AfterValidator(_mailbox)]
Name = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_-]{0,31}$")]
Variable = Annotated[str, Field(pattern=r"^[A-Za-z_][A-Za-z0-9_]*$")]
FilePath = Annotated[str, Field(min_length=1, max_length=500)]
Rate = Annotated[float, Field(gt=0, le=10_000)]
Host = Annotated[str, Field(pattern=r"^[A-Za-z0-9.:_-]{1,253}$")]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=False)


class DkimSettings(_Strict):
    """Key that signs the e-mails."""

    domain: Host
    selector: Annotated[str, Field(pattern=r"^[A-Za-z0-9._-]{1,63}$")]
    key_file: FilePath


class SmtpSettings(_Strict):
    """A channel over SMTP."""

    type: Literal["smtp"]
    host: Host
    port: Annotated[int, Field(ge=1, le=65_535, strict=True)] = 587
    security: Literal["starttls", "tls", "none"] = "starttls"
    user: Annotated[str, Field(min_length=1, max_length=200)] | None = None
    password_env: Variable | None = None
    password_file: FilePath | None = None
    sender: Annotated[Mailbox, Field(alias="from")]
    reply_to: Mailbox | None = None
    envelope_from: Mailbox | None = None
    postal_address: Annotated[str, Field(min_length=5, max_length=300), AfterValidator(_postal)]
    rate_per_second: Rate | None = None
    timeout_seconds: Annotated[float, Field(ge=1, le=600)] = 30.0
    dkim: DkimSettings | None = None

    @model_validator(mode="after")
    def _no_password_in_clear(self) -> SmtpSettings:
        if self.security == "none" and self.user is not None:
            raise ValueError(
                Sentence(text("starttls or tls where there is a user: a password is not sent in clear"))
            )
        return self


class WebhookSettings(_Strict):
    """A channel by signed webhook."""

    type: Literal["webhook"]
    kind: ChannelKind
    url: Annotated[str, Field(pattern=r"^https?://", max_length=2_000)]
    secret_env: Variable | None = None
    secret_file: FilePath | None = None
    private_networks: list[Annotated[str, AfterValidator(_network)]] = Field(default_factory=list)
    rate_per_second: Rate | None = None
    timeout_seconds: Annotated[float, Field(ge=1, le=600)] = 30.0

    @model_validator(mode="after")
    def _http_inside_only(self) -> WebhookSettings:
        if self.url.startswith("http://") and not self.private_networks:
            raise ValueError(Sentence(text("an https:// URL; http:// only into one of `private_networks`")))
        return self


class ExportSettings(_Strict):
    """A channel into files."""

    type: Literal["file"]
    kind: ChannelKind
    folder: FilePath
    format: Literal["csv", "parquet"] = "csv"


ChannelSettings = SmtpSettings | WebhookSettings | ExportSettings
_BY_TYPE: dict[str, type[ChannelSettings]] = {
    "smtp": SmtpSettings,
    "webhook": WebhookSettings,
    "file": ExportSettings,
}


class FeedbackSettings(_Strict):
    """The secret that providers sign their webhooks about our messages with."""

    secret_env: Variable | None = None
    secret_file: FilePath | None = None


class _File(_Strict):
    channels: Annotated[
        dict[Name, Annotated[ChannelSettings, Field(discriminator="type")]], Field(max_length=100)
    ]
    feedback: FeedbackSettings | None = None


def read_channels(path: Path) -> dict[str, ChannelSettings]:
    """Return the channels of a file by name; a file that is not there has none.

    Raises
    ------
    ChannelsNotToml, ChannelBadKey, ChannelBadValue
        With the file, the key, the value and what is allowed.
    """
    return _read(path).channels


def read_feedback(path: Path) -> FeedbackSettings | None:
    """Return how webhooks about our messages are signed; None if none are to come.

    Raises
    ------
    ChannelsNotToml, ChannelBadKey, ChannelBadValue
        With the file, the key, the value and what is allowed.
    """
    return _read(path).feedback


def channel_kinds(path: Path) -> dict[str, ChannelKind]:
    """Return the kinds of the channels of a file by name; no secret is read.

    Raises
    ------
    ChannelsNotToml, ChannelBadKey, ChannelBadValue
        With the file, the key, the value and what is allowed.
    """
    return {
        name: "email" if isinstance(one, SmtpSettings) else one.kind
        for name, one in read_channels(path).items()
    }


def _read(path: Path) -> _File:
    if not path.exists():
        return _File(channels={})
    try:
        data = tomllib.loads(path.read_text(encoding="utf-8-sig"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as exc:
        raise ChannelsNotToml(path=path, detail=exc) from exc
    try:
        return _File.model_validate(data)
    except ValidationError as exc:
        raise _translated(exc, path=path) from exc


def _translated(exc: ValidationError, *, path: Path) -> ChannelBadKey | ChannelBadValue:
    found = exc.errors(include_url=False)
    first = next((one for one in found if one["type"] == "extra_forbidden"), found[0])
    # the union's own step, the type of the channel, is no key of the file
    steps = [str(step) for place, step in enumerate(first["loc"]) if not (place == 2 and step in _BY_TYPE)]
    key = ".".join(steps)
    if first["type"] == "extra_forbidden":
        return ChannelBadKey(path=path, key=key, allowed=", ".join(_keys(first["loc"])))
    return ChannelBadValue(path=path, key=key, value=_shown(first), allowed=allowed(first))


def _shown(problem: Any) -> object:
    """Return the value for a message; of a table only that it is one, for its values may be many."""
    if problem["type"] in ("missing", "union_tag_not_found"):
        return Sentence(text("missing"))
    given = problem["input"]
    return Sentence(text("not usable together")) if isinstance(given, dict) else repr(given)


def _keys(loc: tuple[int | str, ...]) -> list[str]:
    if len(loc) == 1:
        return sorted(_File.model_fields)
    model: type[BaseModel] = FeedbackSettings
    if loc[0] == "channels":
        model = DkimSettings if "dkim" in loc[:-1] else _BY_TYPE[str(loc[2])]
    return sorted(field.alias or name for name, field in model.model_fields.items())
