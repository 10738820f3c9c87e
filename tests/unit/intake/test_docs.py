"""The manual names every preset and every reason."""

from __future__ import annotations

import re
from pathlib import Path

from aimwell.intake.mapping.presets import presets, read_mapping
from aimwell.intake.reasons import REASONS

ROOT = Path(__file__).parents[3]


def test_every_preset_is_in_the_reference() -> None:
    text = (ROOT / "docs" / "reference" / "presets.md").read_text("utf-8")
    assert set(re.findall(r"^\| `(\w+)`", text, re.MULTILINE)) == set(presets())


def test_every_reason_has_words_and_is_in_the_manual() -> None:
    manual = (ROOT / "docs" / "intake.md").read_text("utf-8")
    intake = ROOT / "src" / "aimwell" / "intake"
    files = set(intake.rglob("*.py")) - {
        intake / "service" / "consents.py"
    }  # whose reasons are of trust/consent
    source = "".join(path.read_text("utf-8") for path in files)
    used = set(re.findall(r'[( ]reason="(\w+)"', source)) | set(re.findall(r'"(missing_\w+)"', source))
    assert used <= set(REASONS)
    assert {name for name in REASONS if f"`{name}`" not in manual} == set()


def test_the_example_mapping_is_one() -> None:
    manual = (ROOT / "docs" / "intake.md").read_text("utf-8")
    (example,) = re.findall(r"```toml\n(.*?)```", manual, re.DOTALL)
    assert read_mapping(example, name="docs").grain == "line"
