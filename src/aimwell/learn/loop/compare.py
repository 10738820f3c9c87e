"""The comparison: many seeds, in processes of their own, and what the policies' years differ by, paired by seed."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass
from multiprocessing import get_context

import numpy as np
from scipy.stats import t as student

from aimwell.base.progress import Progress, Silent
from aimwell.base.words import text
from aimwell.learn.loop.arena import POLICIES, Year, played
from aimwell.learn.loop.errors import TooFewSeeds

__all__ = ["Standing", "compare", "standings"]

_SEEDS = text("seeds")
_LEVEL = 0.95


@dataclass(frozen=True, kw_only=True)
class Standing:
    """One policy beside Aimwell, per person and year, minor units.

    Attributes
    ----------
    policy
        Its name.
    mean_minor
        Mean yearly profit over seeds.
    ahead_minor, low_minor, high_minor
        By how much Aimwell is ahead on average, with the 95 % interval of Student's t over seeds; None for Aimwell.
    worst_minor, worst_seed
        The least by which Aimwell is ahead, and where.
    n_won
        Seeds in which Aimwell is ahead.
    """

    policy: str
    mean_minor: float
    ahead_minor: float | None
    low_minor: float | None
    high_minor: float | None
    worst_minor: float | None
    worst_seed: int | None
    n_won: int | None


def compare(
    *, people: int, seeds: Sequence[int], processes: int = 1, progress: Progress | None = None
) -> tuple[Year, ...]:
    """Return the year of every policy with every seed, in the order of seeds.

    Parameters
    ----------
    people
        Of each shop.
    seeds
        Of the worlds; each is a shop of its own.
    processes
        How many seeds are played at once; 1: in this process.
    progress
        Hears of every seed.

    Raises
    ------
    TooFewSeeds
        If there are not two.
    """
    if len(seeds) < 2:
        raise TooFewSeeds(seeds=len(seeds))
    progress = progress or Silent()
    progress.start(text("Simulated years"), total=len(seeds), unit=_SEEDS)
    found: dict[int, tuple[Year, ...]] = {}
    if processes == 1:
        for seed in seeds:
            found[seed] = played(people=people, seed=seed)
            progress.advance(1)
    else:
        _apart(found, people=people, seeds=seeds, processes=processes, heard=lambda: progress.advance(1))
    progress.done()
    return tuple(year for seed in seeds for year in found[seed])


def _apart(
    found: dict[int, tuple[Year, ...]],
    *,
    people: int,
    seeds: Sequence[int],
    processes: int,
    heard: Callable[[], None],
) -> None:
    """Play seeds in processes of their own, each seed in a fresh one: what it used is given back."""
    with ProcessPoolExecutor(processes, mp_context=get_context("spawn"), max_tasks_per_child=1) as pool:
        asked = {pool.submit(played, people=people, seed=seed): seed for seed in seeds}
        for done in as_completed(asked):
            found[asked[done]] = done.result()
            heard()


def standings(years: Sequence[Year]) -> tuple[Standing, ...]:
    """Return every policy beside Aimwell: Aimwell, the others by mean profit, the oracle last."""
    seeds = sorted({year.seed for year in years})
    profit = {(year.policy, year.seed): year.profit_minor / year.people for year in years}
    names = list(dict.fromkeys(year.policy for year in years))
    table = {name: np.array([profit[name, seed] for seed in seeds]) for name in names}
    others = sorted((n for n in POLICIES if n in table and n != "Aimwell"), key=lambda n: -table[n].mean())
    rest = [name for name in names if name not in POLICIES]
    return tuple(_standing(name, table, seeds) for name in ("Aimwell", *others, *rest))


def _standing(name: str, table: dict[str, np.ndarray], seeds: Sequence[int]) -> Standing:
    mean = float(table[name].mean())
    if name == "Aimwell":
        return Standing(
            policy=name, mean_minor=mean, ahead_minor=None, low_minor=None, high_minor=None,
            worst_minor=None, worst_seed=None, n_won=None,
        )  # fmt: skip
    ahead = table["Aimwell"] - table[name]
    reach = float(student.ppf(0.5 + _LEVEL / 2, ahead.size - 1) * ahead.std(ddof=1) / np.sqrt(ahead.size))
    centre = float(ahead.mean())
    return Standing(
        policy=name,
        mean_minor=mean,
        ahead_minor=centre,
        low_minor=centre - reach,
        high_minor=centre + reach,
        worst_minor=float(ahead.min()),
        worst_seed=int(seeds[int(ahead.argmin())]),
        n_won=int((ahead > 0).sum()),
    )
