"""A small loop: three thousand people, two seeds, twelve months, six policies."""

from __future__ import annotations

import numpy as np
import pytest

from aimwell.learn.loop.arena import MONTHS, Year, played
from aimwell.learn.loop.compare import compare, standings
from aimwell.learn.loop.errors import TooFewSeeds
from aimwell.learn.loop.model import OFFERS

PEOPLE, SEEDS = 3_000, 2
COSTS = np.array([offer.contact_milli for offer in OFFERS])
MOST_MILLI = 2_000 * PEOPLE


@pytest.fixture(scope="module")
def years() -> tuple[Year, ...]:
    return compare(people=PEOPLE, seeds=range(1, SEEDS + 1))


def test_everybody_plays_the_whole_year(years: tuple[Year, ...]) -> None:
    names = ["Aimwell", "propensity targeting", "RFM targeting", "treat all", "treat none", "oracle"]
    assert [(y.seed, y.policy) for y in years] == [(s, p) for s in range(1, SEEDS + 1) for p in names]
    assert {len(year.months) for year in years} == {MONTHS}


def test_the_books_add_up(years: tuple[Year, ...]) -> None:
    for year in years:
        for month in year.months:
            sent, delivered = np.array(month.n_sent), np.array(month.n_delivered)
            assert month.contact_milli == int(delivered @ COSTS)
            assert month.profit_minor == pytest.approx(
                month.margin_minor - month.contact_milli / 1000, abs=1e-3
            )
            assert (delivered <= sent).all()
            assert int(sent @ COSTS) <= MOST_MILLI
        assert year.profit_minor == pytest.approx(sum(m.profit_minor for m in year.months))


def test_who_sends_nothing_pays_nothing_and_loses_no_consent(years: tuple[Year, ...]) -> None:
    for year in years:
        quiet = year.policy == "treat none"
        assert (sum(m.contact_milli + m.discount_minor + m.n_unsubscribed for m in year.months) == 0) == quiet


def test_policies_that_test_begin_with_the_same_month(years: tuple[Year, ...]) -> None:
    first = {(y.seed, y.policy): y.months[0] for y in years}
    for seed in range(1, SEEDS + 1):
        tested = {p: m for (s, p), m in first.items() if s == seed and p not in {"treat none", "oracle"}}
        assert len(tested) == 4
        assert len(set(tested.values())) == 1


def test_the_oracle_is_ahead_of_all(years: tuple[Year, ...]) -> None:
    found = standings(years)
    oracle = found[-1]
    assert oracle.policy == "oracle"
    assert all(oracle.mean_minor > one.mean_minor for one in found[:-1])


def test_the_same_seed_gives_the_same_years(years: tuple[Year, ...]) -> None:
    assert played(people=PEOPLE, seed=1) == tuple(year for year in years if year.seed == 1)


def test_one_seed_is_too_few() -> None:
    with pytest.raises(TooFewSeeds, match="at least 2"):
        compare(people=PEOPLE, seeds=[1])
