"""Tokens in the links of messages: whoever holds one may speak for the person it was sent to, and nobody can make one.

They hold no address and show nothing: AES-SIV under a key that only the shop has, so the same claim gives the same token, a
changed bit is noticed, and nothing of it can be read.

References
----------
Harkins (2008), RFC 5297 (AES-SIV).
"""

from __future__ import annotations

import base64
from dataclasses import dataclass

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESSIV

from aimwell.trust.consent.errors import TokenInvalid
from aimwell.trust.consent.model import ALL, ChannelKind, Purpose

__all__ = ["Claim", "UnsubscribeTokens"]

_PLACE = b"aimwell unsubscribe token 1"
_ID_BYTES = 8
_LONGEST = 2_000  # characters; a longer one was not made here


@dataclass(frozen=True, kw_only=True)
class Claim:
    """What a token says: whom a message went to, how, for what, and by which campaign.

    Attributes
    ----------
    contact_point
        The vault's token of the address that the message went to; `ALL` if it is not told.
    """

    person_id: int
    channel: ChannelKind
    purpose: Purpose
    campaign_id: str
    contact_point: str = ALL


class UnsubscribeTokens:
    """Makes and reads tokens.

    Parameters
    ----------
    key
        32 bytes: `vault.derived_key("unsubscribe")`.
    """

    def __init__(self, key: bytes) -> None:
        self._cipher = AESSIV(key)

    def make(
        self,
        *,
        person_id: int,
        channel: ChannelKind,
        purpose: Purpose,
        campaign_id: str,
        contact_point: str = ALL,
    ) -> str:
        """Return the token of a claim, the same at every call; letters, digits, `-` and `_`."""
        told = "\n".join((channel, purpose, contact_point, campaign_id))
        plain = person_id.to_bytes(_ID_BYTES, "big") + told.encode()
        return _written(self._cipher.encrypt(plain, [_PLACE]))

    def read(self, token: str) -> Claim:
        """Return what a token says.

        Raises
        ------
        TokenInvalid
            If this shop did not make it, or a character of it is changed or missing.
        """
        try:
            closed = base64.urlsafe_b64decode(token[:_LONGEST] + "=" * (-len(token) % 4))
            plain = self._cipher.decrypt(closed, [_PLACE])
        except (InvalidTag, ValueError) as exc:
            raise TokenInvalid() from exc
        if _written(closed) != token:  # another spelling of the same bytes is another token
            raise TokenInvalid()
        # From here on the bytes are our own.
        channel, purpose, contact_point, campaign_id = plain[_ID_BYTES:].decode().split("\n", 3)
        return Claim(
            person_id=int.from_bytes(plain[:_ID_BYTES], "big"),
            channel=channel,  # type: ignore[arg-type]  # as it was made
            purpose=purpose,  # type: ignore[arg-type]
            campaign_id=campaign_id,
            contact_point=contact_point,
        )


def _written(closed: bytes) -> str:
    return base64.urlsafe_b64encode(closed).decode().rstrip("=")
