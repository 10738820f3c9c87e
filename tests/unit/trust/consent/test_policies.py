"""Policies: what each region asks, by hand from the articles; the strictest decides, unknown regions ask for all."""

from __future__ import annotations

from pathlib import Path

import pytest

from aimwell.trust.consent import ALL, Policies, Purpose, Scope, read_policies
from aimwell.trust.consent.errors import PolicyInvalid

POLICIES = read_policies()

# The age from which people consent alone, by GDPR art. 8(1) and the states' laws (SWD(2020) 115 final, p. 17; Denmark and
# Slovenia later).
STATES = {
    13: ("BE", "EE", "FI", "GB", "IS", "LV", "MT", "NO", "PT", "SE"),
    14: ("AT", "BG", "CY", "ES", "IT", "LT"),
    15: ("CZ", "DK", "FR", "GR", "SI"),
    16: ("DE", "HR", "HU", "IE", "LI", "LU", "NL", "PL", "RO", "SK"),
}


def asks(
    region: str | None, purpose: Purpose = "marketing", channel: Scope = "email", age: int | None = None
) -> tuple[str, str, bool]:
    demand = POLICIES.demand(region=region, purpose=purpose, channel=channel, age=age)
    return demand.needs, demand.age_rule if demand.is_too_young else demand.rule, demand.is_too_young


@pytest.mark.parametrize(
    ("region", "purpose", "channel", "rule"),
    [
        ("CN", "marketing", "sms", "pipl.marketing"),
        ("DE", "sharing", ALL, "gdpr.sharing"),
        ("FR", "analytics", ALL, "gdpr.analytics"),
        (
            "US",
            "marketing",
            "email",
            "house.marketing",
        ),  # CAN-SPAM lets a first e-mail pass, the house does not
        ("US-CA", "sharing", ALL, "house.sharing"),  # CCPA alone: until the person objects
        ("BR", "marketing", "email", "gdpr.marketing"),  # no policy knows it: all hold
        ("Germany", "marketing", "email", "gdpr.marketing"),
        (None, "marketing", "email", "gdpr.marketing"),
    ],
)
def test_every_region_needs_consent_for_all_but_orders(
    region: str | None, purpose: Purpose, channel: Scope, rule: str
) -> None:
    assert asks(region, purpose, channel) == ("consent", rule, False)
    assert asks(region, "transactional", channel or "email") == ("none", "house.transactional", False)


@pytest.mark.parametrize("age_alone", STATES)
def test_each_state_has_its_age(age_alone: int) -> None:
    for state in STATES[age_alone]:
        assert asks(state, age=age_alone) == ("consent", "gdpr.marketing", False), state
        assert asks(state, age=age_alone - 1) == ("consent", "gdpr.marketing", True), state


def test_all_states_of_the_policy_are_checked() -> None:
    (gdpr,) = (policy for policy in POLICIES.policies if policy.name == "gdpr")
    assert sorted(gdpr.regions) == sorted(state for states in STATES.values() for state in states)


@pytest.mark.parametrize(
    ("region", "purpose", "age", "expected"),
    [
        ("CN", "marketing", 13, ("consent", "pipl.marketing", True)),  # PIPL art. 31: under 14
        ("CN", "marketing", 14, ("consent", "pipl.marketing", False)),
        ("US-CA", "sharing", 12, ("consent", "coppa.sharing", True)),  # 1798.120(c), COPPA: under 13 a parent
        ("US-CA", "sharing", 15, ("consent", "ccpa.sharing", False)),  # under 16 by law, later by the house
        ("US-CA", "sharing", 16, ("consent", "house.sharing", False)),
        ("US-NY", "sharing", 15, ("consent", "house.sharing", False)),
        ("US", "sharing", 15, ("consent", "ccpa.sharing", False)),  # may be a Californian
        ("US", "marketing", 12, ("consent", "coppa.marketing", True)),
        ("US", "marketing", 13, ("consent", "house.marketing", False)),
        ("FR-75", "marketing", 14, ("consent", "gdpr.marketing", True)),  # a part has its country's age
        ("FR-75", "marketing", 15, ("consent", "gdpr.marketing", False)),
        ("DE", "transactional", 3, ("none", "house.transactional", False)),
    ],
)
def test_ages(region: str, purpose: Purpose, age: int, expected: tuple[str, str, bool]) -> None:
    assert asks(region, purpose, age=age) == expected


