"""Effects learned in a simulated shop, beside the true ones: rank correlation, and regret to the oracle. The truth is simulated.

    python benchmarks/effect_simulated.py [--people 100000] [--seeds 3] [--discount 0.15]

A year of a gift shop; then by lot half of its customers get a contact. What they bring in 60 days is the outcome; the simulator says what
the contact really changed in expectation. Gains are what treating the chosen (those with a positive effect after the contact's cost)
changes per person, by the truth.
"""

from __future__ import annotations

import argparse
import time

import numpy as np
from scipy.stats import spearmanr

from aimwell.learn.simulator.amounts import Amounts, amounts
from aimwell.learn.simulator.life import Life
from aimwell.learn.simulator.lived import Orders
from aimwell.learn.simulator.model import Deal, Touches
from aimwell.learn.simulator.presets import gift_shop
from aimwell.learn.simulator.truth import truth
from aimwell.learn.simulator.world import World
from aimwell.predict.effect.choose import choose
from aimwell.predict.effect.experiment import Experiment
from aimwell.predict.effect.learners import LEARNERS

DAY, HORIZON_DAYS = 365, 60
CONTACT_MINOR = 5.0


def features(life: Life, orders: Orders, brought: Amounts) -> np.ndarray:
    """Return what a shop knows of its people from their orders, as portraits have it."""
    person, n = orders.person, life.size

    def summed(values: np.ndarray, *, days: int = DAY) -> np.ndarray:
        recent = orders.day >= DAY - days
        return np.bincount(person[recent], values[recent], minlength=n)

    ones = np.ones(len(person))
    last, first = np.full(n, -1.0), np.full(n, float(DAY))
    np.maximum.at(last, person, orders.day)
    np.minimum.at(first, person, orders.day)
    n_orders = summed(ones)
    spent = summed(brought.net_minor.astype(float))
    columns = [
        DAY - last,
        DAY - first,
        *(np.log1p(summed(ones, days=days)) for days in (30, 60, 90, 180, DAY)),
        *(np.log1p(summed(brought.net_minor.astype(float), days=days)) for days in (90, DAY)),
        np.log1p(spent / np.maximum(n_orders, 1)),
        summed(brought.n_lines.astype(float)) / np.maximum(n_orders, 1),
        summed(brought.refund_minor.astype(float)) / np.maximum(spent, 1),
        np.log((DAY - last + 1) / (np.maximum(last - first, 0) / np.maximum(n_orders - 1, 1) + 30)),
    ]
    return np.column_stack(columns)


def experiment_of(people: int, *, seed: int, discount: float) -> tuple[Experiment, np.ndarray]:
    """Return the experiment among known customers, and what the contact truly changes with each."""
    world = World(gift_shop(people=people, days=DAY + HORIZON_DAYS + 30), seed=seed)
    life = Life(world)
    past = life.live(DAY).orders
    x = features(life, past, amounts(life, past))
    deal = Deal(offer_id="deal", channel="email", discount_rate=discount)
    true = truth(life, [deal], horizon_days=HORIZON_DAYS).effect[:, 0].astype(float)
    treated = np.random.default_rng(seed).random(life.size) < 0.5
    chosen = np.flatnonzero(treated)
    then = life.live(
        HORIZON_DAYS, touches=Touches.on(DAY, chosen, np.zeros(len(chosen), dtype=np.int64)), deals=[deal]
    )
    profit = np.bincount(then.orders.person, amounts(life, then.orders).profit_minor, minlength=life.size)
    known = np.unique(past.person)
    experiment = Experiment(
        features=x[known],
        is_treated=treated[known],
        propensity=np.full(len(known), 0.5),
        outcome=profit[known],
        person=np.arange(len(known)),
    )
    return experiment, true[known]


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    options.add_argument("--people", type=int, default=100_000)
    options.add_argument("--seeds", type=int, default=3)
    options.add_argument("--discount", type=float, default=0.15)
    given = options.parse_args()
    for seed in range(given.seeds):
        experiment, true = experiment_of(given.people, seed=seed, discount=given.discount)
        began = time.process_time()
        choice = choose(experiment, seed=seed)
        took = time.process_time() - began
        net = true - CONTACT_MINOR
        oracle = np.maximum(net, 0).mean()
        print(
            f"\nseed {seed}: {len(experiment):,} customers, true mean {true.mean():.1f} (spread {true.std():.1f}), said "
            f"{choice.calibration.mean.value:.1f} +- {choice.calibration.mean.se:.1f}; outcomes spread by {experiment.outcome.std():.0f}; "
            f"{'people differ' if choice.is_usable else 'no usable difference'}; {took:.0f} s"
        )
        order = choice.order.of(experiment.features)
        unshrunk = choice.calibration.mean.value + choice.calibration.slope.value * order
        said = {"automatic": choice.effect(experiment.features), "its order, not shrunk": unshrunk}
        said |= {
            name: LEARNERS[name](experiment, seed).of(experiment.features)
            for name in ("s_linear", "dr_linear", "t_trees", "response_linear")
        }
        print(
            "| | rank correlation with the truth | gain per person, minor | of the oracle's |\n|---|---|---|---|"
        )
        for name, effect in (said | {"everybody": np.full(len(true), np.inf), "oracle": true}).items():
            gain = np.where(effect > CONTACT_MINOR, net, 0.0).mean()
            rank = spearmanr(effect, true).statistic if np.unique(effect).size > 1 else float("nan")
            print(f"| {name} | {rank:.3f} | {gain:.2f} | {gain / oracle:.1%} |")


if __name__ == "__main__":
    main()
