"""One function per user action: load files, import consents, inspect a file, list, show and replay the quarantine."""

from aimwell.intake.service.consents import ConsentReport, import_consents
from aimwell.intake.service.desk import Desk, Safe
from aimwell.intake.service.inspect import inspect_file
from aimwell.intake.service.load import Choice, load_files
from aimwell.intake.service.quarantine import HeldRow, quarantine_list, quarantine_replay, quarantine_show
from aimwell.intake.service.rates import read_rates

__all__ = [
    "Choice",
    "ConsentReport",
    "Desk",
    "HeldRow",
    "Safe",
    "import_consents",
    "inspect_file",
    "load_files",
    "quarantine_list",
    "quarantine_replay",
    "quarantine_show",
    "read_rates",
]
