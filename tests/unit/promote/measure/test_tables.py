"""What the engine adds up day by day equals the plain matrix of people and days."""

from __future__ import annotations

from datetime import datetime, timedelta

import ibis
import numpy as np
import pytest

from aimwell.promote.measure.service.gathering import Gathered
from aimwell.promote.measure.tables.sums import paths, power_sums
from aimwell.storage.engines import Engine

START = datetime(2025, 3, 1, 9)
N, DAYS = 300, 12
BEFORES = ("before_1", "before_2")


class World:
    """People who are dealt out on days 0 to 3, and what they bring, as a matrix of people and days in minor units."""

    def __init__(self) -> None:
        random = np.random.default_rng(11)
        self.arm = np.where(random.random(N) < 0.7, "treatment", "holdout")
        self.entered = random.integers(0, 4, N)
        self.before = np.stack([random.integers(0, 9_000, N), random.integers(0, 90_000, N)], axis=-1)
        person, day = random.integers(0, N, 900), random.integers(0, DAYS, 900)
        late = day >= self.entered[person]
        self.person, self.day = person[late], day[late]
        self.milli = random.integers(-400_000, 900_000, self.person.size)
        self.is_order = random.random(self.person.size) < 0.5
        self.daily, self.orders = np.zeros((N, DAYS)), np.zeros((N, DAYS))
        np.add.at(self.daily, (self.person, self.day), self.milli / 1000.0)
        np.add.at(self.orders, (self.person, self.day), self.is_order)

    def entries(self) -> ibis.expr.types.Table:
        return ibis.memtable(
            {
                "person_id": list(range(N)),
                "arm": self.arm.tolist(),
                "entered_at": [START + timedelta(days=int(day)) for day in self.entered],
                **{name: self.before[:, k].tolist() for k, name in enumerate(BEFORES)},
            }
        )

    def flows(self) -> ibis.expr.types.Table:
        hours = np.arange(self.person.size) % 14  # from 9:00 on, still within the UTC day
        return ibis.memtable(
            {
                "person_id": self.person.tolist(),
                "happened_at": [
                    START + timedelta(days=int(day), hours=int(hour))
                    for day, hour in zip(self.day, hours, strict=True)
                ],
                "profit_milli": self.milli.tolist(),
                "is_order": self.is_order.tolist(),
            }
        )

    def gathered(self, engine: Engine, *, cap_minor: int | None = None) -> Gathered:
        entries = self.entries()
        moved = paths(entries, self.flows(), started_at=START, cap_minor=cap_minor)
        nothing = ibis.memtable({"person_id": [0]})
        return Gathered(
            engine=engine,
            entries=entries,
            moved=moved,
            sold=nothing,
            made=nothing,
            started_at=START,
            as_of=datetime(2025, 3, 1) + timedelta(days=DAYS),
            befores=BEFORES,
        )


@pytest.mark.both_engines(part="small")
@pytest.mark.parametrize("cap_minor", [None, 500])
def test_sums_equal_those_of_the_matrix(engine: Engine, cap_minor: int | None) -> None:
    world = World()
    sums = world.gathered(engine, cap_minor=cap_minor).sums()
    so_far = world.daily.cumsum(axis=1)
    if cap_minor is not None:
        so_far = so_far.clip(-cap_minor, cap_minor)
    x = world.before / 1000.0
    for arm in ("treatment", "holdout"):
        found, mine = sums[None, arm], world.arm == arm
        for day in range(DAYS):
            here = mine & (world.entered <= day)
            y = so_far[here, day]
            expected = {
                "n_people": here.sum(),
                "n_buyers": (world.orders[here, : day + 1].sum(axis=1) > 0).sum(),
                "profit": y.sum(),
                "profit_squared": (y**2).sum(),
                "before": x[here].sum(axis=0),
                "before_squared": x[here].T @ x[here],
                "profit_before": y @ x[here],
            }
            for name, value in expected.items():
                assert getattr(found, name)[day] == pytest.approx(value, rel=1e-9, abs=1e-6), (name, day)


def test_slices_hold_the_people_named(one_engine: Engine) -> None:
    world = World()
    named = ibis.memtable({"person_id": [1, 2, 3, 3], "offer_id": ["tea", "tea", "tea", "gift"]})
    sums = world.gathered(one_engine).sums(slices=named)
    assert sum(one.n_people[-1] for (offer, _), one in sums.items() if offer == "tea") == 3
    total = sum(one.profit[-1] for (offer, _), one in sums.items() if offer == "tea")
    assert total == pytest.approx(world.daily[[1, 2, 3]].sum())
    (gift,) = [one for (offer, _), one in sums.items() if offer == "gift"]
    assert gift.profit[-1] == pytest.approx(world.daily[3].sum())


def test_power_sums_are_those_of_the_residuals(one_engine: Engine) -> None:
    world = World()
    gathered = world.gathered(one_engine)
    slopes = {"before_1": 0.2, "before_2": -0.01}
    (row,) = one_engine.rows(power_sums(gathered.entries, gathered.moved, center=7.0, slopes=slopes))
    residual = world.daily.sum(axis=1) - 7.0 - world.before @ np.array([0.2, -0.01]) / 1000.0
    assert row["square"] == pytest.approx((residual**2).sum())
    assert row["cube"] == pytest.approx((residual**3).sum())
    assert row["fourth"] == pytest.approx((residual**4).sum())


def test_looks_end_with_their_utc_day_and_the_last_with_the_facts(one_engine: Engine) -> None:
    gathered = World().gathered(one_engine)
    assert gathered.n_days == DAYS
    assert gathered.look_at(0) == datetime(2025, 3, 2)
    assert gathered.look_at(DAYS - 1) == datetime(2025, 3, 13)
    assert gathered.look_at(DAYS + 5) == datetime(2025, 3, 13)
