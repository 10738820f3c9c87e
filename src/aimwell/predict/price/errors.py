"""What can be wrong with a question about a price."""

from __future__ import annotations

from aimwell.base.errors import NotFound
from aimwell.base.words import text

__all__ = ["CategoryNotPriced", "ProductNotPriced"]


class CategoryNotPriced(NotFound):
    """The price model has seen no product of this category."""

    code = "category_not_priced"
    template = text(
        "The price model {model_id} knows no category `{category}`. `aimwell price show` lists products with their categories."
    )


class ProductNotPriced(NotFound):
    """The price model has not seen enough weeks of this product."""

    code = "product_not_priced"
    template = text(
        "The price model {model_id} knows no product `{product_id}` by itself: it was sold in too few weeks, or is not of this shop. "
        "`aimwell price show` lists those it knows; the table price_responses holds what its category answers."
    )
