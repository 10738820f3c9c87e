"""Verdicts in words."""

from __future__ import annotations

from datetime import datetime
from typing import get_args

import pytest

from aimwell.promote.gate.explain import REASONS, cap_states, reasons
from aimwell.promote.gate.model import SUPPRESSION_REASONS, UNITS, Cap, Unit, Verdict
from aimwell.trust.consent.model import Reason, Standing

GRANTED = Standing(is_allowed=True, reason="granted", proof_id=7, rule="gdpr.marketing")


def test_every_code_has_words() -> None:
    of_consent = set(get_args(Reason)) - {"granted", "not_needed"}
    of_the_gate = {"muted", "wash_out", "cap", "holiday", "weekday", "quiet_hours"}
    suppressed = {f"suppressed_{reason}" for reason in SUPPRESSION_REASONS}
    assert set(REASONS) == of_consent | of_the_gate | suppressed


def test_the_full_caps_are_named_and_all_can_be_said() -> None:
    verdict = Verdict(
        may=False,
        reasons=("withdrawn", "cap"),
        retry_at=datetime(2025, 1, 1),
        consent=GRANTED,
        caps={"email 1 per 7 days": "1 of 1", "all 2 per day": "1 of 2", "all 3 per week": "4 of 3"},
    )
    assert [str(sentence) for sentence in reasons(verdict)] == [
        "The consent was withdrawn.",
        "The person has got as many messages as the shop allows itself: "
        "email 1 per 7 days (1 so far); all channels 3 per week (4 so far).",
    ]
    assert [str(sentence) for sentence in cap_states(verdict)] == [
        "email 1 per 7 days (1 so far)",
        "all channels 2 per day (1 so far)",
        "all channels 3 per week (4 so far)",
    ]


@pytest.mark.parametrize("unit", UNITS)
@pytest.mark.parametrize("length", [1, 5])
def test_every_cap_can_be_said(unit: Unit, length: int) -> None:
    cap = Cap(of="sms-cn 2", limit=3, length=length, unit=unit)
    verdict = Verdict(may=True, reasons=(), retry_at=None, consent=GRANTED, caps={cap.key: "2 of 3"})
    assert [str(sentence) for sentence in cap_states(verdict)] == [f"{cap.key} (2 so far)"]


def test_what_is_no_cap_cannot_be_said() -> None:
    verdict = Verdict(may=True, reasons=(), retry_at=None, consent=GRANTED, caps={"1 per year": "0 of 1"})
    with pytest.raises(ValueError, match="not the key of a cap: 1 per year"):
        cap_states(verdict)


def test_nothing_in_the_way_needs_no_words() -> None:
    assert reasons(Verdict(may=True, reasons=(), retry_at=None, consent=GRANTED, caps={})) == ()
