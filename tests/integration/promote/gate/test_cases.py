"""Mutes follow the cases of the lake."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import ibis
import pyarrow as pa
import pytest

from aimwell.intake.facts import FACTS
from aimwell.promote.gate.model import Contact, Mute
from aimwell.promote.gate.service import CaseChanges, open_gate, sync_cases
from aimwell.storage.database import Database
from aimwell.storage.lake.lake import Lake

NOW = datetime(2025, 6, 2, 12)
DAY = timedelta(days=1)
CASES = FACTS["cases"]


def case(case_id: str, person_id: int | None, **given: Any) -> dict[str, Any]:
    usual = {"source": "desk", "opened_at": NOW - DAY, "known_at": NOW - DAY, "kind": "dispute"}
    return dict.fromkeys(CASES.schema) | usual | {"case_id": case_id, "person_id": person_id} | given


def load(lake: Lake, *cases: dict[str, Any]) -> None:
    """Replace the lake's cases by these."""
    table = pa.Table.from_pylist(list(cases), schema=CASES.schema.to_pyarrow())
    lake.overwrite(CASES, ibis.memtable(table))


@pytest.fixture
def muted(database: Database, tmp_path: Path) -> Any:
    """Return which of people 1 to 5 are muted at a moment."""
    gate = open_gate(database=database, folder=tmp_path, time_zone="UTC", country="DE")

    def look(now: datetime = NOW) -> list[int]:
        contacts = [
            Contact(
                person_id=person_id,
                contact_point="",
                channel="email",
                kind="email",
                purpose="marketing",
                campaign_id="",
                message_id="",
                time_zone=None,
                region=None,
                birth_year=None,
            )
            for person_id in range(1, 6)
        ]
        verdicts = gate.look(contacts, now=now)
        return [c.person_id for c, v in zip(contacts, verdicts, strict=True) if "muted" in v.reasons]

    look.gate = gate  # type: ignore[attr-defined]
    return look


def test_a_lake_without_cases_mutes_nobody(lake: Lake, database: Database, muted: Any) -> None:
    changes = sync_cases(lake=lake, database=database, now=NOW)
    assert changes == CaseChanges(n_open=0, n_muted=0, n_unmuted=0, n_nobody=0)
    assert muted() == []


def test_open_cases_mute_and_closed_ones_unmute(lake: Lake, database: Database, muted: Any) -> None:
    load(
        lake,
        case("a", 1),
        case("b", 2, closed_at=NOW),
        case("c", 3, closed_at=NOW + DAY),  # promised, not closed yet
        case("d", None),
        case("e", 4),
        case("e", 4, source="shop"),  # another system's case of that number
        case("f", 5, superseded_at=NOW - DAY),  # a row that holds no more
        case("g", 1, opened_at=None),
    )
    changes = sync_cases(lake=lake, database=database, now=NOW)
    assert changes == CaseChanges(n_open=5, n_muted=5, n_unmuted=0, n_nobody=1)
    assert muted() == [1, 3, 4]
    again = sync_cases(lake=lake, database=database, now=NOW)
    assert again == CaseChanges(n_open=5, n_muted=0, n_unmuted=0, n_nobody=1)

    load(lake, case("a", 1, closed_at=NOW), case("e", 4), case("e", 4, source="shop", closed_at=NOW))
    changes = sync_cases(lake=lake, database=database, now=NOW + 2 * DAY)
    assert changes == CaseChanges(n_open=1, n_muted=0, n_unmuted=4, n_nobody=0)
    assert muted(NOW + 2 * DAY) == [4]

    load(lake, case("a", 1), case("e", 4))  # opened again
    changes = sync_cases(lake=lake, database=database, now=NOW + 3 * DAY)
    assert (changes.n_open, changes.n_muted) == (2, 1)
    assert muted(NOW + 3 * DAY) == [1, 4]


def test_mutes_made_by_hand_are_left_alone(lake: Lake, database: Database, muted: Any) -> None:
    muted.gate.mute([Mute(person_id=1, case_id="desk:a", from_at=NOW, until=None)])
    sync_cases(lake=lake, database=database, now=NOW)
    assert muted() == [1]
