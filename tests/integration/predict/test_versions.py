"""Kept models: the newest fit is in use, an older one comes back on request, and the next fit ends that."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from aimwell.predict.model import FittedModel, ModelMissing, NoModel, NothingOlder
from aimwell.predict.service import keep_model, model_id_of, read_model, roll_back, versions
from aimwell.storage.lake.lake import Lake

NOON = datetime(2025, 3, 1, 12)


def fitted(number: int, *, family: str = "value", at: datetime) -> FittedModel:
    body = {"number": number}
    return FittedModel(
        model_id=model_id_of(family, as_of=NOON, body=body),
        family=family,
        form="bgnbd",
        as_of=NOON,
        fitted_at=at,
        data_hash="0" * 64,
        body=body,
        card={"number": number},
    )


def used(lake: Lake, family: str = "value") -> int:
    return int(read_model(family, lake=lake).body["number"])


def test_the_newest_fit_is_in_use_until_an_older_one_is_chosen(lake: Lake) -> None:
    for day in range(3):
        keep_model(fitted(day, at=NOON + timedelta(days=day)), lake=lake)
    assert used(lake) == 2
    back = roll_back("value", lake=lake, now=NOON + timedelta(days=3))
    assert back.is_in_use
    assert used(lake) == 1
    assert [one.is_in_use for one in versions("value", lake=lake)] == [False, True, False]
    roll_back("value", lake=lake, now=NOON + timedelta(days=4))
    assert used(lake) == 0
    with pytest.raises(NothingOlder):
        roll_back("value", lake=lake, now=NOON + timedelta(days=5))
    keep_model(fitted(9, at=NOON + timedelta(days=6)), lake=lake)
    assert used(lake) == 9


def test_a_named_model_comes_back_and_a_fit_that_learned_it_again_uses_it(lake: Lake) -> None:
    first, second = fitted(1, at=NOON), fitted(2, at=NOON + timedelta(days=1))
    keep_model(first, lake=lake)
    keep_model(second, lake=lake)
    roll_back("value", lake=lake, now=NOON + timedelta(days=2), to=first.model_id)
    assert used(lake) == 1
    keep_model(fitted(2, at=NOON + timedelta(days=3)), lake=lake)  # the same data gave the same model
    assert used(lake) == 2
    assert len(versions("value", lake=lake)) == 2


def test_families_are_apart_and_what_is_missing_is_said(lake: Lake) -> None:
    with pytest.raises(NoModel):
        roll_back("value", lake=lake, now=NOON)
    keep_model(fitted(1, at=NOON), lake=lake)
    keep_model(fitted(2, family="repeat", at=NOON), lake=lake)
    assert (used(lake), used(lake, "repeat")) == (1, 2)
    assert len(versions(lake=lake)) == 2
    with pytest.raises(ModelMissing):
        roll_back("value", lake=lake, now=NOON, to="repeat-20250301-nothing")
