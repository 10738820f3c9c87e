"""The manual's examples are true, and it names every filter, tag and limit."""

from __future__ import annotations

import re
from pathlib import Path

from aimwell.promote.content.sandbox import run, scan
from aimwell.promote.content.sandbox.filters import FILTERS
from aimwell.promote.content.template import Template

from .folders import FACTS, filled, written

MANUAL = (Path(__file__).parents[4] / "docs" / "content.md").read_text("utf-8")


def example(language: str) -> str:
    (found,) = re.findall(rf"```{language}\n(.*?)```", MANUAL, re.DOTALL)
    return str(found)


def test_the_example_template_is_one(tmp_path: Path) -> None:
    page = filled(tmp_path, example("liquid"))
    assert "<p>Hello Ann &amp; co,</p>" in page
    assert "€12.50" in page


def test_the_example_settings_are_some(tmp_path: Path) -> None:
    template = Template.read(written(tmp_path, toml=example("toml")))
    content = template.render(FACTS, locale="en")
    assert (template.locales, content.template_id, content.params) == (
        ("zh",),
        "SMS_154950",
        {"name": "Ann & co"},
    )


def test_every_filter_is_named_and_no_other() -> None:
    listed = MANUAL.partition("Filters: ")[2].partition(".\n")[0]
    assert set(re.findall(r"`(\w+)`", listed)) == set(FILTERS)


def test_the_limits_are_those_of_the_code() -> None:
    numbers = (run.MOST_STEPS, run.LONGEST_LIST, scan.LARGEST_SOURCE, scan.MOST_TAGS)
    assert all(f"{number:,}" in MANUAL for number in numbers)
    assert f"{run.MOST_BYTES // 1024} KiB" in MANUAL
