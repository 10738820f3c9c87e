"""Are the intervals of measurement what they say? Thousands of campaigns, looked at every day.

    python benchmarks/measure.py [--campaigns 2000] [--days 30] [--seed 1] [--out FILE.json]

Per shop, size and holdout: the share of campaigns without effect that raise a false alarm on any day; of campaigns with a planted
effect those whose interval misses the true effect on any day; and, with an effect of just the size that the power card names before
the launch, those that are told. Beside it, what looking every day at a fixed-horizon interval would do.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from aimwell.promote.measure.balance import LEVEL, ratio_p_value
from aimwell.promote.measure.effect import estimates
from aimwell.promote.measure.power import Shape, outlook
from aimwell.promote.measure.sequential import half_widths, mixture_constant, normal_quantile, target_variance
from aimwell.promote.measure.sums import ArmSums
from measure_shops import SHOPS, Orders, Past, arm_sums, lifted

SIZES = ((2_000, 0.5), (5_000, 0.1), (20_000, 0.1))
PLANTED = (("more", 0.1), ("bigger", 0.15), ("sooner", 0.3))
ALPHA = 0.05
POWER = 0.8


@dataclass(frozen=True, kw_only=True)
class Looked:
    """What one campaign showed: whether the interval ever missed the truth, left out zero, and so on."""

    starts: bool
    misses: bool
    alarms: bool
    alarms_at_end: bool
    fixed_alarms: bool
    fixed_alarms_at_end: bool
    ratio_alarm: bool
    earned: bool
    earned_at_end: bool
    variance_cut: float


def looked_at(past: Past, added: Orders | None, treated: np.ndarray, *, days: int, holdout: float) -> Looked:
    """Measure one campaign on every day."""
    orders = past.now.orders if added is None else past.now.orders + added.only(treated[added.person])
    arms = [arm_sums(past.now.before, orders, chosen, days=days) for chosen in (treated, ~treated)]
    truth = np.zeros(days)
    if added is not None:
        truth = np.cumsum(np.bincount(added.day, added.profit, days)) / treated.size
    return judged((arms[0], arms[1]), truth, treated, days=days, holdout=holdout)


def judged(
    arms: tuple[ArmSums, ArmSums], truth: np.ndarray, treated: np.ndarray, *, days: int, holdout: float
) -> Looked:
    """Compare what was seen on each day with the truth."""
    found = estimates(*arms)
    target = target_variance(found, *arms, horizon_days=days)
    constant = None if target is None else mixture_constant(target, alpha=ALPHA)
    half = half_widths(found, constant=constant, alpha=ALPHA)
    effect = found.effect
    fixed = np.where(np.isfinite(half), normal_quantile(1 - ALPHA / 2) * np.sqrt(found.variance), np.inf)
    entered = np.cumsum(np.stack([treated, ~treated], axis=-1), axis=0)[:: max(1, treated.size // 30)]
    return Looked(
        starts=bool(np.isfinite(half).any()),
        misses=bool((np.abs(effect - truth) > half).any()),
        alarms=bool((np.abs(effect) > half).any()),
        alarms_at_end=bool(np.abs(effect[-1]) > half[-1]),
        fixed_alarms=bool((np.abs(effect) > fixed).any()),
        fixed_alarms_at_end=bool(np.abs(effect[-1]) > fixed[-1]),
        ratio_alarm=ratio_p_value(entered.astype(float), np.array([1.0 - holdout, holdout])) < LEVEL,
        earned=bool((effect > half).any()),
        earned_at_end=bool(effect[-1] > half[-1]),
        variance_cut=found.variance_cut,
    )


def smallest(past: Past, *, n_treated: int, n_control: int, days: int) -> float:
    """Return what the power card promises before the launch, from what these people did in the window before."""
    before, orders = past.last.before, past.last.orders
    everybody = np.ones(before.shape[0], dtype=bool)
    sums = arm_sums(before, orders, everybody, days=days)
    brought = np.bincount(orders.person, orders.profit, everybody.size)
    rest = brought - before @ estimates(sums, sums).slopes[-1]
    rest -= rest.mean()
    found = outlook(
        sums,
        Shape.of_powers(rest.size, ((rest**2).sum(), (rest**3).sum(), (rest**4).sum())),
        n_treated=n_treated,
        n_control=n_control,
        confidence=1 - ALPHA,
        power=POWER,
    )
    return float(found.smallest[-1])


def study(shop: str, n: int, holdout: float, *, campaigns: int, days: int, seed: int) -> dict[str, object]:
    """Return the shares of campaigns for one kind of shop and size."""
    random = np.random.default_rng([seed, n, round(holdout * 100), sum(shop.encode())])
    runs: dict[str, list[Looked]] = {"nothing": [], "planted": [], "power": []}
    for k in range(campaigns):
        past = SHOPS[shop](random, n, days)
        treated = random.random(n) >= holdout
        runs["nothing"].append(looked_at(past, None, treated, days=days, holdout=holdout))
        kind, size = PLANTED[k % len(PLANTED)]
        added = lifted(random, past, kind=kind, days=days, size=size)
        runs["planted"].append(looked_at(past, added, treated, days=days, holdout=holdout))
        if k % 2 == 0:
            told = smallest(past, n_treated=int(treated.sum()), n_control=int((~treated).sum()), days=days)
            if np.isfinite(told):
                bought = past.now.orders.profit[past.now.orders.is_order].sum() / n
                added = lifted(random, past, kind="bigger", days=days, size=told / bought)
                runs["power"].append(looked_at(past, added, treated, days=days, holdout=holdout))

    def share(name: str, field: str) -> float | None:
        rows = runs[name]
        return round(sum(asdict(row)[field] for row in rows) / len(rows), 4) if rows else None

    return {
        "shop": shop,
        "people": n,
        "holdout": holdout,
        "campaigns": campaigns,
        "starts": share("nothing", "starts"),
        "false_alarm_any_day": share("nothing", "alarms"),
        "false_alarm_last_day": share("nothing", "alarms_at_end"),
        "fixed_any_day": share("nothing", "fixed_alarms"),
        "fixed_last_day": share("nothing", "fixed_alarms_at_end"),
        "ratio_alarm": share("nothing", "ratio_alarm"),
        "covered_all_days": None if not runs["planted"] else round(1 - (share("planted", "misses") or 0), 4),
        "told_by_the_end": share("power", "earned"),
        "told_on_the_last_day": share("power", "earned_at_end"),
        "variance_cut": share("nothing", "variance_cut"),
    }


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--campaigns", type=int, default=2_000)
    parser.add_argument("--days", type=int, default=30)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--shops", nargs="*", default=list(SHOPS))
    parser.add_argument("--out", type=Path)
    given = parser.parse_args()
    rows = []
    for shop in given.shops:
        for n, holdout in SIZES:
            start = time.perf_counter()
            row = study(shop, n, holdout, campaigns=given.campaigns, days=given.days, seed=given.seed)
            rows.append(row | {"seconds": round(time.perf_counter() - start, 1)})
            print(json.dumps(rows[-1]), flush=True)
            if given.out:
                given.out.write_text(json.dumps(rows, indent=1) + "\n")
    worst = max(float(str(row["false_alarm_any_day"])) for row in rows)
    covered = min(float(str(row["covered_all_days"])) for row in rows)
    print(f"worst false alarms {worst:.2%}, worst coverage {covered:.2%}", file=sys.stderr)


if __name__ == "__main__":
    main()
