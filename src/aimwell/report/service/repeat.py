"""Gathers what the repeat model says, and how it fared on the past."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from aimwell.base.words import Words
from aimwell.predict.model import ModelMissing
from aimwell.predict.repeat.service import read_card
from aimwell.predict.repeat.tables.scores import REPEAT_SCORES
from aimwell.predict.repeat.trial import FORECASTS, OriginTrial
from aimwell.report.model import RepeatRival, RepeatView, Tenth
from aimwell.storage.lake.lake import Lake

__all__ = ["gather_repeat"]

_DAYS = 30
_MOST_NOTES = 5


def gather_repeat(*, lake: Lake, as_of: datetime, words: Words) -> RepeatView | None:
    """Return the repeat model in numbers and sentences; None: there is none that knows nothing after `as_of`."""
    try:
        card = read_card(lake=lake)
    except ModelMissing:
        return None
    if card.as_of > as_of:
        return None
    scored = _scored(lake, as_of=as_of)
    trial = next((one for one in card.trials if one.error(_DAYS, "model") is not None), None)
    return RepeatView(
        n_scored=scored["n_people"],
        within_30=scored["within_30"],
        silent=scored["silent"],
        origin_on=trial.origin_on if trial else None,
        tenths=_tenths(trial) if trial else (),
        rivals=_rivals(trial, words=words) if trial else (),
        notes=tuple(note.said(words) for note in card.notes()[:_MOST_NOTES]),
    )


def _scored(lake: Lake, *, as_of: datetime) -> dict[str, Any]:
    nobody: dict[str, Any] = {"n_people": 0, "within_30": None, "silent": None}
    if not lake.has_table(REPEAT_SCORES.name):
        return nobody
    rows = lake.table(REPEAT_SCORES.name)
    mine = rows.filter(rows.as_of <= as_of)
    found = lake.engine.rows(
        mine.agg(n_people=mine.count(), within_30=mine.p_order_30.sum(), silent=mine.p_silent.sum())
    )[0]
    return found if found["n_people"] else nobody


def _tenths(trial: OriginTrial) -> tuple[Tenth, ...]:
    return tuple(Tenth(said=one.said, came=one.came) for one in trial.calibration.get(_DAYS, ()))


def _rivals(trial: OriginTrial, *, words: Words) -> tuple[RepeatRival, ...]:
    return tuple(
        RepeatRival(
            name=words.say(FORECASTS[one.forecast]),
            is_model=one.forecast == "model",
            auc=one.auc,
            log_loss=one.log_loss,
        )
        for one in trial.heads
        if one.days == _DAYS
    )
