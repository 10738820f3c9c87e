"""The demo runs from nothing to a report, and again, on a slice of the real data."""

from __future__ import annotations

from pathlib import Path

import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest

from aimwell.cli.main import main
from aimwell.learn.demo import complete_journey as journey


@pytest.fixture
def slice_of_the_data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Every eighth household, so that the whole job takes a minute."""
    whole, folder = journey._folder(), tmp_path / "data"
    folder.mkdir()
    for path in whole.glob("*.parquet"):
        if path.stem in ("promotions", "campaigns", "coupon_redemptions", "campaign_descriptions"):
            continue
        table = pq.read_table(path)
        if "household_id" in table.column_names:
            ids = table.column("household_id")
            table = table.filter(pc.equal(pc.subtract(ids, pc.multiply(pc.divide(ids, 8), 8)), 0))
        pq.write_table(table, folder / path.name)
    monkeypatch.setattr(journey, "_folder", lambda: folder)
    return folder


def test_the_demo_runs_and_runs_again(
    slice_of_the_data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    shop = tmp_path / "shop"
    for language in ("en", "zh"):
        with pytest.raises(SystemExit) as ended:
            main(["demo", str(shop), "--lang", language])
        said = capsys.readouterr()
        assert ended.value.code in (0, None), said.err
    assert "loaded before" not in said.out  # the second run speaks Chinese
    assert (shop / "report.html").read_text("utf-8").count("<svg") >= 8
    assert sorted(p.name for p in (shop / "plan").iterdir()) == [
        "assignment.csv",
        "certificate.json",
        "effects.csv",
        "people.csv",
    ]
