"""Plans: everybody at once, beside HiGHS on what HiGHS can hold.

    python benchmarks/plan.py --people 1000000 --offers 8 20
    python benchmarks/plan.py --people 10000000 --offers 20

People are drawn in the engine: few are likely to respond, lifts differ per offer. Limits of every kind are set: a budget, two
channels, stocks, an equality for one offer, a minimum for a small segment. For each size: seconds, peak memory, the
certificate's gap, and a warm re-solve for another budget. HiGHS solves the relaxation of the same problem on fewer people,
in the same run.
"""

from __future__ import annotations

import argparse
import resource
import tempfile
import time
from datetime import datetime
from pathlib import Path

import ibis
import ibis.expr.types as ir

from aimwell.base.clock import FixedClock
from aimwell.base.lottery import LOTS
from aimwell.promote.plan.arrays import prospects
from aimwell.promote.plan.effects import assumed_choices
from aimwell.promote.plan.exact import relax
from aimwell.promote.plan.model import MILLI, Campaign, Incrementality, Limit, Offer, Problem
from aimwell.promote.plan.prospects import Room
from aimwell.promote.plan.service import plan_campaign
from aimwell.promote.plan.service.making import open_slider
from aimwell.storage.engines.duckdb import DuckDBEngine
from aimwell.storage.lake.lake import Lake

NOW = datetime(2026, 1, 1)
CHANNELS = ("sms", "email", "app")


def draw(engine: DuckDBEngine, *, n_people: int, n_offers: int, is_sorted: bool) -> ir.Table:
    """Return drawn people: likely responders first if `is_sorted`, else in no order."""
    engine.backend.raw_sql("select setseed(0.5)")
    lifts = ", ".join(f"0.3 + random() * 2 as lift_o{k}" for k in range(n_offers))
    order = "order by response_prob desc" if is_sorted else ""
    engine.backend.raw_sql(f"""
        create or replace temp table drawn as
        select (hash(i) % 9223372036854775807)::bigint as person_id, random() * random() * 0.4 as response_prob,
            (1000 + random() * random() * 20000)::bigint as order_minor, random() < 0.3 as in_vip, random() < 0.01 as in_rare,
            {lifts}
        from range({n_people}) as numbers(i) {order}""")
    return engine.backend.table("drawn")


