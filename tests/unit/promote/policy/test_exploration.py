"""Exploration: what is uncertain is tried, what is known to be worse is hardly, and the logged probability is the one that decided."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import chisquare, norm

from aimwell.promote.policy.exploration import EVEN_SHARE, Explored, explore, within_budget

IDS = np.arange(1, 20_001)


def drawn(
    gain: list[float], se: list[float], cost: list[float], *, price: float = 0.0, salt: str = "s"
) -> Explored:
    n = len(IDS)
    rows = [np.tile(np.array(values), (n, 1)) for values in (gain, se, cost)]
    return explore(*rows, person_id=IDS, price=price, salt=salt, seed=1)


def test_an_offer_is_tried_as_often_as_it_is_believed_to_pay() -> None:
    """Net 10 +- 10 against nothing: believed with probability Phi(1) = .841; a tenth is spread over two actions."""
    found = drawn([12.0], [10.0], [2.0])
    expected = (1 - EVEN_SHARE) * norm.cdf(1) + EVEN_SHARE / 2
    assert found.chance[0, 1] == pytest.approx(expected, abs=0.05)  # 400 draws
    assert found.chance.sum(axis=1) == pytest.approx(np.ones(20_000))


def test_lots_fall_as_often_as_logged() -> None:
    found = drawn([5.0, 8.0], [4.0, 4.0], [1.0, 4.0])
    counts = np.bincount(found.taken, minlength=3)
    assert chisquare(counts, found.chance[0] * 20_000).pvalue > 0.001


def test_what_surely_loses_is_only_tried_by_the_even_share() -> None:
    found = drawn([1.0, 50.0], [0.1, 0.1], [30.0, 10.0])
    assert found.chance[0] == pytest.approx([EVEN_SHARE / 3, EVEN_SHARE / 3, 1 - EVEN_SHARE + EVEN_SHARE / 3])


def test_a_price_of_budget_holds_costly_offers_back() -> None:
    assert drawn([12.0], [1.0], [10.0], price=0.0).chance[0, 1] > 0.9
    assert drawn([12.0], [1.0], [10.0], price=1.0).chance[0, 1] == pytest.approx(EVEN_SHARE / 2)


def test_who_may_not_get_an_offer_never_does() -> None:
    gain = np.array([[np.nan, 5.0]] * 100)
    found = explore(
        gain, np.ones((100, 2)), np.ones((100, 2)), person_id=IDS[:100], price=0.0, salt="s", seed=1
    )
    assert (found.chance[:, 1] == 0).all()
    assert 1 not in found.taken


def test_equal_salts_draw_alike_and_others_do_not() -> None:
    one, two, other = (drawn([5.0], [5.0], [1.0], salt=salt) for salt in ("a", "a", "b"))
    assert (one.taken == two.taken).all()
    assert (one.taken != other.taken).any()


def test_the_budget_stops_explorers_by_expected_cost() -> None:
    """Each is expected to cost 10 times the probability of the offer: so many of them fit, in their order."""
    found = drawn([30.0], [1.0], [10.0])
    each = 10 * found.chance[0, 1]
    reached = within_budget(found, np.full((20_000, 1), 10.0), budget_minor=1_000)
    assert reached.sum() == int(1_000 / each)
    assert reached[: reached.sum()].all()
