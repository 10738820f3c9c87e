"""Links from messages to the public pages, and the headers by which mail programs unsubscribe with one click.

References
----------
Levine & Herkula (2017), RFC 8058 (one-click); Neufeld & Baer (1998), RFC 2369 (List-Unsubscribe).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from urllib.parse import urlsplit

from aimwell.trust.consent.errors import BaseUrlUnsafe
from aimwell.trust.consent.tokens import Claim, UnsubscribeTokens

__all__ = ["ONE_CLICK_FIELD", "ONE_CLICK_VALUE", "PREFERENCES_PATH", "UNSUBSCRIBE_PATH", "Links"]

UNSUBSCRIBE_PATH = "/u/"
PREFERENCES_PATH = "/p/"
ONE_CLICK_FIELD = "List-Unsubscribe"
ONE_CLICK_VALUE = "One-Click"

_LOCAL = ("localhost", "127.0.0.1", "::1")


class Links:
    """Makes the links of one shop.

    Parameters
    ----------
    base_url
        Where the public pages are seen from outside, such as https://mail.shop.example.
    tokens
        Under the shop's key.

    Raises
    ------
    BaseUrlUnsafe
        If it is not https; http is good for this machine alone.
    """

    def __init__(self, *, base_url: str, tokens: UnsubscribeTokens) -> None:
        if not _is_safe(base_url):
            raise BaseUrlUnsafe(url=base_url)
        self._base = base_url.rstrip("/")
        self._tokens = tokens

    def unsubscribe(self, claim: Claim) -> str:
        """Return the link that unsubscribes: opened, it shows a button; posted to, it acts."""
        return self._base + UNSUBSCRIBE_PATH + self._tokens.make(**asdict(claim))

    def preferences(self, claim: Claim) -> str:
        """Return the link to the preference centre."""
        return self._base + PREFERENCES_PATH + self._tokens.make(**asdict(claim))

    def mail_headers(self, claim: Claim) -> Mapping[str, str]:
        """Return the two headers of RFC 8058; a DKIM signature must cover both."""
        return {
            "List-Unsubscribe": f"<{self.unsubscribe(claim)}>",
            "List-Unsubscribe-Post": f"{ONE_CLICK_FIELD}={ONE_CLICK_VALUE}",
        }


def _is_safe(url: str) -> bool:
    try:
        parts = urlsplit(url)
    except ValueError:
        return False
    is_plain = parts.query == parts.fragment == "" and not any(
        char.isspace() or char in '<>"' for char in url
    )
    is_secret = parts.scheme == "https" or (parts.scheme == "http" and parts.hostname in _LOCAL)
    return is_plain and is_secret and bool(parts.hostname) and parts.username is None
