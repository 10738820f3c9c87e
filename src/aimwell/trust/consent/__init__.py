"""Consent: what people have said about being contacted, what the law asks, and the links by which they change it."""

from aimwell.trust.consent.ledger import ConsentLedger
from aimwell.trust.consent.links import Links
from aimwell.trust.consent.model import (
    ALL,
    CHANNELS,
    PARENT,
    PURPOSES,
    UNDATED,
    Act,
    Asked,
    ChannelKind,
    ConsentEvent,
    Purpose,
    Reason,
    Scope,
    Standing,
)
from aimwell.trust.consent.policies import Policies, read_policies
from aimwell.trust.consent.tokens import Claim, UnsubscribeTokens

__all__ = [
    "ALL",
    "CHANNELS",
    "PARENT",
    "PURPOSES",
    "UNDATED",
    "Act",
    "Asked",
    "ChannelKind",
    "Claim",
    "ConsentEvent",
    "ConsentLedger",
    "Links",
    "Policies",
    "Purpose",
    "Reason",
    "Scope",
    "Standing",
    "UnsubscribeTokens",
    "read_policies",
]
