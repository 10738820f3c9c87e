"""One shop, loaded by each engine; and the loaded one twice, so that each engine does the rest of the work on the same facts."""

from __future__ import annotations

import csv
import json
import os
import random
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

DOCS = Path(__file__).parents[2] / "docs"
OFFERS = """
currency = "EUR"
[[offers]]
id = "oolong"
name = "Oolong tasting"
channel = "mail"
contact_cost = "0.02"
incentive_cost = "3.00"
category = "Tea > Oolong"
[[offers]]
id = "letter"
name = "Letter"
channel = "letter"
contact_cost = "1.10"
incentive_cost = "0.40"
stock = 80
"""
PLAN = """
name = "Spring"
currency = "EUR"
budget = "150.00"
horizon_days = 30
holdout_share = 0.1
salt = "spring-2025"
[assumed_incrementality]
low = 0.1
mid = 0.2
high = 0.3
[channels]
mail = 400
letter = 60
"""


@dataclass(frozen=True)
class Till:
    """A shop's folder, and the environment in which its commands are typed."""

    folder: Path
    environ: Mapping[str, str] = field(default_factory=dict)

    def typed(self, *words: str) -> Any:
        """Type a command; return what it shows: JSON as it reads, else the text."""
        command = [sys.executable, "-c", "from aimwell.cli.main import main; main()", *words]
        done = subprocess.run(
            [*command, "--shop", str(self.folder), "--format", "json"],
            env=os.environ | self.environ,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, f"{words}\n{done.stderr}"
        return json.loads(done.stdout) if done.stdout.startswith(("[", "{")) else done.stdout


@pytest.fixture(scope="session")
def on_spark(spark_connect: Any) -> dict[str, str]:
    """Return the environment that chooses the cluster of two workers, by its Connect server: commands find it warm."""
    options = {"spark.sql.shuffle.partitions": "4"}
    return {
        "AIMWELL_ENGINE": "spark",
        "AIMWELL_SPARK_URL": spark_connect.url,
        "AIMWELL_SPARK_OPTIONS": json.dumps(options),
    }


@pytest.fixture(scope="session")
def exports(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """Return a file of order lines with the flaws of real ones, and a file of events by the same people."""
    folder = tmp_path_factory.mktemp("exports")
    orders = Path(shutil.copy(DOCS / "sample" / "orders.csv", folder))
    with orders.open(encoding="utf-8") as file:
        lines = list(csv.DictReader(file))
    events = folder / "events.csv"
    _write(events, list(_events(lines)))
    return [orders, events]


def _events(lines: Sequence[Mapping[str, str]]) -> Iterator[dict[str, Any]]:
    """Yield looks at the same products in the weeks before, some of people who never bought; one cannot be read."""
    drawn = random.Random(3)
    for number, line in enumerate(lines):
        try:
            bought_at = datetime.fromisoformat(line["order_date"])
        except ValueError:
            continue
        who = line["customer_id"] or f"C{9000 + number}"
        at = bought_at - timedelta(seconds=drawn.randrange(1_000_000))
        kind = drawn.choices(["view", "cart", "purchase"], [6, 3, 1])[0]
        yield {
            "event_time": "no time" if number == 77 else f"{at:%Y-%m-%d %H:%M:%S} UTC",
            "event_type": kind,
            "product_id": line["sku"],
            "category_id": 1,
            "category_code": line["category"],
            "brand": line["brand"],
            "price": line["unit_price"],
            "user_id": who,
            "user_session": f"s{number // 3}",
        }


def _write(path: Path, rows: Sequence[Mapping[str, Any]]) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, rows[0])
        writer.writeheader()
        writer.writerows(rows)


def _made(folder: Path, environ: Mapping[str, str]) -> Till:
    till = Till(folder, environ)
    settings = ("--name", "Tea", "--currency", "EUR", "--country", "DE", "--time-zone", "Europe/Berlin")
    command = [
        sys.executable,
        "-c",
        "from aimwell.cli.main import main; main()",
        "init",
        str(folder),
        *settings,
    ]
    subprocess.run(command, check=True, capture_output=True, env=os.environ | dict(environ))
    (folder / "offers.toml").write_text(OFFERS, "utf-8")
    (folder / "plan.toml").write_text(PLAN, "utf-8")
    return till


@dataclass(frozen=True)
class Pair:
    """The same work by both engines: what each command showed, and the shops it left."""

    usual: Till
    spark: Till
    shown: list[tuple[str, Any, Any]]

    def type(self, *words: str) -> None:
        """Type a command in both shops."""
        self.shown.append((" ".join(words), self.usual.typed(*words), self.spark.typed(*words)))


@pytest.fixture(scope="session")
def loaded(exports: list[Path], tmp_path_factory: pytest.TempPathFactory, on_spark: dict[str, str]) -> Pair:
    """Load the files into one shop by each engine, a second time too."""
    folder = tmp_path_factory.mktemp("loaded")
    pair = Pair(_made(folder / "usual", {}), _made(folder / "spark", on_spark), [])
    files = [str(path) for path in exports]
    for command in (
        ["load", *files, "--source", "tea"],
        ["quarantine", "list"],
        ["load", *files, "--source", "tea"],
    ):
        pair.type(*command)
    return pair


@pytest.fixture(scope="session")
def worked(loaded: Pair, tmp_path_factory: pytest.TempPathFactory, on_spark: dict[str, str]) -> Pair:
    """Let each engine do all that follows, on copies of one loaded shop."""
    folder = tmp_path_factory.mktemp("worked")
    usual, spark = (shutil.copytree(loaded.usual.folder, folder / name) for name in ("usual", "spark"))
    pair = Pair(Till(usual), Till(spark, on_spark), [])
    for command in WORK:
        pair.type(*command.split())
    return pair


WORK = (
    "portrait build --as-of 2025-01-01",
    "portrait build --as-of 2025-04-01",
    "portrait flow --before 2025-01-01 --after 2025-04-01",
    "portrait drift --before 2025-01-01 --after 2025-04-01",
    "segment list",
    "predict fit value --as-of 2025-04-01",
    "predict score value --as-of 2025-04-01",
    "predict card value",
    "predict fit repeat --as-of 2025-04-01",
    "predict score repeat --as-of 2025-04-01",
    "predict fit affinity --as-of 2025-04-01",
    "predict score affinity --as-of 2025-04-01",
    "predict fit demand --as-of 2025-04-01",
    "predict score demand --as-of 2025-04-01",
    "predict models",
    "offers check",
    "plan make --as-of 2025-04-01",
    "plan show",
    "plan curve",
    "portrait survey",
    "traits",
    "status",
)
