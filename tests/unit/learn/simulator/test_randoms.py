"""Draws depend on whom and when they are for, not on what was drawn before."""

from __future__ import annotations

import numpy as np

from aimwell.learn.simulator.randoms import Purpose, dense, sparse

PEOPLE = np.arange(20_000)


def test_a_number_does_not_depend_on_its_company() -> None:
    alone = sparse(7, Purpose.OPENS, np.array([4321]), 17, nth=2)
    assert sparse(7, Purpose.OPENS, PEOPLE, 17, nth=2)[4321] == alone[0]
    assert sparse(7, Purpose.OPENS, PEOPLE[::-1], np.full(PEOPLE.size, 17), nth=2)[-4322] == alone[0]


def test_numbers_are_uniform() -> None:
    u = np.sort(sparse(1, Purpose.LINES, PEOPLE, 5))
    largest_gap = np.abs(u - (np.arange(u.size) + 0.5) / u.size).max()
    assert largest_gap < 1.63 / np.sqrt(u.size)  # Kolmogorov-Smirnov at 1%


def test_seeds_purposes_people_days_and_places_are_independent() -> None:
    one = sparse(1, Purpose.LINES, PEOPLE, 5)
    others = [
        sparse(2, Purpose.LINES, PEOPLE, 5),
        sparse(1, Purpose.OPENS, PEOPLE, 5),
        sparse(1, Purpose.LINES, PEOPLE + 1, 5),
        sparse(1, Purpose.LINES, PEOPLE, 6),
        sparse(1, Purpose.LINES, PEOPLE, 5, nth=1),
    ]
    for other in others:
        assert abs(np.corrcoef(one, other)[0, 1]) < 4 / np.sqrt(PEOPLE.size)


def test_the_numbers_stay_what_they_were() -> None:
    # Worlds that somebody kept by their seed must come out the same in every release.
    assert np.round(sparse(1, Purpose.LINES, np.arange(3), 5), 6).tolist() == GOLDEN_SPARSE
    drawn = dense(1, block=2, day=3, purpose=Purpose.DAYS).random(3, dtype=np.float32)
    assert np.round(drawn.astype(float), 6).tolist() == GOLDEN_DENSE


GOLDEN_SPARSE = [0.832796, 0.192473, 0.287738]
GOLDEN_DENSE = [0.113104, 0.123475, 0.173393]
