"""What shops do without a model of effects: the same campaign for everybody, or for the best by a ranking.

They get a fair deal. In the first month they test all offers by lot, the same test that Aimwell begins with. From it they choose what
brought the most by a doubly robust estimate: the offer by e-mail, the offer by text message, and to which part of the ranking. A person
whom no e-mail reaches gets the text message; what is left of the budget goes for text messages instead of e-mails, from the top.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.stats import rankdata

from aimwell.learn.loop.model import NOTHING, Terms, View
from aimwell.learn.loop.policies.lots import drawn, even_chances, lot
from aimwell.learn.loop.policies.sight import sight
from aimwell.learn.loop.steady import Baskets
from aimwell.predict.effect.linear import Line, logistic_ridge
from aimwell.promote.policy.off_policy import Logged, guessed, plan_value

__all__ = ["Nobody", "Ranked", "everybody", "propensity", "rfm"]

_DEPTHS = (0.25, 0.5, 0.75, 1.0)
_PARTS = 5  # R, F and M are cut into fifths

Array = NDArray[np.float64]
Ranking = Callable[[View], Array]


class Nobody:
    """No campaigns at all."""

    name = "treat none"

    def choose(self, view: View) -> NDArray[np.int64]:
        """Return nothing for everybody."""
        return np.full(len(view), NOTHING, dtype=np.int64)


@dataclass(frozen=True, kw_only=True)
class _Play:
    """An offer by e-mail, one by text message (or none), and the part of the ranking that gets them."""

    mail: int
    message: int | None
    depth: float


class Ranked:
    """Sends one tested campaign to the top of a ranking.

    Parameters
    ----------
    name
        Of the policy.
    terms
        The terms.
    ranking
        The higher, the earlier.
    depths
        Which parts of the ranking are tried.
    """

    def __init__(
        self, name: str, *, terms: Terms, ranking: Ranking, depths: tuple[float, ...] = _DEPTHS
    ) -> None:
        self.name, self._terms = name, terms
        self._ranking, self._depths = ranking, depths
        self._baskets = Baskets(terms)
        self._test: tuple[Array, NDArray[np.int64], Array, Array] | None = None
        self._play: _Play | None = None

    def choose(self, view: View) -> NDArray[np.int64]:
        """Return the test in month 0, and then the campaign that it has chosen."""
        score = self._ranking(view)
        if self._test is None:
            self._baskets.learn(view.last)
            chance = even_chances(view, self._terms)
            taken = drawn(chance, lot(len(view), terms=self._terms, month=0, purpose="pilot"))
            self._test = (chance, taken, sight(view).general.astype(np.float64), score)
            return taken - 1
        if self._play is None:
            self._play = self._tuned(view)
        return self._made(self._play, score, view.is_reached)

    def _tuned(self, view: View) -> _Play:
        """Return the play that would have brought the most in the test."""
        assert self._test is not None  # noqa: S101
        chance, taken, seen, score = self._test
        profit = self._baskets.margin * self._baskets.own_orders(view, taken - 1)
        profit -= np.append(0.0, self._terms.cost_milli)[taken] / 1000.0
        logged = Logged(taken=taken, chance=chance, profit=profit, features=seen)
        guess = guessed(logged, n_folds=2, seed=self._terms.seed)
        values = {}
        for play in self._plays():
            made = self._made(play, score, chance[:, 1:] > 0) + 1
            plan = np.eye(chance.shape[1])[made]
            values[play] = plan_value(logged, plan, guess=guess).doubly_robust.value
        return max(values, key=lambda play: values[play])

    def _plays(self) -> Iterator[_Play]:
        offers = range(len(self._terms.offers))
        mails = [k for k in offers if self._terms.offers[k].channel == "email"]
        messages = [k for k in offers if self._terms.offers[k].channel == "sms"]
        for depth in self._depths:
            for mail in mails:
                for message in (None, *messages):
                    yield _Play(mail=mail, message=message, depth=depth)

    def _made(self, play: _Play, score: Array, is_reached: NDArray[np.bool_]) -> NDArray[np.int64]:
        order = np.argsort(-score, kind="stable")[: round(play.depth * score.size)]
        cost, left = self._terms.cost_milli, float(self._terms.budget_milli)
        taken = np.full(score.size, NOTHING, dtype=np.int64)
        mailed = order[is_reached[order, play.mail]]
        mailed = mailed[: int(left // cost[play.mail])]
        taken[mailed] = play.mail
        if play.message is not None:
            left -= mailed.size * cost[play.mail]
            others = order[is_reached[order, play.message] & (taken[order] == NOTHING)]
            others = others[: int(left // cost[play.message])]
            taken[others] = play.message
            left -= others.size * cost[play.message]
            both = mailed[is_reached[mailed, play.message]]
            taken[both[: int(left // (cost[play.message] - cost[play.mail]))]] = play.message
        return taken


def everybody(terms: Terms) -> Ranked:
    """Return the policy that contacts everybody; who is first where the budget ends, a lot decides anew each month."""

    def by_lot(view: View) -> Array:
        return lot(len(view), terms=terms, month=view.month, purpose="order")

    return Ranked("treat all", terms=terms, ranking=by_lot, depths=(1.0,))


def rfm(terms: Terms) -> Ranked:
    """Return targeting by recency, frequency and money: the sum of the fifths that a person is in by each."""

    def by_rfm(view: View) -> Array:
        recent, often, money = (view.column(name) for name in ("last_day", "n_orders", "net_minor"))
        fifths = [np.ceil(_PARTS * rankdata(x) / len(view)) for x in (-recent, often, money)]
        return np.asarray(sum(fifths) + rankdata(-recent) / (10.0 * len(view)), dtype=np.float64)

    return Ranked("RFM targeting", terms=terms, ranking=by_rfm)


def propensity(terms: Terms) -> Ranked:
    """Return targeting by the probability to order in the coming month, learned anew each month; in the test, recent visits."""
    seen: list[Array] = []
    line: list[Line] = []

    def by_propensity(view: View) -> Array:
        now = sight(view).general.astype(np.float64)
        if seen:
            line[:] = [logistic_ridge(seen[0], (view.last.n_orders > 0).astype(np.float64))]
        seen[:] = [now]
        return line[0].predict(now) if line else view.column("recent_visits")

    return Ranked("propensity targeting", terms=terms, ranking=by_propensity)
