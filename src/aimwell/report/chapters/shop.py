"""The shop in numbers: sales by month, and when people order."""

from __future__ import annotations

from aimwell.base.words import text
from aimwell.report.chapters.voice import Voice
from aimwell.report.charts.columns import stacked_columns
from aimwell.report.charts.heat import HeatCell, heat_map
from aimwell.report.charts.theme import NARROW
from aimwell.report.model import Month, ShopView, Totals
from aimwell.report.page.blocks import Block, Chapter, Figure, Picture

__all__ = ["key_figures", "shop_chapter"]

_WEEKDAYS = (
    text("Mon"),
    text("Tue"),
    text("Wed"),
    text("Thu"),
    text("Fri"),
    text("Sat"),
    text("Sun"),
)

_LIVES_FROM_REPEAT = text(
    "You live from customers who return. Protect the best of them first, and watch that first orders do not dry up: "
    "today's first orders are next year's repeat orders."
)
_LIVES_FROM_FIRST = text(
    "Most sales are first orders, and each of them had to be won. A second order is your cheapest growth: make an offer to "
    "customers whose first order is a few weeks old."
)


def key_figures(totals: Totals, *, voice: Voice) -> tuple[Figure, ...]:
    """Return the five figures at the head of the page."""
    return (
        Figure(
            label=voice.say(text("Sales")),
            value=voice.money(totals.sales_minor),
            note=_sales_note(totals, voice=voice),
        ),
        Figure(
            label=voice.say(text("Orders")),
            value=voice.number(totals.n_orders),
            note=_orders_note(totals, voice=voice),
        ),
        Figure(
            label=voice.say(text("Customers")),
            value=voice.number(totals.n_people),
            note=voice.say(
                text("{rate} ordered in the last 90 days"), rate=voice.percent(totals.recent_rate)
            ),
        ),
        Figure(
            label=voice.say(text("Average order")),
            value=voice.money(totals.order_minor),
            note=voice.say(text("goods after discounts")),
        ),
        Figure(
            label=voice.say(text("Came back")),
            value=voice.percent(totals.repeat_rate),
            note=voice.say(text("of customers ordered at least twice")),
        ),
    )


def _sales_note(totals: Totals, *, voice: Voice) -> str:
    trend = totals.trend_rate
    if trend is None:
        return voice.say(text("goods after discounts"))
    if trend >= 0:
        return voice.say(text("last 90 days: {rate} more than the 90 before"), rate=voice.percent(trend))
    return voice.say(text("last 90 days: {rate} less than the 90 before"), rate=voice.percent(-trend))


def _orders_note(totals: Totals, *, voice: Voice) -> str:
    if not totals.n_anonymous_orders:
        return voice.say(text("all of them with a known customer"))
    rate = voice.percent(totals.n_anonymous_orders / totals.n_orders)
    return voice.say(text("{rate} of them without a known customer"), rate=rate)


def shop_chapter(shop: ShopView, *, voice: Voice) -> Chapter:
    """Return the chapter of sales by month and of buying hours."""
    totals = shop.totals
    blocks: list[Block] = [_sales(shop.months, voice=voice)]
    if len({hour.hour for hour in shop.hours}) > 1:  # exports with dates only say nothing about hours
        blocks.append(_hours(shop, voice=voice))
    return Chapter(
        anchor="shop",
        title=voice.say(text("The shop in numbers")),
        lead=voice.say(
            text("{n_orders} orders by {n_people} known customers from {first} to {last} brought {sales}."),
            n_orders=voice.number(totals.n_orders),
            n_people=voice.number(totals.n_people),
            first=voice.words.day(totals.first_ordered_at),
            last=voice.words.day(totals.last_ordered_at),
            sales=voice.money(totals.sales_minor),
        ),
        blocks=tuple(blocks),
    )


def _sales(months: tuple[Month, ...], *, voice: Voice) -> Picture:
    known = sum(m.first_minor + m.repeat_minor for m in months)
    repeat_rate = sum(m.repeat_minor for m in months) / known if known else 0.0
    best = max(months, key=lambda m: (m.sales_minor, m.month_on))
    layers = {
        voice.say(text("Repeat orders")): [m.repeat_minor for m in months],
        voice.say(text("First orders")): [m.first_minor for m in months],
    }
    if any(m.anonymous_minor for m in months):
        layers[voice.say(text("Unknown customers"))] = [m.anonymous_minor for m in months]
    amounts = voice.amounts(text("Sales per month, {currency}"))
    labels = [voice.words.month(m.month_on) for m in months]
    return voice.picture(
        lambda width: stacked_columns(labels, layers, amounts=amounts, width=width),
        title=voice.say(text("Sales by month: first and repeat orders")),
        see=voice.say(
            text(
                "{rate} of the sales to known customers came from repeat orders; the best month was {month} with {sales}."
            ),
            rate=voice.percent(repeat_rate),
            month=voice.words.month(best.month_on),
            sales=voice.money(best.sales_minor),
        ),
        do=voice.say(_LIVES_FROM_REPEAT if repeat_rate >= 0.5 else _LIVES_FROM_FIRST),
    )


def _hours(shop: ShopView, *, voice: Voice) -> Picture:
    days = [voice.say(day) for day in _WEEKDAYS]
    columns = [str(hour) for hour in range(24)]
    cells = [HeatCell(row=days[h.weekday], column=columns[h.hour], value=h.n_orders) for h in shop.hours]
    busiest = max(shop.hours, key=lambda h: (h.n_orders, -h.weekday, -h.hour))
    return voice.picture(
        lambda width: heat_map(
            cells,
            rows=days,
            columns=columns,
            column_title=voice.say(text("Hour of the day, the shop's own time")),
            width=width,
            every=3 if width <= NARROW else 1,
        ),
        title=voice.say(text("When customers order")),
        see=voice.say(
            text(
                "The busiest hour is {day} from {start}:00 to {end}:00, with {n_orders} orders over the whole time."
            ),
            day=days[busiest.weekday],
            start=busiest.hour,
            end=busiest.hour + 1,
            n_orders=voice.number(busiest.n_orders),
        ),
        do=voice.say(
            text(
                "Let messages arrive shortly before the dark hours, and have somebody answer questions then."
            )
        ),
    )
