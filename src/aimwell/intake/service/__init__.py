"""One function per user action: load files, inspect a file, list, show and replay the quarantine."""

from aimwell.intake.service.desk import Desk, Safe
from aimwell.intake.service.inspect import inspect_file
from aimwell.intake.service.load import Choice, load_files
from aimwell.intake.service.quarantine import HeldRow, quarantine_list, quarantine_replay, quarantine_show
from aimwell.intake.service.rates import read_rates

__all__ = [
    "Choice",
    "Desk",
    "HeldRow",
    "Safe",
    "inspect_file",
    "load_files",
    "quarantine_list",
    "quarantine_replay",
    "quarantine_show",
    "read_rates",
]
