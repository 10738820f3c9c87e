"""What can go wrong when people are linked or unlinked."""

from __future__ import annotations

from aimwell.base.errors import InvalidInput, NotFound
from aimwell.base.words import text

__all__ = ["NotLinked", "PersonUnknown", "SamePerson"]


class PersonUnknown(NotFound):
    """No account of the shop belongs to this person."""

    code = "person_unknown"
    template = text(
        "There is no person {person}. Find one by e-mail, phone or account: aimwell people explain --email ADDRESS"
    )


class NotLinked(InvalidInput):
    """Nothing links these people, so nothing can be undone."""

    code = "not_linked"
    template = text(
        "Person {person} is not linked to {other}. See what is linked: aimwell people explain {person}"
    )


class SamePerson(InvalidInput):
    """A person was to be linked with itself."""

    code = "same_person"
    template = text("Person {person} cannot be linked to itself. Name two different people.")
