"""What can be wrong with campaigns and with what people want to do to them."""

from __future__ import annotations

from aimwell.base.errors import InvalidInput, NotFound
from aimwell.base.words import text

__all__ = [
    "ApproverSame",
    "ArmsTooDear",
    "CampaignMissing",
    "CampaignThere",
    "ChangedSincePlan",
    "NameUnfit",
    "NoPublicUrl",
    "NobodyReached",
    "NotNow",
    "NotPlanned",
    "NothingSent",
    "PersonNotConsidered",
    "RecipeUnknown",
    "RoundOpen",
    "SegmentClash",
]


class CampaignMissing(NotFound):
    """There is no file of this campaign."""

    code = "campaign_missing"
    template = text(
        "There is no campaign `{name}`: {path} was not found; there are: {known}. Make one: aimwell campaign new {name} --recipe winback"
    )


class CampaignThere(InvalidInput):
    """A new campaign would write over something."""

    code = "campaign_there"
    template = text("{path} is there already and was not touched. Choose another name, or edit that file.")


class NothingSent(NotFound):
    """No campaign was sent, so nothing can be measured."""

    code = "nothing_sent"
    template = text(
        "No campaign was sent yet, so there is nothing to measure. Begin with: aimwell campaign new comeback --recipe winback"
    )


class NameUnfit(InvalidInput):
    """A name that no campaign can have."""

    code = "campaign_name_unfit"
    template = text(
        "`{name}` cannot be the name of a campaign. Allowed: up to 40 small letters, digits, - and _, a letter first. Choose another name."
    )


class RecipeUnknown(NotFound):
    """No recipe has this name."""

    code = "recipe_unknown"
    template = text("There is no recipe `{name}`; there are: {known}. Choose one of them.")


class SegmentClash(InvalidInput):
    """The shop has another segment of the recipe's name."""

    code = "segment_clash"
    template = text(
        "segments.toml has a segment `{segment}` with another rule than the recipe's. Nothing was written. "
        "Rename yours, then run the same command again."
    )


class NobodyReached(InvalidInput):
    """The gate has something against everybody for whom an offer is meant."""

    code = "nobody_reached"
    template = text(
        "Offer `{offer_id}` is meant for {n} people, and none of them may be contacted. {reasons} Consents come from "
        "`aimwell consent import FILE`; see one person with `aimwell manners check PERSON`. Then plan again."
    )


class NotPlanned(NotFound):
    """A campaign was never planned."""

    code = "campaign_not_planned"
    template = text("Campaign `{name}` was never planned. Plan it: aimwell campaign plan {name}")


class RoundOpen(InvalidInput):
    """A campaign that is being sent cannot be planned anew."""

    code = "campaign_round_open"
    template = text(
        "Campaign `{campaign_id}` is {state}. Wait until it is done, or stop it (aimwell campaign stop), then plan the next round."
    )


class NotNow(InvalidInput):
    """Something cannot be done to a campaign in its present state."""

    code = "campaign_not_now"
    template = text(
        "Campaign `{campaign_id}` is {state}; for this it has to be {allowed}. See: aimwell campaign status"
    )


class ApproverSame(InvalidInput):
    """The shop wants a second person, and this is the first."""

    code = "approver_same"
    template = text(
        "Campaign `{campaign_id}` was planned by {actor}, and this shop wants a second person to approve "
        "(second_approver in aimwell.toml). Let somebody else approve it: --as NAME"
    )


class ChangedSincePlan(InvalidInput):
    """What was planned and approved is not what is there now."""

    code = "campaign_changed"
    template = text(
        "Campaign `{campaign_id}` was changed after it was planned: {changed}. Nothing was sent. "
        "Put back what was approved, or plan and approve it anew: aimwell campaign plan"
    )


class NoPublicUrl(InvalidInput):
    """Messages that need consent must say how to withdraw it."""

    code = "no_public_url"
    template = text(
        "A message for the purpose `{purpose}` needs a link to unsubscribe, and public_url is not set. "
        "Set it in aimwell.toml to the https address of `aimwell serve public`."
    )


class ArmsTooDear(InvalidInput):
    """The arms that are not planned would use up a limit."""

    code = "arms_too_dear"
    template = text(
        "The arms `random` and `business_as_usual` would use {use} of {limit}, and only {maximum} is allowed: nothing "
        "would be left for the plan. Make these arms smaller, or the limit larger."
    )


class PersonNotConsidered(NotFound):
    """A person had no part in a campaign."""

    code = "person_not_considered"
    template = text(
        "Person {person_id} has no receipt in campaign `{campaign_id}`: there was no value score as of {as_of}, so "
        "nothing was decided. See: aimwell people explain {person_id}"
    )
