"""Why a row waits in quarantine: a stable code each, and what it means in words."""

from __future__ import annotations

from aimwell.base.words import text

__all__ = ["REASONS"]

REASONS: dict[str, str] = {
    "wrong_cell_count": text("The line has more or fewer cells than the header."),
    "unclosed_quote": text("A quote is opened and never closed."),
    "not_json": text("The line is no JSON object."),
    "wrong_encoding": text("The line is damaged: it is not in the encoding of the file."),
    "bad_date": text("The cell is no date."),
    "bad_number": text("The cell is no number."),
    "missing_order_id": text("The order has no number."),
    "missing_date": text("The date is missing."),
    "missing_product_id": text("The product is missing."),
    "missing_quantity": text("The quantity is missing."),
    "missing_price": text("The price is missing."),
    "missing_account": text("The customer is missing."),
    "missing_event_name": text("The event has no name."),
    "negative_price": text("The price is below zero, and the row is no return."),
    "id_rounded_by_excel": text("Excel has lost the digits of the number; export it as text."),
    "unknown_currency": text("There is no such currency."),
    "no_rate": text(
        "There is no rate into the shop's currency for that day; add it to rates.csv, then replay."
    ),
    "unknown_order": text("The order has not come yet; load its file, then replay."),
    "order_incomplete": text("Another row of the same order cannot be used."),
}
