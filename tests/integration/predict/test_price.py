"""Price from order lines in a lake to responses in a lake, on a shop whose elasticities are known."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from pathlib import Path

import ibis
import numpy as np
import pyarrow as pa
import pytest

from aimwell.base.clock import FixedClock
from aimwell.intake.facts import FACTS
from aimwell.predict.model import Abstention, ModelMissing
from aimwell.predict.price.card import PriceCard
from aimwell.predict.price.model import Backtest
from aimwell.predict.price.service import backtest_price, fit_price, read_card, read_responses, score_price
from aimwell.predict.price.tables.responses import PRICE_RESPONSES
from aimwell.storage.engines import Engine
from aimwell.storage.lake.lake import Lake

START = datetime(2024, 1, 1)  # a Monday
AS_OF = datetime(2024, 12, 30)  # 52 weeks later
N_PRODUCTS = 12


def order_line(
    number: int, product: int, at: datetime, *, quantity: float, price: float, **more: object
) -> dict[str, object]:
    return (
        dict.fromkeys(FACTS["order_lines"].schema)
        | {"source": "drawn", "order_id": f"o{number}", "line_no": 1, "product_id": f"p{product:02}"}
        | {"ordered_at": at, "local_at": at, "known_at": at, "quantity": quantity}
        | {"net_minor": round(quantity * price), "discount_minor": 0}
        | more
    )


def drawn_lines(*, weeks: int = 60) -> list[dict[str, object]]:
    """Lines of 12 products in two categories at elasticities of -1 and -3; every third week is at 25 % off, half of them marked."""
    random = np.random.default_rng(8)
    lines = []
    for product in range(N_PRODUCTS):
        elasticity = -1.0 if product % 2 else -3.0
        for week in range(weeks):
            is_sale = product < 10 and random.random() < 1 / 3  # two products never move
            price = 750.0 if is_sale else 1000.0
            units = np.round(20 * (price / 1000) ** elasticity * np.exp(random.normal(0, 0.15)), 0)
            at = START + timedelta(weeks=week, days=int(random.integers(7)), hours=12)
            more = {
                "discount_minor": 100 if is_sale and random.random() < 0.5 else 0,
                "cost_minor": None if product == 3 else int(units * 500),
            }
            lines.append(order_line(len(lines), product, at, quantity=float(units), price=price, **more))
    return lines


def filled(lake: Lake, lines: list[dict[str, object]]) -> Lake:
    for spec in FACTS.values():
        lake.create(spec)
    lake.append(FACTS["order_lines"], lines_table(lines))
    products = [
        dict.fromkeys(FACTS["products"].schema)
        | {"source": "drawn", "product_id": f"p{product:02}", "known_at": START}
        | {"category": f"home > {'dear' if product % 2 else 'cheap'} > x"}
        for product in range(N_PRODUCTS + 1)  # p12 was never sold
    ]
    schema = FACTS["products"].schema.to_pyarrow()
    lake.append(FACTS["products"], ibis.memtable(pa.Table.from_pylist(products, schema=schema)))
    return lake


def lines_table(lines: list[dict[str, object]]) -> ibis.Table:
    schema = FACTS["order_lines"].schema.to_pyarrow()
    plain = pa.Table.from_pylist([line | {"quantity": None} for line in lines], schema=schema)
    place = schema.get_field_index("quantity")
    quantity = pa.array([line["quantity"] for line in lines], pa.float64()).cast(schema.field(place).type)
    return ibis.memtable(plain.set_column(place, schema.field(place), quantity))


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory, open_engine: Callable[[Path], Engine]) -> Iterator[Lake]:
    """One shop for all tests: they add models and scores, never facts."""
    folder = tmp_path_factory.mktemp("price")
    engine = open_engine(folder)
    yield filled(Lake(folder / "lake", engine=engine), drawn_lines())
    engine.close()


def fitted(lake: Lake, *, as_of: datetime = AS_OF) -> PriceCard:
    clock = FixedClock(datetime(2025, 1, 2))
    card = fit_price(lake=lake, clock=clock, as_of=as_of, time_zone="UTC", margin_rate=0.4)
    assert isinstance(card, PriceCard)
    return card


def test_fit_finds_the_elasticities_and_keeps_card_and_model(shop: Lake) -> None:
    card = fitted(shop)
    assert (card.n_products, card.n_weeks, card.n_own_cost) == (12, 52, 11)
    model = read_responses(lake=shop)
    assert model.response("p01").elasticity == pytest.approx(-1.0, abs=0.35)
    assert model.response("p02").elasticity == pytest.approx(-3.0, abs=0.35)
    assert model.response("p10").n_moves == 0
    assert model.response("p10").elasticity == pytest.approx(-3.0, abs=0.5)  # its category's
    assert model.response("p02").units_factor(1000, 750).value == pytest.approx(0.75**-3, rel=0.15)
    assert read_card(lake=shop) == card
    assert fitted(shop).model_id == card.model_id  # equal data, equal name


def test_the_back_test_beats_the_rules(shop: Lake) -> None:
    tested = backtest_price(lake=shop, as_of=AS_OF, time_zone="UTC")
    assert isinstance(tested, Backtest)
    errors = {one.forecast: one.moved_rmse for one in tested.trials}
    assert errors["shrunk"] < min(errors["pooled"], errors["level"], errors["mean"])
    assert 0.7 < tested.coverage < 0.92


def test_score_writes_every_product_of_the_shop(shop: Lake) -> None:
    card = fitted(shop)
    summary = score_price(lake=shop)
    assert (summary.model_id, summary.n_products, summary.n_own) == (card.model_id, 13, 12)
    rows = {row["product_id"]: row for row in shop.engine.rows(shop.table(PRICE_RESPONSES.name))}
    model = read_responses(lake=shop)
    assert rows["p02"]["elasticity"] == model.response("p02").elasticity
    assert rows["p02"]["low"] < rows["p02"]["elasticity"] < rows["p02"]["high"]
    never = rows["p12"]  # known by its category only
    assert (never["category"], never["shrinkage"], never["price_minor"]) == ("home > cheap", 1.0, None)
    assert never["elasticity"] == model.categories["home > cheap"].elasticity
    assert never["has_warning"]
    assert rows["p10"]["has_warning"]  # its price never moved
    assert rows["p02"]["as_of"].replace(tzinfo=None) == AS_OF


def test_what_comes_after_the_date_changes_nothing(shop: Lake, lake: Lake) -> None:
    cut = START + timedelta(weeks=45)
    short = [line for line in drawn_lines() if line["ordered_at"] < cut]
    assert fitted(filled(lake, short), as_of=cut).model_id == fitted(shop, as_of=cut).model_id


def test_the_week_under_way_is_left_out(shop: Lake) -> None:
    assert fitted(shop, as_of=AS_OF + timedelta(days=3)).n_weeks == 52


def test_an_empty_shop_and_one_of_still_prices_are_declined_in_words(lake: Lake) -> None:
    still = [
        order_line(n, n % 8, START + timedelta(weeks=n // 8), quantity=2.0, price=1000.0)
        for n in range(8 * 40)
    ]
    filled(lake, still)
    clock = FixedClock(datetime(2025, 1, 2))
    declined = fit_price(lake=lake, clock=clock, as_of=AS_OF, time_zone="UTC", margin_rate=0.4)
    assert isinstance(declined, Abstention)
    assert declined.code == "no_price_moves"
    early = fit_price(lake=lake, clock=clock, as_of=START, time_zone="UTC", margin_rate=0.4)
    assert isinstance(early, Abstention)
    assert early.code == "too_few_weeks"
    with pytest.raises(ModelMissing):
        score_price(lake=lake)
