"""What can be wrong with market series."""

from __future__ import annotations

from aimwell.base.errors import InvalidInput, NotFound
from aimwell.base.words import text

__all__ = ["BadSeriesFile", "SeriesTaken", "SeriesUnknown"]


class BadSeriesFile(InvalidInput):
    """A file of market series has rows that cannot be used."""

    code = "bad_series_file"
    template = text(
        "{path} was not taken: {problems} A file has the columns series, year, value, unit, authority, and if you like is_derived (true "
        "or false) and note. Correct the rows and add it again."
    )


class SeriesTaken(InvalidInput):
    """Another file holds a series of this name."""

    code = "series_taken"
    template = text(
        "There is already a series `{series}`, from {place}. Give the new one another name, or delete that file."
    )


class SeriesUnknown(NotFound):
    """No series has this name."""

    code = "series_unknown"
    template = text(
        "There is no series `{series}`. There are: {known}. Add others: `aimwell market add FILE`."
    )
