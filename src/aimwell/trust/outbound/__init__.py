"""Outbound: the one HTTP client, which reaches public addresses only."""

from aimwell.trust.outbound.client import Answer, OutboundClient
from aimwell.trust.outbound.errors import (
    AddressRefused,
    AnswerTooLarge,
    NoAnswer,
    NotReached,
    TooManyRedirects,
    UrlRefused,
)

__all__ = [
    "AddressRefused",
    "Answer",
    "AnswerTooLarge",
    "NoAnswer",
    "NotReached",
    "OutboundClient",
    "TooManyRedirects",
    "UrlRefused",
]
