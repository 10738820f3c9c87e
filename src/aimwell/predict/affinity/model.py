"""A fitted affinity model as data, and the back-test that speaks for or against it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any, Literal, Protocol, get_args

import numpy as np

from aimwell.base.words import text
from aimwell.predict.affinity.arrays import FloatArray
from aimwell.predict.affinity.candidates import FEATURES, Candidates, candidates
from aimwell.predict.affinity.histories import Histories
from aimwell.predict.affinity.measures import ListScore, ScoreBin
from aimwell.predict.affinity.needs import Needs
from aimwell.predict.affinity.ranker import Ranker
from aimwell.predict.affinity.world import World

__all__ = [
    "BATCH_PEOPLE",
    "FAMILY",
    "METHOD_NAMES",
    "AffinityModel",
    "Backtest",
    "Decayed",
    "Form",
    "Scorer",
    "Trial",
    "batches",
]

FAMILY = "affinity"
Form = Literal["boosted", "decayed"]
BATCH_PEOPLE = 500  # whose relations are held at once: 8 MB

METHOD_NAMES: Mapping[str, str] = {
    "boosted": text("Boosted blend"),
    "decayed": text("Own purchases, the newest first"),
    "personal_top": text("Own most frequent"),
    "global_top": text("Most popular"),
    "blend": text("Own most frequent, then most popular"),
}


class Scorer(Protocol):
    """Turns candidates into probabilities."""

    def probabilities(self, found: Candidates) -> FloatArray:
        """Return (n,) how probable each product is in the person's next basket."""
        ...


@dataclass(frozen=True)
class Decayed:
    """The rule to beat: purchases that fade with the baskets since, then popularity. Orders products; not calibrated."""

    def probabilities(self, found: Candidates) -> FloatArray:
        """Return (n,) numbers in 0..1 in the rule's order."""
        column = found.features[:, FEATURES.index("decayed_20")].astype(float)
        popularity = found.features[:, FEATURES.index("buyer_rate")]
        return np.asarray(-np.expm1(-(column + 1e-3 * popularity) / 5))


@dataclass(frozen=True, kw_only=True)
class AffinityModel:
    """What scoring needs.

    Attributes
    ----------
    form
        "boosted", or "decayed" where the boosted blend did not beat the rules.
    world
        Catalogue, popularity, relations.
    ranker
        The learned blend; None in the form "decayed".
    needs
        What people begin to buy who bought some categories.
    """

    form: Form
    world: World
    ranker: Ranker | None
    needs: Needs

    @property
    def scorer(self) -> Scorer:
        """What ranks candidates."""
        return self.ranker or Decayed()

    def as_data(self) -> dict[str, Any]:
        """Return JSON values."""
        return {
            "form": self.form,
            "world": self.world.as_data(),
            "ranker": self.ranker.text if self.ranker else None,
            "needs": self.needs.as_data(),
        }

    @classmethod
    def from_data(cls, data: Mapping[str, Any]) -> AffinityModel:
        """Return the model that `as_data` wrote."""
        if data["form"] not in get_args(Form):
            raise ValueError(data["form"])
        return cls(
            form=data["form"],
            world=World.from_data(data["world"]),
            ranker=Ranker(data["ranker"]) if data["ranker"] else None,
            needs=Needs.from_data(data.get("needs")),
        )


def batches(histories: Histories, world: World) -> Iterator[tuple[int, Candidates]]:
    """Yield (first person, candidates) of so many people at a time, numbered from 0 in each batch."""
    for first in range(0, histories.n_people, BATCH_PEOPLE):
        yield first, candidates(histories.part(first, BATCH_PEOPLE), world)


@dataclass(frozen=True, kw_only=True)
class Trial:
    """One test on baskets that the model had not seen.

    Attributes
    ----------
    kind
        "last": everybody's newest basket. "rolling": the first basket after a date.
    cut
        That date, naive UTC; None for "last".
    n_people
        People with such a basket and one before.
    repeat_rate
        Share of the baskets' products that the person had bought before.
    scores
        By method.
    calibration
        How probable the products of the boosted lists were said to be, and the share that came, by tenths of the scores.
    """

    kind: Literal["last", "rolling"]
    cut: datetime | None
    n_people: int
    repeat_rate: float
    scores: Mapping[str, ListScore]
    calibration: Sequence[ScoreBin] = ()

    def as_data(self) -> dict[str, Any]:
        """Return JSON values."""
        return {
            "kind": self.kind,
            "cut": self.cut.isoformat() if self.cut else None,
            "n_people": self.n_people,
            "repeat_rate": self.repeat_rate,
            "scores": {name: score.as_data() for name, score in self.scores.items()},
            "calibration": [asdict(one) for one in self.calibration],
        }

    @classmethod
    def from_data(cls, data: Mapping[str, Any]) -> Trial:
        """Return the trial that `as_data` wrote."""
        cut = datetime.fromisoformat(data["cut"]) if data["cut"] else None
        scores = {name: ListScore(**score) for name, score in data["scores"].items()}
        bins = [ScoreBin(**one) for one in data.get("calibration", ())]  # cards of older models have none
        return cls(**dict(data) | {"cut": cut, "scores": scores, "calibration": bins})


@dataclass(frozen=True, kw_only=True)
class Backtest:
    """All trials; lists of `k` products."""

    k: int
    trials: Sequence[Trial]

    @property
    def form(self) -> Form:
        """What to use: the boosted blend where its recall over all trials is above every rule's."""
        names = [name for name in METHOD_NAMES if name != "boosted"]
        best = max(self._recall(name) for name in names)
        return "boosted" if self._recall("boosted") > best else "decayed"

    def _recall(self, method: str) -> float:
        tested = [trial for trial in self.trials if trial.n_people]
        return float(np.mean([trial.scores[method].recall for trial in tested])) if tested else 0.0

    def lost_to(self) -> list[tuple[Trial, str]]:
        """Return where a rule came out above the boosted blend, by recall: (trial, rule)."""
        return [
            (trial, name)
            for trial in self.trials
            for name, score in trial.scores.items()
            if name != "boosted" and trial.n_people and score.recall > trial.scores["boosted"].recall
        ]