@pytest.mark.parametrize(
    ("age", "is_too_young", "is_decisive"),
    [(12, True, False), (13, True, True), (15, True, True), (16, False, False), (None, False, False)],
)
def test_an_unknown_region_asks_for_the_highest_age_and_says_where_the_region_would_help(
    age: int | None, is_too_young: bool, is_decisive: bool
) -> None:
    demand = POLICIES.demand(region=None, purpose="marketing", channel="email", age=age)
    assert (demand.is_too_young, demand.is_region_decisive) == (is_too_young, is_decisive)


def test_without_any_policy_nothing_is_free() -> None:
    demand = Policies(()).demand(region="DE", purpose="transactional", channel="email", age=40)
    assert (demand.needs, demand.rule, demand.is_too_young) == ("consent", "none.transactional", False)


def test_a_channel_that_a_law_does_not_speak_of_is_left_to_the_others(tmp_path: Path) -> None:
    us = [policy for policy in POLICIES.policies if policy.name == "can_spam"]
    only = Policies(tuple(us))
    assert only.demand(region="US", purpose="marketing", channel="email", age=None).needs == "opt_out"
    assert only.demand(region="US", purpose="marketing", channel="sms", age=None).rule == "none.marketing"


def test_every_rule_names_its_articles() -> None:
    assert [p.name for p in POLICIES.policies] == ["can_spam", "ccpa", "coppa", "gdpr", "pipl", "house"]
    assert all(rule.references for policy in POLICIES.policies for rule in policy.rules)


OWN = """
title = "Our own: nobody under 18"
regions = ["*"]
[[rules]]
purposes = ["marketing", "transactional"]
needs = "none"
parent_below_age = 18
references = ["house rules 3.1"]
"""


def test_a_shops_own_policies_can_only_ask_for_more(tmp_path: Path) -> None:
    (tmp_path / "adults.toml").write_text(OWN, "utf-8")
    own = read_policies(tmp_path)
    young = own.demand(region="DE", purpose="marketing", channel="email", age=17)
    assert (young.needs, young.is_too_young, young.age_rule) == ("consent", True, "own:adults.marketing")
    assert own.demand(region="DE", purpose="marketing", channel="email", age=18).is_too_young is False
    assert read_policies(tmp_path / "none") == POLICIES


@pytest.mark.parametrize(
    ("toml", "message"),
    [
        ("title = ", "file"),
        (OWN.replace('"none"', '"nothing"'), r"`rules\[0\]\.needs` is 'nothing'; allowed: one of 'none', 'opt_out'"),
        (OWN.replace("18", "180"), r"`rules\[0\]\.parent_below_age` is 180; allowed: at most 21"),
        (OWN.replace('["*"]', '["Germany"]'), r"`regions\[0\]` is 'Germany'"),
        (OWN.replace("references", "reasons"), r"`rules\[0\]\.references` is missing"),
        (OWN.replace("title", "titel"), "title"),
    ],
)  # fmt: skip
def test_a_policy_that_cannot_be_read_stops_all(tmp_path: Path, toml: str, message: str) -> None:
    (tmp_path / "own.toml").write_text(toml, "utf-8")
    with pytest.raises(PolicyInvalid, match=message):
        read_policies(tmp_path)


def test_a_policy_must_be_utf_8(tmp_path: Path) -> None:
    (tmp_path / "own.toml").write_bytes('title = "隐私"'.encode("gb18030"))
    with pytest.raises(PolicyInvalid, match="allowed: UTF-8"):
        read_policies(tmp_path)
