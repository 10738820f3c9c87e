"""What can go wrong where data are kept."""

from __future__ import annotations

from aimwell.base.errors import NotFound, Unavailable
from aimwell.base.words import text

__all__ = ["AnotherWriter", "DiskFull", "OutOfMemory", "TableMissing", "VersionMissing"]


class DiskFull(Unavailable):
    """The disk took no more bytes; nothing half-written became visible."""

    code = "disk_full"
    template = text(
        "The disk is full while writing {what}. Nothing half-written is visible. Free some space, then run the same command again."
    )


class OutOfMemory(Unavailable):
    """The engine hit its memory limit and could not spill enough."""

    code = "out_of_memory"
    template = text(
        "The engine ran out of its memory limit ({limit}). Raise `memory_limit` in aimwell.toml or AIMWELL_MEMORY_LIMIT, then run the same command again."
    )


class AnotherWriter(Unavailable):
    """Somebody else writes to this shop."""

    code = "another_writer"
    template = text(
        "Another Aimwell process is writing to {what}. Reading is allowed meanwhile. Wait until it has finished, then run the same command again."
    )


class TableMissing(NotFound):
    """A lake table that was never made."""

    code = "table_missing"
    template = text(
        "There is no lake table `{name}` in {folder}. Run the step that makes it first; `aimwell status` shows what is there."
    )


class VersionMissing(NotFound):
    """A lake version that never was or was vacuumed."""

    code = "version_missing"
    template = text(
        "Lake table `{name}` has no version {version}; versions 0 to {latest} exist, older ones may be vacuumed."
    )
