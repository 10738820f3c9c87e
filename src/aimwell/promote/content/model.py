"""What a template makes for one person."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

__all__ = ["Content"]


@dataclass(frozen=True, kw_only=True)
class Content:
    """One message as it will be read.

    Attributes
    ----------
    subject
        One line without control characters; None where the channel has none.
    text
        The plain part. Where the template has none, it is derived from `html`.
    html
        The HTML part, data escaped; None where the template has none.
    template_id, params
        What a provider of text messages or WeChat wants: the template it approved, and the values of its slots.
    """

    subject: str | None
    text: str
    html: str | None
    template_id: str | None = None
    params: Mapping[str, str] = field(default_factory=dict)
