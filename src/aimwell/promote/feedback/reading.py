"""Reads reports where they lie: maildirs, folders of mail files, single mail files. Nothing is moved or deleted there."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from pathlib import Path

from aimwell.promote.channels.errors import FeedbackUnreadable
from aimwell.promote.channels.feedback import LARGEST, Feedback, read_report, read_webhook
from aimwell.promote.channels.signing import WebhookSecret
from aimwell.promote.feedback.model import Report

__all__ = ["mail_reports", "webhook_report"]


def mail_reports(paths: Iterable[Path]) -> Iterator[Report]:
    """Yield the report of each mail, oldest name first within a folder, also of those that cannot be read."""
    for path in paths:
        for file in _files(path) if path.is_dir() else (path,):
            raw = _read(file)
            yield Report(source="mail", digest=hashlib.sha256(raw).hexdigest(), feedback=_told(raw))


def webhook_report(
    headers: Mapping[str, str], body: bytes, *, secrets: Sequence[WebhookSecret], now: datetime
) -> Report:
    """Return what a signed webhook reports.

    Raises
    ------
    SignatureWrong, FeedbackUnreadable
        As `read_webhook`.
    """
    told = read_webhook(headers, body, secrets=secrets, now=now)
    return Report(source="webhook", digest=hashlib.sha256(body).hexdigest(), feedback=told)


def _files(folder: Path) -> Iterator[Path]:
    """Yield the mails of a maildir, or the files of a plain folder."""
    is_maildir = (folder / "new").is_dir()
    for place in (folder / "new", folder / "cur") if is_maildir else (folder,):
        if place.is_dir():
            yield from sorted(p for p in place.iterdir() if p.is_file() and not p.name.startswith("."))


def _read(path: Path) -> bytes:
    with path.open("rb") as file:
        return file.read(LARGEST)


def _told(raw: bytes) -> Feedback | None:
    try:
        return read_report(raw)
    except FeedbackUnreadable:
        return None
