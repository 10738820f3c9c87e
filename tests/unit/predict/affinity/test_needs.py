"""Potential needs, on people whose tastes are known."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest
from scipy import sparse

from aimwell.predict.affinity.histories import CODE_STEP, DAY_STEP, Histories, unpacked
from aimwell.predict.affinity.needs import Needs, learn_needs, try_needs
from aimwell.predict.affinity.world import Catalogue, Counts, World


def shopping(*own: tuple[int, int]) -> list[int]:
    """Return one person's packed lines: (code, days before the end) each."""
    return [code * CODE_STEP + days * DAY_STEP for code, days in own]


def people_of_two_tastes() -> Histories:
    """Category 0 is tea, 1 honey. Of 100 who bought tea long ago 30 have honey for as long and 40 began with it of late; of 100 who
    bought neither (only what has no category) 2 began with honey."""
    old, late = 60, 10
    people = (
        [shopping((0, old), (2, old))] * 30
        + [shopping((0, old), (2, late))] * 40
        + [shopping((0, old))] * 30
        + [shopping((4, old), (2, late))] * 2
        + [shopping((4, old))] * 98
    )
    return unpacked(np.array([line for own in people for line in own]), [len(own) for own in people])


def three_shelves() -> World:
    catalogue = Catalogue(
        product_ids=[f"p{k}" for k in range(6)],
        category=np.array([0, 0, 1, 1, 2, -1]),
        categories=("Tea", "Honey", "Salt"),
        may_show=np.ones(6, dtype=bool),
    )
    zeros = np.zeros(6)
    none = {"n_buyers": zeros, "n_baskets": zeros, "n_recent": zeros, "n_season": zeros}
    counts = Counts(**none, n_people=1, all_recent=1, all_season=1)
    return World.of(catalogue, counts, sparse.csr_array(np.zeros((6, 6))))


def test_needs_are_what_people_with_the_same_purchases_begin_to_buy() -> None:
    needs = learn_needs(people_of_two_tastes(), three_shelves(), horizon_days=28)
    bought = np.array(
        [[True, False, False], [False, False, True], [True, True, False], [False, False, False]]
    )
    found = needs.of(bought, k=2)
    assert found.category[0, 0] == 1  # honey, which tea speaks for
    assert found.first[0, 0] == found.second[0, 0] == 0
    assert found.support_rate[0, 0] == pytest.approx(70 / 72)  # of the buyers of honey so many bought tea
    assert found.probability[0, 0] == pytest.approx(40 / 70, abs=0.12)
    assert (found.category[1] == -1).all()  # salt speaks for nothing
    assert 1 not in found.category[2]  # has it already
    assert (found.category[3] == -1).all()  # bought nothing that speaks for anything
    again = Needs.from_data(json.loads(json.dumps(needs.as_data()))).of(bought, k=2)
    assert again.category.tolist() == found.category.tolist()
    assert Needs.from_data(None).of(bought, k=2).category.tolist() == [[-1, -1]] * 4


def test_needs_are_tried_on_first_purchases_that_came_later_and_see_none_of_them() -> None:
    trial = try_needs(people_of_two_tastes(), three_shelves(), horizon_days=28)
    assert trial is None  # before the last four weeks nobody began anything
    sample = people_of_two_tastes()
    older = replace(sample, days=np.where(sample.days == 10, 40, sample.days))
    late = unpacked(np.array(shopping((0, 60), (2, 5)) * 30), [2] * 30)
    both = Histories(
        person=np.r_[older.person, late.person + older.n_people],
        code=np.r_[older.code, late.code],
        turn=np.r_[older.turn, late.turn],
        days=np.r_[older.days, late.days],
        n_people=older.n_people + 30,
    )
    trial = try_needs(both, three_shelves(), horizon_days=28)
    assert trial is not None
    # Named on a day when 60 had tea and no honey, 30 of whom bought it then; 98 had salt alone and bought none.
    assert trial.n_people == 230
    assert trial.hit_rate == pytest.approx(30 / 62)  # two have honey and salt: they are told of tea
    assert trial.n_named == 62
    assert trial.popular_hit_rate < trial.hit_rate
