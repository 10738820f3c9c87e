"""What can go wrong at the door: files that cannot be read, mappings that do not fit."""

from __future__ import annotations

from aimwell.base.errors import InvalidInput, NotFound, Unavailable
from aimwell.base.words import text

__all__ = [
    "AmbiguousDates",
    "ColumnsMissing",
    "FileEmpty",
    "FileMissing",
    "FileNotReadable",
    "HeaderOnly",
    "MappingInvalid",
    "NotARow",
    "NotReadableAs",
    "NotText",
    "PackedFileBroken",
    "PresetUnknown",
    "QuarantineRowMissing",
    "RatesInvalid",
    "TooManyColumns",
    "UnknownFile",
    "WrongEncoding",
]


class FileMissing(NotFound):
    """A file that is not there."""

    code = "file_missing"
    template = text(
        "There is no file {path}. Check the name; files are given as paths, several after one another."
    )


class FileNotReadable(Unavailable):
    """A file that the system does not let us read."""

    code = "file_not_readable"
    template = text("{path} cannot be read: {detail}. Give a file that you may read.")


class PackedFileBroken(InvalidInput):
    """An archive that ends early or is damaged."""

    code = "packed_file_broken"
    template = text(
        "{path} cannot be unpacked: {detail}. It is truncated, damaged or has a password. Download or pack it again; nothing was loaded."
    )


class FileEmpty(InvalidInput):
    """A file without any content."""

    code = "file_empty"
    template = text(
        "{path} is empty. Export it again, with at least a header and one row; nothing was loaded."
    )


class HeaderOnly(InvalidInput):
    """A file with a header and no rows."""

    code = "header_only"
    template = text(
        "{path} has a header ({n_columns} columns) and no rows. Export it again for a period that has data; nothing was loaded."
    )


class TooManyColumns(InvalidInput):
    """A file far too wide to be an export."""

    code = "too_many_columns"
    template = text(
        "{path} has {n_columns} columns; at most {limit} are allowed. Is this the right file, with one row per line? Nothing was loaded."
    )


class WrongEncoding(InvalidInput):
    """A text file that does not decode."""

    code = "wrong_encoding"
    template = text(
        "{path} is not valid {encoding}. Leave the encoding out to have it detected, or save the file as UTF-8; nothing was loaded."
    )


class NotText(InvalidInput):
    """Bytes that are no text and no format we know."""

    code = "not_text"
    template = text(
        "{path} is neither text nor a format that Aimwell reads. Allowed: CSV, TSV, JSONL, Parquet, XLSX; plain, gz or zip. Nothing was loaded."
    )


class NotReadableAs(InvalidInput):
    """A Parquet or XLSX file that its reader refuses."""

    code = "not_readable_as"
    template = text(
        "{path} looks like {kind}, but cannot be read: {detail}. Export it again; nothing was loaded."
    )


class UnknownFile(InvalidInput):
    """A file whose header no preset knows."""

    code = "unknown_file"
    template = text(
        "{path} is not an export that Aimwell knows; its columns are {columns}. "
        "Run `aimwell inspect {path}` to draft a mapping, correct it, then load with `--mapping FILE`."
    )


class PresetUnknown(NotFound):
    """A preset name that does not exist."""

    code = "preset_unknown"
    template = text("There is no preset `{name}`; allowed: {known}.")


class MappingInvalid(InvalidInput):
    """A mapping file that does not say what it must."""

    code = "mapping_invalid"
    template = text(
        "Mapping {name} is not valid at `{where}`: {detail}. See docs/intake.md for what may stand there."
    )


class ColumnsMissing(InvalidInput):
    """A mapping that names columns which the file lacks."""

    code = "columns_missing"
    template = text(
        "{path} lacks columns that mapping {mapping} needs: {missing}. Its columns are {columns}. Correct the mapping, or run `aimwell inspect {path}`."
    )


class AmbiguousDates(InvalidInput):
    """Dates that read both ways."""

    code = "ambiguous_dates"
    template = text(
        "Column `{column}` of {path} has dates such as {example} that can be day/month or month/day. "
        'Say `dates = "dmy"` or `dates = "mdy"` in the mapping, or give --dates.'
    )


class RatesInvalid(InvalidInput):
    """A rates file that cannot be used."""

    code = "rates_invalid"
    template = text(
        "{path}, line {line_no}: `{value}` is not valid. A rates file has the columns date (YYYY-MM-DD), currency and rate: "
        "how many units of the shop's currency one unit is worth."
    )


class QuarantineRowMissing(NotFound):
    """A quarantine number that does not exist."""

    code = "quarantine_row_missing"
    template = text(
        "There is no quarantined row {quarantine_id}. `aimwell quarantine list` shows what waits."
    )


class NotARow(InvalidInput):
    """A replay of lines that never were rows."""

    code = "not_a_row"
    template = text(
        "Nothing to replay: {n_rows} waiting rows are broken lines. Mend them in the file and load it again."
    )
