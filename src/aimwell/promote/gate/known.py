"""What is known of the people and contact points of one batch, in memory."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from datetime import datetime

from aimwell.promote.gate.model import Contact, Mute, Send, Suppression

__all__ = ["Known"]


class Known:
    """Messages that count, suppressions and mutes, found by person and by contact point.

    Parameters
    ----------
    sends
        Messages that may count for a cap.
    suppressions
        Those that hold.
    mutes
        Those that have not ended.
    """

    def __init__(
        self, *, sends: Iterable[Send], suppressions: Iterable[Suppression], mutes: Iterable[Mute]
    ) -> None:
        self._by_person: defaultdict[int, dict[str, Send]] = defaultdict(dict)
        self._by_point: defaultdict[str, dict[str, Send]] = defaultdict(dict)
        self._suppressed_people: defaultdict[int, list[Suppression]] = defaultdict(list)
        self._suppressed_points: defaultdict[str, list[Suppression]] = defaultdict(list)
        self._mutes: defaultdict[int, list[Mute]] = defaultdict(list)
        for send in sends:
            self.count(send)
        for one in suppressions:
            if one.person_id is not None:
                self._suppressed_people[one.person_id].append(one)
            if one.contact_point:
                self._suppressed_points[one.contact_point].append(one)
        for mute in mutes:
            self._mutes[mute.person_id].append(mute)

    def count(self, send: Send) -> None:
        """Let a message count, from its new moment if it did before."""
        self._by_person[send.person_id][send.message_id] = send
        if send.contact_point:
            self._by_point[send.contact_point][send.message_id] = send

    def sends_about(self, contact: Contact) -> list[Send]:
        """Return the messages that count, to this person or this contact point, the contact's own message too."""
        found: dict[str, Send] = {}
        for person_id in contact.people:
            found |= self._by_person.get(person_id, {})
        return list((found | self._by_point.get(contact.contact_point, {})).values())

    def suppressions_of(self, contact: Contact) -> list[Suppression]:
        """Return what keeps anything from going to this person as a whole, or to this contact point."""
        whole = [
            one
            for person_id in contact.people
            for one in self._suppressed_people.get(person_id, ())
            if not one.contact_point
        ]
        return whole + self._suppressed_points.get(contact.contact_point, [])

    def complained_at(self, contact: Contact) -> datetime | None:
        """Return when this person last complained about a message, at whatever contact point, or None."""
        complaints = [
            one.suppressed_at
            for person_id in contact.people
            for one in self._suppressed_people.get(person_id, ())
            if one.reason == "complaint"
        ]
        return max(complaints, default=None)

    def mutes_of(self, contact: Contact) -> list[Mute]:
        """Return the mutes of this person."""
        return [mute for person_id in contact.people for mute in self._mutes.get(person_id, ())]
