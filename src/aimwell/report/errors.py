"""What can go wrong with a report."""

from __future__ import annotations

from aimwell.base.errors import InvalidInput, NotFound
from aimwell.base.words import text

__all__ = ["NothingToReport", "ReportFolderMissing"]


class NothingToReport(NotFound):
    """The shop has no orders before the report's day."""

    code = "nothing_to_report"
    template = text(
        "There are no orders before {as_of}, so there is nothing to report. Load orders with `aimwell load FILE`, or choose a later --as-of."
    )


class ReportFolderMissing(InvalidInput):
    """The report's file is to lie in a folder that is not there, or is itself a folder."""

    code = "report_folder_missing"
    template = text(
        "The report cannot be written to {path}: {folder} is not a folder, or {path} is one. Choose a file in an existing folder with --out."
    )
