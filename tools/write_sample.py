"""Write docs/sample: a small tea shop's orders, made up from a seed, with the flaws real exports have."""

from __future__ import annotations

import csv
from datetime import datetime, timedelta
from pathlib import Path

import numpy as np

SAMPLE = Path(__file__).parents[1] / "docs" / "sample"
BEGIN, END = datetime(2024, 1, 1, 8), datetime(2025, 7, 1)
CUSTOMERS = 600
TEAS = [
    ("T01", "Longjing green 100 g", "Tea > Green", "West Lake", 18.5),
    ("T02", "Biluochun green 50 g", "Tea > Green", "West Lake", 16.0),
    ("T03", "Tieguanyin oolong 100 g", "Tea > Oolong", "Anxi", 14.9),
    ("T04", "Da Hong Pao oolong 50 g", "Tea > Oolong", "Wuyi", 24.0),
    ("T05", "Keemun black 100 g", "Tea > Black", "Qimen", 11.5),
    ("T06", "Earl Grey 100 g", "Tea > Black", "House", 7.9),
    ("T07", "Pu-erh cake 357 g", "Tea > Dark", "Menghai", 39.0),
    ("W01", "Gaiwan 120 ml", "Teaware > Cups", "House", 21.0),
    ("W02", "Clay teapot 200 ml", "Teaware > Pots", "Yixing", 64.0),
    ("W03", "Bamboo tray", "Teaware > Trays", "House", 33.0),
]


def lines() -> list[list[str]]:
    """Return the rows of the file: every customer buys at a rate of their own until they stop."""
    rng = np.random.default_rng(20240101)
    rows = []
    order_no = 10_000
    for customer in range(1, CUSTOMERS + 1):
        taste = rng.dirichlet(np.full(len(TEAS), 0.5))
        gap_days = 14 + rng.gamma(1.2, 45)
        moment = BEGIN + timedelta(days=float(rng.uniform(0, 420)))
        while moment < END:
            order_no += 1
            at = moment.replace(microsecond=0)
            coupon = "TEA10" if rng.random() < 0.15 else ""
            for product in rng.choice(
                len(TEAS), size=int(1 + rng.poisson(0.8)), replace=False, p=_open(taste)
            ):
                sku, name, category, brand, price = TEAS[product]
                quantity = int(1 + rng.poisson(0.3))
                discount = round(price * quantity * 0.1, 2) if coupon else 0.0
                net = price * quantity - discount
                who = [
                    f"A{order_no}",
                    f"{at:%Y-%m-%d %H:%M:%S}",
                    f"C{customer:04d}",
                    f"c{customer}@example.com",
                ]
                money = [f"{price:.2f}", f"{discount:.2f}", f"{net:.2f}", f"{price * quantity * 0.55:.2f}"]
                rows.append([*who, sku, name, category, brand, str(quantity), *money, coupon])
            if rng.random() < 0.08:
                break
            moment += timedelta(days=float(1 + rng.exponential(gap_days)), hours=float(rng.normal(0, 3)))
    return rows


def _open(taste: np.ndarray) -> np.ndarray:
    """Give every product a little chance, so that any number of them can be drawn."""
    return (taste + 0.01) / (taste + 0.01).sum()


def main() -> None:
    """Write the file: sorted by time, with a returned line, a date that is none, and a line twice."""
    rows = sorted(lines(), key=lambda row: (row[1], row[0], row[4]))
    returned = [*rows[40][:8], "-1", rows[40][9], "0.00", f"-{rows[40][9]}", "0.00", ""]
    broken = [rows[60][0] + "X", "31/02/2024", *rows[60][2:]]
    rows = [*rows[:200], returned, broken, rows[10], *rows[200:]]
    head = ["order_id", "order_date", "customer_id", "email", "sku", "product_name", "category", "brand"]
    head += ["quantity", "unit_price", "discount", "net", "cost", "coupon"]
    SAMPLE.mkdir(exist_ok=True)
    with (SAMPLE / "orders.csv").open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([head, *rows])
    print(f"{len(rows)} lines")


if __name__ == "__main__":
    main()
