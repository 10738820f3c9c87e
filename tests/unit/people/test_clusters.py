"""Who is one person: components without disputes, exact undoing with them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Literal

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from aimwell.people.clusters import Holdings, cluster_of, speaking
from aimwell.people.model import Decision

EMAIL, PHONE, HAND = 1, 2, 4
Partition = set[frozenset[int]]


def holdings(*held: tuple[int, str], kinds: Sequence[int] | None = None) -> Holdings:
    """Person and value of each holding, in the order of arrival."""
    values = {value: number for number, value in enumerate(dict.fromkeys(value for _, value in held))}
    return Holdings(
        items=np.array([values[value] for _, value in held], dtype=np.int64),
        person_ids=np.array([person for person, _ in held], dtype=np.int64),
        kinds=np.array(kinds or [EMAIL] * len(held), dtype=np.int64),
    )


def decision(no: int, one: int, other: int, verdict: Literal["same", "apart"]) -> Decision:
    return Decision(
        decision_no=no,
        person_id=min(one, other),
        other_id=max(one, other),
        verdict=verdict,
        decided_at=datetime(2026, 1, 1),
    )


def latest(*made: Decision) -> list[Decision]:
    """Keep the latest decision about each pair, as the database does."""
    return sorted({(d.person_id, d.other_id): d for d in made}.values(), key=lambda d: d.decision_no)


def partition(held: Holdings, *decisions: Decision) -> Partition:
    """Return the groups of two or more."""
    groups: dict[int, set[int]] = {}
    for person, cluster in cluster_of(held, latest(*decisions)).items():
        groups.setdefault(cluster, set()).add(person)
    return {frozenset(group) for group in groups.values() if len(group) > 1}


def groups(*members: set[int]) -> Partition:
    return {frozenset(group) for group in members}


def test_nothing_joins_nobody() -> None:
    assert partition(holdings()) == set()


def test_equal_values_join_across_others() -> None:
    held = holdings((1, "a"), (2, "a"), (2, "b"), (3, "b"), (4, "c"), (5, "d"), (6, "d"))
    assert partition(held) == groups({1, 2, 3}, {5, 6})


def test_a_decision_joins_without_any_value() -> None:
    assert partition(holdings(), decision(1, 7, 8, "same")) == groups({7, 8})
    assert partition(holdings((1, "a"), (2, "a")), decision(1, 2, 9, "same")) == groups({1, 2, 9})


def test_one_of_three_who_share_is_taken_out_and_the_others_stay() -> None:
    held = holdings((1, "a"), (2, "a"), (3, "a"))
    out = [decision(1, 1, 2, "apart"), decision(2, 1, 3, "apart")]
    assert partition(held, *out) == groups({2, 3})  # also when the one is the first who brought the value


def test_a_pair_apart_is_not_joined_by_way_of_a_third() -> None:
    held = holdings((1, "a"), (2, "b"), (3, "a"), (3, "b"))
    assert partition(held) == groups({1, 2, 3})
    assert partition(held, decision(1, 1, 2, "apart")) == groups({1, 3})  # 3 came to 1 first


def test_a_later_same_wins_over_an_apart_and_the_other_way_round() -> None:
    held = holdings((1, "a"), (2, "a"))
    apart, same = decision(1, 1, 2, "apart"), decision(2, 1, 2, "same")
    assert partition(held, apart) == set()
    assert partition(held, apart, same) == groups({1, 2})
    assert partition(held, apart, same, decision(3, 1, 2, "apart")) == set()


def test_a_same_joins_groups_although_some_pair_was_apart_before() -> None:
    held = holdings((1, "a"), (11, "a"), (2, "b"), (12, "b"))
    made = [decision(1, 1, 2, "apart"), decision(2, 11, 12, "same")]
    assert {1, 11, 12} <= set().union(*partition(held, *made))


def test_hubs_are_left_out() -> None:
    guest = [(99, f"v{i}") for i in range(4)]
    held = holdings(*guest, (1, "v0"), (2, "v1"), (3, "w"), (4, "w"))
    assert partition(held.without_hubs(at_most=3)) == groups({3, 4})
    assert partition(held.without_hubs(at_most=4)) == groups({1, 2, 99}, {3, 4})


def test_an_account_may_have_as_many_values_of_each_kind() -> None:
    held = holdings((1, "a"), (1, "b"), (2, "a"), kinds=[EMAIL, PHONE, EMAIL])
    assert partition(held.without_hubs(at_most=1)) == groups({1, 2})


def test_no_holdings_have_no_hubs() -> None:
    assert len(holdings().without_hubs(at_most=1).items) == 0


def test_what_speaks_for_a_person_is_what_it_shares_within_its_cluster() -> None:
    held = holdings(
        (1, "a"), (2, "a"), (2, "b"), (3, "b"), (4, "c"), kinds=[EMAIL, EMAIL, PHONE, PHONE, EMAIL]
    )
    same = [decision(1, 3, 5, "same")]
    spoken = speaking(held, same, cluster_of(held, same), hand=HAND)
    assert spoken == {1: EMAIL, 2: EMAIL | PHONE, 3: PHONE | HAND, 5: HAND}


def test_what_was_declared_apart_speaks_no_more() -> None:
    held = holdings((1, "a"), (2, "a"))
    apart = [decision(1, 1, 2, "apart")]
    assert speaking(held, [], cluster_of(held, apart), hand=HAND) == {}


def test_a_same_that_a_later_apart_overrules_speaks_no_more() -> None:
    made = [decision(1, 1, 2, "same"), decision(2, 2, 3, "same"), decision(3, 1, 3, "apart")]
    clusters = cluster_of(holdings(), made)
    assert partition(holdings(), *made) == groups({1, 2})
    assert speaking(holdings(), made[:2], clusters, hand=HAND) == {1: HAND, 2: HAND}


people = st.integers(1, 8)
arrivals = st.lists(st.tuples(people, st.sampled_from("abcdef")), max_size=20, unique=True)
pairs = st.tuples(people, people).filter(lambda pair: pair[0] < pair[1])
history = st.lists(st.tuples(pairs, st.sampled_from(["same", "apart"])), max_size=5)


def decided(made: Sequence[tuple[tuple[int, int], Literal["same", "apart"]]]) -> list[Decision]:
    return [decision(no, *pair, verdict) for no, (pair, verdict) in enumerate(made, start=1)]


def together(found: Partition, one: int, other: int) -> bool:
    return any({one, other} <= group for group in found)


@given(arrivals, history, pairs)
def test_linking_and_unlinking_gives_back_the_state_before(
    held: list[tuple[int, str]],
    made: list[tuple[tuple[int, int], Literal["same", "apart"]]],
    pair: tuple[int, int],
) -> None:
    before = [d for d in decided(made) if (d.person_id, d.other_id) != pair]
    known = holdings(*held)
    if together(partition(known, *before), *pair):
        return
    linked = [*before, decision(100, *pair, "same")]
    assert together(partition(known, *linked), *pair)
    assert partition(known, *linked, decision(101, *pair, "apart")) == partition(known, *before)


@given(arrivals, history, people)
def test_a_person_taken_out_leaves_the_others_as_if_it_had_never_come(
    held: list[tuple[int, str]],
    made: list[tuple[tuple[int, int], Literal["same", "apart"]]],
    gone: int,
) -> None:
    before = [d for d in decided(made) if gone not in (d.person_id, d.other_id)]
    others = partition(holdings(*(h for h in held if h[0] != gone)), *before)
    out = [decision(100 + other, gone, other, "apart") for other in range(1, 9) if other != gone]
    assert partition(holdings(*held), *before, *out) == others


@given(arrivals, history)
def test_nobody_declared_apart_last_is_joined(
    held: list[tuple[int, str]], made: list[tuple[tuple[int, int], Literal["same", "apart"]]]
) -> None:
    decisions = latest(*decided(made))
    found = partition(holdings(*held), *decisions)
    last_same = max((d.decision_no for d in decisions if d.verdict == "same"), default=0)
    for d in decisions:
        if d.verdict == "apart" and d.decision_no > last_same:
            assert not together(found, d.person_id, d.other_id)


@given(arrivals)
def test_without_disputes_the_groups_are_the_components(held: list[tuple[int, str]]) -> None:
    expected: list[set[int]] = []
    for value in {value for _, value in held}:
        joined = {person for person, its in held if its == value}
        touching = [group for group in expected if group & joined]
        expected = [group for group in expected if not group & joined] + [joined.union(*touching)]
    assert partition(holdings(*held)) == {frozenset(group) for group in expected if len(group) > 1}
