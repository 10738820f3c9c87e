"""Every group of traits, by hand: one shop, three people, values with their arithmetic."""

from collections.abc import Callable
from datetime import date, datetime
from math import sqrt

import pytest

from aimwell.people.model import Facts
from aimwell.portraits.tables.portrait import ingredients, portrait
from aimwell.portraits.tables.state import person_state
from aimwell.portraits.traits import BUILT_IN
from aimwell.storage.engines import Engine

pytestmark = pytest.mark.both_engines(part="small")

ANN, BOB, EVE = 1, 2, 3


def _order(person, order_id, at, **more):
    return {"person_id": person, "order_id": order_id, "ordered_at": at, **more}


def _line(person, order_id, at, product, **more):
    return {"person_id": person, "order_id": order_id, "ordered_at": at, "product_id": product, **more}


def _event(person, name, at, **more):
    return {"person_id": person, "name": name, "occurred_at": at, "message_id": f"{name}{at}", **more}


FIRST = datetime(2024, 10, 3, 9)  # a Thursday morning
SECOND = datetime(2024, 12, 7, 20)  # a Saturday evening, 65 days later
THIRD = datetime(2024, 12, 17, 1)  # a Tuesday night, 10 days later


@pytest.fixture(scope="module")
def portraits(facts: Callable[..., Facts], one_engine: Engine, as_of: datetime):
    shop = facts(
        orders=[
            _order(
                ANN,
                "a1",
                FIRST,
                items_minor=4000,
                discount_minor=1000,
                n_lines=2,
                channel="web",
                device="mobile",
            ),
            _order(
                ANN,
                "a2",
                SECOND,
                items_minor=3000,
                coupon_code="X",
                shipping_minor=490,
                channel="web",
                device="mobile",
            ),
            _order(ANN, "a3", THIRD, items_minor=2000, channel="store", shipping_minor=490),
            _order(ANN, "gone", datetime(2024, 12, 20), items_minor=9999, status="cancelled"),
            _order(ANN, "later", datetime(2025, 1, 1), items_minor=9999),
            _order(BOB, "b1", datetime(2024, 3, 1, 15), items_minor=1000),
        ],
        order_lines=[
            _line(ANN, "a1", FIRST, "tea", net_minor=1000, discount_minor=1000, quantity=2, cost_minor=600),
            _line(ANN, "a1", FIRST, "cup", net_minor=3000),
            _line(ANN, "a2", SECOND, "tea", net_minor=3000, quantity=3, cost_minor=900),
            _line(ANN, "a3", THIRD, "pot", net_minor=2000, cost_minor=1500),
            _line(ANN, "a3", THIRD, "postage", net_minor=490, is_fee=True),
            _line(ANN, "gone", datetime(2024, 12, 20), "gold", net_minor=9999),
            _line(BOB, "b1", datetime(2024, 3, 1, 15), "bowl", net_minor=1000),
        ],
        products=[
            {"product_id": "tea", "category": "Food > Tea > Green", "brand": "Leaf"},
            {"product_id": "cup", "category": "Home > Cups", "brand": "Clay"},
            {"product_id": "pot", "category": "Home > Cups", "brand": "Leaf"},
            {"product_id": "bowl", "category": "Home > Cups", "brand": "Clay"},
        ],
        events=[
            _event(ANN, "Product Viewed", datetime(2024, 12, 7, 19), device="mobile"),
            _event(ANN, "Product Added", datetime(2024, 12, 7, 19, 30), device="mobile"),
            _event(ANN, "Product Viewed", datetime(2024, 12, 28, 10), device="desktop"),
            _event(ANN, "Product Added", datetime(2024, 12, 28, 11), device="desktop"),
            _event(ANN, "Email Opened", datetime(2024, 12, 29)),
            _event(ANN, "Email Opened", datetime(2024, 12, 29, 1)),
            _event(ANN, "Email Link Clicked", datetime(2024, 12, 29, 2)),
            _event(ANN, "Product Viewed", datetime(2025, 1, 1)),  # the moment itself: not counted
            _event(EVE, "Products Searched", datetime(2024, 12, 30)),
            _event(None, "Product Viewed", datetime(2024, 12, 30)),
        ],
        customers=[
            {"account_id": "a", "person_id": ANN, "created_at": datetime(2024, 9, 23), "region": "Bern"},
            {"account_id": "z", "person_id": 4, "created_at": datetime(2025, 1, 2)},  # later: nobody yet
        ],
        refunds=[
            {"refund_id": "r", "person_id": ANN, "refunded_at": datetime(2024, 12, 22), "amount_minor": 900}
        ],
        cases=[
            {
                "case_id": "c",
                "person_id": ANN,
                "opened_at": datetime(2024, 12, 23),
                "closed_at": datetime(2025, 1, 5),
            },
        ],
        touches=[
            {"person_id": ANN, "decided_at": datetime(2024, 12, 2)},
            {"person_id": ANN, "decided_at": datetime(2024, 11, 2)},
            {"person_id": ANN, "decided_at": datetime(2024, 12, 30), "arm": "holdout", "offer_id": None},
        ],
    )
    state = person_state(shop, as_of=as_of, category_depth=2)
    table = portrait(ingredients(state, shop, as_of=as_of), book=BUILT_IN, as_of=as_of)
    return {row["person_id"]: row for row in one_engine.rows(table)}


