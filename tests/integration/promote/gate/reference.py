"""What the gate promises, in its plainest form: a list of everything that happened, gone through at every question.

Shares no code with the gate. Months are dateutil's, wall clocks too; holidays are written down.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime, timedelta

from dateutil import tz
from dateutil.relativedelta import relativedelta

from aimwell.promote.gate.model import Contact

SHOP_ZONE, SHOP_COUNTRY = "Europe/Berlin", "DE"
QUIET_FROM, QUIET_TO = 21, 8  # o'clock
SUNDAY = 6
WASH_OUT = timedelta(days=10)
STAFF = 5
HOLIDAYS = {
    # de.wikipedia.org/wiki/Gesetzliche_Feiertage_in_Deutschland, those of all states, 2025 from March on
    "DE": ["04-18", "04-21", "05-01", "05-29", "06-09", "10-03", "12-25", "12-26"],
    # opm.gov/policy-data-oversight/pay-leave/federal-holidays, 2025 from March on
    "US": ["05-26", "06-19", "07-04", "09-01", "10-13", "11-11", "11-27", "12-25"],
    # gov.cn, notice of the State Council on holidays of 2025: three days each in April, five in May, three in June, eight in October.
    # The package `holidays` leaves out the weekend days among them that are no festival and no day in lieu.
    "CN": ["04-04", "05-01", "05-02", "05-05", "05-31", "06-02", "10-01", "10-02", "10-03", "10-06", "10-07", "10-08"],
}  # fmt: skip
# Whom it is about ("" is all channels), how many, in which time.
CAPS = [
    ("", 2, relativedelta(days=1), "all 2 per day"),
    ("", 4, relativedelta(days=7), "all 4 per 7 days"),
    ("email", 1, relativedelta(hours=3), "email 1 per 3 hours"),
    ("sms", 2, relativedelta(months=1), "sms 2 per month"),
]


@dataclass
class Sent:
    people: tuple[int, ...]
    point: str
    kind: str
    at: datetime


@dataclass
class Reference:
    said: list[tuple[datetime, int, int, str, str]] = field(
        default_factory=list
    )  # at, number, person, kind, act
    sent: dict[str, Sent] = field(default_factory=dict)
    suppressed: dict[tuple[int | None, str, str], datetime] = field(default_factory=dict)
    muted: dict[tuple[int, str], datetime | None] = field(default_factory=dict)

    def related(self, contact: Contact) -> dict[str, Sent]:
        return {
            key: sent
            for key, sent in self.sent.items()
            if set(sent.people) & set(contact.people) or (sent.point == contact.contact_point != "")
        }

    def consent(self, contact: Contact, now: datetime) -> str | None:
        acts = [
            (at, number, act)
            for at, number, person, kind, act in self.said
            if person in contact.people and kind == contact.kind and (act == "withdraw" or at <= now)
        ]
        last = max(acts)[2] if acts else None
        if contact.purpose == "transactional":
            return None
        return {None: "no_consent", "grant": None, "withdraw": "withdrawn"}[last]

    def lasting(self, contact: Contact, now: datetime) -> set[str]:
        """What time does not mend."""
        found = {
            f"suppressed_{reason}"
            for person, point, reason in self.suppressed
            if (point != "" and point == contact.contact_point) or (point == "" and person in contact.people)
        }
        if contact.purpose == "transactional":
            found -= {"suppressed_complaint"}
        else:
            ends = [end for (person, _), end in self.muted.items() if person in contact.people]
            found |= {"muted"} if None in ends else set()
        consent = self.consent(contact, now)
        return found | ({consent} if consent else set())

    def passing(self, contact: Contact, now: datetime) -> set[str]:
        """What is over some day."""
        if contact.purpose == "transactional":
            return set()
        found = set()
        for (person, _), end in self.muted.items():
            if person in contact.people and end is not None and now < end:
                found.add("muted")
        for (person, _, reason), at in self.suppressed.items():
            if person in contact.people and reason == "complaint" and now < at + WASH_OUT:
                found.add("wash_out")
        if STAFF not in contact.people and any(n >= limit for n, limit in self.caps(contact, now).values()):
            found.add("cap")
        return found | self.shut(contact, now)

    def shut(self, contact: Contact, now: datetime) -> set[str]:
        local = now.replace(tzinfo=tz.UTC).astimezone(tz.gettz(contact.time_zone or SHOP_ZONE))
        found = set()
        if local.hour >= QUIET_FROM or local.hour < QUIET_TO:
            found.add("quiet_hours")
        if local.weekday() == SUNDAY:
            found.add("weekday")
        if contact.kind == "sms" and f"{local:%m-%d}" in HOLIDAYS[contact.region or SHOP_COUNTRY]:
            found.add("holiday")
        return found

    def caps(self, contact: Contact, now: datetime) -> dict[str, tuple[int, int]]:
        others = [sent for key, sent in self.related(contact).items() if key != contact.message_id]
        return {
            name: (sum(now < sent.at + window for sent in others if kind in ("", sent.kind)), limit)
            for kind, limit, window, name in CAPS
            if kind in ("", contact.kind) and contact.purpose != "transactional"
        }

    def reasons(self, contact: Contact, now: datetime) -> set[str]:
        return self.lasting(contact, now) | self.passing(contact, now)

    def count(self, contact: Contact, now: datetime) -> None:
        if contact.purpose != "transactional":
            moment = max([now, *(sent.at for sent in self.related(contact).values())])
            self.sent[contact.message_id] = Sent(
                (contact.person_id,), contact.contact_point, contact.kind, moment
            )

    def check_no_cap_is_broken(self, people: set[int], points: set[str], now: datetime) -> None:
        """Each person, and each contact point, has got at most so many in every window that ends now or later."""
        for name, of in [(str(p), {p}) for p in people] + [(p, {p}) for p in points]:
            own = [s for s in self.sent.values() if of & {*s.people, s.point}]
            for kind, limit, window, cap in CAPS:
                counting = [s for s in own if kind in ("", s.kind) and now < s.at + window]
                assert len(counting) <= limit, (name, cap, counting)


def is_holiday_table_complete() -> None:
    """Fail when a country's table is not the package's: the reference would be wrong about what the gate was told."""
    import holidays

    for country, days in HOLIDAYS.items():
        known = sorted(d for d in holidays.country_holidays(country, years=2025) if d >= date(2025, 3, 20))
        assert [f"{day:%m-%d}" for day in known] == days, country
