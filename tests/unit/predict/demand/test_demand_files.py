"""Files that a shop lays beside its facts: stock-outs, stock on hand and planned prices."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from pathlib import Path

import numpy as np
import pytest

from aimwell.predict.demand.panel import Panel
from aimwell.predict.demand.stock import BadStock, StockOnHand, purchase_units, read_stock
from aimwell.predict.demand.told.prices import BadPrices, PlannedPrice, read_prices, repriced
from aimwell.predict.demand.told.stockouts import (
    BadStockouts,
    Stockout,
    closed_days,
    read_stockouts,
    stockout_days,
)

FIRST = date(2024, 1, 1)


def test_stockouts_cover_both_days_of_known_products(tmp_path: Path) -> None:
    path = tmp_path / "s.csv"
    path.write_text(
        "product_id,start_on,end_on,note\np1,2023-12-30,2024-01-02,x\np1,2024-01-04,2024-01-30,x\n*,2024-01-05,2024-01-09,x\n"
    )
    found = stockout_days(read_stockouts(path), keys=("p1", "p2", ""), first_on=FIRST, n_days=5)
    # 1, 2, 4 and 5 January; what is before and after the days, the pool "", and closed days are passed over
    assert found.tolist() == [[True, True, False, True, True], [False] * 5, [False] * 5]
    assert closed_days(read_stockouts(path), first_on=FIRST, n_days=7).tolist() == [False] * 4 + [True] * 3


@pytest.mark.parametrize(
    "row", ["p1,2024-01-05,2024-01-04", "p1,2024-13-05,2024-12-04", "p1,2024-01-05", ",2024-01-05,2024-01-06"]
)
def test_a_bad_stockout_is_refused_with_its_line(tmp_path: Path, row: str) -> None:
    path = tmp_path / "s.csv"
    path.write_text(f"product_id,start_on,end_on\np1,2024-01-05,2024-01-05\n{row}\n")
    with pytest.raises(BadStockouts, match="Line 3"):
        read_stockouts(path)


def test_a_stockout_before_the_first_day_marks_nothing() -> None:
    past = Stockout(product_id="p1", start_on=date(2023, 1, 1), end_on=date(2023, 1, 9))
    assert not stockout_days([past], keys=("p1",), first_on=FIRST, n_days=5).any()


def test_purchase_is_what_is_missing_rounded_up(tmp_path: Path) -> None:
    path = tmp_path / "s.csv"
    path.write_text("product_id,units,on_order\np1,30.5,10\np2,500,\n")
    stock = read_stock(path)
    assert stock["p2"] == StockOnHand(product_id="p2", units=500)
    assert purchase_units(100, stock["p1"]) == 60  # 59.5 are missing
    assert purchase_units(100, stock["p2"]) == 0  # more than enough


@pytest.mark.parametrize("row", ["p1,3", "p2,-1", "p2,nan", "p2,many"])
def test_bad_stock_is_refused_with_its_line(tmp_path: Path, row: str) -> None:
    path = tmp_path / "s.csv"
    path.write_text(f"product_id,units\np1,3\n{row}\n")
    with pytest.raises(BadStock, match="Line 3"):
        read_stock(path)
    path.write_text("product_id,number\n")
    with pytest.raises(BadStock, match="Line 1"):
        read_stock(path)


@dataclass(frozen=True)
class Factor:
    value: float
    is_inside: bool


@dataclass(frozen=True)
class Answer:
    """Units go with the power of the price; up to half and double the price were seen."""

    elasticity: float

    def units_factor(self, price_from: float, price_to: float) -> Factor:
        ratio = price_to / price_from
        return Factor(ratio**self.elasticity, 0.5 <= ratio <= 2)


class Model:
    def response(self, product_id: str, *, category: str = "") -> Answer:
        return Answer({"p1": -2.0, "p2": 0.5}[product_id])


def planned(product_id: str, first: int, last: int, price_minor: float) -> PlannedPrice:
    return PlannedPrice(
        product_id=product_id,
        start_on=date(2024, 1, first),
        end_on=date(2024, 1, last),
        price_minor=price_minor,
    )


def two_products() -> Panel:
    units = np.full((3, 7), 10.0)  # 1 to 7 January; the days ahead begin on the 8th
    return Panel(
        keys=("p1", "p2", ""),
        categories=("a", "a", "a"),
        units=units,
        net_minor=units * 100,
        first_on=FIRST,
        promotion=np.zeros((0, 3, 7)),
    )


def test_a_planned_price_multiplies_the_days_it_holds() -> None:
    found = repriced(two_products(), np.full((3, 3), 6.0), [planned("p1", 1, 9, 200)], Model())
    assert found.units.tolist() == [[1.5, 1.5, 6], [6, 6, 6], [6, 6, 6]]  # twice the price: a quarter
    assert found.revenue_minor[0].tolist() == [300, 300, 600]
    assert (found.n_products, found.n_beyond, found.n_unused) == (1, 0, 0)
    assert len(found.notes()) == 1


def test_what_the_price_model_cannot_know_is_said() -> None:
    plans = [planned("p1", 10, 31, 25), planned("p2", 8, 8, 50), planned("nobody", 8, 8, 50)]
    found = repriced(two_products(), np.full((3, 3), 6.0), plans, Model())
    assert found.units.tolist() == [[6, 6, 96], [6, 6, 6], [6, 6, 6]]  # a quarter of the price: sixteen times
    assert found.revenue_minor[1].tolist() == [300, 600, 600]  # units stay, the price does not
    assert (found.n_products, found.n_beyond, found.n_unused) == (1, 1, 1)
    assert len(found.notes()) == 3


def test_without_plans_nothing_moves() -> None:
    found = repriced(two_products(), np.full((3, 3), 6.0), (), None)
    assert (found.units == 6).all()
    assert (found.revenue_minor == 600).all()
    assert not found.notes()


@pytest.mark.parametrize(
    "row", ["p1,2024-01-05,2024-01-04,3", "p1,2024-01-05,2024-01-05,0", "p1,2024-01-05,2024-01-05,nan"]
)
def test_a_bad_price_is_refused_with_its_line(tmp_path: Path, row: str) -> None:
    path = tmp_path / "s.csv"
    path.write_text("product_id,start_on,end_on,price\np1,2024-01-08,2024-01-31,9.90\n")
    assert read_prices(path, minor_per_unit=100) == [planned("p1", 8, 31, 990)]
    path.write_text(f"product_id,start_on,end_on,price\n{row}\n")
    with pytest.raises(BadPrices, match="Line 2"):
        read_prices(path, minor_per_unit=100)
