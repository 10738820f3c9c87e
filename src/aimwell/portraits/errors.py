"""What can go wrong with portraits and segments."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches

from aimwell.base.errors import InvalidInput, NotFound
from aimwell.base.words import text

__all__ = [
    "FileUnreadable",
    "FormulaWrong",
    "NoPortraits",
    "PersonUnknown",
    "RuleTooLarge",
    "RuleWrong",
    "SampleTooLarge",
    "SegmentUnknown",
    "SnapshotUnknown",
    "TraitNotThere",
    "TraitTwice",
    "TraitUnknown",
    "nearest",
]


def nearest(name: str, known: Iterable[str]) -> str:
    """Return the known names most like this one, for a message; all of them when few."""
    names = sorted(known)
    alike = get_close_matches(name, names, n=3, cutoff=0.4)
    return ", ".join(alike or names[:8])


class TraitUnknown(NotFound):
    """A rule, formula or flag names a trait that the shop has not."""

    code = "trait_unknown"
    template = text(
        "There is no trait `{name}`. The nearest names: {nearest}. `aimwell traits` lists them all."
    )


class TraitNotThere(NotFound):
    """A rule needs a trait that was not known yet when the portraits were built."""

    code = "trait_not_there"
    template = text(
        "The portraits as of {day} have no trait {names}. Build them again: `aimwell portrait build --as-of {day}`."
    )


class TraitTwice(InvalidInput):
    """Two traits carry one name."""

    code = "trait_twice"
    template = text("The trait `{name}` is defined twice. Give one of them another name.")


class FormulaWrong(InvalidInput):
    """The formula of a trait is not arithmetic over traits."""

    code = "formula_wrong"
    template = text(
        "The formula `{formula}` cannot be used: {part} is not allowed. Use numbers, trait names, + - * / ( ), min, max and abs."
    )


class RuleWrong(InvalidInput):
    """A segment rule or a trait definition cannot be understood."""

    code = "rule_wrong"
    template = text("At {where}: {value} is not usable; allowed: {allowed}.")


class RuleTooLarge(InvalidInput):
    """A rule is deeper or longer than is sensible."""

    code = "rule_too_large"
    template = text(
        "At {where}: the rule is too large, {value} {what}; at most {limit} are allowed. Split it into several."
    )


class SegmentUnknown(NotFound):
    """A segment that neither the shop nor Aimwell defines."""

    code = "segment_unknown"
    template = text(
        "There is no segment `{name}`. The nearest names: {nearest}. `aimwell segment list` lists them all."
    )


class FileUnreadable(InvalidInput):
    """A definition file is not TOML or JSON."""

    code = "definition_unreadable"
    template = text("The file {path} cannot be read: {reason}. Mend it, then run the same command again.")


class SnapshotUnknown(NotFound):
    """No snapshot was built as of this moment."""

    code = "snapshot_unknown"
    template = text(
        "There are no portraits as of {as_of} UTC; there are some as of: {known}. Build those of a day: `aimwell portrait build --as-of YYYY-MM-DD`."
    )


class NoPortraits(NotFound):
    """Nothing was built yet."""

    code = "no_portraits"
    template = text("No portraits were built yet. Build them first: `aimwell portrait build`.")


class PersonUnknown(NotFound):
    """A person without portrait."""

    code = "portrait_missing"
    template = text(
        "There is no portrait of person {person_id} as of {as_of}. Find people with `aimwell segment export`, or build newer portraits."
    )


class SampleTooLarge(InvalidInput):
    """A survey larger than the shop or than memory."""

    code = "sample_too_large"
    template = text(
        "A survey of {size} people, repeated {repeats} times, is not possible: {reason}. Choose a smaller --size or --repeat."
    )
