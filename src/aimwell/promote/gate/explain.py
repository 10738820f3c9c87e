"""Verdicts in words: for receipts, and for people who ask why."""

from __future__ import annotations

import re
from collections.abc import Mapping

from aimwell.base.words import CLAUSES, Sentence, Series, text
from aimwell.promote.gate.model import ALL, UNITS, Unit, Verdict

__all__ = ["REASONS", "cap_states", "reasons"]

REASONS: Mapping[str, str] = {
    "suppressed_complaint": text("Suppressed: a message there was reported as unwanted."),
    "suppressed_erasure": text("Suppressed: all data about the person were erased."),
    "suppressed_hard_bounce": text("Suppressed: the address does not exist, messages to it came back."),
    "suppressed_manual": text("Suppressed by hand."),
    "no_consent": text("There is no consent to this purpose on this channel."),
    "withdrawn": text("The consent was withdrawn."),
    "denied": text("The person was asked for consent and said no."),
    "expired": text("The consent has expired."),
    "too_young": text("The person is too young where they live."),
    "region_unknown": text("It is not known where the person lives, and so not which age is old enough."),
    "muted": text("A case of this person is open."),
    "wash_out": text("The person complained about a message not long ago."),
    "cap": text("The person has got as many messages as the shop allows itself: {caps}."),
    "holiday": text("It is a holiday where the person lives."),
    "weekday": text("It is a weekday on which the shop sends nothing."),
    "quiet_hours": text("It is the time of day at which the shop leaves the person in peace."),
}
"""What each code of a verdict means; the codes of consent among them."""


_EVERY: Mapping[Unit, tuple[str, str]] = {
    "minute": (text("per minute"), text("per {length} minutes")),
    "hour": (text("per hour"), text("per {length} hours")),
    "day": (text("per day"), text("per {length} days")),
    "week": (text("per week"), text("per {length} weeks")),
    "month": (text("per month"), text("per {length} months")),
}
_KEY = re.compile(rf"(.+) (\d+) per (?:(\d+) )?({'|'.join(UNITS)})s?")


def reasons(verdict: Verdict) -> tuple[Sentence, ...]:
    """Return everything that stands in the way, one sentence each, in the order of the codes."""
    full = Series([_cap(key, state) for key, state in verdict.caps.items() if _is_full(state)], CLAUSES)
    return tuple(Sentence(REASONS[code], {"caps": full} if code == "cap" else {}) for code in verdict.reasons)


def cap_states(verdict: Verdict) -> tuple[Sentence, ...]:
    """Return how full each cap that applies was."""
    return tuple(_cap(key, state) for key, state in verdict.caps.items())


def _cap(key: str, state: str) -> Sentence:
    """Return "email 1 per 7 days" and "1 of 1" as words."""
    found = _KEY.fullmatch(key)
    if found is None:
        raise ValueError(f"not the key of a cap: {key}")
    of, limit, length = found[1], found[2], found[3]
    single, several = _EVERY[next(unit for unit in UNITS if unit == found[4])]
    return Sentence(
        text("{channel} {limit} {every} ({n_counted} so far)"),
        {
            "channel": Sentence(text("all channels")) if of == ALL else of,
            "limit": limit,
            "every": Sentence(single) if length is None else Sentence(several, {"length": length}),
            "n_counted": state.partition(" ")[0],
        },
    )


def _is_full(state: str) -> bool:
    n_counted, _, limit = state.partition(" of ")
    return int(n_counted) >= int(limit)
