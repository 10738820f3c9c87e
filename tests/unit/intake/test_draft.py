"""Drafted mappings: headers in English and Chinese, and content where the header does not tell."""

from __future__ import annotations

import pytest

from aimwell.intake.mapping.draft import draft
from aimwell.intake.mapping.presets import read_mapping


@pytest.mark.parametrize(
    ("row", "grain", "rules"),
    [
        (
            {
                "Order No": "R1",
                "Client Code": "K7",
                "When Ordered": "13/01/2024",
                "Item Code": "A1",
                "Qty": "2",
                "Unit Price": "9.50",
            },
            "line",
            {
                "orders.order_id": "Order No",
                "orders.ordered_at": "When Ordered",
                "lines.price": "Unit Price",
                "who.account": "Client Code",
            },
        ),
        (
            {"单号": "1", "顾客手机": "13812345678", "付款时间": "2024-01-05 10:00", "实付金额": "￥99.00"},
            "order",
            {
                "orders.order_id": "单号",
                "who.phone": "顾客手机",
                "who.account": "顾客手机",
                "orders.total": "实付金额",
            },
        ),
        (
            {"x": "1", "reach": "a@b.com", "when": "2024-01-05", "sum": "5.00", "Total": "5.00"},
            "order",
            {"who.email": "reach", "orders.ordered_at": "when", "orders.total": "Total"},
        ),
        (
            {"SKU": "a", "Title": "Hose", "Brand": "B", "Price": "5"},
            "product",
            {"products.name": "Title", "products.brand": "Brand"},
        ),
    ],
)
def test_what_it_finds(row, grain, rules) -> None:
    found = draft(list(row), [row])
    mapping = read_mapping(found.toml, name="draft")
    assert found.missing == ()
    assert mapping.grain == grain
    cells = mapping.cells()
    assert {name: cells[name].columns[0] for name in rules} == rules


def test_what_it_misses_it_says() -> None:
    found = draft(["Order No", "Nothing"], [{"Order No": "1", "Nothing": "x"}])
    assert found.missing == ("ordered_at", "total", "account")
    assert "# MISSING: ordered_at" in found.toml
    assert '# not used: "Nothing"' in found.toml


def test_content_speaks_against_a_name() -> None:
    found = draft(
        ["Order No", "Date", "Total", "Customer"],
        [{"Order No": "1", "Date": "soon", "Total": "2", "Customer": "c"}],
    )
    assert "ordered_at" in found.missing
