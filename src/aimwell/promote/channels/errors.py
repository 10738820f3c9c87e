"""What can go wrong with channels: their file, their secrets, a message, and what comes back."""

from __future__ import annotations

from aimwell.base.errors import InvalidInput, NotFound, Unavailable
from aimwell.base.words import text

__all__ = [
    "ChannelBadKey",
    "ChannelBadValue",
    "ChannelDown",
    "ChannelUnknown",
    "ChannelsNotToml",
    "DkimKeyUnusable",
    "FeedbackUnreadable",
    "MessageUnfit",
    "SecretExposed",
    "SecretMissing",
    "SecretWeak",
    "SignatureWrong",
]


class ChannelsNotToml(InvalidInput):
    """channels.toml cannot be read as TOML."""

    code = "channels_not_toml"
    template = text("{path} is not readable as TOML in UTF-8: {detail}. Correct that place and try again.")


class ChannelBadKey(InvalidInput):
    """channels.toml has a key that nobody knows."""

    code = "channel_bad_key"
    template = text("{path}: unknown key `{key}`; allowed here: {allowed}. Correct or delete it.")


class ChannelBadValue(InvalidInput):
    """A value in channels.toml is missing, of the wrong kind, or out of range."""

    code = "channel_bad_value"
    template = text("{path}: `{key}` is {value}; allowed: {allowed}. Correct it and try again.")


class ChannelUnknown(NotFound):
    """No channel has this name."""

    code = "channel_unknown"
    template = text(
        "There is no channel `{name}`; channels.toml has: {known}. Add it there as docs/channels.md shows, or name another."
    )


class SecretMissing(NotFound):
    """A secret is in none of the places where it was looked for."""

    code = "secret_missing"
    template = text(
        "The secret `{key}` of channel `{channel}` is missing. Searched: {searched}. Put it there; it never stands in channels.toml."
    )


class SecretWeak(InvalidInput):
    """A secret that anybody could guess, or that stands in for one."""

    code = "secret_weak"
    template = text(
        "The secret `{key}` of channel `{channel}` is not usable: {problem}. Use the one that the provider gave you, or draw a random one."
    )


class SecretExposed(InvalidInput):
    """Other users of the machine may read the file with a secret."""

    code = "secret_exposed"
    template = text(
        "The file {path} with a secret may be read by other users of this machine (mode {mode}); allowed is 600. Run: chmod 600 {path}"
    )


class DkimKeyUnusable(InvalidInput):
    """The key that is to sign e-mails cannot."""

    code = "dkim_key_unusable"
    template = text(
        "The DKIM key {path} of channel `{channel}` is not usable: {problem}. An RSA key of 2048 bits is needed: openssl genrsa -out {path} 2048"
    )


class MessageUnfit(InvalidInput):
    """A message that no channel may send as it is."""

    code = "message_unfit"
    template = text("The message cannot be sent: {problem}.")


class ChannelDown(Unavailable):
    """The other side does not take anything at present."""

    code = "channel_down"
    template = text(
        "Channel `{channel}` cannot send at present: {detail}. Nothing was handed over; try again later."
    )


class FeedbackUnreadable(InvalidInput):
    """A mail or a call that is no report about a message."""

    code = "feedback_unreadable"
    template = text(
        "This is no report about a message: {problem}. Readable are delivery reports (RFC 3464), complaints (RFC 5965) and signed webhooks."
    )


class SignatureWrong(InvalidInput):
    """A webhook that was not signed with our secret, or too long ago."""

    code = "signature_wrong"
    template = text(
        "The webhook is refused: {problem}. Its sender must sign with the secret of this shop, and its clock must be right."
    )
