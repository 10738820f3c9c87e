"""Asks the gate about everybody for whom something is meant, in bounded batches."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import ibis
import ibis.expr.types as ir
import pyarrow as pa
import pyarrow.parquet as pq

from aimwell.promote.campaigns.service.tools import Tools
from aimwell.promote.gate.bulk import ASKED
from aimwell.trust.consent.model import Purpose

__all__ = ["NO_ADDRESS", "ways_of", "ways_to"]

NO_ADDRESS = "no_address"

_AT_ONCE = 20_000
_WAYS = pa.schema([("person_id", pa.int64()), ("channel", pa.string()), ("reasons", pa.string())])


@contextmanager
def ways_to(
    people: ir.Table, *, channels: Sequence[str], purpose: Purpose, tools: Tools, now: datetime
) -> Iterator[ir.Table]:
    """Give what the gate says of each person and channel, while the block runs.

    A person with several addresses may be contacted if the gate lets any of them pass. What only time stands in the way of
    (quiet hours, a cap that frees up) is no obstacle to a plan: the sender waits.

    Parameters
    ----------
    people
        person_id, region, birth_year, time_zone, others: one row per person.
    channels
        Names of the shop's channels.
    purpose
        Of the messages.
    tools
        The shop.
    now
        The moment to ask about.

    Yields
    ------
    Table
        person_id, channel, reasons ("" if the person may be contacted, else codes joined by commas).
    """
    wanted = people.select("person_id", "region", "birth_year", "time_zone", "others")
    with TemporaryDirectory(prefix="aimwell-ways-") as folder:
        path = Path(folder) / "ways.parquet"
        with pq.ParquetWriter(path, _WAYS) as file:
            for batch in tools.lake.engine.batches(wanted, size=_AT_ONCE):
                rows = batch.to_pylist()
                for channel in channels:
                    said = ways_of(rows, channel, purpose=purpose, tools=tools, now=now)
                    file.write_batch(_batch([row["person_id"] for row in rows], channel, said))
        yield tools.lake.engine.take_parquet(path, schema=ibis.Schema.from_pyarrow(_WAYS))


def ways_of(
    people: Sequence[Mapping[str, Any]], channel: str, *, purpose: Purpose, tools: Tools, now: datetime
) -> dict[int, str]:
    """Ask about one channel of a batch of people, at each of their addresses; who has none is not in the answer.

    `people` have person_id, region, birth_year, time_zone and others.
    """
    kind = tools.channels[channel].kind
    everybody = [p for person in people for p in (person["person_id"], *(person["others"] or ()))]
    found = tools.points(everybody, kind)
    asked = [
        {name: person[name] for name in ("person_id", "region", "birth_year", "time_zone")}
        | {"contact_point": point.token, "channel": channel, "kind": kind, "purpose": purpose}
        | {"others": list(person["others"] or ())}
        for person in people
        for person_id in (person["person_id"], *(person["others"] or ()))
        for point in found.get(person_id, ())
    ]
    said: dict[int, str] = {}
    batch = pa.RecordBatch.from_pylist(asked, schema=ASKED)
    for answers in tools.gate.eligible([batch], now=now):
        for answer in answers.to_pylist():
            is_open = answer["is_eligible"] or answer["retry_at"] is not None
            if is_open or answer["person_id"] not in said:
                said[answer["person_id"]] = "" if is_open else answer["reasons"]
    return said


def _batch(ids: Sequence[int], channel: str, said: Mapping[int, str]) -> pa.RecordBatch:
    reasons = [said.get(person_id, NO_ADDRESS) for person_id in ids]
    columns = {"person_id": ids, "channel": [channel] * len(ids), "reasons": reasons}
    return pa.RecordBatch.from_pydict(columns, schema=_WAYS)
