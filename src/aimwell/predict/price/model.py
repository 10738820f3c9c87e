"""The price model: the response of every product that was seen often enough, of every category, and of the shop; and its back-test."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import date
from typing import Any, Literal

from aimwell.base.words import text
from aimwell.predict.price.response import Response

__all__ = ["FAMILY", "FORECAST_NAMES", "Backtest", "Form", "PriceModel", "Trial"]

FAMILY = "price"
Form = Literal["shrunk", "pooled"]
FORECAST_NAMES: Mapping[str, str] = {
    "shrunk": text("Product, drawn to its category"),
    "pooled": text("One elasticity for all products"),
    "own": text("Each product alone"),
    "level": text("Recent sales, no price"),
    "mean": text("Mean sales, no price"),
}


@dataclass(frozen=True, kw_only=True)
class Trial:
    """How one forecast of log weekly units did.

    Attributes
    ----------
    forecast
        Key of `FORECAST_NAMES`.
    rmse, moved_rmse
        Root mean square error in log units: of all weeks with a sale, and of those whose price was more than a tenth off the usual.
    """

    forecast: str
    rmse: float
    moved_rmse: float


@dataclass(frozen=True, kw_only=True)
class Backtest:
    """What the models would have said of weeks they had not seen, given the prices of those weeks.

    Attributes
    ----------
    cuts
        First day of each test window.
    n_weeks
        Length of a window.
    n_products, n_rows, n_moved
        Products, product-weeks with a sale, and those of them whose price had moved by more than a tenth.
    trials
        One per forecast.
    coverage, moved_coverage
        Share of log units inside the 80 % intervals of "shrunk".
    """

    cuts: tuple[date, ...]
    n_weeks: int
    n_products: int
    n_rows: int
    n_moved: int
    trials: Sequence[Trial]
    coverage: float
    moved_coverage: float

    def trial(self, forecast: str) -> Trial:
        """Return how one forecast did."""
        return next(one for one in self.trials if one.forecast == forecast)

    @property
    def form(self) -> Form:
        """The better of the two forms on the weeks whose price had moved; "shrunk" where none had."""
        if self.n_moved == 0:
            return "shrunk"
        is_better = self.trial("shrunk").moved_rmse < self.trial("pooled").moved_rmse
        return "shrunk" if is_better else "pooled"

    def as_data(self) -> dict[str, Any]:
        """Return JSON values."""
        return asdict(self) | {"cuts": [cut.isoformat() for cut in self.cuts]}

    @classmethod
    def from_data(cls, data: Mapping[str, Any]) -> Backtest:
        """Return the back-test that `as_data` wrote."""
        return cls(
            **dict(data)
            | {
                "cuts": tuple(date.fromisoformat(cut) for cut in data["cuts"]),
                "trials": [Trial(**trial) for trial in data["trials"]],
            }
        )


@dataclass(frozen=True, kw_only=True)
class PriceModel:
    """What was learned.

    Attributes
    ----------
    form
        "shrunk", or "pooled" where that foretold better: then every response is the shop's.
    shop
        The response of a product of which nothing is known; its prices are 0.
    categories
        The response of an unseen product of each category, by its name; prices are 0.
    products
        The responses of the products that were sold in enough weeks, by product id.
    category_depth
        Steps of the category path that were used.
    """

    form: Form
    shop: Response
    categories: Mapping[str, Response]
    products: Mapping[str, Response]
    category_depth: int

    def response(self, product_id: str, *, category: str = "") -> Response:
        """Return the response of a product: its own, else its category's, else the shop's."""
        return self.products.get(product_id) or self.categories.get(category, self.shop)

    def as_data(self) -> dict[str, Any]:
        """Return JSON values."""
        return {
            "form": self.form,
            "shop": self.shop.as_data(),
            "categories": [one.as_data() for one in self.categories.values()],
            "products": [one.as_data() for one in self.products.values()],
            "category_depth": self.category_depth,
        }

    @classmethod
    def from_data(cls, data: Mapping[str, Any]) -> PriceModel:
        """Return the model that `as_data` wrote."""
        categories = [Response.from_data(one) for one in data["categories"]]
        products = [Response.from_data(one) for one in data["products"]]
        return cls(
            form=data["form"],
            shop=Response.from_data(data["shop"]),
            categories={one.category: one for one in categories},
            products={one.product_id: one for one in products},
            category_depth=data["category_depth"],
        )
