"""What a user does with manners beside sending: open the gate, mute people whose cases are open."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import ibis
import ibis.expr.types as ir

from aimwell.people.service import read_facts
from aimwell.promote.gate import rows
from aimwell.promote.gate.files import FILE_NAME, read_manners
from aimwell.promote.gate.gate import Gate
from aimwell.promote.gate.model import Mute
from aimwell.storage.database import Database
from aimwell.storage.lake.lake import Lake
from aimwell.trust.consent.ledger import ConsentLedger
from aimwell.trust.consent.policies import read_policies

__all__ = ["CaseChanges", "open_cases", "open_gate", "sync_cases"]

_PREFIX = "case:"  # of mutes that follow the lake; those made by hand are not touched


@dataclass(frozen=True, kw_only=True)
class CaseChanges:
    """What following the cases changed."""

    n_open: int  # people and cases muted now
    n_muted: int
    n_unmuted: int
    n_nobody: int  # open cases of which it is not known whose they are


def open_gate(*, database: Database, folder: Path, time_zone: str, country: str) -> Gate:
    """Return the gate of a shop: its `manners.toml` and `policies/`, and the database they are about.

    Raises
    ------
    MannersNotToml, MannersBadKey, MannersBadValue, PolicyInvalid
        With the file and what is wrong in it.
    """
    return Gate(
        database=database,
        ledger=ConsentLedger(database=database, policies=read_policies(folder / "policies")),
        manners=read_manners(folder / FILE_NAME, time_zone=time_zone, country=country),
    )


def sync_cases(*, lake: Lake, database: Database, now: datetime) -> CaseChanges:
    """Mute everybody with an open case, and end the mutes of cases that are open no more; doing it again changes nothing.

    Run it after loading, and before a campaign goes out.

    Parameters
    ----------
    lake
        Its table `cases`: a case is open while `closed_at` is null, or lies after `now`.
    database
        Keeps the mutes.
    now
        Naive UTC.
    """
    cases = open_cases(read_facts(lake=lake).cases, now=now)
    opened: dict[tuple[int, str], datetime] = {}
    n_nobody = 0
    for batch in lake.engine.batches(cases):  # as many as there are open cases, not people
        for row in batch.to_pylist():
            if row["person_id"] is None:
                n_nobody += 1
            else:
                opened[row["person_id"], _PREFIX + row["case_key"]] = row["opened_at"] or now
    with database.begin(lock="cases") as connection:
        muted = rows.open_mutes(connection, prefix=_PREFIX)
        added = sorted(opened.keys() - muted)
        ended = sorted(muted - opened.keys())
        rows.take_turns(connection, people={person_id for person_id, _ in added}, points=())
        rows.add_mutes(
            connection,
            [
                Mute(person_id=person_id, case_id=case_id, from_at=opened[person_id, case_id], until=None)
                for person_id, case_id in added
            ],
        )
        rows.end_mutes(connection, ended, now=now)
    return CaseChanges(n_open=len(opened), n_muted=len(added), n_unmuted=len(ended), n_nobody=n_nobody)


def open_cases(cases: ir.Table, *, now: datetime) -> ir.Table:
    """Return the open ones of a shop's cases: person_id, case_key (source and id), opened_at."""
    is_open = cases.closed_at.isnull() | (cases.closed_at > ibis.literal(now))
    return cases.filter(is_open).select("person_id", "opened_at", case_key=cases.source + ":" + cases.case_id)
