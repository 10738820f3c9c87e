"""A rehearsal: what would happen if a round were sent now. Nothing is sent, nothing is written."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

from aimwell.promote.campaigns.errors import NotNow
from aimwell.promote.campaigns.service.composing import open_writer
from aimwell.promote.campaigns.service.life import check_unchanged, entries_of, round_of
from aimwell.promote.campaigns.service.reaching import NO_ADDRESS, ways_of
from aimwell.promote.campaigns.service.tools import Tools
from aimwell.promote.channels.model import Message
from aimwell.promote.outbox.model import Parcel, Point

__all__ = ["Rehearsal", "rehearse"]


@dataclass(frozen=True, kw_only=True)
class Rehearsal:
    """How many messages the gate would let go now, and one message for each offer.

    Attributes
    ----------
    counts
        By channel and what stands in the way (codes joined by commas, "" if nothing).
    samples
        By offer: the message for one of the people it goes to, without an address.
    """

    counts: Mapping[tuple[str, str], int]
    samples: Mapping[str, Message]


def rehearse(name: str, *, tools: Tools) -> Rehearsal:
    """Ask the gate about everybody whom a planned or approved round would write to, and write one message per offer.

    Raises
    ------
    NotPlanned, NotNow, ChangedSincePlan, NoPublicUrl
        If it could not be sent.
    """
    found = round_of(name, tools=tools)
    if found.state not in ("planned", "approved"):
        raise NotNow(campaign_id=found.campaign_id, state=found.state, allowed="planned, approved")
    check_unchanged(found, tools=tools)
    definition = tools.definition(found.name)
    writer = open_writer(found, definition, tools=tools)
    counts: Counter[tuple[str, str]] = Counter()
    samples: dict[str, Message] = {}
    now = tools.clock.now()
    for entries in entries_of(found, definition, tools=tools):
        for channel in sorted({entry.channel for entry in entries}):
            mine = [entry for entry in entries if entry.channel == channel]
            said = ways_of(
                [vars(one) for one in mine], channel, purpose=found.terms.purpose, tools=tools, now=now
            )
            counts.update((channel, said.get(entry.person_id, NO_ADDRESS)) for entry in mine)
        for entry in entries:
            if entry.offer_id and entry.offer_id not in samples:
                parcel = Parcel(entry=entry, point=Point(token="", address=""))
                message = writer([parcel])[entry.message_id]
                if isinstance(message, Message):
                    samples[entry.offer_id] = message
    return Rehearsal(counts=dict(sorted(counts.items())), samples=samples)