def test_everybody_with_an_order_event_or_account_has_one_portrait(portraits):
    assert set(portraits) == {ANN, BOB, EVE}


@pytest.mark.parametrize(
    ("trait", "value"),
    [
        # recency: 17 December to 1 January
        ("days_since_last_order", 15),
        ("days_since_last_visit", 3),
        ("days_since_last_view", 4),
        ("days_since_last_cart", 4),
        ("days_since_last_search", None),
        ("last_ordered_at", THIRD),
        # frequency
        ("n_orders", 3),
        ("n_orders_30d", 2),
        ("n_orders_90d", 3),  # from 3 October, the 90th day before 1 January
        ("n_orders_365d", 3),
        ("n_order_days", 3),
        ("orders_per_month", 3 * 30 / 90),
        # money
        ("spend_minor", 9000),
        ("spend_30d_minor", 5000),
        ("spend_365d_minor", 9000),
        ("max_order_minor", 4000),
        ("mean_order_minor", 3000.0),
        ("spend_trend_ratio", None),  # nothing was spent in the 90 days before
        ("margin_rate", (6000 - 3000) / 6000),  # tea, tea, pot: 1000 + 3000 + 2000, cost 600 + 900 + 1500
        # tenure
        ("first_ordered_at", FIRST),
        ("days_since_first_order", 90),
        ("buying_span_days", 75),
        ("days_since_joined", 100),
        ("region", "Bern"),
        # rhythm: gaps of 65 and 10 days
        ("mean_gap_days", 37.5),
        ("sd_gap_days", sqrt((65 - 37.5) ** 2 + (10 - 37.5) ** 2)),  # n - 1 = 1
        ("gap_variation_ratio", sqrt(2 * 27.5**2) / 37.5),
        ("overdue_ratio", 15 / 37.5),
        ("next_expected_on", date(2025, 1, 24)),  # 17 December + 38 days
        # basket
        ("lines_per_order", 4 / 3),
        ("pieces_per_order", (2 + 1 + 3 + 1) / 3),
        ("n_products", 3),
        ("n_categories", 2),
        ("n_brands", 2),
        ("novelty_rate", 3 / 4),
        # price: Ann is the only one who buys tea, so tea costs what she paid; cups cost (3000+2000+1000)/3 = 2000 on average
        ("discount_rate", 1000 / 10000),
        ("discounted_order_rate", 1 / 3),
        ("discounted_line_rate", 1 / 4),
        ("coupon_rate", 1 / 3),
        ("free_shipping_rate", 1 / 3),
        ("price_level_ratio", 9000 / (4000 + 2 * 2000)),
        ("price_tier", "middle"),
        # loyalty: tea always Leaf (2 of 2), cups once Clay and once Leaf (1 of 2)
        ("main_brand_rate", 3 / 4),
        ("brand_switch_rate", 1 / 4),
        ("category_concentration_rate", (4 + 4) / 16),
        ("brand_concentration_rate", (9 + 1) / 16),
        ("repeat_product_rate", 1 / 4),
        # habits
        ("usual_daypart", "night"),  # night, morning and evening once each: the first named
        ("usual_weekday", "tuesday"),
        ("usual_quarter", "quarter_4"),
        ("weekend_rate", 1 / 3),
        ("night_rate", 1 / 3),
        ("usual_channel", "web"),
        ("usual_device", "mobile"),
        ("n_channels", 2),
        ("mobile_rate", 2 / 7),
        # browsing: a cart and an order on 7 December, a cart without one on 28 December
        ("n_views", 2),
        ("n_carts", 2),
        ("n_visit_days", 3),
        ("n_abandoned_cart_days", 1),
        ("abandoned_cart_rate", 1 / 2),
        ("view_to_buy_rate", 1 / 2),
        ("views_per_visit_day", 2 / 3),
        # what came back, and cases
        ("n_refunds", 1),
        ("refunded_minor", 900),
        ("refund_rate", 900 / 9000),
        ("days_since_last_refund", 10),
        ("n_cases", 1),
        ("n_open_cases", 1),  # closed only after the moment
        ("cases_per_order", 1 / 3),
        ("days_since_last_case", 9),
        # contact: the holdout is no contact, and 2 December is the 30th day before
        ("n_contacts", 2),
        ("n_contacts_30d", 1),
        ("days_since_last_contact", 30),
        ("n_mail_opens", 2),
        ("n_mail_clicks", 1),
        ("mail_click_ratio", 1 / 2),
        # lifecycle: mean spend of 365 days is (9000 + 1000) / 2 = 5000, Ann has 1.8 times that
        ("recency_score", 5),
        ("frequency_score", 3),
        ("money_score", 3),
        ("rfm_segment", "promising"),  # first order 90 days ago: no longer new
        ("value_tier", "middle"),
        ("aipl_stage", "loyalty"),
        ("jd_4a_stage", "advocate"),
    ],
)
def test_a_busy_customer(portraits, trait, value):
    assert portraits[ANN][trait] == (pytest.approx(value) if isinstance(value, float) else value)


