"""What can be wrong when arms are dealt out or a campaign is measured."""

from __future__ import annotations

from aimwell.base.errors import InvalidInput, NotFound
from aimwell.base.words import text

__all__ = [
    "NoComparison",
    "NotAssigned",
    "PeriodNotBegun",
    "PropensitiesDiffer",
    "SharesWrong",
    "TermsMissing",
]


class SharesWrong(InvalidInput):
    """Shares of arms, or the days of the shop-wide holdout, make no sense."""

    code = "shares_wrong"
    template = text("Arms: `{name}` is {value}; allowed: {allowed}. Correct the shares of the campaign.")


class NotAssigned(NotFound):
    """A campaign dealt out no arms that were known at the moment."""

    code = "not_assigned"
    template = text(
        "Campaign `{campaign_id}` has no touches known at {as_of}, so there is nothing to compare. Send it first "
        "(`aimwell campaign send`): that writes down who is in which arm."
    )


class NoComparison(InvalidInput):
    """One of the two arms to be compared has too few people for any comparison."""

    code = "no_comparison"
    template = text(
        "Campaign `{campaign_id}` cannot be measured: arm `{arm}` has {n_people} people, at least 2 are needed. Give the next campaign a holdout."
    )


class PropensitiesDiffer(InvalidInput):
    """People of one arm got into it with different probabilities."""

    code = "propensities_differ"
    template = text(
        "Campaign `{campaign_id}`: people came into arm `{arm}` with probabilities from {low} to {high}. Arms whose shares "
        "changed on the way cannot be compared as one; measure each launch under an id of its own."
    )


class TermsMissing(InvalidInput):
    """An offer was sent whose costs are not told."""

    code = "terms_missing"
    template = text(
        "Campaign `{campaign_id}` sent offer `{offer_id}`, whose costs are not given. Given: {known}. Give the terms of every offer that was sent."
    )


class PeriodNotBegun(InvalidInput):
    """Counting for the shop-wide holdout of a period has not begun."""

    code = "period_not_begun"
    template = text(
        "The shop-wide holdout number {period} counts from {began_at} on, after the wash-out. Ask again later, or for an earlier one."
    )
