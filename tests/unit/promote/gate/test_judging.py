"""The judgement about one contact, on what is known by hand."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import Any

import pytest

from aimwell.promote.gate.judging import judge
from aimwell.promote.gate.known import Known
from aimwell.promote.gate.model import (
    ALL,
    SUPPRESSION_REASONS,
    Cap,
    Contact,
    Hours,
    Manners,
    Mute,
    Send,
    Span,
    Suppression,
    SuppressionReason,
    Verdict,
)
from aimwell.trust.consent.model import Standing

NOON = datetime(2025, 6, 2, 12)  # a Monday
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
GRANTED = Standing(is_allowed=True, reason="granted", proof_id=7, rule="gdpr.marketing")
WITHDRAWN = Standing(is_allowed=False, reason="withdrawn", proof_id=8, rule="gdpr.marketing")
NIGHT = Hours(quiet=(Span(start=21 * 60, end=8 * 60),))
TWO_A_WEEK = Cap(of="email", limit=2, length=7, unit="day")
ONE_A_DAY = Cap(of=ALL, limit=1, length=1, unit="day")


def manners(**given: Any) -> Manners:
    return Manners(**{"time_zone": "UTC", "country": "GB", **given})


def contact(person_id: int = 1, **given: Any) -> Contact:
    usual = {
        "contact_point": f"point-{person_id}",
        "channel": "email",
        "kind": "email",
        "purpose": "marketing",
        "campaign_id": "spring",
        "message_id": "new",
        "time_zone": None,
        "region": None,
        "birth_year": None,
    }
    return Contact(person_id=person_id, **usual | given)


def send(message_id: str, at: datetime, *, person_id: int = 1, **given: Any) -> Send:
    usual = {"contact_point": f"point-{person_id}", "channel": "email", "kind": "email"}
    return Send(message_id=message_id, person_id=person_id, counted_at=at, **usual | given)


def suppression(reason: SuppressionReason, **given: Any) -> Suppression:
    usual = {"person_id": None, "contact_point": "point-1", "suppressed_at": NOON - DAY, "source": "smtp"}
    return Suppression(reason=reason, **usual | given)


def asked(
    one: Contact,
    *,
    rules: Manners,
    standing: Standing = GRANTED,
    sends: tuple[Send, ...] = (),
    suppressions: tuple[Suppression, ...] = (),
    mutes: tuple[Mute, ...] = (),
    now: datetime = NOON,
) -> Verdict:
    known = Known(sends=sends, suppressions=suppressions, mutes=mutes)
    return judge(one, standing=standing, known=known, manners=rules, now=now)


def test_nothing_in_the_way() -> None:
    verdict = asked(contact(), rules=manners())
    assert verdict == Verdict(may=True, reasons=(), retry_at=None, consent=GRANTED, caps={})


# -- caps --------------------------------------------------------------------------------------------------------


def test_a_cap_is_full_until_its_oldest_message_is_old_enough() -> None:
    rules = manners(caps=(TWO_A_WEEK,))
    sends = (send("a", NOON - 6 * DAY), send("b", NOON - 2 * DAY))
    verdict = asked(contact(), rules=rules, sends=sends)
    assert verdict.reasons == ("cap",)
    assert verdict.caps == {"email 2 per 7 days": "2 of 2"}
    assert verdict.retry_at == NOON + DAY
    assert asked(contact(), rules=rules, sends=sends, now=NOON + DAY).caps == {"email 2 per 7 days": "1 of 2"}
    assert asked(contact(), rules=rules, sends=sends, now=NOON + DAY).may
    just_before = asked(contact(), rules=rules, sends=sends, now=NOON + DAY - timedelta(microseconds=1))
    assert not just_before.may
    assert just_before.retry_at == NOON + DAY


def test_a_cap_that_is_overfull_frees_up_when_enough_have_gone() -> None:
    # Three where two are allowed (the shop has just lowered its cap): two of them must grow old, the second at day 5.
    sends = tuple(send(str(n), NOON - n * DAY) for n in (1, 2, 3))
    verdict = asked(contact(), rules=manners(caps=(TWO_A_WEEK,)), sends=sends)
    assert verdict.caps == {"email 2 per 7 days": "3 of 2"}
    assert verdict.retry_at == NOON + 5 * DAY


def test_the_last_of_several_full_caps_decides_when() -> None:
    rules = manners(caps=(ONE_A_DAY, TWO_A_WEEK))
    sends = (send("a", NOON - 3 * DAY), send("b", NOON - HOUR))
    verdict = asked(contact(), rules=rules, sends=sends)
    assert verdict.reasons == ("cap",)
    assert verdict.caps == {"all 1 per day": "1 of 1", "email 2 per 7 days": "2 of 2"}
    assert verdict.retry_at == NOON + 4 * DAY


def test_a_cap_counts_its_channels_and_kinds_only() -> None:
    rules = manners(caps=(Cap(of="sms", limit=1, length=1, unit="week"),))
    letters = (send("a", NOON - HOUR, channel="sms-cn", kind="sms"),)
    assert asked(contact(), rules=rules, sends=letters).caps == {}
    other = contact(channel="sms-de", kind="sms")
    assert asked(other, rules=rules, sends=letters).caps == {"sms 1 per week": "1 of 1"}
    assert asked(other, rules=rules, sends=(send("a", NOON - HOUR),)).may


def test_messages_to_a_shared_contact_point_count_for_all_who_share_it() -> None:
    rules = manners(caps=(ONE_A_DAY,))
    sends = (send("a", NOON - HOUR, person_id=2, contact_point="shared"),)
    assert asked(contact(contact_point="shared"), rules=rules, sends=sends).reasons == ("cap",)
    assert asked(contact(contact_point="own"), rules=rules, sends=sends).may
    pointless = (send("a", NOON - HOUR, person_id=2, contact_point=""),)
    assert asked(contact(contact_point=""), rules=rules, sends=pointless).may


def test_messages_to_linked_accounts_count_and_each_once() -> None:
    rules = manners(caps=(replace(ONE_A_DAY, limit=2),))
    sends = (send("a", NOON - HOUR, person_id=2, contact_point="point-1"),)
    assert asked(contact(others=(2, 3)), rules=rules, sends=sends).caps == {"all 2 per day": "1 of 2"}
    assert asked(contact(contact_point="", others=(2,)), rules=rules, sends=sends).caps == {
        "all 2 per day": "1 of 2"
    }


def test_a_message_does_not_stand_in_its_own_way() -> None:
    rules = manners(caps=(ONE_A_DAY,))
    assert asked(contact(), rules=rules, sends=(send("new", NOON - HOUR),)).caps == {
        "all 1 per day": "0 of 1"
    }


def test_a_clock_that_was_put_back_opens_no_cap() -> None:
    sends = (send("a", NOON + 20 * DAY),)
    verdict = asked(contact(), rules=manners(caps=(ONE_A_DAY,)), sends=sends)
    assert verdict.reasons == ("cap",)
    assert verdict.retry_at == NOON + 21 * DAY


def test_staff_are_exempt_from_caps_and_from_nothing_else() -> None:
    rules = manners(caps=(ONE_A_DAY,), hours=NIGHT, exempt_people=frozenset({1}))
    sends = (send("a", NOON - HOUR),)
    assert asked(contact(), rules=rules, sends=sends).may
    assert asked(contact(), rules=rules, sends=sends).caps == {"all 1 per day": "1 of 1"}
    assert asked(contact(5, others=(1,)), rules=rules, sends=sends).may
    assert asked(contact(2), rules=rules, sends=(send("a", NOON - HOUR, person_id=2),)).reasons == ("cap",)
    assert asked(contact(), rules=rules, standing=WITHDRAWN).reasons == ("withdrawn",)
    assert asked(contact(), rules=rules, suppressions=(suppression("manual"),)).reasons == (
        "suppressed_manual",
    )
    assert asked(contact(), rules=rules, now=NOON + 10 * HOUR).reasons == ("quiet_hours",)


# -- consent and suppression -------------------------------------------------------------------------------------


def test_missing_consent_is_no_matter_of_time() -> None:
    verdict = asked(contact(), rules=manners(hours=NIGHT), standing=WITHDRAWN, now=NOON + 10 * HOUR)
    assert verdict.reasons == ("withdrawn", "quiet_hours")
    assert verdict.retry_at is None
    assert verdict.consent == WITHDRAWN


@pytest.mark.parametrize("reason", SUPPRESSION_REASONS)
def test_a_suppressed_point_gets_nothing_whoever_has_it(reason: SuppressionReason) -> None:
    verdict = asked(contact(), rules=manners(), suppressions=(suppression(reason),))
    assert verdict.reasons == (f"suppressed_{reason}",)
    assert verdict.retry_at is None
    assert asked(contact(2), rules=manners(), suppressions=(suppression(reason),)).may
    assert asked(contact(contact_point=""), rules=manners(), suppressions=(suppression(reason),)).may


def test_a_suppressed_point_of_a_person_leaves_the_others_open() -> None:
    bounced = suppression("hard_bounce", person_id=1, contact_point="old")
    assert asked(contact(), rules=manners(), suppressions=(bounced,)).may


def test_a_person_suppressed_as_a_whole_gets_nothing_anywhere() -> None:
    whole = suppression("manual", person_id=9, contact_point="")
    assert asked(contact(1, others=(9,)), rules=manners(), suppressions=(whole,)).reasons == (
        "suppressed_manual",
    )
    assert asked(contact(1, contact_point=""), rules=manners(), suppressions=(whole,)).may


def test_several_suppressions_are_named_once_each() -> None:
    held = (
        suppression("manual", person_id=1, contact_point=""),
        suppression("manual"),
        suppression("erasure"),
    )
    assert asked(contact(), rules=manners(), suppressions=held).reasons == (
        "suppressed_erasure",
        "suppressed_manual",
    )


# -- transactional -----------------------------------------------------------------------------------------------


def test_transactional_messages_are_exempt_from_manners_but_not_from_suppression_and_consent() -> None:
    rules = manners(caps=(ONE_A_DAY,), hours=NIGHT)
    invoice = contact(purpose="transactional")
    verdict = asked(
        invoice,
        rules=rules,
        sends=(send("a", NOON),),
        mutes=(Mute(person_id=1, case_id="c", from_at=NOON, until=None),),
        suppressions=(suppression("complaint", person_id=1),),
        now=NOON + 10 * HOUR,
    )
    assert verdict.may
    assert verdict.caps == {}
    for reason in ("hard_bounce", "manual", "erasure"):
        held = (suppression(reason),)
        assert asked(invoice, rules=rules, suppressions=held).reasons == (f"suppressed_{reason}",)
    assert asked(invoice, rules=rules, standing=WITHDRAWN).reasons == ("withdrawn",)


# -- open cases and complaints -----------------------------------------------------------------------------------


def test_an_open_case_mutes_until_its_end_if_that_is_known() -> None:
    opened = Mute(person_id=1, case_id="c", from_at=NOON - DAY, until=None)
    verdict = asked(contact(), rules=manners(), mutes=(opened,))
    assert (verdict.reasons, verdict.retry_at) == (("muted",), None)
    ends = replace(opened, until=NOON + 3 * DAY)
    assert asked(contact(), rules=manners(), mutes=(ends,)).retry_at == NOON + 3 * DAY
    assert asked(contact(), rules=manners(), mutes=(ends, replace(opened, case_id="d"))).retry_at is None
    assert asked(contact(2, others=(1,)), rules=manners(), mutes=(opened,)).reasons == ("muted",)
    assert asked(contact(2), rules=manners(), mutes=(opened,)).may


def test_a_mute_holds_from_when_it_is_written_down() -> None:
    later = Mute(person_id=1, case_id="c", from_at=NOON + DAY, until=None)  # as seen by a clock put back
    assert asked(contact(), rules=manners(), mutes=(later,)).reasons == ("muted",)


def test_after_a_complaint_the_person_is_washed_out_on_every_channel() -> None:
    rules = manners(wash_out_days=30)
    complaint = suppression("complaint", person_id=1, contact_point="point-1")
    sms = contact(channel="sms", kind="sms", contact_point="phone-1")
    verdict = asked(sms, rules=rules, suppressions=(complaint,))
    assert verdict.reasons == ("wash_out",)
    assert verdict.retry_at == NOON - DAY + 30 * DAY
    assert asked(sms, rules=rules, suppressions=(complaint,), now=NOON + 29 * DAY).may
    assert asked(
        sms, rules=rules, suppressions=(complaint,), now=NOON + 29 * DAY - timedelta(microseconds=1)
    ).reasons == ("wash_out",)
    assert asked(contact(), rules=rules, suppressions=(complaint,)).reasons == (
        "suppressed_complaint",
        "wash_out",
    )
    later = suppression("complaint", person_id=1, contact_point="point-0", suppressed_at=NOON)
    both = (later, complaint)
    assert asked(sms, rules=rules, suppressions=both).retry_at == NOON + 30 * DAY
    assert asked(sms, rules=rules, suppressions=both[::-1]).retry_at == NOON + 30 * DAY
    bounced = suppression("hard_bounce", person_id=1, contact_point="point-0")
    assert asked(sms, rules=rules, suppressions=(bounced,)).may


# -- hours, and all together -------------------------------------------------------------------------------------


def test_hours_are_those_of_the_channel_then_of_its_kind_then_the_usual() -> None:
    rules = manners(hours=NIGHT, hours_of={"sms": Hours(weekdays=frozenset({6})), "letters": Hours()})
    late = NOON + 10 * HOUR
    assert asked(contact(), rules=rules, now=late).reasons == ("quiet_hours",)
    assert asked(contact(channel="sms-cn", kind="sms"), rules=rules, now=late).reasons == ("weekday",)
    assert asked(contact(channel="letters", kind="sms"), rules=rules, now=late).may


def test_the_clock_is_the_persons_else_the_shops() -> None:
    rules = manners(time_zone="Asia/Shanghai", hours=NIGHT)
    evening = datetime(2025, 6, 2, 14)  # 22:00 in Shanghai, 15:00 in London
    assert asked(contact(), rules=rules, now=evening).retry_at == datetime(2025, 6, 3, 0)
    assert asked(contact(time_zone="Europe/London"), rules=rules, now=evening).may


def test_holidays_are_those_of_the_persons_region_else_of_the_shops_country() -> None:
    keeping = Hours(keeps_holidays=True)
    rules = manners(country="DE", hours=keeping, days_off=frozenset({date(2025, 10, 6)}))
    friday = datetime(2025, 10, 3, 12)  # Unity Day
    assert asked(contact(), rules=rules, now=friday).reasons == ("holiday",)
    assert asked(contact(), rules=rules, now=friday).retry_at == datetime(2025, 10, 4)
    assert asked(contact(region="GB"), rules=rules, now=friday).may
    assert asked(contact(region="GB"), rules=rules, now=friday + 3 * DAY).reasons == ("holiday",)


def test_the_retry_is_when_all_that_takes_time_is_over() -> None:
    # The cap frees up at 22:30 at night, so it is the morning; the mute ends on the next evening, so the morning after.
    rules = manners(caps=(ONE_A_DAY,), hours=NIGHT)
    sends = (send("a", NOON - DAY + 10.5 * HOUR),)
    verdict = asked(contact(), rules=rules, sends=sends)
    assert verdict.retry_at == NOON + 20 * HOUR
    mute = Mute(person_id=1, case_id="c", from_at=NOON, until=NOON + 34 * HOUR)
    verdict = asked(contact(), rules=rules, sends=sends, mutes=(mute,))
    assert verdict.reasons == ("muted", "cap")
    assert verdict.retry_at == NOON + 44 * HOUR


def test_a_retry_is_a_whole_minute() -> None:
    sends = (send("a", NOON - HOUR + timedelta(seconds=30)),)
    assert asked(
        contact(), rules=manners(caps=(ONE_A_DAY,)), sends=sends
    ).retry_at == NOON + DAY - HOUR + timedelta(minutes=1)


def test_all_reasons_are_named_in_a_fixed_order() -> None:
    rules = manners(caps=(ONE_A_DAY, TWO_A_WEEK), hours=replace(NIGHT, weekdays=frozenset({0})))
    sends = (send("a", NOON - HOUR), send("b", NOON - HOUR))
    verdict = asked(
        contact(),
        rules=rules,
        standing=WITHDRAWN,
        sends=sends,
        suppressions=(suppression("manual"), suppression("complaint", person_id=1)),
        mutes=(Mute(person_id=1, case_id="c", from_at=NOON, until=None),),
        now=NOON + 15 * HOUR,
    )
    assert verdict.reasons == (
        "suppressed_complaint",
        "suppressed_manual",
        "withdrawn",
        "muted",
        "wash_out",
        "cap",
        "weekday",
        "quiet_hours",
    )
