"""What can go wrong with keys and with what they lock."""

from __future__ import annotations

from aimwell.base.errors import InvalidInput, NotFound, Unavailable
from aimwell.base.words import text

__all__ = [
    "KeyExists",
    "KeyExposed",
    "KeyMissing",
    "KeyPlaceholder",
    "KeyUnreadable",
    "KeyWrong",
    "Tampered",
]


class KeyMissing(NotFound):
    """There is no key file."""

    code = "key_missing"
    template = text(
        "The shop key {path} is missing. Without it no name, e-mail or phone in this shop can be read. Put back the "
        "backup of the `keys` folder; only a new shop gets a new key, by `aimwell init`."
    )


class KeyUnreadable(InvalidInput):
    """The key file does not hold a key."""

    code = "key_unreadable"
    template = text(
        "The shop key {path} is not usable: it must be one line, `{form}` and 32 random bytes in base64. Put back "
        "the backup of the `keys` folder."
    )


class KeyPlaceholder(InvalidInput):
    """The key file holds something that was typed, not drawn."""

    code = "key_placeholder"
    template = text(
        "The shop key {path} is a placeholder: its 32 bytes have only {n_distinct} different values, so they are not "
        "random. Put back the backup of the `keys` folder; a new shop gets a random key by `aimwell init`."
    )


class KeyExposed(InvalidInput):
    """Other users of the machine may read the key file."""

    code = "key_exposed"
    template = text(
        "The shop key {path} may be read by other users of this machine (mode {mode}); allowed is 600. "
        "Run: chmod 600 {path}"
    )


class KeyExists(InvalidInput):
    """A key would be written over."""

    code = "key_exists"
    template = text(
        "There is already a shop key at {path}; writing over it would make every identifier unreadable. Nothing was "
        "changed. Move it away first if it belongs to another shop."
    )


class KeyWrong(InvalidInput):
    """The key is a good one, of another shop."""

    code = "key_wrong"
    template = text(
        "The shop key does not belong to the database {database}: it was locked with another key. Nothing was "
        "changed. Put back the `keys` folder that was backed up with this shop."
    )


class Tampered(Unavailable):
    """Locked bytes were changed, moved to another person, or locked with another key."""

    code = "tampered"
    template = text(
        "A locked value ({what}) does not open: it was changed, or moved from where it belongs. Nothing of it is "
        "shown. Put back the last backup of the database."
    )
