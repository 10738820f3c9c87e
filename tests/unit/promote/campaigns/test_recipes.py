"""Every recipe gives files that the shop's readers understand, in English and Chinese."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest

from aimwell.portraits.segments import read_segments
from aimwell.portraits.traits import BUILT_IN
from aimwell.promote.campaigns.errors import CampaignThere, NameUnfit, RecipeUnknown, SegmentClash
from aimwell.promote.campaigns.files import read_definition
from aimwell.promote.campaigns.service.composing import NAME
from aimwell.promote.campaigns.service.creating import new_campaign, recipes
from aimwell.promote.content.facts import facts_for
from aimwell.promote.content.template import Template

SEVEN = ("cart", "new_product", "post_purchase", "replenish", "vip", "welcome", "winback")
PRODUCTS = [{"id": "a", "name": "Green <tea>", "price_minor": 1250, "category": None, "brand": None}]


def test_there_are_seven_recipes() -> None:
    assert recipes() == SEVEN


@pytest.mark.parametrize("recipe", SEVEN)
def test_a_recipe_is_read_and_rendered(tmp_path: Path, recipe: str) -> None:
    written = new_campaign("mine", recipe=recipe, folder=tmp_path)
    assert all(path.exists() for path in written)
    definition = read_definition(tmp_path, "mine", currency="EUR", time_zone="Europe/Berlin")
    segments = {one.name for one in read_segments(tmp_path / "segments.toml", book=BUILT_IN)}
    assert definition.segment in segments
    assert all(offer.segment == definition.segment for offer in definition.offers)
    assert all(name in BUILT_IN for name in definition.traits if name != NAME)
    assert definition.arms.holdout > 0
    template = Template.read(tmp_path / "content" / "mine")
    for offer in definition.offers:
        facts = facts_for(
            traits=dict.fromkeys(definition.traits, 45),
            name="Ann Lee",
            shop={"name": "Tea & Co", "currency": "EUR"},
            offer={"id": offer.offer_id, "name": offer.name, "category": None},
            products=PRODUCTS,
            unsubscribe_url="https://shop.example/u/1",
            preferences_url="https://shop.example/p/1",
        )
        english = template.render(facts, locale="en", is_strict=True)
        chinese = template.render(facts, locale="zh-CN", is_strict=True)
        assert english.subject
        assert "https://shop.example/u/1" in str(english.html)
        assert "Green &lt;tea&gt;" in str(english.html)
        assert "12.50" in english.text
        assert "退订" in str(chinese.html)
        assert english.subject != chinese.subject


def test_offers_of_a_recipe_read_differently(tmp_path: Path) -> None:
    new_campaign("mine", recipe="winback", folder=tmp_path)
    template = Template.read(tmp_path / "content" / "mine")

    def body(offer_id: str) -> str:
        facts = facts_for(
            traits={}, name=None, shop={"name": "T"}, offer={"id": offer_id, "name": "A voucher"}
        )
        return template.render(facts, locale="en").text

    assert "a voucher" in body("comeback_voucher")
    assert "voucher" not in body("comeback_news")


def test_nothing_that_is_there_is_written_over(tmp_path: Path) -> None:
    (tmp_path / "segments.toml").write_text(
        '[segments.other]\nmeaning = "x"\nrule = { trait = "n_orders", op = "ge", value = 1 }\n'
    )
    new_campaign("mine", recipe="vip", folder=tmp_path)
    new_campaign("other", recipe="vip", folder=tmp_path)  # the same segment once
    held = tomllib.loads((tmp_path / "segments.toml").read_text())["segments"]
    assert sorted(held) == ["other", "recipe_vip"]
    with pytest.raises(CampaignThere, match=r"mine\.toml is there already"):
        new_campaign("mine", recipe="cart", folder=tmp_path)
    changed = (tmp_path / "segments.toml").read_text().replace('"top"', '"high"')
    (tmp_path / "segments.toml").write_text(changed)
    with pytest.raises(SegmentClash, match="recipe_vip"):
        new_campaign("third", recipe="vip", folder=tmp_path)
    assert not (tmp_path / "campaigns" / "third.toml").exists()


@pytest.mark.parametrize("name", ["../up", "Ann", "a b", "", "1st", "x" * 41, "über"])
def test_a_name_that_is_no_file_name_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(NameUnfit):
        new_campaign(name, recipe="vip", folder=tmp_path)


def test_an_unknown_recipe_is_refused_with_all_names(tmp_path: Path) -> None:
    with pytest.raises(RecipeUnknown, match="cart, new_product, post_purchase"):
        new_campaign("mine", recipe="nothing", folder=tmp_path)
