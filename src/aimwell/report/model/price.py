"""Prices: how sales answered to them."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["PriceRival", "PriceView", "ProductResponse"]


@dataclass(frozen=True, kw_only=True)
class ProductResponse:
    """One product: its name, how many per cent its units change for one per cent of price, with the 80 % interval."""

    name: str
    elasticity: float
    low: float
    high: float


@dataclass(frozen=True, kw_only=True)
class PriceRival:
    """How far off one way to foretell weekly units was on the past: log units, all weeks and those whose price had moved."""

    name: str
    is_model: bool
    rmse: float
    moved_rmse: float


@dataclass(frozen=True, kw_only=True)
class PriceView:
    """What the price model says, how it fared, and what it says about itself (sentences in the report's language).

    Attributes
    ----------
    n_products, n_moves
        Products with a response of their own; weeks whose price was more than a tenth off the usual one.
    usual
        Elasticity of the product in the middle.
    promotion_lift
        Share by which units rise when all are sold at a marked discount, at the same price.
    products
        Those that sell for most, without those that carry a warning.
    """

    n_products: int
    n_moves: int
    usual: float
    promotion_lift: float
    products: tuple[ProductResponse, ...]
    rivals: tuple[PriceRival, ...]
    notes: tuple[str, ...]
