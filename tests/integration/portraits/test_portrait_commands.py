"""`aimwell portrait` on a shop folder: names of stages, segments and weekdays for people, codes for programs."""

from __future__ import annotations

import io
import json
from pathlib import Path

import pytest
from rich.console import Console

from aimwell.base.words import Language, Words
from aimwell.cli.face import Face
from aimwell.cli.main import main
from aimwell.cli.portrait_screen import show_person
from aimwell.portraits.service import portrait_of
from aimwell.shop import open_shop

SEGMENTS = """
[segments.weekly]
rule = { trait = "mean_gap_days", op = "le", value = 7 }

[segments.rare]
meaning = "Rarely here"
rule = { trait = "mean_gap_days", op = "gt", value = 60 }
"""


@pytest.fixture(scope="module")
def folder(drawn_shop: Path) -> Path:
    """The drawn shop with two snapshots and two segments of its own."""
    (drawn_shop / "segments.toml").write_text(SEGMENTS, "utf-8")
    for day in ("2024-07-01", "2024-12-28"):
        assert run("portrait", "build", "--as-of", day, "--shop", str(drawn_shop)) == 0
    return drawn_shop


def run(*arguments: str) -> int:
    with pytest.raises(SystemExit) as caught:
        main(list(arguments))
    return int(caught.value.code or 0)


def shown(folder: Path, capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    capsys.readouterr()
    assert run("portrait", *arguments, "--shop", str(folder)) == 0
    return capsys.readouterr().out


@pytest.mark.parametrize(
    ("language", "names"),
    [("en", ("Loyalty", "Advocate", "Tuesday", "completed")), ("zh", ("忠诚", "拥护", "星期二", "已完成"))],
)
def test_one_screen_names_stages_weekday_and_status(
    folder: Path, language: Language, names: tuple[str, ...]
) -> None:
    with open_shop(folder) as shop:
        seen = portrait_of(lake=shop.lake, person_id=7)
    assert (seen.traits["aipl_stage"], seen.traits["usual_weekday"]) == ("loyalty", "tuesday")
    screen = io.StringIO()
    face = Face(words=Words(language), stdout=Console(file=screen, width=160))
    show_person(seen, face=face, currency="EUR")
    assert [name for name in names if name not in screen.getvalue()] == []


@pytest.mark.parametrize(
    ("stage", "names"), [("aipl_stage", ("忠诚", "购买")), ("rfm_segment", ("核心客户", "流失风险客户"))]
)
def test_flow_names_the_stages(
    folder: Path, capsys: pytest.CaptureFixture[str], stage: str, names: tuple[str, ...]
) -> None:
    days = ("--before", "2024-07-01", "--after", "2024-12-28", "--stage", stage)
    chinese = shown(folder, capsys, "flow", *days, "--lang", "zh")
    assert [name for name in names if name not in chinese] == []
    assert not any(code in chinese for code in ("loyal", "champion"))
    rows = json.loads(shown(folder, capsys, "flow", *days, "--format", "json", "--lang", "zh"))
    assert {row["after"] for row in rows} & {"loyalty", "champion"}


def test_a_survey_names_segments_and_kinds(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    chart = tmp_path / "survey.svg"
    asked = ("survey", "--size", "20", "--repeat", "5")
    chinese = shown(folder, capsys, *asked, "--lang", "zh", "--chart", str(chart))
    assert "核心客户（rfm_champion）" in chinese
    assert "Rarely here（rare）" in chinese
    assert "│ weekly " in chinese  # a segment without words is its name
    assert "标签" in chinese
    assert "segment" not in chinese
    assert "（rfm_" in chart.read_text("utf-8")
    told = json.loads(shown(folder, capsys, *asked, "--format", "json", "--lang", "zh"))
    assert {"rfm_champion", "rare"} <= {line["name"] for line in told["lines"]}


def test_drift_names_what_moved_most(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    days = ("--before", "2024-07-01", "--after", "2024-12-28", "--limit", "60")
    chinese = shown(folder, capsys, "drift", *days, "--lang", "zh")
    moved = {
        cells[1].strip(): cells[3].strip() for row in chinese.splitlines() if len(cells := row.split("│")) > 3
    }
    assert moved["usual_weekday"].startswith("星期")
