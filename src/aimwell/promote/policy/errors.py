"""What keeps a log of decisions from telling what another plan would have brought."""

from __future__ import annotations

from aimwell.base.errors import InvalidInput, NotFound
from aimwell.base.words import text

__all__ = ["EffectsMissing", "LogUnusable", "NeverTried", "TooFewMatches"]


class LogUnusable(InvalidInput):
    """A log of decisions contradicts itself."""

    code = "policy_log_unusable"
    template = text(
        "The log of decisions cannot be used: {what} is {value}; allowed: {allowed}. Correct the log."
    )


class NeverTried(InvalidInput):
    """A plan would do what the log never, or hardly ever, did."""

    code = "policy_never_tried"
    template = text(
        "What this plan would bring cannot be told: {share:.1%} of what it would do was tried with a probability below {floor:.1%}, or "
        "never. Give these offers to some people by chance first (a random arm, exploration), or leave them out of the plan."
    )


class TooFewMatches(InvalidInput):
    """Too few logged decisions agree with a plan."""

    code = "policy_too_few_matches"
    template = text(
        "What this plan would bring cannot be told: its agreement with {n_rows} logged decisions is worth only {n_effective:.0f} of them; it "
        "takes at least {least}. Compare a plan that is closer to what was done, or log more decisions."
    )


class EffectsMissing(NotFound):
    """Nobody was scored for these offers."""

    code = "effects_missing"
    template = text(
        "There are no measured effects of offers {offers} (scored: {found}). Run `aimwell predict fit effect` and `aimwell predict score effect` first."
    )
