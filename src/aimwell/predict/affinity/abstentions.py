"""When affinity declines to predict, and what it says then."""

from __future__ import annotations

from aimwell.base.words import Sentence, text
from aimwell.predict.model import Abstention

__all__ = ["MIN_PEOPLE", "MIN_PRODUCTS", "too_little_data"]

MIN_PEOPLE = 50
MIN_PRODUCTS = 10


def too_little_data(*, n_people: int, n_products: int) -> Abstention | None:
    """Decline below the stated minimum of people with two baskets and of products; None: there is enough."""
    if n_people >= MIN_PEOPLE and n_products >= MIN_PRODUCTS:
        return None
    template = text(
        "Too little to recommend from: {n_people} customers with two orders or more of known products, {n_products} products. "
        "It takes at least {min_people} such customers and {min_products} products. Load more orders, with their lines."
    )
    values = {
        "n_people": n_people,
        "n_products": n_products,
        "min_people": MIN_PEOPLE,
        "min_products": MIN_PRODUCTS,
    }
    return Abstention(code="too_little_data", reason=Sentence(template, values))
