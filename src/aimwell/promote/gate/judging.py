"""The judgement about one contact: everything that stands in the way, and until when."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from aimwell.promote.gate.hours import Place, closed, next_open
from aimwell.promote.gate.known import Known
from aimwell.promote.gate.model import Cap, Contact, Manners, Verdict
from aimwell.trust.consent.model import Standing

__all__ = ["judge"]


@dataclass(frozen=True, kw_only=True)
class _Obstacle:
    """Something in the way; `ends_at` None: not time alone takes it away."""

    code: str
    ends_at: datetime | None = None


def judge(contact: Contact, *, standing: Standing, known: Known, manners: Manners, now: datetime) -> Verdict:
    """Return whether a message may go at `now`, and else everything that stands in the way.

    A `now` that lies before messages already counted, because a clock was put back, opens no cap: those count as long as
    ever.
    """
    obstacles = _lasting(contact, standing=standing, known=known)
    caps: dict[str, str] = {}
    hours = manners.hours_for(contact.channel, contact.kind)
    place = Place(zone=manners.time_zone, region=manners.country, days_off=manners.days_off).of(
        contact.time_zone, contact.region
    )
    shut: tuple[str, ...] = ()
    if not contact.is_exempt:
        obstacles += _pauses(contact, known=known, manners=manners, now=now)
        states = _cap_states(contact, known=known, manners=manners, now=now)
        caps = {cap.key: f"{n_counted} of {cap.limit}" for cap, n_counted, _ in states}
        if manners.exempt_people.isdisjoint(contact.people):
            obstacles += [_Obstacle(code="cap", ends_at=frees_at) for _, _, frees_at in states if frees_at]
        shut = closed(now, hours=hours, place=place)
    reasons = tuple(dict.fromkeys([*(obstacle.code for obstacle in obstacles), *shut]))
    ends = [obstacle.ends_at for obstacle in obstacles if obstacle.ends_at is not None]
    is_time_alone = bool(reasons) and len(ends) == len(obstacles)
    return Verdict(
        may=not reasons,
        reasons=reasons,
        retry_at=next_open(max([now, *ends]), hours=hours, place=place) if is_time_alone else None,
        consent=standing,
        caps=caps,
    )


def _lasting(contact: Contact, *, standing: Standing, known: Known) -> list[_Obstacle]:
    """Return what time does not mend: suppressions, in the order of their reasons, and missing consent."""
    reasons = {one.reason for one in known.suppressions_of(contact)}
    if contact.is_exempt:
        reasons.discard("complaint")  # who complains of advertising still gets the invoice
    found = [_Obstacle(code=f"suppressed_{reason}") for reason in sorted(reasons)]
    return found if standing.is_allowed else [*found, _Obstacle(code=standing.reason)]


def _pauses(contact: Contact, *, known: Known, manners: Manners, now: datetime) -> list[_Obstacle]:
    """Return open cases, and the wash-out after a complaint."""
    found = [_Obstacle(code="muted", ends_at=mute.until) for mute in known.mutes_of(contact)]
    complained_at = known.complained_at(contact)
    if complained_at is not None and now < complained_at + manners.wash_out:
        found.append(_Obstacle(code="wash_out", ends_at=complained_at + manners.wash_out))
    return found


def _cap_states(
    contact: Contact, *, known: Known, manners: Manners, now: datetime
) -> list[tuple[Cap, int, datetime | None]]:
    """Return each cap that covers the contact, how many messages count for it, and when it frees up if it is full."""
    others = [send for send in known.sends_about(contact) if send.message_id != contact.message_id]
    states: list[tuple[Cap, int, datetime | None]] = []
    for cap in manners.caps:
        if cap.covers(contact.channel, contact.kind):
            ends = [cap.frees_at(send.counted_at) for send in others if cap.covers(send.channel, send.kind)]
            counting = sorted(end for end in ends if end > now)
            n_over = len(counting) - cap.limit
            states.append((cap, len(counting), counting[n_over] if n_over >= 0 else None))
    return states
