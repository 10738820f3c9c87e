"""Locks and tokens: AES-256-GCM for what must be read again, HMAC-SHA256 for what must be found again.

References
----------
Dworkin (2007), NIST SP 800-38D (GCM; 96-bit random nonces, below 2^32 messages a key). Krawczyk et al. (1997),
RFC 2104 (HMAC; section 5 on cutting it to half its length).
"""

from __future__ import annotations

import hmac
import os

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from aimwell.trust.vault.errors import Tampered

__all__ = ["Index", "Lock"]

_TOKEN_DIGITS = 32
_NONCE_BYTES = 12


class Lock:
    """Encrypts under one key; what it returns opens only with the same key and the same `bound_to`."""

    def __init__(self, key: bytes) -> None:
        self._cipher = AESGCM(key)

    def close(self, plain: bytes, *, bound_to: bytes) -> bytes:
        """Return nonce and ciphertext of these bytes, tied to where they belong."""
        nonce = os.urandom(_NONCE_BYTES)
        return nonce + self._cipher.encrypt(nonce, plain, bound_to)

    def open(self, closed: bytes, *, bound_to: bytes, what: str) -> bytes:
        """Return the bytes again; `what` names them in the error.

        Raises
        ------
        Tampered
            If a bit was changed, or they belong elsewhere.
        """
        try:
            return self._cipher.decrypt(closed[:_NONCE_BYTES], closed[_NONCE_BYTES:], bound_to)
        except (InvalidTag, ValueError) as exc:
            raise Tampered(what=what) from exc


class Index:
    """Names values by keyed tokens: equal text, equal token; without the key a token tells nothing."""

    def __init__(self, key: bytes) -> None:
        self._empty = hmac.new(
            key, digestmod="sha256"
        )  # copying it saves the key's two hash blocks every time

    def token(self, text: str) -> str:
        """Return 128 bits of the text's HMAC as 32 hex digits."""
        mac = self._empty.copy()
        mac.update(text.encode())
        return mac.hexdigest()[:_TOKEN_DIGITS]
