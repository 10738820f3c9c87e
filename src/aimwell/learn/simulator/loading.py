"""A world straight into a shop, through the same door as everybody's files: `intake` gives the ids, and keeps its books."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

import ibis
import pyarrow as pa
import pyarrow.csv as pacsv
import pyarrow.parquet as pq

from aimwell.base.progress import Progress
from aimwell.intake.facts import CASES
from aimwell.intake.model import FileReport, LoadReport
from aimwell.intake.service import Choice, Desk, load_files
from aimwell.learn.simulator.files import Files, write_world
from aimwell.learn.simulator.mappings import SOURCE
from aimwell.learn.simulator.play import Facts
from aimwell.learn.simulator.saving import TruthFolder
from aimwell.learn.simulator.world import World
from aimwell.storage.lake.model import Txn

__all__ = ["fill_shop", "load_cases", "load_facts", "load_written"]

_PREFIX = "simulate-"
_AT_ONCE = 20_000


def fill_shop(
    world: World,
    *,
    desk: Desk,
    truth: TruthFolder,
    consents: Callable[[Sequence[Path]], object] | None = None,
    has_events: bool = True,
    progress: Progress | None = None,
) -> LoadReport:
    """Write a world's history to temporary files, load them into a shop, and delete them.

    Parameters
    ----------
    world
        The world.
    desk
        The shop's; its currency must be the world's.
    truth
        Where the truth goes.
    consents
        Gets the files of customers while they are there, to take from them who accepts marketing; None: nobody is asked.
    has_events
        Load browsing too; it is most of the rows.
    progress
        Hears how far the simulation is; the desk's own hears of the load.
    """
    desk.scratch.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory(prefix=_PREFIX, dir=desk.scratch) as scratch:
        written = write_world(
            world, Path(scratch) / "files", truth=truth, has_events=has_events, progress=progress
        )
        loaded = load_written(written.files, written.folder / "cases.parquet", desk=desk)
        if consents is not None:
            consents([path for kind, path in written.files if kind == "customers"])
        return loaded


def load_facts(facts: Sequence[Facts], *, desk: Desk, currency: str) -> LoadReport:
    """Load what was played into the shop: new orders and events, earlier orders of which something came back, cases."""
    desk.scratch.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory(prefix=_PREFIX, dir=desk.scratch) as scratch:
        with Files(Path(scratch), file_format="parquet", currency=currency) as files:
            for part in facts:
                for name, rows in vars(part).items():
                    files.add(name, rows)
            written = files.loadable()
        return load_written(written, Path(scratch) / "cases.parquet", desk=desk)


def load_written(files: Sequence[tuple[str, Path]], cases: Path, *, desk: Desk) -> LoadReport:
    """Load files by the mappings beside them, and the cases, which have no file of their own kind yet."""
    reports: list[FileReport] = []
    for kind, path in files:
        choice = Choice(mapping=path.with_name(f"{kind}.toml"))
        reports += load_files([path], desk=desk, choice=choice).files
    if cases.exists():
        load_cases(pq.read_table(cases) if cases.suffix == ".parquet" else pacsv.read_csv(cases), desk=desk)
    return LoadReport(files=tuple(reports))


def load_cases(cases: pa.Table, *, desk: Desk) -> int:
    """Put cases into the lake; a case that is there is updated. Returns how many rows were written.

    Parameters
    ----------
    cases
        case, order, account, opened_at, closed_at, kind, status, outcome.
    desk
        The shop's.
    """
    n, now = cases.num_rows, desk.clock.now()
    keys = cases["account"].cast(pa.string()).combine_chunks()
    arrivals = pa.table({"source": [SOURCE] * n, "account_key": keys, "account_key_kind": ["id"] * n})
    admitted = pa.Table.from_batches(desk.vault.admit(arrivals.to_batches(max_chunksize=_AT_ONCE)))
    digest = hashlib.sha256(
        "\n".join([*cases["case"].to_pylist(), str(cases["closed_at"].to_pylist())]).encode()
    )
    load_id = digest.hexdigest()[:16]
    schema = CASES.schema.to_pyarrow()
    columns = {
        "case_id": cases["case"],
        "order_id": cases["order"],
        "account_id": admitted["account_id"],
        "person_id": admitted["person_id"],
        **{name: cases[name] for name in ("opened_at", "closed_at", "kind", "status", "outcome")},
        "source": pa.array([SOURCE] * n, pa.string()),
        "load_id": pa.array([load_id] * n, pa.string()),
        "known_at": pa.array([now] * n, pa.timestamp("us")),
        "superseded_at": pa.nulls(n, pa.timestamp("us")),
    }
    rows = pa.table({field.name: columns[field.name].cast(field.type) for field in schema}, schema=schema)
    done = desk.lake.merge(
        CASES,
        ibis.memtable(rows),
        on=("source", "case_id"),
        supersede=now,
        txn=Txn(app_id=f"simulate:{load_id}"),
    )
    return done.n_rows
