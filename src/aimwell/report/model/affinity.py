"""What people want next: how the lists fared, and which categories many people may need."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["AffinityRival", "AffinityView", "NeedCount"]


@dataclass(frozen=True, kw_only=True)
class AffinityRival:
    """One way of recommending on everybody's newest basket: rates in 0..1 of lists of `k` products.

    `repeat_recall` is of products bought before, `explore_recall` of new ones.
    """

    name: str
    is_model: bool
    recall: float
    ndcg: float
    repeat_recall: float
    explore_recall: float


@dataclass(frozen=True, kw_only=True)
class NeedCount:
    """A category, and how many people may need it first of all."""

    category: str
    n_people: int


@dataclass(frozen=True, kw_only=True)
class AffinityView:
    """What the affinity model says, how it fared, and what it says about itself (sentences in the report's language).

    Attributes
    ----------
    k
        Length of the lists.
    n_people, repeat_rate
        People on trial, and the share of their baskets that they had bought before.
    needs
        Commonest first needs; none where nobody was scored.
    """

    k: int
    n_people: int
    repeat_rate: float
    rivals: tuple[AffinityRival, ...]
    needs: tuple[NeedCount, ...]
    notes: tuple[str, ...]
