"""The model card: what an affinity model learned from, how it fared, and where it should not be trusted."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from datetime import datetime
from typing import Any

from aimwell.base.words import Sentence, text
from aimwell.predict.affinity.model import METHOD_NAMES, Backtest, Form, Trial
from aimwell.predict.affinity.needs import NeedsForm, NeedsTrial

__all__ = ["AffinityCard", "trial_name"]

_FEW_PEOPLE = 300


@dataclass(frozen=True, kw_only=True)
class AffinityCard:
    """All that is known of an affinity model.

    Attributes
    ----------
    model_id, form, as_of, data_hash
        Which model this is, and what it learned from.
    n_products, n_shown, n_categories
        The catalogue, how much of it may be recommended, and its categories.
    n_related, n_relations
        Products between which relations were learned, and relations kept.
    n_sample
        People that the ranker and needs learned from.
    needs_form, needs
        What tells needs, and its test; None: there was too little for one.
    weights
        Each feature's share of the gain of the boosted blend.
    backtest
        The tests.
    """

    model_id: str
    form: Form
    as_of: datetime
    data_hash: str
    n_products: int
    n_shown: int
    n_categories: int
    n_related: int
    n_relations: int
    n_sample: int
    weights: Mapping[str, float]
    backtest: Backtest
    needs_form: NeedsForm = "none"
    needs: NeedsTrial | None = None

    def as_data(self) -> dict[str, Any]:
        """Return the card as JSON values."""
        plain = {field.name: getattr(self, field.name) for field in fields(self)}
        tested = {"k": self.backtest.k, "trials": [trial.as_data() for trial in self.backtest.trials]}
        return (
            plain
            | {"as_of": self.as_of.isoformat(), "weights": dict(self.weights), "backtest": tested}
            | {"needs": asdict(self.needs) if self.needs else None}
        )

    @classmethod
    def from_data(cls, data: Mapping[str, Any]) -> AffinityCard:
        """Return the card that `as_data` wrote; cards of earlier versions count rules in place of needs."""
        kept, needs = data["backtest"], data.get("needs")
        known = {field.name for field in fields(cls)}
        tested = Backtest(k=kept["k"], trials=[Trial.from_data(trial) for trial in kept["trials"]])
        return cls(
            **{name: value for name, value in data.items() if name in known}
            | {"as_of": datetime.fromisoformat(data["as_of"]), "backtest": tested}
            | {"needs": NeedsTrial(**needs) if needs else None}
        )

    def notes(self) -> list[Sentence]:
        """Return what a reader must know before trusting the lists, worst first."""
        notes = []
        if self.form == "decayed":
            template = text(
                "The boosted blend did not beat the rules on this shop's past; lists follow the rule "
                '"{rule}", and their scores only give an order, no probabilities.'
            )
            notes.append(Sentence(template, {"rule": Sentence(METHOD_NAMES["decayed"])}))
        notes += [
            Sentence(
                text('In the test "{trial}" the rule "{rule}" found more of the baskets.'),
                {"trial": trial_name(trial), "rule": Sentence(METHOD_NAMES[rule])},
            )
            for trial, rule in self.backtest.lost_to()
        ]
        if self.needs is not None and self.needs_form == "popular":
            template = text(
                "The most bought categories foretold first purchases as well as look-alikes did: needs follow what most people begin to buy."
            )
            notes.append(Sentence(template))
        if self.n_sample < _FEW_PEOPLE:
            template = text("Only {n_people} customers with two orders or more: the tests are rough.")
            notes.append(Sentence(template, {"n_people": self.n_sample}))
        return notes


def trial_name(trial: Trial) -> Sentence:
    """Return what a trial is called."""
    if trial.cut is None:
        return Sentence(text("newest baskets"))
    return Sentence(text("first baskets from {day} on"), {"day": f"{trial.cut:%Y-%m-%d}"})
