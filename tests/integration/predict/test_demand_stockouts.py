"""Stock-outs of a simulated shop, whose true demand is that of the same shop where nothing was ever sold out."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
import pytest

from aimwell.learn.simulator.baskets import lines_of
from aimwell.learn.simulator.life import Life
from aimwell.learn.simulator.presets import grocery
from aimwell.learn.simulator.world import World
from aimwell.predict.demand.learn import forecast_units, learn
from aimwell.predict.demand.panel import Array, Panel

N_PEOPLE, N_PRODUCTS, N_DAYS, HORIZON = 1_500, 80, 252, 28


@dataclass(frozen=True)
class Played:
    panel: Panel
    is_out: npt.NDArray[np.bool_]


def played(*, stock_out_rate: float) -> Played:
    spec = replace(
        grocery(people=N_PEOPLE),
        products=N_PRODUCTS,
        days=N_DAYS,
        spare_days=0,
        stock_out_rate=stock_out_rate,
    )
    life = Life(World(spec, 7))
    orders = life.live(N_DAYS).orders
    lines = lines_of(life, orders)
    goods = life.world.catalogue
    units, net = np.zeros((2, N_PRODUCTS, N_DAYS))
    for values, amounts in ((units, lines.quantity), (net, lines.net)):
        np.add.at(values, (lines.product, orders.day[lines.order]), amounts)
    panel = Panel(
        keys=tuple(goods.product_ids()),
        categories=tuple(goods.shelves[number].name for number in goods.shelf),
        units=units,
        net_minor=net,
        first_on=spec.start_on,
        promotion=np.zeros((0, N_PRODUCTS, N_DAYS)),
    )
    return Played(panel=panel, is_out=goods.is_sold_out[:N_DAYS].T)


def foretold(panel: Panel) -> Array:
    learned = learn(panel, horizon_days=HORIZON, country="US", seed=0)
    return forecast_units(
        panel,
        learned.trees,
        weights=learned.weights,
        upper_weights=learned.upper_weights,
        horizon_days=HORIZON,
        country="US",
    )


def test_forecasts_of_products_that_were_out_lose_their_bias() -> None:
    shop, truth = played(stock_out_rate=0.15), played(stock_out_rate=0.0).panel.units[:, -HORIZON:]
    cut = N_DAYS - HORIZON
    past = shop.panel.until(cut)
    filled = past.uncensored(shop.is_out[:, :cut])
    was_out = shop.is_out[:, cut - 28 : cut].mean(axis=1) >= 0.25
    assert was_out.sum() >= 10
    as_seen, as_wanted = (
        foretold(panel)[was_out].sum() / truth[was_out].sum() - 1 for panel in (past, filled)
    )
    assert as_seen < -0.2
    assert abs(as_wanted) < 0.1
    # Sales are filled with units, so the mean price paid stays.
    assert filled.price_minor() == pytest.approx(past.price_minor(), rel=0.1)
