"""One customer on one screen."""

from __future__ import annotations

from typing import Any

from rich.columns import Columns
from rich.panel import Panel
from rich.table import Table

from aimwell.base.words import text
from aimwell.cli.face import Face
from aimwell.portraits.service.looking import PersonSeen
from aimwell.portraits.traits.names import value_name

__all__ = ["show_person"]

_Item = tuple[str, str]  # what it is (marked text), how it reads
_STATUSES = {
    "placed": text("placed"),
    "paid": text("paid"),
    "shipped": text("shipped"),
    "completed": text("completed"),
    "cancelled": text("cancelled"),
}


_PREDICTED = {
    "alive_prob": (text("Still a customer"), "percent"),
    "expected_orders": (text("Expected orders"), "decimal"),
    "expected_margin_minor": (text("Expected margin"), "money"),
    "p_order_30": (text("Orders within 30 days"), "percent"),
    "next_order_on": (text("Next order"), "day"),
    "p_silent": (text("Gone for good"), "percent"),
    "next_product": (text("Next product"), "text"),
    "next_category": (text("Next category"), "text"),
    "needed_categories": (text("May need"), "text"),
}


def show_person(seen: PersonSeen, *, face: Face, currency: str) -> None:
    """Draw a person's portrait: who they are in words, then panels, then their last orders."""
    face.stdout.print(_in_words(seen, face=face, currency=currency), markup=False, highlight=False)
    chapters = (
        (text("Lifecycle"), _lifecycle(seen, face)),
        (text("Buying"), _buying(seen, face, currency)),
        (text("Rhythm"), _rhythm(seen, face)),
        (text("Tastes"), _tastes(seen, face)),
        (text("Price sensitivity"), _prices(seen, face)),
        (text("Browsing"), _browsing(seen, face)),
        *([(text("Predicted"), outlook)] if (outlook := _outlook(seen, face, currency)) else []),
    )
    panels = [
        Panel(_listed(items, face), title=face.words.say(title), title_align="left")
        for title, items in chapters
    ]
    face.stdout.print(Columns(panels, equal=True))
    face.stdout.print(_orders(seen, face))


def _in_words(seen: PersonSeen, *, face: Face, currency: str) -> str:
    traits, words = seen.traits, face.words
    if not traits["n_orders"]:
        return words.say(
            text("Person {person}, as of {day}: has not ordered yet; {views} products looked at."),
            person=seen.person_id,
            day=words.day(seen.as_of),
            views=words.number(traits["n_views"]),
        )
    return words.say(
        text(
            "Person {person}, as of {day}: {segment}. {orders} orders for {spend} since {first}, the last {days} days ago."
        ),
        person=seen.person_id,
        day=words.day(seen.as_of),
        segment=words.say(value_name("rfm_segment", traits["rfm_segment"])),
        orders=words.number(traits["n_orders"]),
        spend=words.money(traits["spend_minor"], currency),
        first=words.day(traits["first_ordered_at"]),
        days=words.number(traits["days_since_last_order"]),
    )


def _lifecycle(seen: PersonSeen, face: Face) -> list[_Item]:
    scores = [seen.traits[name] for name in ("recency_score", "frequency_score", "money_score")]
    return [
        (text("RFM scores"), "–" if None in scores else " · ".join(map(str, scores))),
        (text("AIPL stage"), _read(seen, "aipl_stage", face, "text")),
        (text("4A stage"), _read(seen, "jd_4a_stage", face, "text")),
        (text("Value tier"), _read(seen, "value_tier", face, "text")),
    ]


def _buying(seen: PersonSeen, face: Face, currency: str) -> list[_Item]:
    return [
        (text("Orders in 365 days"), _read(seen, "n_orders_365d", face, "number")),
        (text("Spent in 365 days"), _read(seen, "spend_365d_minor", face, "money", currency)),
        (text("Mean order"), _read(seen, "mean_order_minor", face, "money", currency)),
        (text("Refunded"), _read(seen, "refund_rate", face, "percent")),
    ]


def _rhythm(seen: PersonSeen, face: Face) -> list[_Item]:
    return [
        (text("Days between orders"), _read(seen, "mean_gap_days", face, "decimal")),
        (text("Next order expected"), _read(seen, "next_expected_on", face, "day")),
        (text("Overdue ratio"), _read(seen, "overdue_ratio", face, "decimal")),
        (text("Usual weekday"), _read(seen, "usual_weekday", face, "text")),
    ]


def _tastes(seen: PersonSeen, face: Face) -> list[_Item]:
    pairs = [("top_categories", "category_lifts"), ("top_brands", "brand_lifts")]
    entries = [
        f"{name} ×{face.words.number(lift, decimals=1)}"
        for names, lifts in pairs
        for name, lift in zip(seen.traits[names] or (), seen.traits[lifts] or (), strict=True)
    ]
    return [(text("More than others"), "\n".join(entries) or "–")]


def _prices(seen: PersonSeen, face: Face) -> list[_Item]:
    return [
        (text("Price tier"), _read(seen, "price_tier", face, "text")),
        (text("Discount taken"), _read(seen, "discount_rate", face, "percent")),
        (text("Orders with coupon"), _read(seen, "coupon_rate", face, "percent")),
    ]


def _browsing(seen: PersonSeen, face: Face) -> list[_Item]:
    return [
        (text("Visit days"), _read(seen, "n_visit_days", face, "number")),
        (text("Products looked at"), _read(seen, "n_views", face, "number")),
        (text("Abandoned carts"), _read(seen, "abandoned_cart_rate", face, "percent")),
    ]


def _outlook(seen: PersonSeen, face: Face, currency: str) -> list[_Item]:
    """Return what was predicted of this person; nothing where no model has spoken."""
    told = {name: seen.traits[name] for name in _PREDICTED if name in seen.traits}
    return [
        (_PREDICTED[name][0], face.read(value, kind=_PREDICTED[name][1], currency=currency))
        for name, value in (
            (name, "\n".join(value) if isinstance(value, list) else value) for name, value in told.items()
        )
    ]


def _read(seen: PersonSeen, trait: str, face: Face, kind: str, currency: str | None = None) -> str:
    value = seen.traits[trait]
    if kind == "text" and value is not None:
        return face.words.say(value_name(trait, value))
    return face.read(value, kind=kind, currency=currency)


def _listed(items: list[_Item], face: Face) -> Table:
    table = Table.grid(padding=(0, 2))
    for label, value in items:
        table.add_row(face.words.say(label), value)
    return table


def _orders(seen: PersonSeen, face: Face) -> Table:
    table = Table(title=face.words.say(text("Last orders")), title_justify="left")
    for heading in (text("Order"), text("Day"), text("Goods"), text("Channel"), text("Status")):
        table.add_column(face.words.say(heading))
    for order in seen.last_orders:
        amount: Any = order.items_minor
        table.add_row(
            order.order_id,
            face.words.day(order.ordered_at),
            face.read(amount, kind="money", currency=order.currency) if order.currency else str(amount),
            order.channel or "–",
            face.words.say(_STATUSES.get(order.status, order.status)) if order.status else "–",
        )
    return table
