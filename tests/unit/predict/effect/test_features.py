"""Features: the same numbers in NumPy and in the engine, whatever is missing."""

from __future__ import annotations

import json
from datetime import date

import ibis
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pytest

from aimwell.predict.effect.features import Encoding, Feature, learn_encoding
from aimwell.predict.effect.learners import LEARNERS, Effect
from aimwell.predict.effect.linear import Line
from aimwell.predict.effect.measured import Estimate
from aimwell.predict.effect.model import OfferEffect
from aimwell.predict.effect.tables.scores import effects_of, featured
from aimwell.storage.engines import Engine

from .worlds import responses

N = 400


@pytest.fixture(scope="module")
def portraits() -> pa.Table:
    random = np.random.default_rng(0)
    spend = np.exp(random.normal(5, 2.5, N))
    stage = random.choice(["aware", "loyal"], N)
    return pa.table(
        {
            "person_id": pa.array(range(N), pa.int64()),
            "age": pa.array([None if k % 5 == 0 else float(k % 50) for k in range(N)]),
            "spend_minor": pa.array(spend.round().astype(int)),
            "is_member": pa.array([None if k % 7 == 0 else k % 2 == 0 for k in range(N)]),
            "stage": pa.array([None if k % 9 == 0 else str(stage[k]) for k in range(N)]),
            "constant": pa.array([1.0] * N),
            "born_on": pa.array([date(2000, 1, 1)] * N),
        }
    )


def test_what_is_taken_and_how(portraits: pa.Table) -> None:
    found = learn_encoding(portraits, columns=portraits.column_names)
    assert [(f.column, f.kind) for f in found.features] == [
        ("age", "number"),
        ("age", "gap"),
        ("spend_minor", "log"),
        ("is_member", "truth"),
        ("stage", "level"),
        ("stage", "level"),
    ]
    assert {f.name for f in found.features[4:]} == {"stage = aware", "stage = loyal"}
    matrix = found.of_arrow(portraits)
    assert matrix.shape == (N, 6)
    assert matrix[0].tolist()[:2] == [
        pytest.approx(np.nanmean(matrix[:, 0])),
        1.0,
    ]  # missing: the mean, and a gap
    assert matrix[1, 2] == pytest.approx(np.log1p(portraits["spend_minor"][1].as_py()))
    assert Encoding.from_data(json.loads(json.dumps(found.as_data()))) == found


def test_negative_and_infinite_scales_by_hand() -> None:
    feature = Feature(column="x", kind="log", fill=7.0)
    values = pa.chunked_array([[-99.0, 0.0, None]])
    assert feature.of_array(values).tolist() == pytest.approx([-np.log(100), 0.0, 7.0])


@pytest.mark.both_engines(part="small")
def test_the_engine_scores_as_numpy_does(portraits: pa.Table, engine: Engine) -> None:
    encoding = learn_encoding(portraits, columns=portraits.column_names)
    matrix = encoding.of_arrow(portraits)
    random = np.random.default_rng(1)
    experiment, _ = responses(N, slope=1.0, seed=1)
    experiment = type(experiment)(**{**vars(experiment), "features": matrix})
    use = Line(intercept=-0.5, slopes=random.normal(size=6) / 10, is_logistic=True)
    effects = {
        name: OfferEffect(
            mean=Estimate(value=2.0, se=0.5),
            slope=Estimate(value=3.0, se=0.25),
            score=None if name == "flat" else _scaled(LEARNERS[name](experiment, 0), matrix),
            use=use,
        )
        for name in ("s_linear", "dr_linear", "s_trees", "x_trees")
    } | {
        "flat": OfferEffect(
            mean=Estimate(value=2.0, se=0.5), slope=Estimate(value=0.0, se=0.0), score=None, use=use
        )
    }
    with engine.stage(featured(ibis.memtable(portraits), encoding)) as features:
        rows = engine.arrow(effects_of(features, effects).order_by("offer_id", "person_id"))
    assert rows.num_rows == 5 * N
    for offer_id, effect in effects.items():
        mine = rows.filter(pc.equal(rows["offer_id"], offer_id))
        score = np.zeros(N) if effect.score is None else np.clip(effect.score.of(matrix), -3, 3)
        assert mine["effect_minor"].to_numpy() == pytest.approx(2 + effect.slope.value * score)
        expected = np.sqrt(0.25 + (effect.slope.se * score) ** 2)
        assert mine["effect_se_minor"].to_numpy() == pytest.approx(expected)
        assert mine["use_prob"].to_numpy() == pytest.approx(use.predict(matrix))
        assert OfferEffect.from_data(json.loads(json.dumps(effect.as_data()))).as_data() == effect.as_data()


def _scaled(effect: Effect, matrix: np.ndarray) -> Effect:
    own = effect.of(matrix)
    return effect.scaled(1 / own.std(), shift=-own.mean() / own.std())
