"""A load that is killed at any write and run again gives the same tables and books as one that was left alone."""

from __future__ import annotations

import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from aimwell.intake import rows as books_rows
from aimwell.storage.database import Database
from aimwell.storage.engines.duckdb import DuckDBEngine
from aimwell.storage.lake.lake import Lake

HEADER = "order_id,sku,product_name,qty,price,date,customer_id,email\n"
BEFORE = HEADER + "1,a,Cup,1,5.00,2024-01-05,ann,ann@shop.cn\n2,b,Pot,1,9.00,2024-01-06,bob,bob@shop.cn\n"
AFTER = (
    BEFORE.replace("2,b,Pot,1,9.00", "2,b,Pot,3,9.00")  # changed
    + "3,c,Jug,2,7.00,2024-02-07,cid,cid@shop.cn\n"  # new
    + "3,a,Cup,-1,5.00,2024-02-07,cid,cid@shop.cn\n"  # returned
    + "4,a,Cup,x,5.00,2024-02-07,cid,cid@shop.cn\n"  # bad
)
_RANDOM = {"person_id", "account_id"}


def load(folder: Path, name: str, *, kill_at: int = 0, year: int = 2026) -> subprocess.CompletedProcess[str]:
    """Load a file of a shop's folder in a process of its own, which may be killed at its n-th moment."""
    script = Path(__file__).with_name("crash_loader.py")
    command = [sys.executable, script, folder, folder / name, str(kill_at), str(year)]
    return subprocess.run(command, capture_output=True, text=True)


@pytest.fixture(scope="module")
def shop(tmp_path_factory) -> Path:
    """Return a shop that has loaded one file, with the next one beside it."""
    folder = tmp_path_factory.mktemp("shop")
    database = Database.open(f"sqlite:///{folder / 'aimwell.db'}")
    database.upgrade()
    database.close()
    (folder / "tmp").mkdir()
    (folder / "before.csv").write_text(BEFORE)
    (folder / "after.csv").write_text(AFTER)
    load(folder, "before.csv", year=2025)
    return folder


def state(folder: Path) -> dict[str, object]:
    """Return all rows of all tables but random ids, and the books."""
    engine = DuckDBEngine(memory_limit="1GB", temp_folder=folder / "tmp", threads=1)
    lake = Lake(folder / "lake", engine=engine)
    found: dict[str, object] = {}
    for name in lake.names():
        rows = engine.rows(lake.table(name))
        found[name] = sorted(str({k: v for k, v in row.items() if k not in _RANDOM}) for row in rows)
    engine.close()
    database = Database.open(f"sqlite:///{folder / 'aimwell.db'}")
    with database.read() as connection:
        found["books"] = books_rows.loads(connection)
        found["quarantine"] = [(row.line_no, row.reason) for row in books_rows.held_rows(connection)]
    database.close()
    return found


@pytest.fixture(scope="module")
def undisturbed(shop: Path, tmp_path_factory) -> tuple[dict[str, object], int]:
    """Return what loading the next file in peace gives, and its count of moments."""
    folder = tmp_path_factory.mktemp("peace") / "shop"
    shutil.copytree(shop, folder)
    n_moments = int(load(folder, "after.csv").stdout)
    found = state(folder)
    assert [row.n_stored for row in found["books"]] == [2, 3]
    return found, n_moments


def killed_and_run_again(shop: Path, folder: Path, *, at: int) -> dict[str, object]:
    shutil.copytree(shop, folder)
    assert load(folder, "after.csv", kill_at=at).returncode == -signal.SIGKILL
    assert load(folder, "after.csv").returncode == 0
    return state(folder)


@pytest.mark.parametrize("share", [0.6])
def test_killed_and_run_again(shop, undisturbed, tmp_path, share) -> None:
    expected, n_moments = undisturbed
    assert killed_and_run_again(shop, tmp_path / "shop", at=round(share * n_moments)) == expected


@pytest.mark.deep
def test_killed_at_every_moment(shop, undisturbed, tmp_path) -> None:
    expected, n_moments = undisturbed
    for at in range(1, n_moments + 1):
        assert killed_and_run_again(shop, tmp_path / f"shop-{at}", at=at) == expected, f"moment {at}"
