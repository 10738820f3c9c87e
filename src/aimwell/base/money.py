"""Money is a whole number of minor units (cents, 分) beside an ISO 4217 code; never a float of major units."""

from __future__ import annotations

from decimal import Decimal

from babel.numbers import get_currency_precision, is_currency

__all__ = ["is_known_currency", "minor_units", "to_major"]


def is_known_currency(currency: str) -> bool:
    """Say whether this is an ISO 4217 code, such as EUR, CNY or JPY."""
    return bool(is_currency(currency))


def minor_units(currency: str) -> int:
    """Return how many minor units make one major unit: EUR 100, JPY 1, KWD 1000."""
    return int(10 ** get_currency_precision(currency))


def to_major(minor: float, currency: str) -> Decimal:
    """Return minor units as an exact decimal of major units: 1250 EUR minor is 12.5."""
    return Decimal(str(minor)) / minor_units(currency)