def wanted(*, n_people: int, n_offers: int) -> tuple[tuple[Offer, ...], Campaign]:
    """Return offers and a campaign whose limits bind at this size."""
    offers = tuple(
        Offer(
            offer_id=f"o{k}",
            name=f"Offer {k}",
            channel=CHANNELS[k % 3],
            contact_milli=4500 * (k % 3 + 1),
            incentive_minor=50 + 30 * k,
            margin_rate=0.3 + 0.01 * k,
            stock=n_people // 40 if k % 2 else None,
            segment="vip" if k == 3 else None,
        )
        for k in range(n_offers)
    )
    exactly, rare = max(1, n_people // 200), max(1, n_people // 400)
    campaign = Campaign(
        name="bench",
        currency="CNY",
        budget_minor=n_people * 8,
        horizon_days=30,
        incrementality=Incrementality(low=0.2, mid=0.4, high=0.6),
        salt="bench",
        holdout_share=0.1,
        channel_capacities={"sms": n_people // 10, "email": n_people // 5},
        limits=(
            Limit(
                key="offer o0",
                kind="offer",
                offer_ids=("o0",),
                segment=None,
                minimum=exactly,
                maximum=exactly,
            ),
            Limit(key="segment rare", kind="segment", offer_ids=(), segment="rare", minimum=rare),
        ),
    )
    return offers, campaign


def plan(folder: Path, *, n_people: int, n_offers: int, is_sorted: bool = False) -> None:
    """Plan once, move the budget once, and print what it took."""
    engine = DuckDBEngine(memory_limit="8GB", temp_folder=folder / "spill", threads=2)
    (folder / "spill").mkdir(exist_ok=True)
    lake = Lake(folder / f"lake-{n_people}-{n_offers}-{is_sorted}", engine=engine)
    people = draw(engine, n_people=n_people, n_offers=n_offers, is_sorted=is_sorted)
    offers, campaign = wanted(n_people=n_people, n_offers=n_offers)
    began = time.perf_counter()
    made = plan_campaign(
        people, lake=lake, clock=FixedClock(NOW), offers=offers, campaign=campaign, as_of=NOW
    )
    seconds = time.perf_counter() - began
    slider = open_slider(people, engine=engine, offers=offers, campaign=campaign)
    began = time.perf_counter()
    slider.learn(round(campaign.budget_minor * 0.9))
    warm = time.perf_counter() - began
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    certificate = made.certificate
    binding = sum(limit.binds is not None for limit in certificate.limits) + (certificate.budget_price > 0)
    name = f"{n_people:>10,} x {n_offers:<2}{' sorted' if is_sorted else ''}"
    print(
        f"{name:22} {seconds:7.1f} s   gap {certificate.gap:.1e}   {binding} limits bind   another budget {warm:.2f} s   "
        f"peak {peak:.1f} GiB",
        flush=True,
    )
    engine.close()


def beside_highs(folder: Path, *, n_people: int, n_offers: int) -> None:
    """Solve the same small problem with HiGHS and with ours."""
    engine = DuckDBEngine(memory_limit="4GB", temp_folder=folder / "spill", threads=2)
    (folder / "spill").mkdir(exist_ok=True)
    people = draw(engine, n_people=n_people, n_offers=n_offers, is_sorted=False)
    offers, campaign = wanted(n_people=n_people, n_offers=n_offers)
    problem = Problem.of(offers, campaign)
    began = time.perf_counter()
    lake = Lake(folder / f"lake-highs-{n_people}", engine=engine)
    made = plan_campaign(
        people, lake=lake, clock=FixedClock(NOW), offers=offers, campaign=campaign, as_of=NOW
    )
    ours = time.perf_counter() - began
    choices = assumed_choices(people, problem=problem, incrementality=campaign.incrementality.mid)
    began = time.perf_counter()
    best = highs(engine, choices, problem=problem)
    theirs = time.perf_counter() - began
    print(
        f"{n_people:>10,} x {n_offers:<2}           ours {ours:.1f} s (everything: effects, plan, curve, lake), "
        f"HiGHS {theirs:.1f} s (solve alone, everybody, nobody held out): "
        f"{ours / theirs:.2f} of its time; bound {made.certificate.bound_milli / MILLI:,.0f} for 90 % of the people, "
        f"optimum {best / MILLI:,.0f} for all",
        flush=True,
    )
    engine.close()


def highs(engine: DuckDBEngine, choices: ir.Table, *, problem: Problem) -> float:
    """Return the optimum of the relaxation, shares of offers per person, as HiGHS finds it."""
    ready = choices.mutate(tie_lot=choices.person_id % LOTS, drawn_below=ibis.literal(LOTS))
    people = prospects(engine.arrow(ready), problem=problem)
    chosen = relax(people, problem, room=Room.of(problem)).chosen
    return float((chosen * people.value).sum())


def main() -> None:
    """Run the sizes asked for."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--people", type=int, default=1_000_000)
    parser.add_argument("--offers", type=int, nargs="+", default=[8, 20])
    parser.add_argument(
        "--highs-people", type=int, default=20_000, help="people in the comparison with HiGHS"
    )
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="aimwell-plan-") as name:
        folder = Path(name)
        beside_highs(folder, n_people=options.highs_people, n_offers=20)
        for n_offers in options.offers:
            plan(folder, n_people=options.people, n_offers=n_offers)
        plan(folder, n_people=min(options.people, 1_000_000), n_offers=options.offers[0], is_sorted=True)


if __name__ == "__main__":
    main()
