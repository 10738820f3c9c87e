"""The manual's examples run."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

from aimwell.learn.simulator.campaigns import read_deals
from aimwell.learn.simulator.world import World

MANUAL = (Path(__file__).parents[4] / "docs" / "simulator.md").read_text("utf-8")


def test_the_python_example_runs() -> None:
    (example,) = re.findall(r"```python\n(.*?)```", MANUAL, re.DOTALL)
    names: dict[str, Any] = {}
    exec(example, names)
    assert names["seen"].shape == (2_000, len(names["names"]))
    assert names["gain"].shape == (2_000,)
    assert (names["gain"] != 0).any()


def test_the_deals_example_is_one(tmp_path: Path, world: Callable[..., World]) -> None:
    (example,) = re.findall(r"```toml\n(.*?)```", MANUAL, re.DOTALL)
    (tmp_path / "deals.toml").write_text(example)
    (deal,) = read_deals(tmp_path / "deals.toml", world=world())
    assert (deal.discount_rate, deal.category, deal.contact_milli) == (0.15, 5, 1_000)
