"""Who is one person: union of everything that evidence and decisions join, never across a pair declared apart.

Without such pairs this is the connected components of a graph, found in one pass in compiled code. Only the components in
which two people were declared apart are replayed, join by join in the order in which the evidence came. So taking back
a link gives exactly the state before it: every earlier join is tried in the same order, with the same outcome.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from aimwell.people.model import Decision

__all__ = ["Holdings", "cluster_of", "speaking"]

Ids = NDArray[np.int64]


@dataclass(frozen=True, kw_only=True)
class Holdings:
    """Who holds which value, one element per holder and value, in the order of arrival.

    Attributes
    ----------
    items
        Stands for the value; equal for all its holders.
    person_ids
        The holder.
    kinds
        Bit of the kind of value; see `speaking`.
    """

    items: Ids
    person_ids: Ids
    kinds: Ids

    def only(self, chosen: NDArray[np.bool_]) -> Holdings:
        """Return the chosen elements."""
        return Holdings(
            items=self.items[chosen], person_ids=self.person_ids[chosen], kinds=self.kinds[chosen]
        )

    def without_hubs(self, *, at_most: int) -> Holdings:
        """Return the holdings of people with at most so many values of a kind.

        An account with more is a counter's or a guest's: it would make one person of all who passed through it.
        """
        pairs = np.stack([self.person_ids, self.kinds])
        _, place, n_values = np.unique(pairs, axis=1, return_inverse=True, return_counts=True)
        return self.only(n_values[place.reshape(-1)] <= at_most)


def cluster_of(holdings: Holdings, decisions: Sequence[Decision]) -> dict[int, int]:
    """Return the cluster of each person that anything speaks about; people of one cluster are one person.

    Parameters
    ----------
    holdings
        Values and their holders. Equal values join.
    decisions
        The latest about each pair. "same" joins, whatever was declared apart before it; "apart" keeps two people from
        being joined by evidence, or by an older "same".

    Returns
    -------
    dict
        person_id to the number of its cluster, which has no meaning beyond being equal.
    """
    same = [d for d in decisions if d.verdict == "same"]
    apart = [d for d in decisions if d.verdict == "apart"]
    people, places = np.unique(
        np.concatenate(
            [holdings.person_ids, _ids(d.person_id for d in same), _ids(d.other_id for d in same)]
        ),
        return_inverse=True,
    )
    n_held = len(holdings.person_ids)
    left, right = np.split(places[n_held:], 2)
    first = _first_holder(holdings.items, places[:n_held])
    labels = _components(
        np.concatenate([first, left]), np.concatenate([places[:n_held], right]), n_nodes=len(people)
    )
    found = dict(zip(people.tolist(), labels.tolist(), strict=True))
    disputed = {
        found[d.person_id]
        for d in apart
        if d.person_id in found and found[d.person_id] == found.get(d.other_id)
    }
    if not disputed:
        return found
    concerned = np.isin(labels[places[:n_held]], list(disputed))
    within = [d for d in same if found[d.person_id] in disputed]
    roots = _replayed(holdings.only(concerned), same=within, apart=apart)
    return found | {person_id: -1 - root for person_id, root in roots.items()}


def speaking(
    holdings: Holdings, same: Sequence[Decision], clusters: dict[int, int], *, hand: int
) -> dict[int, int]:
    """Return, for each person who is in a cluster with another, the bits of the kinds that speak for it.

    Parameters
    ----------
    holdings
        As given to `cluster_of`.
    same
        Decisions that join.
    clusters
        What `cluster_of` returned.
    hand
        The bit that stands for a decision.
    """
    of_holder = _ids(clusters[person_id] for person_id in holdings.person_ids.tolist())
    shared = np.stack([holdings.items, of_holder])
    _, place, n_holders = np.unique(shared, axis=1, return_inverse=True, return_counts=True)
    speaks = holdings.only(n_holders[place.reshape(-1)] > 1)
    bits: defaultdict[int, int] = defaultdict(int)
    for person_id, kind in zip(speaks.person_ids.tolist(), speaks.kinds.tolist(), strict=True):
        bits[person_id] |= kind
    for decision in same:
        if clusters[decision.person_id] == clusters[decision.other_id]:
            bits[decision.person_id] |= hand
            bits[decision.other_id] |= hand
    return dict(bits)


def _ids(values: Iterable[int]) -> Ids:
    return np.fromiter(values, dtype=np.int64)


def _first_holder(items: Ids, places: Ids) -> Ids:
    """Return, beside each holder of a value, the one who held it first."""
    _, first, inverse = np.unique(items, return_index=True, return_inverse=True)
    return places[first][inverse.reshape(-1)] if len(items) else places


def _components(left: Ids, right: Ids, *, n_nodes: int) -> Ids:
    if n_nodes == 0:
        return np.zeros(0, dtype=np.int64)
    joins = coo_array((np.ones(len(left), dtype=np.int8), (left, right)), shape=(n_nodes, n_nodes))
    return np.asarray(connected_components(joins, directed=False)[1], dtype=np.int64)


def _replayed(holdings: Holdings, *, same: Sequence[Decision], apart: Sequence[Decision]) -> dict[int, int]:
    """Return each person's root after trying all joins in order, hands before evidence."""
    groups = _Groups(apart)
    for decision in same:
        groups.join(decision.person_id, decision.other_id, apart_since=decision.decision_no)
    holders: defaultdict[int, list[int]] = defaultdict(list)
    for item, person_id in zip(holdings.items.tolist(), holdings.person_ids.tolist(), strict=True):
        for earlier in holders[item]:
            groups.join(earlier, person_id)
        holders[item].append(person_id)
    return {person_id: root for root, members in groups.members.items() for person_id in members}


class _Groups:
    """Disjoint sets that refuse to unite two people declared apart."""

    def __init__(self, apart: Sequence[Decision]) -> None:
        self.members: dict[int, set[int]] = {}
        self._root: dict[int, int] = {}
        self._apart: defaultdict[int, dict[int, int]] = defaultdict(dict)
        for d in apart:
            self._apart[d.person_id][d.other_id] = self._apart[d.other_id][d.person_id] = d.decision_no

    def join(self, one: int, other: int, *, apart_since: int = -1) -> None:
        """Unite two people's sets, unless a decision later than `apart_since` keeps a pair of them apart."""
        small, large = sorted((self._find(one), self._find(other)), key=lambda root: len(self.members[root]))
        if small == large or self._is_refused(small, large, apart_since=apart_since):
            return
        for member in self.members[small]:
            self._root[member] = large
        self.members[large] |= self.members.pop(small)

    def _find(self, person_id: int) -> int:
        if person_id not in self._root:
            self._root[person_id] = person_id
            self.members[person_id] = {person_id}
        return self._root[person_id]

    def _is_refused(self, small: int, large: int, *, apart_since: int) -> bool:
        return any(
            other in self.members[large] and decision_no > apart_since
            for member in self.members[small]
            for other, decision_no in self._apart[member].items()
        )
