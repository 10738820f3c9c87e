"""Campaign files: what is understood, and what is refused with its place."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import pytest

from aimwell.base.errors import UserError
from aimwell.promote.campaigns.content import changed, content_of
from aimwell.promote.campaigns.errors import CampaignMissing
from aimwell.promote.campaigns.files import read_definition
from aimwell.promote.campaigns.model import Definition
from aimwell.promote.plan.model import EffectRule

GOOD = """
title = "Spring"
template = "spring"
segment = "vip"
[plan]
budget = "10.00"
assumed_incrementality = { low = 0.1, mid = 0.2, high = 0.3 }
[arms]
holdout = 0.2
random = 0.1
[schedule]
not_before = 2025-03-30T09:00:00
days = 3
[terms.tea]
coupon_code = "TEA"
extra_cost = "0.50"
[[offers]]
id = "tea"
name = "Tea"
channel = "email"
contact_cost = "0.01"
[[offers]]
id = "mug"
name = "Mug"
channel = "sms"
segment = "new"
"""


def read(folder: Path, written: str) -> Definition:
    (folder / "campaigns").mkdir(exist_ok=True)
    (folder / "campaigns" / "spring.toml").write_text(written, "utf-8")
    return read_definition(folder, "spring", currency="EUR", time_zone="Europe/Berlin")


def test_a_file_is_understood(tmp_path: Path) -> None:
    found = read(tmp_path, GOOD)
    assert [offer.segment for offer in found.offers] == ["vip", "new"]
    assert found.arms.treatment == pytest.approx(0.7)
    assert found.arms.global_holdout == 0.05
    assert found.schedule.not_before == datetime(
        2025, 3, 30, 7
    )  # the day the clocks go forward: CEST is UTC+2
    assert [(t.offer_id, t.coupon_code, t.incentive_minor, t.contact_milli) for t in found.terms] == [
        ("tea", "TEA", 50, 1000),
        ("mug", None, 0, 0),
    ]
    campaign = found.campaign("spring-2")
    assert (campaign.name, campaign.holdout_share, campaign.budget_minor) == ("spring-2", 0.2, 1000)
    assert campaign.salt == found.arms.campaign_salt("spring-2")
    assert found.campaign("spring-1").salt != campaign.salt
    assert (found.explore_share, campaign.effects) == (None, EffectRule())
    more = '[explore]\nshare = 0\n[effects]\nsource = "assumed"\nconfidence = 0.9\n'
    other = read(tmp_path, GOOD.replace("[schedule]", more + "[schedule]"))
    assert (other.explore_share, other.campaign("spring-1").effects.confidence) == (0.0, 0.9)
    assert other.plan.effects.source == "assumed"


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        (
            'title = "Spring"',
            'titel = "Spring"',
            r"unknown key `titel`; allowed here: arms, effects, explore, offers",
        ),
        ("holdout = 0.2", "holdout = 0.95", r"`arms.holdout` is .*0.95.*allowed: at most 0.9"),
        ("holdout = 0.2", "hold = 0.2", r"unknown key `arms.hold`; allowed here: business_as_usual"),
        ("random = 0.1", "random = 0.9", r"`treatment` is -0.1"),
        (
            "random = 0.1",
            'business_as_usual_offer = "cup"',
            r"`arms.business_as_usual_offer` is cup; allowed: tea, mug",
        ),
        (
            "[schedule]",
            "[explore]\nshare = 0.6\n[schedule]",
            r"`explore.share` is .*0.6.*allowed: at most 0.5",
        ),
        (
            "[schedule]",
            "[explore]\nshares = 0.1\n[schedule]",
            r"unknown key `explore.shares`; allowed here: share",
        ),
        (
            "[schedule]",
            '[effects]\nrule = "median"\n[schedule]',
            r"`effects.rule` is 'median'; allowed: one of 'mean' or 'lower'",
        ),
        (
            "[schedule]",
            "[effects]\nrules = 1\n[schedule]",
            r"unknown key `effects.rules`; allowed here: confidence",
        ),
        ("days = 3", "days = 0", r"`schedule.days` is 0; allowed: 1 or more"),
        ("[terms.tea]", "[terms.cup]", r"`terms` is cup; allowed: tea, mug"),
        ('budget = "10.00"', 'budget = "0"', r"`budget` is 0; allowed: more than 0"),
        ('template = "spring"', 'template = "../up"', r"`template` is '../up'"),
        ('name = "Tea"', "", r"`offers\[0\].name` is missing"),
        ('title = "Spring"', "title = Spring", "is not readable as TOML"),
    ],
)
def test_what_is_wrong_is_said_with_its_place(tmp_path: Path, old: str, new: str, told: str) -> None:
    assert old in GOOD
    with pytest.raises(UserError, match=told):
        read(tmp_path, GOOD.replace(old, new, 1))


def test_a_file_that_is_not_there_is_said_with_those_that_are(tmp_path: Path) -> None:
    read(tmp_path, GOOD)
    with pytest.raises(CampaignMissing, match="there are: spring"):
        read_definition(tmp_path, "sprint", currency="EUR", time_zone="UTC")


def test_a_changed_file_changes_the_content(tmp_path: Path) -> None:
    read(tmp_path, GOOD)
    template = tmp_path / "content" / "spring" / "en"
    template.mkdir(parents=True)
    (template / "text.liquid").write_text("Hello")
    before = content_of(tmp_path, name="spring", template="spring")
    assert sorted(before) == ["campaigns/spring.toml", "content/spring/en/text.liquid"]
    (template / "text.liquid").write_text("Hello!")
    (template / "html.liquid").write_text("<p>")
    now = content_of(tmp_path, name="spring", template="spring")
    assert changed(before, now) == ["content/spring/en/html.liquid", "content/spring/en/text.liquid"]
    assert changed(now, now) == []
