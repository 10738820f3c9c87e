"""Acts that contradict themselves are refused before anything is recorded."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from aimwell.trust.consent import ALL, ConsentEvent
from aimwell.trust.consent.errors import ConsentEventInvalid
from aimwell.trust.consent.ledger import check

AT = datetime(2026, 1, 1)
GRANT = ConsentEvent(
    person_id=1,
    contact_point=ALL,
    channel="email",
    purpose="marketing",
    act="grant",
    source="till",
    notice="1",
    at=AT,
    expires_at=datetime(2026, 1, 2),
)


def test_a_sound_act_passes() -> None:
    check(GRANT)
    check(replace(GRANT, channel=ALL))
    check(replace(GRANT, contact_point="t", expires_at=None))


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"act": "allow"}, "act is `allow`; allowed: grant, deny, withdraw"),
        ({"channel": "fax"}, "channel is `fax`; allowed: email, sms"),
        ({"purpose": "fun"}, "purpose is `fun`; allowed: marketing"),
        ({"channel": ALL, "contact_point": "t"}, "contact_point is t"),
        ({"expires_at": AT}, "expires_at is 2026-01-01"),
        ({"act": "deny"}, "expires_at is 2026-01-02"),
        ({"at": AT.replace(tzinfo=UTC)}, "at is 2026"),
    ],
)
def test_what_contradicts_itself_is_said(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(ConsentEventInvalid, match=message):
        check(replace(GRANT, **changes))
