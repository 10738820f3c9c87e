"""What can go wrong when policies are compared."""

from __future__ import annotations

from aimwell.base.errors import InternalError, InvalidInput
from aimwell.base.words import text

__all__ = ["PolicyBroke", "TooFewSeeds"]


class PolicyBroke(InternalError):
    """A policy contacted somebody whom it must not, or spent too much: the comparison would not be fair."""

    code = "policy_broke_terms"
    template = text(
        "Policy {policy} broke the terms in month {month}: {what}. Correct the policy; nothing is compared like this."
    )


class TooFewSeeds(InvalidInput):
    """One shop tells nothing of how much shops differ."""

    code = "too_few_seeds"
    template = text(
        "{seeds} seeds are too few for an interval; at least 2 are needed. Set SEEDS to 2 or more."
    )
