"""Messages as a file: for a print shop, or for a provider that takes lists."""

from __future__ import annotations

import csv
import hashlib
import io
import json
import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Literal

import pyarrow as pa
import pyarrow.parquet as pq

from aimwell.promote.channels.errors import ChannelDown
from aimwell.promote.channels.fitness import checked, deferred, refused
from aimwell.promote.channels.model import ChannelKind, Delivery, Message

__all__ = ["ExportChannel", "ExportFormat", "spreadsheet_safe"]

ExportFormat = Literal["csv", "parquet"]

_FORMULA_STARTS = (
    "=",
    "+",
    "-",
    "@",
    "\t",
    "\r",
    "\n",
    "＝",
    "＋",
    "－",
    "＠",
)  # spreadsheets read full-width ones too
_COLUMNS = pa.schema(
    [
        (name, pa.string())
        for name in (
            "message_id",
            "campaign_id",
            "offer_id",
            "person_id",
            "address",
            "subject",
            "text",
            "html",
            "template_id",
            "params",
            "unsubscribe_url",
        )
    ]
)


def spreadsheet_safe(value: str) -> str:
    """Return a text for a CSV cell; what a spreadsheet would run as a formula gets a quote in front.

    References
    ----------
    OWASP, CSV Injection.
    """
    return f"'{value}" if value.startswith(_FORMULA_STARTS) else value


class ExportChannel:
    """Writes each batch of messages to one file, which appears whole or not at all.

    Its name is made of the ids in it, so a batch that is repeated replaces its own file.

    Parameters
    ----------
    folder
        Made when needed.
    """

    rate_per_second: float | None = None

    def __init__(self, *, name: str, kind: ChannelKind, folder: Path, file_format: ExportFormat) -> None:
        self.name, self.kind = name, kind
        self._folder, self._format = folder, file_format

    def send(self, messages: Sequence[Message]) -> Iterator[Delivery]:
        """Write the messages that are fit to one file; then yield what became of each."""
        looked_at = list(checked(messages, kind=self.kind))
        fit = [message for message, problem in looked_at if problem is None]
        path, failure = self._path(fit), None
        try:
            if fit:
                self._write(fit, path)
        except OSError as exc:
            failure = ChannelDown(channel=self.name, detail=exc.strerror or exc)
        for message, problem in looked_at:
            if problem is not None:
                yield refused(message, problem)
            elif failure is not None:
                yield deferred(message, failure)
            else:
                yield Delivery(
                    message_id=message.message_id, outcome="sent", detail=path.name, provider_id=path.name
                )

    def check(self) -> None:
        """Make the folder and try to write there.

        Raises
        ------
        ChannelDown
        """
        probe = self._folder / f".{self.name}.part"
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            probe.write_bytes(b"")
            probe.unlink()
        except OSError as exc:
            raise ChannelDown(channel=self.name, detail=exc.strerror or exc) from exc

    def close(self) -> None:
        """Do nothing: no file is left open."""

    def _path(self, messages: Sequence[Message]) -> Path:
        ids = "\n".join(sorted(message.message_id for message in messages))
        return self._folder / f"{self.name}-{hashlib.sha256(ids.encode()).hexdigest()[:16]}.{self._format}"

    def _write(self, messages: Sequence[Message], path: Path) -> None:
        """Write beside the place, then move there; on disk before this returns."""
        self._folder.mkdir(parents=True, exist_ok=True)
        unfinished = path.with_name(f".{path.name}.part")
        content = _csv(messages) if self._format == "csv" else _parquet(messages)
        with unfinished.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        unfinished.replace(path)
        handle = os.open(self._folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


def _row(message: Message) -> list[str | None]:
    return [
        message.message_id,
        message.campaign_id,
        message.offer_id,
        str(message.person_id),
        message.address,
        message.subject,
        message.text,
        message.html,
        message.template_id,
        json.dumps(dict(message.params), ensure_ascii=False),
        message.unsubscribe_url,
    ]


def _csv(messages: Sequence[Message]) -> bytes:
    written = io.StringIO(newline="")
    writer = csv.writer(written, quoting=csv.QUOTE_ALL)
    writer.writerow(_COLUMNS.names)
    for message in messages:
        writer.writerow([spreadsheet_safe(value or "") for value in _row(message)])
    return written.getvalue().encode("utf-8-sig")  # the mark tells spreadsheets that it is UTF-8


def _parquet(messages: Sequence[Message]) -> bytes:
    columns = zip(*(_row(message) for message in messages), strict=True)
    table = pa.table(dict(zip(_COLUMNS.names, columns, strict=True)), schema=_COLUMNS)
    written = io.BytesIO()
    pq.write_table(table, written)
    return written.getvalue()
