"""Contact: how much the shop wrote, and what came of it."""

from __future__ import annotations

from aimwell.base.words import text
from aimwell.portraits.model import Trait
from aimwell.portraits.tables.moments import days_between
from aimwell.portraits.traits.arithmetic import count, rate

__all__ = ["CONTACT"]


def _number(name: str, *, source: str, meaning: str) -> Trait:
    return Trait(
        name=name,
        group="contact",
        dtype="int64",
        unit="events",
        meaning=meaning,
        sources=(source,),
        of=lambda p: count(p[name]),
    )


CONTACT = (
    _number("n_contacts", source="touches", meaning=text("Offers ever sent; holdouts do not count.")),
    _number("n_contacts_30d", source="touches", meaning=text("Offers sent in the last 30 days.")),
    Trait(
        name="days_since_last_contact",
        group="contact",
        dtype="int64",
        unit="days",
        meaning=text("Calendar days since the last offer was sent; empty without one."),
        sources=("touches",),
        of=lambda p: days_between(p.last_contacted_at, p.as_of),
    ),
    _number(
        "n_mail_opens", source="events", meaning=text("E-mails opened; machines that open mail count too.")
    ),
    _number("n_mail_clicks", source="events", meaning=text("Links clicked in e-mails.")),
    Trait(
        name="mail_click_ratio",
        group="contact",
        dtype="float64",
        unit="ratio",
        meaning=text("Links clicked per e-mail opened; empty without an opened e-mail."),
        sources=("events",),
        of=lambda p: rate(p.n_mail_clicks, p.n_mail_opens),
    ),
)
