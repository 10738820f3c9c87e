"""What can be wrong with offers, limits and people given to a plan."""

from __future__ import annotations

from aimwell.base.errors import InvalidInput, NotFound
from aimwell.base.words import text

__all__ = [
    "BadKey",
    "BadValue",
    "CannotHold",
    "InputsChanged",
    "NoPeople",
    "NobodyEligible",
    "NotToml",
    "NotWhole",
    "OutOfReach",
    "PlanFileMissing",
    "PlanMissing",
    "RangeNotLookedUp",
    "RangeUnknown",
]


class PlanFileMissing(NotFound):
    """A file that was named is not there."""

    code = "plan_file_missing"
    template = text("There is no file `{path}`. Write one as docs/models/plan.md shows, or name another.")


class NotToml(InvalidInput):
    """A file cannot be read as TOML."""

    code = "not_toml"
    template = text("{path} is not readable as TOML in UTF-8: {detail}. Correct that place and try again.")


class BadKey(InvalidInput):
    """A file has a key that nobody knows."""

    code = "plan_bad_key"
    template = text("{path}: unknown key `{key}`; allowed here: {allowed}. Correct or delete it.")


class BadValue(InvalidInput):
    """A value in a file is missing, of the wrong kind, or out of range."""

    code = "plan_bad_value"
    template = text("{path}: `{key}` is {value}; allowed: {allowed}. Correct it and try again.")


class ColumnMissing(InvalidInput):
    """The table of people lacks a column that an offer or a limit needs."""

    code = "plan_column_missing"
    template = text(
        "The table of people has no column `{column}`, which {needed_by} needs; it has: {present}. Add it."
    )


class NoPeople(InvalidInput):
    """There is nobody to plan for."""

    code = "plan_no_people"
    template = text(
        "The plan has nobody to choose from: {n_people} people, {n_held_out} of them held out. Load more orders first."
    )


class NobodyEligible(InvalidInput):
    """An offer can go to nobody."""

    code = "nobody_eligible"
    template = text(
        "Offer `{offer_id}` can go to nobody: {n_people} people, 0 of them eligible ({who}). "
        "Widen who may get it, or take it out of the offers."
    )


class OutOfReach(InvalidInput):
    """A minimum is above the number of contacts that can be made at all."""

    code = "minimum_out_of_reach"
    template = text(
        "The minimum of {minimum} for `{limit}` cannot be met: only {available} such contacts are possible "
        "({n_people} people after the holdout). Lower the minimum to {available} or less, or widen who may get it."
    )


class CannotHold(InvalidInput):
    """Some limits contradict each other."""

    code = "limits_conflict"
    template = text(
        "These limits cannot all hold at once: {limits}. Each can hold without the others: relax one of them."
    )


class NotWhole(InvalidInput):
    """Limits leave no room for a plan in whole people."""

    code = "limits_too_tight"
    template = text(
        "The limits leave no room for a plan in whole people; nearest misses: {limits}. Relax them a little."
    )


class PlanMissing(NotFound):
    """No plan has this id."""

    code = "plan_missing"
    template = text("There is no plan `{plan_id}`; made so far: {known}. Make one: aimwell plan make")


class InputsChanged(InvalidInput):
    """A plan is asked for with inputs that are not its own."""

    code = "plan_inputs_changed"
    template = text(
        "Plan `{plan_id}` was made from other inputs; changed since: {changed}. "
        "Make a new plan, or give the files and the day it was made with."
    )


class RangeUnknown(InvalidInput):
    """Past prices do not say what an offer adds, and the file states no range to fall back on."""

    code = "plan_range_unknown"
    template = text(
        'Offer `{offer_id}`: assumed_incrementality has source = "prices", but {reason}. Change that (`aimwell price show` tells what the '
        "price model knows, `aimwell predict fit price` fits one), or state low, mid and high beside the source: they count where "
        "past prices say nothing."
    )


class RangeNotLookedUp(InvalidInput):
    """A campaign takes ranges from past prices, and they were not looked up."""

    code = "plan_range_not_looked_up"
    template = text(
        "Offer `{offer_id}` has no assumed range: the campaign takes it from past prices. Pass the offers through "
        "aimwell.promote.plan.service.with_ranges first."
    )
