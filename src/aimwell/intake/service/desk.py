"""The desk at which files are taken in: what every step of a load needs."""

from __future__ import annotations

import shutil
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import mkdtemp
from typing import Protocol

import ibis.expr.types as ir
import pyarrow as pa

from aimwell.base.clock import Clock
from aimwell.base.progress import Progress, Silent
from aimwell.storage.database import Database
from aimwell.storage.engines import Engine
from aimwell.storage.lake.lake import Lake

__all__ = ["Desk", "Safe", "scratch_folder"]

_PREFIX = "intake-"


class Safe(Protocol):
    """Takes identifiers in and gives random ids out; `aimwell.trust.vault.Vault` is one."""

    def admit(self, arrivals: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        """Return account_id and person_id for every arrival, in the same order."""
        ...

    def seal(self, data: bytes, *, purpose: str) -> bytes:
        """Lock bytes that may hold identifiers."""
        ...

    def unseal(self, sealed: bytes, *, purpose: str) -> bytes:
        """Return sealed bytes in clear."""
        ...


@dataclass(frozen=True, kw_only=True)
class Desk:
    """Where a load reads, writes and counts.

    Attributes
    ----------
    lake, database, vault, clock
        Of the shop.
    scratch
        A folder for temporary files; whatever an earlier load that was killed left there is deleted.
    currency, zone
        The shop's currency and wall clock.
    rates
        The shop's rates as a table (see `Terms.rates`), or None.
    progress
        Hears how far it is.
    """

    lake: Lake
    database: Database
    vault: Safe
    clock: Clock
    scratch: Path
    currency: str
    zone: str
    rates: ir.Table | None = None
    progress: Progress = field(default_factory=Silent)

    @property
    def engine(self) -> Engine:
        """The engine of the lake."""
        return self.lake.engine


@contextmanager
def scratch_folder(parent: Path) -> Iterator[Path]:
    """Make a folder for one load, and delete it behind it; leftovers of killed loads go first.

    Temporary files hold what the input holds, names and e-mails too: none may stay.
    """
    parent.mkdir(parents=True, exist_ok=True)
    for leftover in parent.glob(f"{_PREFIX}*"):
        shutil.rmtree(leftover)
    folder = Path(mkdtemp(prefix=_PREFIX, dir=parent))
    try:
        yield folder
    finally:
        shutil.rmtree(folder)
