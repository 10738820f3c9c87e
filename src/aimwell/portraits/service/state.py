"""Keeping the state: built once from all facts, then brought forward by the people who were seen."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from datetime import datetime
from functools import partial
from typing import Any

import ibis
import ibis.expr.types as ir

from aimwell.base.progress import Progress, Silent
from aimwell.base.words import text
from aimwell.intake.facts import FACTS
from aimwell.people.service import read_facts
from aimwell.people.tables import ALIASES
from aimwell.portraits.model import StateMark
from aimwell.portraits.service.parts import parts_of
from aimwell.portraits.specs import STATE, STATE_MARKS
from aimwell.portraits.tables.change import (
    TIMES,
    changed_people,
    latest_known,
    moved_products,
    relinked,
    resolved,
)
from aimwell.portraits.tables.state import person_state
from aimwell.storage.lake.lake import Lake

__all__ = ["CATEGORY_DEPTH", "refresh_state", "state_at", "state_mark"]

CATEGORY_DEPTH = 2


def refresh_state(
    *,
    lake: Lake,
    as_of: datetime,
    known_at: datetime,
    category_depth: int = CATEGORY_DEPTH,
    progress: Progress | None = None,
) -> StateMark:
    """Bring the state in the lake to a moment; only people of new, late, superseded or newly past facts are computed anew.

    A state that is already later (in either sense) is left alone.

    Parameters
    ----------
    lake
        The shop's lake.
    as_of
        Facts before this moment count (naive UTC).
    known_at
        What Aimwell knew at this moment counts (naive UTC, inclusive).
    category_depth
        Steps of the category path that tastes are counted by; another depth builds everything anew.
    progress
        Hears how far the work has come.

    Returns
    -------
    StateMark
        The mark of the state in the lake now.
    """
    progress = progress or Silent()
    wanted = StateMark(as_of=as_of, known_at=known_at, category_depth=category_depth)
    present = state_mark(lake=lake)
    if present is None or present.category_depth != category_depth:
        return _build(lake, wanted, progress=progress)
    if not present.may_become(wanted):
        return present
    return _fold(lake, since=present, wanted=wanted, progress=progress)


@contextmanager
def state_at(
    *,
    lake: Lake,
    as_of: datetime,
    known_at: datetime,
    category_depth: int = CATEGORY_DEPTH,
    progress: Progress | None = None,
) -> Iterator[ir.Table]:
    """Give the state as of a moment: the lake's, brought forward, or for a moment before it one made for this block.

    Yields
    ------
    Table
        One row per person, columns of `STATE`.
    """
    progress = progress or Silent()
    wanted = StateMark(as_of=as_of, known_at=known_at, category_depth=category_depth)
    present = state_mark(lake=lake)
    if present is None or present.category_depth != category_depth or present.may_become(wanted):
        refresh_state(
            lake=lake, as_of=as_of, known_at=known_at, category_depth=category_depth, progress=progress
        )
        yield _alive(lake.table(STATE.name))
        return
    with _built(lake, wanted, progress=progress) as state:
        yield state


def state_mark(*, lake: Lake) -> StateMark | None:
    """Return the mark of the state in the lake; None if there is no state."""
    if not (lake.has_table(STATE_MARKS.name) and lake.has_table(STATE.name)):
        return None
    marks = lake.table(STATE_MARKS.name)
    rows = lake.engine.rows(marks.order_by(ibis.desc("step")).limit(1))
    if not rows:
        return None
    return StateMark(
        as_of=rows[0]["as_of"], known_at=rows[0]["known_at"], category_depth=rows[0]["category_depth"]
    )


def _build(lake: Lake, wanted: StateMark, *, progress: Progress) -> StateMark:
    mark = _settled(lake, wanted, floor=datetime.min)  # noqa: DTZ901  # naive UTC everywhere
    with _built(lake, wanted, progress=progress) as state:
        commit = lake.overwrite(STATE, state)
    return _remember(lake, mark, n_people=commit.n_rows)


@contextmanager
def _built(lake: Lake, wanted: StateMark, *, progress: Progress) -> Iterator[ir.Table]:
    """Give the state computed from all facts, part by part."""
    facts = read_facts(lake=lake, known_at=wanted.known_at)
    parts = parts_of(facts, engine=lake.engine)
    progress.start(text("Reading the facts of everybody"), total=len(parts), unit=text("parts"))
    with ExitStack() as staged:
        tables = []
        for part in parts:
            state = person_state(
                part.facts(facts),
                as_of=wanted.as_of,
                category_depth=wanted.category_depth,
                together=partial(lake.engine.together, by="person_id"),
            )
            tables.append(staged.enter_context(lake.engine.stage(state)))
            progress.advance(1)
        progress.done()
        yield ibis.union(*tables)


def _fold(lake: Lake, *, since: StateMark, wanted: StateMark, progress: Progress) -> StateMark:
    mark = _settled(lake, wanted, floor=since.known_at)
    if mark == since:
        return since
    progress.start(text("Bringing forward the people who were seen"))
    with lake.engine.stage(_touched(lake, since=since, until=mark)) as touched:
        facts = read_facts(lake=lake, known_at=wanted.known_at)
        seen = replace(
            facts, **{name: getattr(facts, name).semi_join(touched, "person_id") for name in TIMES}
        )
        state = person_state(seen, as_of=wanted.as_of, category_depth=wanted.category_depth)
        n_people = int(lake.engine.rows(touched.agg(n=touched.count()))[0]["n"])
        if n_people:
            # someone whose facts are all gone keeps an empty row, which `_alive` leaves out
            lake.merge(
                STATE, touched.left_join(state, "person_id").drop("person_id_right"), on=("person_id",)
            )
    progress.done()
    return _remember(lake, mark, n_people=n_people)


def _touched(lake: Lake, *, since: StateMark, until: StateMark) -> ir.Table:
    """Return the people whose state may differ between two marks: as loaded, and as they are known now."""
    people = changed_people({name: _every_row(lake, name) for name in TIMES}, since=since, until=until)
    people = ibis.union(people, *_moved(lake, since=since, until=until), distinct=True)
    if not lake.has_table(ALIASES.name):
        return people
    aliases = lake.table(ALIASES.name)
    everyone = ibis.union(people, relinked(aliases, since=since, until=until), distinct=True)
    return resolved(everyone, aliases, known_at=until.known_at)


def _moved(lake: Lake, *, since: StateMark, until: StateMark) -> list[ir.Table]:
    """Return who bought products that were put on another shelf; nobody, without a look at the lines, if none were."""
    moved = moved_products(
        _every_row(lake, "products"), since=since, until=until, category_depth=until.category_depth
    )
    if not lake.engine.rows(moved.limit(1)):
        return []
    lines = _every_row(lake, "order_lines")
    return [lines.semi_join(moved, "product_id").filter(lambda t: t.person_id.notnull()).select("person_id")]


def _settled(lake: Lake, wanted: StateMark, *, floor: datetime) -> StateMark:
    """Return the mark to remember: `known_at` is the last moment that a fact or a link speaks of."""
    tables = {name: _every_row(lake, name) for name in (*TIMES, "products")}
    if lake.has_table(ALIASES.name):
        tables[ALIASES.name] = lake.table(ALIASES.name).select(
            known_at="linked_at", superseded_at="unlinked_at"
        )
    latest: Any = lake.engine.rows(latest_known(tables, known_at=wanted.known_at))[0]["known_at"]
    return replace(wanted, known_at=max(latest or floor, floor))


def _every_row(lake: Lake, name: str) -> ir.Table:
    """Return all rows of a fact table, superseded ones too."""
    if lake.has_table(name):
        return lake.table(name)
    return ibis.memtable(FACTS[name].schema.to_pyarrow().empty_table(), schema=FACTS[name].schema)


def _alive(state: ir.Table) -> ir.Table:
    return state.filter(state.n_events.notnull() | state.n_lines.notnull())


def _remember(lake: Lake, mark: StateMark, *, n_people: int) -> StateMark:
    lake.create(STATE_MARKS)
    marks = lake.table(STATE_MARKS.name)
    last = lake.engine.rows(marks.agg(step=marks.step.max()))[0]["step"] or 0
    row = {
        "step": last + 1,
        "as_of": mark.as_of,
        "known_at": mark.known_at,
        "category_depth": mark.category_depth,
        "n_people": n_people,
    }
    lake.append(STATE_MARKS, ibis.memtable([row], schema=STATE_MARKS.schema))
    return mark
