"""A desk with a real lake, database and vault, and files to put on it."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from importlib import resources
from pathlib import Path
from typing import Any

import pytest

from aimwell.intake.facts import FACTS
from aimwell.intake.model import FileReport
from aimwell.intake.service import Choice, Desk, load_files
from aimwell.storage.database import Database
from aimwell.trust.vault import Vault


@dataclass
class TickingClock:
    """A clock that goes on one minute at every look."""

    moment: datetime

    def now(self) -> datetime:
        self.moment += timedelta(minutes=1)
        return self.moment


@pytest.fixture
def shop_database(tmp_path: Path) -> Iterator[Database]:
    database = Database.open(f"sqlite:///{tmp_path / 'aimwell.db'}")
    database.upgrade()
    yield database
    database.close()


@pytest.fixture
def desk(tmp_path: Path, lake, shop_database: Database, keys: Path) -> Desk:
    """Return the desk of a Chinese shop that counts in yuan, with every lake table made."""
    for spec in FACTS.values():
        lake.create(spec)
    return Desk(
        lake=lake,
        database=shop_database,
        vault=Vault(database=shop_database, keys=keys, country="CN"),
        clock=TickingClock(datetime(2026, 1, 1)),
        scratch=tmp_path / "scratch",
        currency="CNY",
        zone="Asia/Shanghai",
    )


@pytest.fixture
def british(desk: Desk) -> Desk:
    """Return the same desk, counting in pounds on London's clock."""
    return replace(desk, currency="GBP", zone="Europe/London")


@pytest.fixture
def write(tmp_path: Path) -> Callable[[str, str | bytes], Path]:
    """Write a file and return its path."""

    def file(name: str, content: str | bytes) -> Path:
        path = tmp_path / "in" / name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    return file


@pytest.fixture
def load() -> Callable[..., FileReport]:
    """Load one file and return its report; its books must balance."""

    def run(path: Path, desk: Desk, **choice: Any) -> FileReport:
        (report,) = load_files([path], desk=desk, choice=Choice(**choice)).files
        assert report.books.is_balanced
        return report

    return run


@pytest.fixture
def held(desk: Desk) -> Callable[..., list[dict[str, Any]]]:
    """Return the rows of a lake table that hold, some columns of them, sorted."""

    def rows(table: str, *columns: str) -> list[dict[str, Any]]:
        found = desk.lake.table(table)
        found = found.filter(found.superseded_at.isnull()).select(*columns).order_by(*columns)
        return desk.engine.rows(found)

    return rows


@pytest.fixture
def export() -> Callable[..., str]:
    """Write rows under an export's true header; cells that are not named are empty."""
    headers = json.loads((resources.files("aimwell.intake.presets") / "headers.json").read_text("utf-8"))

    def run(name: str, *rows: dict[str, str], delimiter: str = ",") -> str:
        text = io.StringIO()
        writer = csv.DictWriter(text, headers[name], restval="", delimiter=delimiter, lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
        return text.getvalue()

    return run
