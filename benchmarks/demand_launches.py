"""The first days of products that were never sold, foretold for the newest launches of a shop, beside two rules.

    python benchmarks/demand_launches.py demo-shop [--as-of 2017-12-31]

The newest third of the launches is foretold from those whose horizon was over before. `aimwell demo demo-shop` makes a shop of Complete Journey;
`aimwell demo or-shop --data online-retail --file FILE` one of Online Retail. Errors are mean absolute errors in units: of our median, of the mean of the
category's earlier launches, and of what an older product of the category sold in as many days before. Units of goods that are weighed or poured are
not pieces, and a few products decide such means.
"""

from __future__ import annotations

import argparse
from datetime import datetime
from pathlib import Path

from aimwell.predict.demand.service.launch import demand_launch
from aimwell.predict.demand.told.launches import Announced
from aimwell.predict.model import Abstention
from aimwell.shop import open_shop


def main() -> None:
    """Print a table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("shop", type=Path)
    parser.add_argument("--as-of", type=datetime.fromisoformat, default=datetime(2017, 12, 31))
    given = parser.parse_args()
    with open_shop(given.shop) as shop:
        found = demand_launch(
            [Announced(product_id="none", category="", price_minor=None)],
            lake=shop.lake,
            as_of=given.as_of,
            time_zone=shop.settings.time_zone,
        )
    if isinstance(found, Abstention):
        raise SystemExit(str(found.reason))
    print(
        f"{'days':>5}{'launches':>10}{'Aimwell':>10}{'category':>10}{'older':>10}{'inside':>8}{'bias of means':>15}  used"
    )
    for days, trial in found.trials.items():
        if trial is not None:
            errors = "".join(
                f"{trial.errors[name]:10.2f}" for name in ("analogy", "category_mean", "older_products")
            )
            print(
                f"{days:5}{trial.n_launches:10,}{errors}{trial.inside_rate:8.1%}{trial.bias_rate:+15.1%}  {trial.form}"
            )


if __name__ == "__main__":
    main()
