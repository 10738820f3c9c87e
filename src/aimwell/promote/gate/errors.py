"""What can be wrong with a shop's manners."""

from __future__ import annotations

from aimwell.base.errors import InvalidInput
from aimwell.base.words import text

__all__ = ["MannersBadKey", "MannersBadValue", "MannersNotToml"]


class MannersNotToml(InvalidInput):
    """The file cannot be read as TOML."""

    code = "manners_not_toml"
    template = text("{path} is not readable as TOML in UTF-8: {detail}. Correct that place and try again.")


class MannersBadKey(InvalidInput):
    """The file has a key that nobody knows."""

    code = "manners_bad_key"
    template = text("{path}: unknown key `{key}`; allowed here: {allowed}. Correct or delete it.")


class MannersBadValue(InvalidInput):
    """A value in the file is of the wrong kind, or out of range."""

    code = "manners_bad_value"
    template = text("{path}: `{key}` is {value}; allowed: {allowed}. Correct it and try again.")
