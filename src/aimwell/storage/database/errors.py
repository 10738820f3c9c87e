"""What can go wrong with the database, beside what can go wrong wherever data are kept."""

from __future__ import annotations

from aimwell.base.errors import InvalidInput, Unavailable
from aimwell.base.words import text

__all__ = [
    "DatabaseDamaged",
    "DatabaseNewer",
    "DatabaseUnreachable",
    "DatabaseUnsupported",
    "DatabaseUrlMalformed",
]


class DatabaseUrlMalformed(InvalidInput):
    """The setting is no URL; it is not shown, because it may hold a password."""

    code = "database_url_malformed"
    template = text(
        "The database URL does not have the form of a URL. Allowed: sqlite:///PATH or postgresql://USER@HOST/NAME. "
        "Set `database_url` in aimwell.toml or AIMWELL_DATABASE_URL."
    )


class DatabaseUnsupported(InvalidInput):
    """The URL names a kind of database that Aimwell does not use."""

    code = "database_unsupported"
    template = text(
        "A database of the kind `{kind}` cannot be used. Allowed: sqlite:///PATH or postgresql://USER@HOST/NAME. "
        "Set `database_url` in aimwell.toml or AIMWELL_DATABASE_URL."
    )


class DatabaseUnreachable(Unavailable):
    """The database does not answer."""

    code = "database_unreachable"
    template = text(
        "The database {database} cannot be opened. Check that it exists, that it runs, and that this user may "
        "read and write it; then run the same command again."
    )


class DatabaseDamaged(Unavailable):
    """The file is not a database, or its pages do not fit together."""

    code = "database_damaged"
    template = text(
        "The database {database} is damaged or not a database at all. Put back the last backup of the shop folder."
    )


class DatabaseNewer(InvalidInput):
    """A newer Aimwell has already changed this database."""

    code = "database_newer"
    template = text(
        "The database {database} was made by a newer Aimwell: its revision is {revision}, this program knows up to "
        "{known}. Nothing was changed. Update Aimwell, then run the same command again."
    )
