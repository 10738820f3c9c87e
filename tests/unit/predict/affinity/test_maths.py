"""Affinity on arrays: EASE, packing, choice, measures - by hand."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import sparse

from aimwell.predict.affinity.candidates import FEATURES, Candidates, candidates
from aimwell.predict.affinity.choose import Wishes, choose
from aimwell.predict.affinity.ease import RIDGE_SHARE, ease, related
from aimwell.predict.affinity.histories import CODE_STEP, DAY_STEP, unpacked
from aimwell.predict.affinity.measures import Truth, list_score, personal_top, score_bins
from aimwell.predict.affinity.world import Catalogue, Counts, World

PEOPLE = [  # (product, days, turn) of two people
    [(0, 1, 0), (1, 1, 0), (0, 8, 1), (0, 15, 2)],
    [(2, 3, 0), (3, 30, 1)],
]


def lines() -> list[int]:
    return [code * CODE_STEP + days * DAY_STEP + turn for person in PEOPLE for code, days, turn in person]


def world(n: int = 6, *, relations: np.ndarray | None = None) -> World:
    catalogue = Catalogue(
        product_ids=[f"p{k}" for k in range(n)],
        category=np.array([0, 0, 1, 1, 1, -1][:n]),
        categories=["A", "B"],
        may_show=np.ones(n, dtype=bool),
    )
    counts = Counts(
        n_buyers=np.array([8.0, 6, 4, 2, 1, 0])[:n],
        n_baskets=np.array([16.0, 6, 4, 2, 1, 0])[:n],
        n_recent=np.array([4.0, 3, 2, 1, 0, 0])[:n],
        n_season=np.zeros(n),
        n_people=10,
        all_recent=10,
        all_season=0,
    )
    return World.of(catalogue, counts, sparse.csr_array(np.zeros((n, n)) if relations is None else relations))


@given(st.integers(2, 8), st.integers(0, 2**32 - 1))
def test_ease_solves_the_problem_it_states(n: int, seed: int) -> None:
    """At the optimum the gradient G(B - I) + ridge B is zero off the diagonal, where B itself is zero."""
    x = (np.random.default_rng(seed).random((40, n)) < 0.4).astype(float)
    gram = x.T @ x
    found = ease(gram.astype(np.float32), n_people=100)
    slope = gram @ (found - np.eye(n)) + 100 * RIDGE_SHARE * found
    np.fill_diagonal(slope, 0.0)
    assert np.abs(slope).max() < 1e-3
    assert np.diag(found).tolist() == [0.0] * n


def test_only_the_strongest_positive_relations_are_kept() -> None:
    weights = np.array([[0, 0.3, -0.2], [0.5, 0, 0.1], [0.2, 0.1, 0]], dtype=np.float32)
    kept = related(weights, n_kept=1).toarray()
    np.testing.assert_allclose(kept, [[0, 0.3, 0], [0.5, 0, 0.1], [0, 0, 0]], rtol=1e-6)


def test_lines_come_back_as_they_were_packed() -> None:
    found = unpacked(np.array(lines()), [4, 2])
    assert found.person.tolist() == [0, 0, 0, 0, 1, 1]
    told = list(zip(found.code.tolist(), found.days.tolist(), found.turn.tolist(), strict=True))
    assert told == PEOPLE[0] + PEOPLE[1]
    assert found.before(0).turn.tolist() == [0, 1, 0]
    assert found.of(np.array([False, True])).person.tolist() == [0, 0]
    part = found.part(1, 500)
    assert (part.person.tolist(), part.code.tolist(), part.n_people) == ([0, 0], [2, 3], 1)


def test_features_of_what_was_bought() -> None:
    found = candidates(unpacked(np.array(lines()), [4, 2]), world())
    row = next(k for k in range(len(found.code)) if (found.person[k], found.code[k]) == (0, 0))
    feature = dict(zip(FEATURES, found.features[row].tolist(), strict=True))
    assert feature["decayed_3"] == pytest.approx(1 + np.exp(-1 / 3) + np.exp(-2 / 3))
    assert (feature["n_bought"], feature["n_baskets"], feature["rate"]) == (3, 3, 1)
    assert (feature["turns_ago"], feature["days_ago"], feature["due"]) == (0, 0, 1)  # bought in each basket
    assert feature["basket_size"] == pytest.approx(4 / 3)
    assert feature["buyer_rate"] == pytest.approx(0.8)
    assert feature["rebuy"] == 2
    new = found.features[~found.is_repeat]
    assert np.isnan(new[:, FEATURES.index("turns_ago")]).all()
    assert (new[:, FEATURES.index("n_bought")] == 0).all()


def test_features_do_not_depend_on_who_else_is_looked_at() -> None:
    both = candidates(unpacked(np.array(lines()), [4, 2]), world())
    alone = candidates(unpacked(np.array(lines()[4:]), [2]), world())
    second = both.person == 1
    assert both.code[second].tolist() == alone.code.tolist()
    np.testing.assert_array_equal(both.features[second], alone.features)


def test_a_new_product_is_popular_as_its_category_leads_to_expect() -> None:
    rates = world().buyer_rate
    assert 0 < rates[5] < rates[4]


PAIRS = Candidates(
    person=np.array([0, 0, 0, 0]),
    code=np.array([0, 1, 2, 3]),
    is_repeat=np.array([True, True, False, False]),
    features=np.zeros((4, len(FEATURES)), dtype=np.float32),
    n_people=1,
)
PROBABILITY = np.array([0.5, 0.4, 0.3, 0.2])


@pytest.mark.parametrize(
    ("wishes", "codes"),
    [
        (Wishes(k=2), [0, 1]),
        (Wishes(k=2, explore_share=0.5), [0, 2]),
        (Wishes(k=3, explore_share=1.0), [2, 3, -1]),  # nothing bought fills up
        (Wishes(k=3, explore_share=0.0), [0, 1, -1]),
        (
            Wishes(k=3, explore_share=0.9),
            [0, 2, 3],
        ),  # round(2.7) = 3 places for new ones, of which there are two
        (Wishes(k=2, diversity=0.5), [0, 2]),  # 1 shares 0's category: .4 x .5 < .3
    ],
)
def test_wishes(wishes: Wishes, codes: list[int]) -> None:
    place = choose(PAIRS, PROBABILITY, world=world(), wishes=wishes).place[0]
    assert [int(PAIRS.code[p]) if p >= 0 else -1 for p in place] == codes


def test_what_is_not_allowed_is_not_shown() -> None:
    allowed = np.array([False, True, True, True])
    place = choose(PAIRS, PROBABILITY, world=world(), wishes=Wishes(k=2), allowed=allowed).place
    assert place.tolist() == [[1, 2]]


def test_measures_by_hand() -> None:
    """Two people: baskets {0, 4} and {1}; person 0 had bought 0. Lists (0, 1) and (2, 1)."""
    truth = Truth(basket=np.array([0, 4, 10 + 1]), bought=np.array([0]), people=np.array([0, 1]), n_items=10)
    score = list_score(np.array([[0, 1], [2, 1]]), truth)
    assert score.recall == pytest.approx((1 / 2 + 1) / 2)
    # NDCG: 1 / (1 + 1/log2 3) for two wanted; (1/log2 3) / 1 for one
    assert score.ndcg == pytest.approx((1 / (1 + 1 / np.log2(3)) + 1 / np.log2(3)) / 2)
    assert (score.hit_rate, score.repeat_recall) == (1.0, 1.0)
    assert score.explore_recall == pytest.approx((0 + 1) / 2)
    assert score.coverage == pytest.approx(3 / 10)


def test_scores_are_held_against_what_came() -> None:
    """Two people, lists of 6 with one place empty: 11 places in ten parts, so the lowest part has two."""
    truth = Truth(basket=np.array([0, 4, 10 + 1]), bought=np.array([0]), people=np.array([0, 1]), n_items=10)
    lists = np.array([[0, 1, 2, 3, 4, 5], [1, 2, 3, 4, 5, -1]])
    scores = np.array([[0.9, 0.8, 0.7, 0.6, 0.05, 0.01], [0.5, 0.4, 0.3, 0.2, 0.1, np.nan]])
    found = score_bins(lists, scores, truth)
    assert [one.n_products for one in found] == [2] + [1] * 9
    assert [one.came for one in found] == [0.5, 0, 0, 0, 0, 1, 0, 0, 0, 1]  # 4 of .05; 1 of .5; 0 of .9
    assert found[0].said == pytest.approx((0.01 + 0.05) / 2)
    assert (found[9].said, found[5].said) == (0.9, 0.5)


def test_personal_top_is_filled_with_what_is_popular() -> None:
    past = unpacked(np.array(lines()), [4, 2])
    popularity = np.array([1.0, 2, 3, 4, 5, 9])
    assert personal_top(past, k=3, n_items=6).tolist() == [[0, 1, -1], [2, 3, -1]]
    assert personal_top(past, k=3, n_items=6, tie_break=popularity).tolist() == [[0, 1, 5], [3, 2, 5]]


def test_a_world_comes_back_from_its_data() -> None:
    relations = np.zeros((6, 6), dtype=np.float32)
    relations[0, 2] = 0.25
    kept = World.from_data(world(relations=relations).as_data())
    assert kept.relations.toarray().tolist() == relations.tolist()
    assert kept.weight(np.array([0, 1]), np.array([2, 2])).tolist() == [0.25, 0.0]
    assert kept.popular.tolist() == world().popular.tolist()
