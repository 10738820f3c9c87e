"""What a repeat model refuses."""

from __future__ import annotations

from aimwell.base.errors import InvalidInput
from aimwell.base.words import text

__all__ = ["HorizonTooShort", "LeakyFeature", "UndatedFeature"]


class LeakyFeature(InvalidInput):
    """A feature knows what happened on or after the day from which it is to predict."""

    code = "leaky_feature"
    template = text(
        "The features `{features}` of {n_rows} training rows know what happened up to {seen_on:%Y-%m-%d}, but predict from "
        "{cut_on:%Y-%m-%d} on. Allowed: only what was known before that day. Build them from earlier rows."
    )


class UndatedFeature(InvalidInput):
    """A table of features does not say until when it has looked."""

    code = "undated_feature"
    template = text(
        "The features `{features}` have no column `seen_on`, so nobody can tell whether they look into the future. Add the newest "
        "day of the rows that each was made from."
    )


class HorizonTooShort(InvalidInput):
    """The long horizon is not as long as the others."""

    code = "horizon_too_short"
    template = text(
        "A horizon of {horizon_days} days is too short: probabilities within {least} days are part of every repeat model. Ask for "
        "{least} days or more."
    )