def test_tastes_are_lifts_over_everybody_shrunk_towards_one(portraits):
    # 5 lines in all, 2 of tea; Ann has 4 lines, so 4 * 2/5 = 1.6 tea expected and 2 bought: (2 + 2) / (1.6 + 2) = 1.111
    assert portraits[ANN]["top_categories"] == ["Food > Tea"]
    assert portraits[ANN]["category_lifts"] == [1.111]
    # Bob has 1 line, expected 3/5 of a cup: (1 + 2) / (0.6 + 2) = 1.154; of Clay 2/5: (1 + 2) / (0.4 + 2) = 1.25
    assert (portraits[BOB]["top_category"], portraits[BOB]["top_category_lift"]) == ("Home > Cups", 1.154)
    assert (portraits[BOB]["top_brands"], portraits[BOB]["brand_lifts"]) == (["Clay"], [1.25])
    assert portraits[ANN]["favourite_product"] == "tea"


def test_somebody_who_only_looked(portraits):
    eve = portraits[EVE]
    assert (eve["n_orders"], eve["spend_minor"], eve["days_since_last_order"]) == (0, 0, None)
    assert (eve["mean_order_minor"], eve["top_category"], eve["usual_weekday"]) == (None, None, None)
    assert (eve["rfm_segment"], eve["value_tier"], eve["recency_score"]) == ("prospect", "none", None)
    assert (eve["aipl_stage"], eve["jd_4a_stage"]) == ("interest", "appeal")


def test_one_order_long_ago(portraits):
    bob = portraits[BOB]
    assert (bob["days_since_last_order"], bob["mean_gap_days"], bob["sd_gap_days"]) == (306, None, None)
    assert (bob["recency_score"], bob["frequency_score"], bob["rfm_segment"]) == (1, 1, "lost")
    assert (bob["aipl_stage"], bob["jd_4a_stage"], bob["usual_daypart"]) == ("purchase", "act", "afternoon")


def test_there_are_at_least_fifty_traits_and_each_is_documented():
    assert len(BUILT_IN) >= 50
    for one in BUILT_IN:
        assert one.meaning.endswith("."), one.name
        assert one.sources, one.name
        assert one.grain == "person"
