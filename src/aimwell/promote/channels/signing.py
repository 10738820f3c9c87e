"""Standard Webhooks: who signs, when, and what; the same for what goes out and what comes in.

References
----------
Standard Webhooks specification 1.0.0, https://www.standardwebhooks.com
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from aimwell.base.words import Sentence, text
from aimwell.promote.channels.errors import SecretWeak, SignatureWrong

__all__ = ["TOLERANCE", "WebhookSecret", "signed_headers", "verify"]

TOLERANCE = timedelta(minutes=5)
_PREFIX = "whsec_"
_FEWEST_BYTES, _MOST_BYTES = 24, 64  # as the specification asks
_VERSION = "v1"


@dataclass(frozen=True)
class WebhookSecret:
    """The key that sender and receiver share."""

    key: bytes = field(repr=False)

    @classmethod
    def parse(cls, secret: str, *, channel: str) -> WebhookSecret:
        """Return the secret from its written form: ``whsec_`` and base64.

        Raises
        ------
        SecretWeak
            If it is not base64 of 24 to 64 bytes.
        """
        try:
            key = base64.b64decode(secret.removeprefix(_PREFIX) + "==")
        except binascii.Error:
            key = b""
        if not _FEWEST_BYTES <= len(key) <= _MOST_BYTES:
            problem = Sentence(
                text("it must be `whsec_` and {least} to {most} random bytes in base64"),
                {"least": _FEWEST_BYTES, "most": _MOST_BYTES},
            )
            raise SecretWeak(channel=channel, key="secret", problem=problem)
        return cls(key)

    def sign(self, *, message_id: str, timestamp: int, body: bytes) -> str:
        """Return the signature of a body: base64 of HMAC-SHA256 over id.timestamp.body."""
        signed = f"{message_id}.{timestamp}.".encode() + body
        return base64.b64encode(hmac.digest(self.key, signed, hashlib.sha256)).decode()


def signed_headers(secret: WebhookSecret, *, message_id: str, now: datetime, body: bytes) -> dict[str, str]:
    """Return the three headers of a webhook that goes out now (naive UTC)."""
    timestamp = int(now.replace(tzinfo=UTC).timestamp())
    signature = secret.sign(message_id=message_id, timestamp=timestamp, body=body)
    return {
        "webhook-id": message_id,
        "webhook-timestamp": str(timestamp),
        "webhook-signature": f"{_VERSION},{signature}",
    }


def verify(
    headers: Mapping[str, str], body: bytes, *, secrets: Sequence[WebhookSecret], now: datetime
) -> str:
    """Return the id of a webhook that came in, if one of the secrets has signed it within five minutes of now (naive UTC).

    A repeat has the same id: who acts on a webhook remembers the ids for at least ten minutes.

    Raises
    ------
    SignatureWrong
        If a header is missing, the time is off, or no signature fits.
    """
    given = {name.lower(): value for name, value in headers.items()}
    message_id, stamp = given.get("webhook-id", ""), given.get("webhook-timestamp", "")
    signatures = given.get("webhook-signature", "")
    if not (message_id and stamp and signatures):
        raise SignatureWrong(problem=Sentence(text("a header of Standard Webhooks is missing")))
    if not (stamp.isascii() and stamp.isdigit() and len(stamp) <= 12):
        raise SignatureWrong(problem=Sentence(text("its time is not a number of seconds")))
    seconds = abs(int(stamp) - now.replace(tzinfo=UTC).timestamp())
    if seconds > TOLERANCE.total_seconds():
        raise SignatureWrong(
            problem=Sentence(
                text("its time is {seconds} seconds away from ours"), {"seconds": round(seconds)}
            )
        )
    wanted = [s.sign(message_id=message_id, timestamp=int(stamp), body=body) for s in secrets]
    for versioned in signatures.split(" "):
        version, _, signature = versioned.partition(",")
        fits = [
            hmac.compare_digest(signature.encode(), one.encode()) for one in wanted
        ]  # all of them: equal time
        if version == _VERSION and any(fits):
            return message_id
    raise SignatureWrong(problem=Sentence(text("no signature fits")))
