"""What names a plan: fingerprints of its inputs."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from aimwell.promote.plan.assumed import Assumed, Incrementality
from aimwell.promote.plan.certificate import fingerprint
from aimwell.promote.plan.model import Campaign, Offer

TEA = Offer(
    offer_id="tea", name="Tea", channel="sms", contact_milli=4_500, incentive_minor=80, margin_rate=0.4
)


def test_plans_made_before_ranges_came_from_past_prices_keep_their_names(
    campaign: Callable[..., Campaign],
) -> None:
    """The digests are those of the version before: an older plan can still be exported."""
    prints = fingerprint((TEA,), campaign(), people={"n": 1})
    assert prints["offers"].startswith("c6438de78212339930bd90f50b2853a1")
    assert prints["campaign"].startswith("706828d23f288dc6e123f0e2abe67d21")


def test_whatever_decides_the_range_changes_the_fingerprint(campaign: Callable[..., Campaign]) -> None:
    told = Assumed(range=Incrementality(low=0.1, mid=0.2, high=0.3), why_not="no_model")
    offers = (TEA, replace(TEA, discount_rate=0.1), replace(TEA, product="p"), replace(TEA, assumed=told))
    assert len({fingerprint((one,), campaign(), people={})["offers"] for one in offers}) == 4
    by_prices = fingerprint((TEA,), campaign(range_source="prices"), people={})
    assert by_prices["campaign"] != fingerprint((TEA,), campaign(), people={})["campaign"]
