"""Database: what changes row by row (identities, books of loads, decisions), on SQLite or PostgreSQL."""

from aimwell.storage.database.database import Database

__all__ = ["Database"]
