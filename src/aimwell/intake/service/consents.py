"""`aimwell consent import`: consents out of files, read as any other file is."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from aimwell.intake.formats.model import LINE, Plain, RawFile
from aimwell.intake.formats.stage import layout_of, raw_file
from aimwell.intake.formats.unpack import unpacked
from aimwell.intake.service.desk import Desk, scratch_folder
from aimwell.trust.consent.exports import ConsentExport, Refusal, Row, recognised
from aimwell.trust.consent.importing import ConsentBooks, Importer
from aimwell.trust.consent.ledger import ConsentLedger
from aimwell.trust.vault import Vault

__all__ = ["ConsentReport", "import_consents"]

_BATCH_ROWS = 20_000


@dataclass(frozen=True, kw_only=True)
class ConsentReport:
    """What became of one file of consents; `reasons` counts what was refused."""

    file: str
    preset: str
    title: str
    source: str
    books: ConsentBooks
    reasons: Mapping[str, int]


def import_consents(
    paths: Sequence[Path],
    *,
    desk: Desk,
    ledger: ConsentLedger,
    vault: Vault,
    refused: Callable[[str, Refusal], None],
    preset: str | None = None,
    source: str | None = None,
    exported_at: datetime | None = None,
) -> tuple[ConsentReport, ...]:
    """Take the consents of files into the ledger; all files are recognised before the first is written.

    Parameters
    ----------
    paths
        Files, plain or packed, as `load_files` takes them.
    desk, ledger, vault
        Of the shop.
    refused
        Hears the file's name and each cell that could not be recorded.
    preset
        Name of a bundled preset; None: seen from the header.
    source
        Scope of the files' accounts, in place of the preset's.
    exported_at
        When the files were exported, naive UTC (see `Importer`).

    Raises
    ------
    FileMissing, FileNotReadable, PackedFileBroken, FileEmpty, TooManyColumns, WrongEncoding, NotText, NotReadableAs,
    ExportUnknown, ColumnsLacking
    """
    with scratch_folder(desk.scratch) as scratch:
        plains = [plain for path in paths for plain in unpacked(path, scratch=scratch)]
        found = [
            (plain, recognised(layout_of(plain).wire.columns, path=plain.name, preset=preset))
            for plain in plains
        ]
        return tuple(
            _imported(
                plain,
                Importer(
                    ledger=ledger,
                    vault=vault,
                    export=export,
                    source=source or export.source,
                    file=plain.name,
                    zone=export.zone or desk.zone,
                    now=desk.clock.now(),
                    exported_at=exported_at,
                ),
                desk=desk,
                scratch=scratch,
                refused=refused,
            )
            for plain, export in found
        )


def _imported(
    plain: Plain, importer: Importer, *, desk: Desk, scratch: Path, refused: Callable[[str, Refusal], None]
) -> ConsentReport:
    export = importer.export
    with raw_file(
        plain, layout_of(plain), engine=desk.engine, scratch=scratch, progress=desk.progress
    ) as raw:
        broken = list(_broken(raw, export))
        books = ConsentBooks(n_read=len(broken), n_refused=len(broken))
        reasons = Counter[str](refusal.reason for refusal in broken)
        for refusal in broken:
            refused(plain.name, refusal)
        for taken in importer.take(_rows(raw, desk=desk)):
            books += taken.books
            reasons.update(refusal.reason for refusal in taken.refusals)
            for refusal in taken.refusals:
                refused(plain.name, refusal)
    return ConsentReport(
        file=plain.name,
        preset=export.name,
        title=export.title,
        source=importer.source,
        books=books,
        reasons=dict(reasons),
    )


def _broken(raw: RawFile, export: ConsentExport) -> Iterator[Refusal]:
    """Yield a refusal for each state that a broken line would have held."""
    for line in raw.broken:
        for state in export.states:
            yield Refusal(line_no=line.line_no, column=state.column, reason="not_a_row")


def _rows(raw: RawFile, *, desk: Desk) -> Iterator[Row]:
    for batch in desk.engine.batches(raw.rows.order_by(LINE), size=_BATCH_ROWS):
        for cells in batch.to_pylist():
            line_no = int(cells.pop(LINE))
            yield Row(line_no=line_no, cells={name.casefold(): cell for name, cell in cells.items()})
