"""Links: https, whole, and the headers of one-click unsubscribing."""

from __future__ import annotations

import pytest

from aimwell.trust.consent import Claim, Links, UnsubscribeTokens
from aimwell.trust.consent.errors import BaseUrlUnsafe

TOKENS = UnsubscribeTokens(bytes(range(32)))
CLAIM = Claim(person_id=7, channel="email", purpose="marketing", campaign_id="spring")
TOKEN = TOKENS.make(person_id=7, channel="email", purpose="marketing", campaign_id="spring")


@pytest.mark.parametrize("base", ["https://shop.example", "https://shop.example/"])
def test_links(base: str) -> None:
    links = Links(base_url=base, tokens=TOKENS)
    assert links.unsubscribe(CLAIM) == f"https://shop.example/u/{TOKEN}"
    assert links.preferences(CLAIM) == f"https://shop.example/p/{TOKEN}"
    assert links.mail_headers(CLAIM) == {
        "List-Unsubscribe": f"<https://shop.example/u/{TOKEN}>",
        "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
    }


def test_a_folder_and_this_machine_are_fine() -> None:
    assert Links(base_url="https://shop.example/mail", tokens=TOKENS).unsubscribe(CLAIM).startswith("https://shop.example/mail/u/")  # fmt: skip
    assert Links(base_url="http://127.0.0.1:8080", tokens=TOKENS).unsubscribe(CLAIM).startswith("http://127.0.0.1:8080/u/")  # fmt: skip


@pytest.mark.parametrize(
    "base",
    [
        "",
        "shop.example",
        "http://shop.example",
        "ftp://shop.example",
        "javascript:alert(1)",
        "https://",
        "https://user:secret@shop.example",
        "https://shop.example/?a=1",
        "https://shop.example/#a",
        "https://shop.example/\r\nBcc: all",
        "https://shop.example/>",
        "https://[::1",
    ],
)
def test_what_is_not_safe_in_a_header_is_refused(base: str) -> None:
    with pytest.raises(BaseUrlUnsafe, match="https://HOST"):
        Links(base_url=base, tokens=TOKENS)
