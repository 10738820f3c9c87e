"""A world's files, written chunk by chunk of people, so that memory stays small however many there are."""

from __future__ import annotations

from collections import Counter
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import pyarrow as pa
import pyarrow.csv as pacsv
import pyarrow.parquet as pq

from aimwell.base.progress import Progress, Silent
from aimwell.base.words import text
from aimwell.learn.simulator.accounts import accounts, customers_table
from aimwell.learn.simulator.dirt import Dirtied, dirtied_events, dirtied_lines
from aimwell.learn.simulator.errors import FolderNotEmpty
from aimwell.learn.simulator.footprints import visit_events
from aimwell.learn.simulator.life import Life
from aimwell.learn.simulator.mappings import KINDS, mapping_of
from aimwell.learn.simulator.saving import TruthFolder, truth_table
from aimwell.learn.simulator.tables import Teller, products_table
from aimwell.learn.simulator.world import World

__all__ = ["FileFormat", "Files", "Written", "write_world"]

FileFormat = Literal["parquet", "csv"]
_PEOPLE_AT_ONCE = 32_768


@dataclass(frozen=True, kw_only=True)
class Written:
    """What was written: the files in the order in which they are to be loaded, with their mappings, and rows per file.

    Attributes
    ----------
    files
        Kind of file (a key of `mapping_of`) and path; the file of cases has no mapping and is not among them.
    rows
        Per file name.
    dirt
        Rows per kind of dirt.
    """

    folder: Path
    files: tuple[tuple[str, Path], ...]
    rows: dict[str, int]
    dirt: dict[str, int]


class Files:
    """A folder's files, opened as their first rows come; a context manager.

    Parameters
    ----------
    folder
        Where they are written.
    file_format
        "parquet" or "csv".
    currency
        Stands in the mappings beside them.
    """

    def __init__(self, folder: Path, *, file_format: FileFormat, currency: str) -> None:
        self.folder, self._format, self._currency = folder, file_format, currency
        self._writers: dict[str, pq.ParquetWriter | pacsv.CSVWriter] = {}
        self._stack = ExitStack()
        self.rows: Counter[str] = Counter()

    def __enter__(self) -> Files:
        return self

    def __exit__(self, *raised: object) -> None:
        self._stack.close()

    def add(self, name: str, rows: pa.Table) -> None:
        """Add rows to a file; no rows make no file."""
        if not rows.num_rows:
            return
        if name not in self._writers:
            self._writers[name] = self._stack.enter_context(self._opened(name, rows.schema))
        if self._format == "csv":
            rows = _plain(rows)
        self._writers[name].write_table(rows)
        self.rows[name] += rows.num_rows

    def path(self, name: str) -> Path:
        """Return the path of a file."""
        return self.folder / f"{name}.{self._format}"

    def loadable(self) -> tuple[tuple[str, Path], ...]:
        """Write the mappings; return kind and path of every file, in the order in which they are loaded."""
        found = [(kind, name) for kind in KINDS for name in (kind, f"{kind}_late") if name in self.rows]
        for kind in {kind for kind, _ in found}:
            (self.folder / f"{kind}.toml").write_text(mapping_of(kind, currency=self._currency), "utf-8")
        return tuple((kind, self.path(name)) for kind, name in found)

    def _opened(self, name: str, schema: pa.Schema) -> pq.ParquetWriter | pacsv.CSVWriter:
        if self._format == "csv":
            return pacsv.CSVWriter(self.path(name), _plain(schema.empty_table()).schema)
        return pq.ParquetWriter(self.path(name), schema, compression="zstd", compression_level=1)


def write_world(
    world: World,
    folder: Path,
    *,
    truth: TruthFolder,
    file_format: FileFormat = "parquet",
    has_events: bool = True,
    progress: Progress | None = None,
) -> Written:
    """Write a world's history to files, and its truth apart from them.

    Parameters
    ----------
    world
        The world; its `days` are lived without any contact.
    folder
        Empty or new.
    truth
        Where the truth goes.
    file_format
        "parquet" or "csv".
    has_events
        Write browsing too; it is most of the rows.
    progress
        Hears how far it is, in people.

    Raises
    ------
    FolderNotEmpty
        If something is in the folder.
    """
    if folder.exists() and any(folder.iterdir()):
        raise FolderNotEmpty(folder=folder)
    folder.mkdir(parents=True, exist_ok=True)
    progress = progress or Silent()
    progress.start(text("Simulating"), total=world.spec.people, unit=text("people"))
    dirt: Counter[str] = Counter()
    with Files(folder, file_format=file_format, currency=world.spec.currency) as files, ExitStack() as stack:
        files.add("products", products_table(world))
        people: pq.ParquetWriter | None = None
        for first, count in world.chunks(_PEOPLE_AT_ONCE):
            life = Life(world, first=first, count=count)
            known = accounts(life)
            hidden = truth_table(life, known)
            people = people or stack.enter_context(truth.people_writer(hidden.schema))
            people.write_table(hidden)
            dirt.update(
                _chunk(Teller(life=life, known=known, until=world.spec.days), files, has_events=has_events)
            )
            progress.advance(count)
        written = files.loadable()
    progress.done()
    done = Written(folder=folder, files=written, rows=dict(files.rows), dirt=dict(dirt))
    truth.keep_world(world, facts={"rows": done.rows, "dirt": done.dirt})
    return done


def _chunk(teller: Teller, files: Files, *, has_events: bool) -> Counter[str]:
    """Live the history of some people, and write it."""
    world, counts = teller.life.world, Counter[str]()
    lived = teller.life.live(world.spec.days)

    def add(name: str, dirtied: Dirtied) -> None:
        files.add(name, dirtied.rows)
        files.add(f"{name}_late", dirtied.late)
        counts.update(dirtied.counts)

    for lines in teller.order_lines(lived.orders):
        add("order_lines", dirtied_lines(lines, world.spec.dirt, seed=world.seed))
    files.add("cases", teller.cases(lived.orders))
    files.add("customers", customers_table(teller.life, teller.known, until=world.spec.days))
    if has_events:
        for events in visit_events(teller, lived.visits):
            add("events", dirtied_events(events, world.spec.dirt, seed=world.seed))
    return counts


def _plain(rows: pa.Table) -> pa.Table:
    """Return the table without dictionaries, which CSV does not know."""
    fields = [f.with_type(f.type.value_type) if pa.types.is_dictionary(f.type) else f for f in rows.schema]
    return rows.cast(pa.schema(fields))
