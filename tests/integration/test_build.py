"""`aimwell build`: does what is due once, goes on after a failure, loads what waits, and says why a model is due."""

from __future__ import annotations

import json
import shutil
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from aimwell.base.clock import SystemClock
from aimwell.base.progress import Silent
from aimwell.base.words import Sentence, Words
from aimwell.build.service import build
from aimwell.build.step import Means, Step
from aimwell.cli.main import main
from aimwell.predict.service import versions
from aimwell.predict.watch.service import profiles_of
from aimwell.shop import open_shop
from aimwell.storage.errors import DiskFull


@pytest.fixture
def folder(drawn_shop: Path, tmp_path: Path) -> Path:
    copy = tmp_path / "toys"
    shutil.copytree(drawn_shop, copy)
    return copy


def built(folder: Path, day: str, capsys: pytest.CaptureFixture[str], *more: str) -> dict[str, Any]:
    capsys.readouterr()
    with pytest.raises(SystemExit) as caught:
        main(["build", "--as-of", day, "--shop", str(folder), "--format", "json", *more])
    said = capsys.readouterr()
    assert caught.value.code in (0, None), said.err
    return {row["step"]: row for row in json.loads(said.out)}


def states(steps: dict[str, Any]) -> dict[str, str]:
    return {name: row["state"] for name, row in steps.items()}


def test_a_second_build_of_the_day_does_nothing_and_the_next_day_scores_without_fitting(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    first = states(built(folder, "2024-12-01", capsys))
    assert (first["portraits"], first["fit value"], first["score value"], first["report"]) == ("done",) * 4
    assert (first["fit effect"], first["score effect"]) == ("declined", "declined")
    again = states(built(folder, "2024-12-01", capsys))
    assert set(again.values()) == {"up_to_date", "declined"}
    due = built(folder, "2024-12-02", capsys, "--dry-run")
    assert due["portraits"]["state"] == "due"
    assert "as_of" in due["portraits"]["detail"]
    assert due["fit value"]["state"] == "up_to_date"
    next_day = states(built(folder, "2024-12-02", capsys))
    assert (next_day["portraits"], next_day["fit value"], next_day["score value"]) == (
        "done",
        "up_to_date",
        "done",
    )
    with open_shop(folder) as shop:
        assert len(versions("value", lake=shop.lake)) == 1
        assert len(profiles_of("value", lake=shop.lake)) == 2
    assert (folder / "report.html").stat().st_size > 10_000


def test_an_old_model_is_fitted_again_and_files_that_wait_are_loaded_once(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    built(folder, "2024-11-20", capsys)
    (folder / "inbox").mkdir()
    (folder / "inbox" / "orders.csv").write_text(
        "order_id,account_id,ordered_at,status,total\n9-1,9,2024-11-25 10:00,completed,19.90\n", "utf-8"
    )
    due = built(folder, "2024-12-20", capsys, "--dry-run")
    assert due["fit value"]["detail"] == "fitted 30 days ago"
    later = built(folder, "2024-12-20", capsys)
    assert later["load"]["state"] == "done"
    assert later["load"]["detail"].startswith("1 rows stored")
    assert later["fit value"]["state"] == "done"
    assert built(folder, "2024-12-20", capsys)["load"]["state"] == "up_to_date"


def test_a_failed_step_is_tried_again_and_stops_only_what_needs_it(folder: Path) -> None:
    calls: list[str] = []
    broken = [True]

    def run(name: str) -> Any:
        def work(means: Means) -> Sentence:
            calls.append(name)
            if name == "b" and broken[0]:
                raise DiskFull(what="b")
            return Sentence("did it")

        return work

    steps = [
        Step(name=name, title=name, needs=needs, stands_on=lambda means: {"day": means.as_of}, run=run(name))
        for name, needs in {"a": (), "b": ("a",), "c": ("b",), "d": ("a",)}.items()
    ]
    with open_shop(folder) as shop:
        means = Means(
            folder=folder,
            settings=shop.settings,
            clock=SystemClock(),
            lake=shop.lake,
            database=shop.database,
            vault=shop.vault,
            words=Words(),
            as_of=datetime(2024, 12, 1),
            progress=Silent(),
        )
        first = [report.state for report in build(means, steps=steps)]
        broken[0] = False
        second = [report.state for report in build(means, steps=steps)]
    assert first == ["done", "failed", "waiting", "done"]
    assert second == ["up_to_date", "done", "done", "up_to_date"]
    assert calls == ["a", "b", "d", "b", "c"]
