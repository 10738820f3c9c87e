"""What can go wrong with templates, by file and line."""

from __future__ import annotations

from aimwell.base.errors import InvalidInput, NotFound
from aimwell.base.words import text

__all__ = [
    "ContentBadKey",
    "ContentBadValue",
    "ContentMissing",
    "ContentNotToml",
    "MjmlMissing",
    "TemplateTooCostly",
    "TemplateWrong",
    "VariableUnknown",
]


class ContentMissing(NotFound):
    """No template has this name."""

    code = "content_missing"
    template = text(
        "There is no content `{name}` in {folder}; there is: {known}. Make the folder {folder}/{name} as docs/content.md shows."
    )


class ContentNotToml(InvalidInput):
    """content.toml cannot be read as TOML."""

    code = "content_not_toml"
    template = text("{path} is not readable as TOML in UTF-8: {detail}. Correct that place and try again.")


class ContentBadKey(InvalidInput):
    """content.toml has a key that nobody knows."""

    code = "content_bad_key"
    template = text("{path}: unknown key `{key}`; allowed here: {allowed}. Correct or delete it.")


class ContentBadValue(InvalidInput):
    """A value in content.toml is of the wrong kind or out of range."""

    code = "content_bad_value"
    template = text("{path}: `{key}` is {value}; allowed: {allowed}. Correct it and try again.")


class TemplateWrong(InvalidInput):
    """A template that cannot be read or filled."""

    code = "template_wrong"
    template = text("{file}:{line}: {problem}. Correct that line and try again.")


class VariableUnknown(InvalidInput):
    """A template names something that no message has."""

    code = "variable_unknown"
    template = text(
        "{file}:{line}: there is no `{name}`. The nearest names: {nearest}. Correct it, or give it a default."
    )


class TemplateTooCostly(InvalidInput):
    """A template that would take too long or say too much."""

    code = "template_too_costly"
    template = text(
        "{file}:{line}: the template is stopped: more than {limit} {what}. Make it shorter, or loop over less."
    )


class MjmlMissing(InvalidInput):
    """A template in MJML, without what turns it into HTML."""

    code = "mjml_missing"
    template = text(
        "{file} is MJML, which needs a package that is not installed. Run: pip install 'aimwell[mjml]'"
    )
