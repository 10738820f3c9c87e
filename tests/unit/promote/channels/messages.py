"""A message to begin with."""

from __future__ import annotations

from typing import Any

from aimwell.promote.channels.model import Message

_PLAIN: dict[str, Any] = {
    "message_id": "m1",
    "person_id": 1,
    "campaign_id": "spring",
    "offer_id": "mug10",
    "channel": "email",
    "address": "ann@shop.example",
    "subject": "Hello",
    "text": "A mug for you.",
    "html": None,
}


def message(**changes: Any) -> Message:
    return Message(**(_PLAIN | changes))
