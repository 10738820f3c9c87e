"""What a build is made of: steps that need each other, and what they work with."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from aimwell.base.clock import Clock
from aimwell.base.progress import Progress
from aimwell.base.settings import Settings
from aimwell.base.words import Sentence, Words
from aimwell.predict.model import Abstention
from aimwell.storage.database import Database
from aimwell.storage.lake.lake import Lake
from aimwell.trust.vault import Vault

__all__ = ["Means", "Step"]


@dataclass(frozen=True, kw_only=True)
class Means:
    """What steps work with: the parts of an open shop, and the moment of the build.

    Attributes
    ----------
    as_of
        Beginning of the day of the build, naive UTC: nothing at or after it is used.
    words
        Language of the report.
    """

    folder: Path
    settings: Settings
    clock: Clock
    lake: Lake
    database: Database
    vault: Vault
    words: Words
    as_of: datetime
    progress: Progress


@dataclass(frozen=True, kw_only=True)
class Step:
    """One piece of a build.

    Attributes
    ----------
    name
        Stable name, such as "fit value".
    title
        What it does, a marked text.
    needs
        Steps before it that must not have failed.
    stands_on
        Returns what the step's result depends on, by name: versions, dates, digests. It is due when this has changed.
    run
        Does it; returns a sentence on what came of it, or why it declined.
    reason
        Returns why the step is due where that is not a matter of `stands_on`; None: it is not due.
    """

    name: str
    title: str
    needs: tuple[str, ...]
    stands_on: Callable[[Means], Mapping[str, object]]
    run: Callable[[Means], Sentence | Abstention]
    reason: Callable[[Means], Sentence | None] | None = None
