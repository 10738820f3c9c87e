from __future__ import annotations

from pathlib import Path

import pytest

from aimwell.base.errors import UserError
from aimwell.base.words import Words
from aimwell.promote.plan.errors import BadKey, BadValue, NotToml, PlanFileMissing
from aimwell.promote.plan.files import read_campaign, read_offers
from aimwell.promote.plan.model import Incrementality, Limit, Problem

OFFERS = """
currency = "CNY"

[[offers]]
id = "tea"
name = "Tea, 10% off"
channel = "sms"
contact_cost = 0.045
incentive_cost = "3.00"
margin_rate = 0.28
stock = 500
segment = "vip"
category = "TEA > GREEN"

[[offers]]
id = "ship"
name = "Free shipping"
channel = "app"
rule = { trait = "n_orders", at_least = 2 }
"""

PLAN = """
name = "spring"
currency = "CNY"
budget = "2500.00"
horizon_days = 14
contacts_per_person = 2
holdout_share = 0.2
salt = "spring-1"
assumed_incrementality = { low = 0.1, mid = 0.25, high = 0.4 }

[channels]
sms = 20000

[[limits]]
offer = "tea"
minimum = 100
maximum = 400

[[limits]]
segment = "vip"
exactly = 7

[[limits]]
offer = "ship"
segment = "vip"
maximum = 3
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "offers.toml").write_text(OFFERS, "utf-8")
    (tmp_path / "plan.toml").write_text(PLAN, "utf-8")
    return tmp_path


def read(folder: Path) -> tuple:
    offers = read_offers(folder / "offers.toml", currency="CNY")
    return offers, read_campaign(folder / "plan.toml", offers=offers, currency="CNY")


def change(path: Path, old: str, new: str) -> None:
    text = path.read_text("utf-8")
    assert old in text
    path.write_text(text.replace(old, new), "utf-8")


def test_money_becomes_exact_minor_units(folder: Path) -> None:
    offers, campaign = read(folder)
    tea, ship = offers
    assert (tea.contact_milli, tea.incentive_minor) == (4_500, 300)  # 0.045 yuan = 4.5 fen = 4500 thousandths
    assert (ship.contact_milli, ship.incentive_minor, ship.margin_rate) == (0, 0, None)
    assert (tea.segment, tea.category, ship.rule) == (
        "vip",
        "TEA > GREEN",
        {"trait": "n_orders", "at_least": 2},
    )
    assert campaign.budget_minor == 250_000
    assert campaign.incrementality == Incrementality(low=0.1, mid=0.25, high=0.4)
    assert (campaign.contacts_per_person, campaign.holdout_share, campaign.horizon_days) == (2, 0.2, 14)


def test_a_range_may_come_from_past_prices(folder: Path) -> None:
    change(folder / "plan.toml", "{ low = 0.1, mid = 0.25, high = 0.4 }", '{ source = "prices" }')
    change(folder / "offers.toml", "stock = 500", 'discount_rate = 0.15\nproduct = "sencha"')
    (tea, ship), campaign = read(folder)
    assert (tea.discount_rate, tea.product, tea.assumed, ship.discount_rate) == (0.15, "sencha", None, None)
    assert (campaign.range_source, campaign.incrementality) == ("prices", None)


def test_a_range_from_past_prices_may_stand_beside_a_stated_one(folder: Path) -> None:
    change(folder / "plan.toml", "{ low", '{ source = "prices", low')
    _, campaign = read(folder)
    assert campaign.range_source == "prices"
    assert campaign.incrementality == Incrementality(low=0.1, mid=0.25, high=0.4)


def test_all_limits_stand_in_one_list(folder: Path) -> None:
    problem = Problem.of(*read(folder))
    assert problem.limits == (
        Limit(key="channel sms", kind="channel", offer_ids=("tea",), segment=None, maximum=20_000),
        Limit(key="stock of tea", kind="stock", offer_ids=("tea",), segment=None, maximum=500),
        Limit(key="offer tea", kind="offer", offer_ids=("tea",), segment=None, minimum=100, maximum=400),
        Limit(
            key="segment vip", kind="segment", offer_ids=("tea", "ship"), segment="vip", minimum=7, maximum=7
        ),
        Limit(key="offer ship in vip", kind="offer_segment", offer_ids=("ship",), segment="vip", maximum=3),
    )


@pytest.mark.parametrize(
    ("file", "old", "new", "kind", "told"),
    [
        ("offers.toml", 'currency = "CNY"', 'currency = "XXZ"', BadValue, ["currency", "XXZ", "ISO 4217"]),
        ("offers.toml", 'currency = "CNY"', 'currency = "EUR"', BadValue, ["currency", "EUR", "CNY"]),
        ("offers.toml", "stock = 500", "stok = 500", BadKey, ["offers[0].stok", "stock"]),
        ("offers.toml", "stock = 500", "stock = -1", BadValue, ["offers[0].stock", "-1"]),
        ("offers.toml", "stock = 500", 'stock = "many"', BadValue, ["offers[0].stock", "many"]),
        ("offers.toml", "margin_rate = 0.28", "margin_rate = 28", BadValue, ["margin_rate", "28", "1"]),
        ("offers.toml", 'incentive_cost = "3.00"', 'incentive_cost = "3.005"', BadValue, ["3.005", "0.01 CNY"]),
        ("offers.toml", "contact_cost = 0.045", "contact_cost = -1", BadValue, ["contact_cost", "0 or more"]),
        ("offers.toml", "contact_cost = 0.045", "contact_cost = nan", BadValue, ["contact_cost"]),
        ("offers.toml", 'id = "ship"', 'id = "tea"', BadValue, ["offers[1].id", "once"]),
        ("offers.toml", 'id = "ship"', 'id = "a b"', BadValue, ["offers[1].id", "a b"]),
        ("offers.toml", 'channel = "app"', 'channel = "app"\nsegment = "vip"', BadValue, ["offers[1].rule", "not both"]),
        ("offers.toml", 'name = "Free shipping"\n', "", BadValue, ["offers[1].name", "missing"]),
        ("plan.toml", 'budget = "2500.00"', "budget = 0", BadValue, ["budget", "more than 0"]),
        ("plan.toml", 'budget = "2500.00"', 'budget = "lots"', BadValue, ["budget", "lots"]),
        ("plan.toml", "sms = 20000", "fax = 20000", BadValue, ["channels", "fax", "app, sms"]),
        ("plan.toml", "mid = 0.25", "mid = 0.5", BadValue, ["assumed_incrementality", "low <= mid <= high"]),
        ("plan.toml", "mid = 0.25, ", "", BadValue, ["assumed_incrementality.mid", "missing", 'source = "prices"']),
        ("plan.toml", "low = 0.1", 'source = "prices"', BadValue, ["assumed_incrementality.low", "missing"]),
        ("plan.toml", "low = 0.1", 'source = "hunch", low = 0.1', BadValue, ["assumed_incrementality.source", "hunch"]),
        ("offers.toml", "stock = 500", "discount_rate = 15", BadValue, ["offers[0].discount_rate", "15"]),
        ("offers.toml", "stock = 500", "discount_rate = 0.0", BadValue, ["offers[0].discount_rate", "0.0"]),
        ("plan.toml", 'offer = "tea"', 'offer = "coffee"', BadValue, ["limits[0].offer", "coffee", "tea, ship"]),
        ("plan.toml", "minimum = 100", "minimum = 401", BadValue, ["limits[0].minimum", "401", "400"]),
        ("plan.toml", "exactly = 7", "exactly = 7\nmaximum = 9", BadValue, ["limits[1].exactly"]),
        ("plan.toml", "exactly = 7", "", BadValue, ["limits[1]", "minimum, maximum or exactly"]),
        ("plan.toml", 'segment = "vip"\nexactly', "exactly", BadValue, ["limits[1]", "offer, a segment, or both"]),
        ("plan.toml", 'offer = "ship"\nsegment = "vip"', 'offer = "tea"', BadValue, ["limits[2]", "one limit"]),
        ("plan.toml", "holdout_share = 0.2", "holdout_share = 20", BadValue, ["holdout_share", "20"]),
        ("plan.toml", "contacts_per_person = 2", "contacts_per_person = 0", BadValue, ["contacts_per_person"]),
        ("plan.toml", "salt = ", "salz = ", BadKey, ["salz", "salt"]),
        ("plan.toml", "[channels]", "[channels", NotToml, ["plan.toml", "line"]),
    ],
)  # fmt: skip
def test_a_wrong_entry_is_named_with_its_place_value_and_what_is_allowed(
    folder: Path, file: str, old: str, new: str, kind: type[UserError], told: list[str]
) -> None:
    change(folder / file, old, new)
    with pytest.raises(kind) as caught:
        read(folder)
    message = str(caught.value)
    assert file in message
    assert all(part in message for part in told), message


def test_a_missing_file_and_one_in_another_encoding_are_told_apart(folder: Path) -> None:
    with pytest.raises(PlanFileMissing, match=r"nowhere\.toml"):
        read_offers(folder / "nowhere.toml", currency="CNY")
    (folder / "offers.toml").write_bytes('name = "茶"'.encode("gb18030"))
    with pytest.raises(NotToml, match="UTF-8"):
        read_offers(folder / "offers.toml", currency="CNY")


def test_the_examples_of_the_documentation_can_be_read(tmp_path: Path) -> None:
    page = (Path(__file__).parents[4] / "docs" / "models" / "plan.md").read_text("utf-8")
    blocks = [block.split("```")[0] for block in page.split("```toml\n")[1:]]
    assert len(blocks) == 3
    by_prices, *files = blocks
    for name, block in zip(("offers.toml", "plan.toml"), files, strict=True):
        (tmp_path / name).write_text(block, "utf-8")
    offers, campaign = read(tmp_path)
    assert [offer.offer_id for offer in offers] == ["tea"]
    assert [limit.key for limit in campaign.limits] == ["offer tea"]
    stated = next(line for line in files[1].splitlines() if line.startswith("assumed_incrementality"))
    (tmp_path / "plan.toml").write_text(files[1].replace(stated, "") + by_prices, "utf-8")
    assert read(tmp_path)[1].range_source == "prices"


@pytest.mark.parametrize(
    ("file", "old", "new", "told"),
    [
        ("offers.toml", "stock = 500", "stock = -1", "`offers[0].stock` 的值为 -1；允许：不小于 0。"),
        (
            "offers.toml",
            "contact_cost = 0.045",
            'contact_cost = "x"',
            "允许：以元等主单位表示的金额，如 2500 或 ",
        ),
        ("offers.toml", 'name = "Free shipping"\n', "", "`offers[1].name` 的值为 未填写；允许：必须填写。"),
        ("plan.toml", 'budget = "2500.00"', "budget = 0", "`budget` 的值为 0；允许：大于 0。"),
        ("plan.toml", "minimum = 100", "minimum = 401", "允许：不大于最大值 400。"),
    ],
)
def test_a_wrong_entry_is_chinese_to_the_last_word(
    folder: Path, file: str, old: str, new: str, told: str
) -> None:
    change(folder / file, old, new)
    with pytest.raises(BadValue) as caught:
        read(folder)
    assert told in caught.value.said(Words("zh"))
