"""The shop's rates file."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest

from aimwell.intake.errors import RatesInvalid
from aimwell.intake.service.rates import read_rates

pytestmark = pytest.mark.both_engines


def test_a_rate_holds_until_the_next(tmp_path, one_engine) -> None:
    path = tmp_path / "rates.csv"
    path.write_text("date,currency,rate\n2024-02-01,EUR,1.10\n2024-01-01,eur,1.25\n2024-01-01,JPY,0.0068\n")
    assert one_engine.arrow(read_rates(path)).to_pylist() == [
        {
            "currency": "EUR",
            "since_on": date(2024, 1, 1),
            "until_on": date(2024, 2, 1),
            "rate": Decimal("1.25"),
        },
        {
            "currency": "EUR",
            "since_on": date(2024, 2, 1),
            "until_on": date(9999, 12, 31),
            "rate": Decimal("1.1"),
        },
        {
            "currency": "JPY",
            "since_on": date(2024, 1, 1),
            "until_on": date(9999, 12, 31),
            "rate": Decimal("0.0068"),
        },
    ]


@pytest.mark.parametrize(
    "line",
    [
        "2024-13-01,EUR,1",
        "2024-01-01,EURO,1",
        "2024-01-01,EUR,free",
        "2024-01-01,EUR,0",
        "2024-01-01,EUR,-1",
        "2024-01-01",
    ],
)
def test_a_wrong_line_is_named(tmp_path, line) -> None:
    path = tmp_path / "rates.csv"
    path.write_text(f"date,currency,rate\n2024-01-01,USD,1\n{line}\n")
    with pytest.raises(RatesInvalid, match="line 3"):
        read_rates(path)


def test_other_columns_are_refused(tmp_path) -> None:
    path = tmp_path / "rates.csv"
    path.write_text("day,currency\n2024-01-01,USD\n")
    with pytest.raises(RatesInvalid, match="line 1"):
        read_rates(path)
