from __future__ import annotations

import ibis
import numpy as np
import pytest

from aimwell.base.lottery import LOTS, Lottery
from aimwell.storage.engines import Engine

pytestmark = pytest.mark.both_engines

EDGES = [-(2**63), -(2**62), -1, 0, 1, 2**31 - 1, 2**31, 2**62, 2**63 - 1]


def test_engine_numpy_and_python_draw_the_same_lots(engine: Engine) -> None:
    ids = EDGES + np.random.default_rng(1).integers(-(2**63), 2**63 - 1, 500).tolist()
    lottery = Lottery.of("spring", purpose="holdout")
    in_python = [lottery.lot(person_id) for person_id in ids]
    table = ibis.memtable({"place": list(range(len(ids))), "person_id": ids})
    rows = engine.rows(table.select("place", lot=lottery.lot(table.person_id)).order_by("place"))
    assert [row["lot"] for row in rows] == in_python
    assert lottery.lot(np.array(ids)).tolist() == in_python
    assert all(0 <= lot < LOTS for lot in in_python)


@pytest.mark.parametrize(
    "ids",
    [
        np.arange(200_000),  # numbered one after the other
        np.arange(200_000) * 2**32,
        np.arange(200_000) * 65_536,
        np.random.default_rng(2).integers(-(2**63), 2**63 - 1, 200_000),
    ],
    ids=["running", "high words", "sixteen bits", "random"],
)
def test_lots_are_even(ids: np.ndarray) -> None:
    lots = Lottery.of("autumn", purpose="holdout").lot(ids)
    counts = np.bincount(lots * 100 // LOTS, minlength=100)
    expected = len(ids) / 100
    # chi-squared with 99 degrees of freedom exceeds 148.2 with probability 0.001
    assert ((counts - expected) ** 2 / expected).sum() < 148.2


def test_purposes_and_salts_draw_unrelated_lots() -> None:
    ids = np.arange(100_000)
    spring = Lottery.of("spring", purpose="holdout").lot(ids) < LOTS // 10
    for other in (Lottery.of("spring", purpose="ties"), Lottery.of("autumn", purpose="holdout")):
        both = spring & (other.lot(ids) < LOTS // 10)
        # 1 % of 100,000 = 1000, with a standard deviation of about 31
        assert abs(int(both.sum()) - 1_000) < 125


def test_lots_of_campaigns_that_were_sent_are_the_same_for_ever() -> None:
    """Drawn by an earlier version: whoever was held out then must be found held out when it is measured."""
    drawn = {
        purpose: [Lottery.of("arms/winback-1", purpose=purpose).lot(i) for i in (1, -1, 2**62 + 7)]
        for purpose in ("holdout", "random offer", "ties")
    }
    assert drawn == {
        "holdout": [866_665_659, 1_484_232_106, 911_455_715],
        "random offer": [858_278_442, 417_532_276, 2_012_326_769],
        "ties": [1_516_932_479, 1_863_202_135, 1_114_389_620],
    }


def test_a_threshold_holds_out_its_share() -> None:
    lottery = Lottery.of("spring", purpose="holdout")
    assert lottery.threshold(0.0) == 0
    assert lottery.threshold(0.5) == round(0.5 * LOTS)
    held = lottery.lot(np.arange(100_000)) < lottery.threshold(0.1)
    assert abs(int(held.sum()) - 10_000) < 400  # standard deviation about 95
