"""What can be wrong with consent: acts, policies, tokens, exports."""

from __future__ import annotations

from aimwell.base.errors import InvalidInput, NotFound
from aimwell.base.words import text

__all__ = [
    "AddressUnusable",
    "BaseUrlUnsafe",
    "ColumnsLacking",
    "ConsentEventInvalid",
    "ExportUnknown",
    "PolicyInvalid",
    "TokenInvalid",
]


class ConsentEventInvalid(InvalidInput):
    """An act of consent contradicts itself."""

    code = "consent_event_invalid"
    template = text(
        "An act of consent cannot be recorded: {problem} is {value}; allowed: {allowed}. Nothing was recorded."
    )


class PolicyInvalid(InvalidInput):
    """A policy file cannot be used; without it nothing may be sent."""

    code = "policy_invalid"
    template = text(
        "The policy {path} is not usable: `{where}` is {value}; allowed: {allowed}. Correct it; until then nothing is sent."
    )


class TokenInvalid(InvalidInput):
    """A link's token was not made by this shop, or not whole."""

    code = "token_invalid"
    template = text(
        "This link is not complete. Open it once more from the message, or copy all of it into the address bar."
    )


class BaseUrlUnsafe(InvalidInput):
    """Links in messages would not be safe."""

    code = "base_url_unsafe"
    template = text(
        "The address of the public pages, `{url}`, is not usable; allowed: https://HOST or https://HOST/PATH (http only for "
        "localhost). Mail programs follow no other one-click link."
    )


class ExportUnknown(NotFound):
    """No preset knows this file of consents."""

    code = "consent_export_unknown"
    template = text(
        "{path} is not known as an export with consents; its columns: {columns}. Known: {known}. Name one with --preset, or "
        "bring the columns of `consents` (see docs/consent.md)."
    )


class ColumnsLacking(InvalidInput):
    """The preset needs columns that the file lacks."""

    code = "consent_columns_lacking"
    template = text(
        "{path} cannot be read as {preset}: it lacks {missing}; its columns: {columns}. Name another preset with --preset."
    )


class AddressUnusable(InvalidInput):
    """The address reaches nobody, so no consent can be about it; it is not shown."""

    code = "consent_address_unusable"
    template = text(
        "The address given is no usable one for the channel {channel}; allowed: {allowed}. Nothing was recorded."
    )
