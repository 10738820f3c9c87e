"""Snapshots: everybody's portrait as of a moment, kept in the lake."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterator
from contextlib import ExitStack, contextmanager
from datetime import datetime
from pathlib import Path

import ibis
import ibis.expr.types as ir

from aimwell.base.progress import Progress, Silent
from aimwell.base.words import DayTyped, text
from aimwell.people.model import Facts
from aimwell.people.service import read_facts
from aimwell.portraits.errors import NoPortraits, SnapshotUnknown, TraitNotThere
from aimwell.portraits.model import Beside, Snapshot, TraitBook
from aimwell.portraits.own import OwnTraits, read_traits
from aimwell.portraits.service.parts import Part, parts_of
from aimwell.portraits.service.state import CATEGORY_DEPTH, state_at
from aimwell.portraits.specs import SNAPSHOTS, snapshot_spec
from aimwell.portraits.tables.measured import measured
from aimwell.portraits.tables.portrait import Whole, ingredients, portrait, whole
from aimwell.portraits.traits import BUILT_IN
from aimwell.storage.engines import Engine
from aimwell.storage.lake.lake import Lake

__all__ = [
    "build_portraits",
    "laid_beside",
    "newest_snapshot",
    "shop_traits",
    "snapshot_at",
    "snapshot_rows",
    "snapshots",
]

TRAITS_FILE = "traits.toml"


def build_portraits(
    *,
    lake: Lake,
    as_of: datetime,
    known_at: datetime,
    built_at: datetime,
    own: OwnTraits | None = None,
    category_depth: int = CATEGORY_DEPTH,
    progress: Progress | None = None,
) -> Snapshot:
    """Build everybody's portrait and keep it as a snapshot; the same moment again replaces the older one.

    Parameters
    ----------
    lake
        The shop's lake.
    as_of
        Facts before this moment count (naive UTC).
    known_at
        What Aimwell knew at this moment counts (naive UTC, inclusive).
    built_at
        The present moment.
    own
        The shop's own traits.
    category_depth
        Steps of the category path that tastes are counted by.
    progress
        Hears how far the work has come.

    Raises
    ------
    TraitTwice
        If one of the shop's traits has the name of a built-in one.
    """
    own = own or OwnTraits()
    book = BUILT_IN.extended(own.traits)
    progress = progress or Silent()
    with state_at(
        lake=lake, as_of=as_of, known_at=known_at, category_depth=category_depth, progress=progress
    ) as state:
        facts = read_facts(lake=lake, known_at=known_at)
        name = _table_name(as_of=as_of, known_at=known_at, book=book)
        with _drawn(state, facts, as_of=as_of, own=own, engine=lake.engine, progress=progress) as rows:
            commit = lake.overwrite(snapshot_spec(name, rows.schema()), rows)
        progress.done()
    snapshot = Snapshot(
        as_of=as_of, known_at=known_at, built_at=built_at, table_name=name, n_people=commit.n_rows
    )
    row = {key: getattr(snapshot, key) for key in SNAPSHOTS.schema}
    lake.merge(SNAPSHOTS, ibis.memtable([row], schema=SNAPSHOTS.schema), on=("as_of", "built_at"))
    return snapshot


@contextmanager
def _drawn(
    state: ir.Table, facts: Facts, *, as_of: datetime, own: OwnTraits, engine: Engine, progress: Progress
) -> Iterator[ir.Table]:
    """Give everybody's portrait; where they are drawn in parts, all are compared with the same whole."""
    book = BUILT_IN.extended(own.traits)

    def portraits(part: Part, among: Whole | None = None) -> ir.Table:
        some = part.facts(facts)
        people = ingredients(part.rows(state), some, as_of=as_of, among=among)
        return portrait(people, book=book, as_of=as_of, own=measured(some, own.measures, as_of=as_of))

    parts = parts_of(facts, engine=engine)
    progress.start(text("Drawing portraits"), total=len(parts), unit=text("parts"))
    if len(parts) == 1:
        yield portraits(parts[0])
        return
    with ExitStack() as stages:
        tables = vars(whole(state, facts, as_of=as_of))
        among = Whole(**{name: stages.enter_context(engine.stage(rows)) for name, rows in tables.items()})
        drawn = []
        for part in parts:
            drawn.append(stages.enter_context(engine.stage(portraits(part, among))))
            progress.advance(1)
        yield ibis.union(*drawn)


def snapshots(*, lake: Lake) -> tuple[Snapshot, ...]:
    """Return the snapshots in the lake, one per moment, newest moment first."""
    if not lake.has_table(SNAPSHOTS.name):
        return ()
    rows = lake.engine.rows(lake.table(SNAPSHOTS.name).order_by(["as_of", "built_at"]))
    newest = {row["as_of"]: Snapshot(**row) for row in rows}
    return tuple(sorted(newest.values(), key=lambda one: one.as_of, reverse=True))


def newest_snapshot(*, lake: Lake, as_of: datetime) -> Snapshot | None:
    """Return the newest portraits that are not younger than `as_of`; None: none were built."""
    return next((one for one in snapshots(lake=lake) if one.as_of <= as_of), None)


def snapshot_at(*, lake: Lake, as_of: datetime | None = None) -> Snapshot:
    """Return the snapshot as of a moment; None: the newest.

    Raises
    ------
    NoPortraits
        If none was ever built.
    SnapshotUnknown
        If none was built as of this moment; says which were.
    """
    built = snapshots(lake=lake)
    if not built:
        raise NoPortraits
    if as_of is None:
        return built[0]
    for one in built:
        if one.as_of == as_of:
            return one
    raise SnapshotUnknown(as_of=as_of.isoformat(), known=", ".join(s.as_of.isoformat() for s in built[:10]))


def snapshot_rows(
    *,
    lake: Lake,
    as_of: datetime | None = None,
    needed: Collection[str] = (),
    beside: Beside | None = None,
) -> ir.Table:
    """Return the portraits as of a moment (None: the newest): one row per person, person_id, as_of and the traits.

    Raises
    ------
    NoPortraits, SnapshotUnknown
        If the snapshot was never built.
    TraitNotThere
        If a `needed` trait is neither in it nor laid `beside` it.
    """
    snapshot = snapshot_at(lake=lake, as_of=as_of)
    return laid_beside(lake.table(snapshot.table_name), snapshot, needed=needed, beside=beside)


def laid_beside(
    portraits: ir.Table, snapshot: Snapshot, *, needed: Collection[str], beside: Beside | None
) -> ir.Table:
    """Return the portraits with those of the `needed` traits that are not in the snapshot laid beside them; as `snapshot_rows`."""
    missing = sorted(set(needed) - set(portraits.columns))
    if missing and beside is not None:
        portraits = beside(portraits, snapshot.as_of, missing)
        missing = [name for name in missing if name not in portraits.columns]
    if missing:
        raise TraitNotThere(names=", ".join(missing), day=DayTyped(snapshot.as_of))
    return portraits


def shop_traits(*, folder: Path) -> OwnTraits:
    """Return the shop's own traits from `traits.toml` in its folder; none if there is no such file."""
    return read_traits(folder / TRAITS_FILE, book=BUILT_IN)


def _table_name(*, as_of: datetime, known_at: datetime, book: TraitBook) -> str:
    """Return the snapshot's table: a moment, and a digest of what else its columns and rows depend on."""
    said = repr((known_at, [(one.name, one.dtype) for one in book]))
    return f"portraits_{as_of:%Y%m%dT%H%M%S}_{hashlib.sha256(said.encode()).hexdigest()[:8]}"
