"""What can go wrong when people are linked or unlinked."""

from __future__ import annotations

from aimwell.base.errors import InvalidInput, NotFound
from aimwell.base.words import text

__all__ = ["NobodyFound", "NobodyNamed", "NotLinked", "PersonUnknown", "SamePerson"]


class PersonUnknown(NotFound):
    """No account of the shop belongs to this person."""

    code = "person_unknown"
    template = text(
        "There is no person {person}. Find one by e-mail, phone or account: aimwell people explain --email ADDRESS"
    )


class NobodyFound(NotFound):
    """No person has this e-mail, phone or account; the value is not repeated, because it may be personal."""

    code = "nobody_found"
    template = text(
        "Nobody in this shop has this e-mail, phone or account. Check the spelling; a phone without a country code "
        "belongs to the shop's own country, and a masked one finds nobody."
    )


class NobodyNamed(InvalidInput):
    """A command about one person names none, or several."""

    code = "nobody_named"
    template = text("Name one person: by its id, or by one of --email, --phone, --account.")


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
