"""Potential needs beside simpler ways to name them, on Complete Journey.

    python benchmarks/needs.py

As of three days, five categories are named of each household that it has not bought from (two steps of the path); what counts is the share
that it buys within the 28 days after. Learned only from what came before each day. Rivals: the most bought categories that a household
lacks; those that most began to buy in the 28 days before; those that most of its 200 nearest households (cosine over categories) have;
cosine neighbours of its own categories.
"""

from __future__ import annotations

from datetime import datetime, timedelta

import numpy as np

from affinity import JOURNEY_END, journey, shop
from aimwell.people.service import read_facts
from aimwell.predict.affinity.needs import category_table, learn_needs, try_needs
from aimwell.predict.affinity.service.gather import Source, gather_catalogue, gather_sample, gather_world

HORIZON, K, NEIGHBOURS = 28, 5, 200
DAYS = tuple(JOURNEY_END - timedelta(days=28 * n) for n in (4, 2, 0))


def hit_rate(scores: np.ndarray, before: np.ndarray, came: np.ndarray) -> float:
    """Return the share of the five best that came, of what a household lacks."""
    named = np.argsort(-np.where(before, -np.inf, scores), axis=1, kind="stable")[:, :K]
    return float(np.take_along_axis(came, named, axis=1).mean())


def rivals(before: np.ndarray, before_that: np.ndarray) -> dict[str, np.ndarray]:
    """Return (households, categories) scores by name."""
    table = before.astype(float)
    unit = table / np.maximum(np.linalg.norm(table, axis=1, keepdims=True), 1e-9)
    near = unit @ unit.T
    np.fill_diagonal(near, -1.0)
    kept = np.where(near >= np.partition(near, -NEIGHBOURS, axis=1)[:, [-NEIGHBOURS]], near, 0.0)
    columns = table / np.maximum(np.linalg.norm(table, axis=0, keepdims=True), 1e-9)
    began = (before & ~before_that).sum(axis=0) / np.maximum((~before_that).sum(axis=0), 1)
    return {
        "most bought": np.tile(table.sum(axis=0), (len(table), 1)),
        "most begun": np.tile(began, (len(table), 1)),
        f"{NEIGHBOURS} nearest households": kept @ table,
        "nearest categories": table @ (columns.T @ columns),
    }


def main() -> None:
    """Print a table."""
    with shop() as lake:
        journey(lake, size=1, n_baskets=1)
        facts = read_facts(lake=lake)
        print(f"{'as of':12}{'named by':28}{'bought then':>12}")
        for day in DAYS:
            _show(day, Source(facts=facts, engine=lake.engine))


def _show(day: datetime, source: Source) -> None:
    with source.lines(day) as lines:
        catalogue = gather_catalogue(lines, source=source)
        world = gather_world(lines, catalogue, engine=source.engine)
        sample = gather_sample(lines, catalogue, engine=source.engine)
    tried = try_needs(sample, world, horizon_days=HORIZON)
    kept = learn_needs(sample, world, horizon_days=HORIZON, since_days=HORIZON).category
    if tried is None:
        raise SystemExit("too little was bought")
    came, before, before_that = (
        category_table(sample, world, since_days=days)[:, kept] for days in (0, HORIZON, 2 * HORIZON)
    )
    able = before.any(axis=1)
    came, before, before_that = came[able], before[able], before_that[able]
    start = f"{day - timedelta(days=HORIZON):%Y-%m-%d}"
    print(
        f"{start:12}{'Aimwell':28}{tried.hit_rate:12.1%}   said {tried.said:.1%}, {tried.n_people:,} households"
    )
    for name, scores in rivals(before, before_that).items():
        print(f"{'':12}{name:28}{hit_rate(scores, before, came):12.1%}")


if __name__ == "__main__":
    main()
