"""`aimwell load`: take files in, those first that others need."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

import ibis.expr.types as ir

from aimwell.intake import rows as books_rows
from aimwell.intake.errors import FileMissing, UnknownFile
from aimwell.intake.formats.model import Plain
from aimwell.intake.formats.stage import Layout, layout_of, raw_file
from aimwell.intake.formats.unpack import unpacked
from aimwell.intake.mapping.model import DateOrder, Mapping, Reading
from aimwell.intake.mapping.presets import bound, preset, read_mapping, recognised
from aimwell.intake.model import Books, FileReport, LoadReport
from aimwell.intake.service.desk import Desk, scratch_folder
from aimwell.intake.service.take import Job, cells_of, take

__all__ = ["Choice", "load_files"]

# Links before the orders that need them, orders before their lines; within a grain, in the order given.
_FIRST = ("ignored", "link", "customer", "product", "order", "line", "event")


@dataclass(frozen=True, kw_only=True)
class Choice:
    """What the user said about how to read the files; what is left out is seen from each file.

    Attributes
    ----------
    preset
        Name of a bundled mapping.
    mapping
        A mapping file of the user's own.
    source
        Scope of order and account ids, in place of the mapping's.
    dates
        Order of day and month, in place of the mapping's.
    """

    preset: str | None = None
    mapping: Path | None = None
    source: str | None = None
    dates: DateOrder | None = None


@dataclass(frozen=True, kw_only=True)
class _Plan:
    """One file, ready to be taken in."""

    plain: Plain
    layout: Layout
    mapping: Mapping
    source: str


def load_files(
    paths: Sequence[Path], *, desk: Desk, choice: Choice | None = None, is_trial: bool = False
) -> LoadReport:
    """Load files: store what is new, count what is there already, put the rest in quarantine.

    All files are recognised before the first is written. Loading the same content again is a no-op; a load that was
    killed is taken up where it was, by loading the same files again.

    Parameters
    ----------
    paths
        Files, plain or packed.
    desk
        The shop.
    choice
        How to read them, where the user says so.
    is_trial
        Judge every row and write nothing.

    Raises
    ------
    FileMissing, FileNotReadable, PackedFileBroken, FileEmpty, HeaderOnly, TooManyColumns, WrongEncoding, NotText,
    NotReadableAs, UnknownFile, PresetUnknown, MappingInvalid, ColumnsMissing, AmbiguousDates
    """
    with scratch_folder(desk.scratch) as scratch:
        plans = [
            _planned(plain, choice or Choice()) for path in paths for plain in unpacked(path, scratch=scratch)
        ]
        plans.sort(key=lambda plan: _FIRST.index(plan.mapping.grain))
        links: dict[str, ir.Table] = {}
        with ExitStack() as stack:
            reports = [
                _taken(plan, desk=desk, scratch=scratch, links=links, stack=stack, is_trial=is_trial)
                for plan in plans
            ]
    return LoadReport(files=tuple(reports))


def _planned(plain: Plain, choice: Choice) -> _Plan:
    stated = _stated(choice)
    reading = stated.reading if stated else Reading()
    layout = layout_of(plain, encoding=reading.encoding, delimiter=reading.delimiter)
    mapping = stated or recognised(layout.wire)
    if mapping is None:
        raise UnknownFile(path=plain.name, columns=", ".join(layout.wire.columns[:40]))
    if choice.dates is not None:
        mapping = mapping.model_copy(
            update={"reading": mapping.reading.model_copy(update={"dates": choice.dates})}
        )
    return _Plan(
        plain=plain,
        layout=layout,
        mapping=bound(mapping, layout.wire, path=plain.name),
        source=choice.source or mapping.source,
    )


def _stated(choice: Choice) -> Mapping | None:
    if choice.preset is not None:
        return preset(choice.preset)
    if choice.mapping is None:
        return None
    try:
        toml = choice.mapping.read_text("utf-8-sig")
    except FileNotFoundError as exc:
        raise FileMissing(path=choice.mapping) from exc
    return read_mapping(toml, name=choice.mapping.name)


def _taken(
    plan: _Plan, *, desk: Desk, scratch: Path, links: dict[str, ir.Table], stack: ExitStack, is_trial: bool
) -> FileReport:
    """Take one planned file in; its links, if it holds any, stay for the files behind it."""
    mapping, source = plan.mapping, plan.source
    report = FileReport(
        file=plan.plain.name, source=source, mapping=mapping.name, title=mapping.title, state="ignored"
    )
    if mapping.grain == "ignored":
        return report
    repeat = _repeat(plan, report, desk=desk)
    if repeat is not None and mapping.grain != "link":
        return repeat
    with raw_file(
        plan.plain, plan.layout, engine=desk.engine, scratch=scratch, progress=desk.progress
    ) as raw:
        known = links.get(source) if mapping.grain == "order" else None
        sha256 = plan.plain.sha256
        job = Job(raw=raw, mapping=mapping, source=source, sha256=sha256, scratch=scratch, links=known)
        if mapping.grain == "link":
            links[source] = stack.enter_context(desk.engine.stage(_link_rows(job, desk=desk, stack=stack)))
        if repeat is not None:
            return repeat
        taken = take(job, desk=desk, is_trial=is_trial)
    state: Literal["tried", "loaded"] = "tried" if is_trial else "loaded"
    return replace(report, state=state, books=taken.books, tables=taken.tables, reasons=taken.reasons)


def _repeat(plan: _Plan, report: FileReport, *, desk: Desk) -> FileReport | None:
    """Return the report of a file whose content was loaded before, or None."""
    with desk.database.read() as connection:
        done = books_rows.find_load(connection, source=plan.source, sha256=plan.plain.sha256)
    if done is None or done.state != "done":
        return None
    books = Books(n_received=done.n_received, n_duplicate=done.n_received)
    return replace(report, state="repeat", books=books, first_loaded_at=done.known_at)


def _link_rows(job: Job, *, desk: Desk, stack: ExitStack) -> ir.Table:
    """Return which account each link key stands for: link_key, linked_key; one row per key."""
    cells = cells_of(job, desk=desk, stack=stack)
    usable = cells.filter(cells.link_key.notnull() & cells.account_key.notnull())
    return usable.group_by("link_key").agg(linked_key=usable.account_key.max())
