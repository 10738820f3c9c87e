"""Files that a shop lays beside its facts: stock-outs and stock on hand."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from aimwell.predict.demand.stock import BadStock, StockOnHand, purchase_units, read_stock
from aimwell.predict.demand.stockouts import BadStockouts, Stockout, read_stockouts, stockout_days

FIRST = date(2024, 1, 1)


def test_stockouts_cover_both_days_of_known_products(tmp_path: Path) -> None:
    path = tmp_path / "s.csv"
    path.write_text(
        "product_id,start_on,end_on,note\np1,2023-12-30,2024-01-02,x\np1,2024-01-04,2024-01-30,x\n,2024-01-01,2024-01-05,x\n"
    )
    found = stockout_days(read_stockouts(path), keys=("p1", "p2", ""), first_on=FIRST, n_days=5)
    # 1, 2, 4 and 5 January; what is before and after the days, and the pool "", is passed over
    assert found.tolist() == [[True, True, False, True, True], [False] * 5, [False] * 5]


@pytest.mark.parametrize("row", ["p1,2024-01-05,2024-01-04", "p1,2024-13-05,2024-12-04", "p1,2024-01-05"])
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
