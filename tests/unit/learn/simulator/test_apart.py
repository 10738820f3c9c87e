"""The truth is apart: no other wing imports the simulator, and nobody else can open its files."""

from __future__ import annotations

import ast
import os
import stat
import subprocess
import tempfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pyarrow as pa
import pytest

import aimwell
from aimwell.learn.simulator.errors import FolderNotEmpty, TruthInside, WorldMissing
from aimwell.learn.simulator.model import Dirt, Shock
from aimwell.learn.simulator.saving import TruthFolder
from aimwell.learn.simulator.world import World

PACKAGE = Path(aimwell.__file__).parent
ALLOWED = {"learn", "cli"}  # the simulator itself, and the commands that make and play worlds
NOBODY = 65_534


def imports(path: Path) -> set[str]:
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
        elif (
            isinstance(node, ast.Constant)
            and isinstance(node.value, str)
            and node.value.startswith("aimwell.learn")
        ):
            found.add(node.value)  # what importlib is given
    return found


def test_nothing_in_the_engine_imports_the_simulator() -> None:
    outside = [p for p in PACKAGE.rglob("*.py") if p.relative_to(PACKAGE).parts[0] not in ALLOWED]
    assert len(outside) > 100
    guilty = [p for p in outside if any(name.startswith("aimwell.learn") for name in imports(p))]
    assert guilty == []


def test_in_the_command_line_only_demo_and_simulate_do() -> None:
    guilty = {
        path.name
        for path in (PACKAGE / "cli").rglob("*.py")
        if any(name.startswith("aimwell.learn") for name in imports(path))
    }
    assert guilty <= {"demo.py", "simulate.py"}
    assert "simulate.py" in guilty


def test_truth_files_are_their_owners_alone(tmp_path: Path, world: Callable[..., World]) -> None:
    truth = TruthFolder.make(tmp_path / "truth", apart_from=tmp_path / "shop")
    table = pa.table({"account": ["a1"], "rate": [0.5]})
    old = os.umask(0)  # even where new files are everybody's
    try:
        truth.keep_world(world(), facts={})
        truth.people_writer(table.schema).close()
        truth.keep_played(0, 30, effects=[table], plan=table)
    finally:
        os.umask(old)
    assert stat.S_IMODE(truth.path.stat().st_mode) == 0o700
    files = sorted(truth.path.iterdir())
    assert [p.name for p in files] == [
        "effects-00000.parquet",
        "lived.json",
        "touches.parquet",
        "truth.parquet",
        "world.json",
    ]
    assert {stat.S_IMODE(p.stat().st_mode) for p in files} == {0o600}


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can try as somebody else")
def test_another_user_cannot_read_the_truth(world: Callable[..., World]) -> None:
    with tempfile.TemporaryDirectory(prefix="aimwell-tests-") as name:
        place = Path(name)
        place.chmod(0o755)
        truth = TruthFolder.make(place / "truth", apart_from=place / "shop")
        truth.keep_world(world(), facts={})
        (place / "open.txt").write_text("to all")
        (place / "open.txt").chmod(0o644)

        def read_as_nobody(path: Path) -> subprocess.CompletedProcess[str]:
            return subprocess.run(
                ["/bin/cat", path],
                user=NOBODY,
                group=NOBODY,
                extra_groups=[],
                cwd="/",
                capture_output=True,
                text=True,
                check=False,
            )

        assert read_as_nobody(place / "open.txt").stdout == "to all"
        refused = read_as_nobody(truth.path / "world.json")
        assert (refused.returncode, refused.stdout) == (1, "")
        assert "Permission denied" in refused.stderr


def test_the_truth_lies_neither_in_the_shop_nor_around_it(tmp_path: Path) -> None:
    for place in ("shop", "shop/truth", "."):
        with pytest.raises(TruthInside, match="--truth"):
            TruthFolder.make(tmp_path / place, apart_from=tmp_path / "shop")
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "letter").touch()
    with pytest.raises(FolderNotEmpty):
        TruthFolder.make(tmp_path / "full", apart_from=tmp_path / "shop")


def test_a_world_comes_back_from_its_file(tmp_path: Path, world: Callable[..., World]) -> None:
    made = world("grocery", seed=9, market="china", currency="CNY", zone="Asia/Shanghai", unit_minor=700.0)
    spec = replace(made.spec, dirt=Dirt.usual(), shocks=(Shock(day=3, days=4, factor=0.5),))
    truth = TruthFolder.make(tmp_path / "truth", apart_from=tmp_path / "shop")
    truth.keep_world(World(spec, 9), facts={})
    assert truth.world() == World(spec, 9)
    assert truth.lived_until() == 120
    truth.keep_played(120, 150, effects=[pa.table({"a": [1]})], plan=pa.table({"b": [1]}))
    assert truth.lived_until() == 150
    with pytest.raises(WorldMissing, match=r"world\.json"):
        TruthFolder(tmp_path / "nowhere").world()
