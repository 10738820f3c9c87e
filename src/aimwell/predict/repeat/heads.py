"""Answers one question: the probability of a purchase within so many days.

1. **Trial.** At each of the newest days whose outcome is known, trees learn from earlier days whose outcomes were known by then,
   and say probabilities that are out of time.
2. **Blend.** One logistic regression lays the log-odds of trees and process together and calibrates them (Platt 1999). Its prior is
   the process alone, so that few people leave the process's numbers nearly as they are. It has no constant: by how much one month
   was better than foretold says little of the next, and with a constant the calibration was worse in our measurements.
3. **Choice.** The blend is used only where, on days (of one day: on people) that it was not fitted on, its ranking beats the
   process, and its log-loss does by more than a standard error. Else the process answers.
4. **Long horizons.** Where the outcome of a whole horizon was never seen with an earlier one to learn from, the process answers,
   and its log-odds are moved by as much as those of the longest horizon that was tried.

References
----------
Platt (1999), Probabilistic outputs for support vector machines, Advances in Large Margin Classifiers.
Wolpert (1992), Stacked generalization, Neural Networks 5(2).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta

import numpy as np
from scipy.optimize import minimize
from scipy.special import expit, logit

from aimwell.predict.repeat.frames import Frame
from aimwell.predict.repeat.measures import auc, is_clearly_less, log_losses
from aimwell.predict.repeat.process import View
from aimwell.predict.repeat.tables.features import FEATURES, SEASON
from aimwell.predict.repeat.trees import grow, raw_scores
from aimwell.predict.value.cells import Array

__all__ = [
    "Blend",
    "Head",
    "Setup",
    "inputs",
    "known_frames",
    "learn_heads",
    "spans_a_year",
    "trial_frames",
]

FEATURE_DAYS = (14, 30, 91)
"""Horizons at which the trees see what the process says."""
N_TRIALS = 4
N_FRAMES = 8
MIN_ROWS, MIN_EACH = 500, 50
_SPACING_DAYS = 12  # of days to learn from; nearer ones are almost the same
_N_TREES = 160
_PRIOR_DEVIATION = 0.5
_DAYS_PER_YEAR = 365


@dataclass(frozen=True, kw_only=True)
class Setup:
    """What all parts of one model share.

    Attributes
    ----------
    until
        Outcomes are known before this day.
    memory
        Weight of old orders in the process; see `Cells.remembered`.
    seed
        What randomness starts from.
    """

    until: date
    memory: float
    seed: int


@dataclass(frozen=True, kw_only=True)
class Blend:
    """Log-odds = of_trees x (trees) + of_process x (process)."""

    of_trees: float = 0.0
    of_process: float = 1.0

    def log_odds(self, trees: Array, process: Array) -> Array:
        """Return the log-odds of those of trees and process."""
        return np.asarray(self.of_trees * trees + self.of_process * process)


@dataclass(frozen=True, kw_only=True)
class Head:
    """The answer to one question.

    Attributes
    ----------
    days
        Horizon.
    window_days
        The outcomes that the trees learned from; shorter than `days` where what they found is carried on.
    trees
        Text, or None: the process answers alone.
    blend
        How both are laid together.
    has_season
        Whether the trees saw features of the season.
    n_rows
        Rows that the trees learned from.
    """

    days: int
    window_days: int
    trees: str | None
    blend: Blend
    has_season: bool
    n_rows: int

    def prob(self, features: Array, view: View) -> Array:
        """Return the probability of a purchase within `days`.

        Parameters
        ----------
        features
            (n, len(FEATURES)).
        view
            The process on the same people.
        """
        if self.trees is None:
            return view.within[self.days]
        raw = raw_scores(self.trees, inputs(features, view, has_season=self.has_season))
        known, asked = logit(view.within[self.window_days]), logit(view.within[self.days])
        return np.asarray(
            expit(asked + self.blend.log_odds(raw, known) - known)
        )  # asked - known is 0 unless carried


def inputs(features: Array, view: View, *, has_season: bool) -> Array:
    """Return what trees see: features, and what the process says."""
    is_kept = [has_season or name not in SEASON for name in FEATURES]
    said = [logit(view.within[days]) for days in FEATURE_DAYS]
    return np.column_stack([features[:, is_kept], *said, view.alive])


def trial_frames(
    frames: Sequence[Frame], *, window_days: int, until: date
) -> list[tuple[Frame, list[Frame]]]:
    """Return days with known outcomes, the newest first, each with the earlier days known by then to learn from."""
    known = _spaced([frame for frame in frames if frame.is_seen(window_days, until=until)])
    found = []
    for frame in known[:N_TRIALS]:
        earlier = [f for f in known if f.is_seen(window_days, until=frame.cut_on)][:N_FRAMES]
        if earlier:
            found.append((frame, earlier))
    return found


def known_frames(frames: Sequence[Frame], *, window_days: int, until: date) -> list[Frame]:
    """Return the newest days with known outcomes, to learn from."""
    return _spaced([frame for frame in frames if frame.is_seen(window_days, until=until)])[:N_FRAMES]


def _spaced(frames: Sequence[Frame]) -> list[Frame]:
    kept: list[Frame] = []
    for frame in frames:
        if not kept or kept[-1].cut_on - frame.cut_on >= timedelta(days=_SPACING_DAYS):
            kept.append(frame)
    return kept


def spans_a_year(frames: Sequence[Frame]) -> bool:
    """Return whether the days cover the seasons, so that trees can tell a season from a single day."""
    return (frames[0].cut_on - frames[-1].cut_on).days >= _DAYS_PER_YEAR


def learn_heads(frames: Sequence[Frame], *, days: Sequence[int], setup: Setup) -> tuple[Head, ...]:
    """Learn to answer the questions of several horizons.

    Parameters
    ----------
    frames
        Days to learn from, the newest first.
    days
        Horizons, growing.
    setup
        Until when outcomes are known, and more.
    """
    heads: list[Head] = []
    tested: Head | None = None  # the longest horizon that could be tried
    for one in days:
        head = _learned(frames, days=one, setup=setup)
        tested = head or tested
        heads.append(_carried(tested, days=one) if head is None else head)
    return tuple(heads)


def _learned(frames: Sequence[Frame], *, days: int, setup: Setup) -> Head | None:
    """Return the head of one horizon; None where its outcome was not seen often enough to try anything."""
    trials = trial_frames(frames, window_days=days, until=setup.until)
    tried = [_tried(f, earlier, days=days, setup=setup) for f, earlier in trials if _is_enough(earlier, days)]
    if not tried:
        return None
    blend = _chosen_blend(tried)
    if blend is None:
        return _process_alone(days)
    known = known_frames(frames, window_days=days, until=setup.until)
    return Head(
        days=days,
        window_days=days,
        trees=_grown(known, days=days, setup=setup),
        blend=blend,
        has_season=spans_a_year(known),
        n_rows=sum(len(frame) for frame in known),
    )


def _carried(tested: Head | None, *, days: int) -> Head:
    """Return a head that carries what a shorter one found on to a longer horizon."""
    return _process_alone(days) if tested is None or tested.trees is None else replace(tested, days=days)


def _process_alone(days: int) -> Head:
    return Head(days=days, window_days=days, trees=None, blend=Blend(), has_season=False, n_rows=0)


@dataclass(frozen=True, kw_only=True)
class _Tried:
    """Log-odds out of time, and what came."""

    trees: Array
    process: Array
    came: Array

    def part(self, chosen: Array) -> _Tried:
        return _Tried(trees=self.trees[chosen], process=self.process[chosen], came=self.came[chosen])


def _is_enough(frames: Sequence[Frame], window: int) -> bool:
    came = sum(float(frame.came(window).sum()) for frame in frames)
    n_rows = sum(len(frame) for frame in frames)
    return n_rows >= MIN_ROWS and min(came, n_rows - came) >= MIN_EACH


def _grown(frames: Sequence[Frame], *, days: int, setup: Setup) -> str:
    views = [f.view(memory=setup.memory, within_days=FEATURE_DAYS, orders_days=()) for f in frames]
    has_season = spans_a_year(frames)
    seen = [inputs(f.features, v, has_season=has_season) for f, v in zip(frames, views, strict=True)]
    return grow(
        np.concatenate(seen),
        np.concatenate([frame.came(days) for frame in frames]),
        objective="binary",
        n_trees=_N_TREES,
        seed=setup.seed,
    )


def _tried(frame: Frame, earlier: Sequence[Frame], *, days: int, setup: Setup) -> _Tried:
    text = _grown(earlier, days=days, setup=setup)
    view = frame.view(memory=setup.memory, within_days=(*FEATURE_DAYS, days), orders_days=())
    seen = inputs(frame.features, view, has_season=spans_a_year(earlier))
    return _Tried(trees=raw_scores(text, seen), process=logit(view.within[days]), came=frame.came(days))


def _chosen_blend(tried: Sequence[_Tried]) -> Blend | None:
    """Return the blend of all trials, or None where it does not beat the process where it was not fitted."""
    folds = list(tried)
    if len(folds) == 1:  # one day: two halves of its people
        half = np.arange(len(tried[0].came)) % 2 == 0
        folds = [tried[0].part(half), tried[0].part(~half)]
    said, process, came = [], [], []
    for at, fold in enumerate(folds):
        blend = _fit_blend([other for k, other in enumerate(folds) if k != at])
        said.append(expit(blend.log_odds(fold.trees, fold.process)))
        process.append(expit(fold.process))
        came.append(fold.came)
    if not _beats(np.concatenate(came), np.concatenate(said), np.concatenate(process)):
        return None
    return _fit_blend(tried)


def _beats(came: Array, mine: Array, theirs: Array) -> bool:
    my_auc, their_auc = auc(came, mine), auc(came, theirs)
    if my_auc is None or their_auc is None:
        return False
    return is_clearly_less(log_losses(came, mine), log_losses(came, theirs)) and my_auc > their_auc


def _fit_blend(tried: Sequence[_Tried]) -> Blend:
    trees, process, came = (
        np.concatenate([getattr(one, name) for one in tried]) for name in ("trees", "process", "came")
    )
    design = np.column_stack([trees, process])
    start = np.array([0.0, 1.0])  # the process alone

    def loss(weights: Array) -> tuple[float, Array]:
        log_odds = design @ weights
        away = (weights - start) / _PRIOR_DEVIATION
        value = float(np.logaddexp(0.0, log_odds).sum() - came @ log_odds + away @ away / 2)
        return value, design.T @ (expit(log_odds) - came) + away / _PRIOR_DEVIATION

    of_trees, of_process = minimize(loss, start, jac=True, method="L-BFGS-B").x.tolist()
    return Blend(of_trees=of_trees, of_process=of_process)
