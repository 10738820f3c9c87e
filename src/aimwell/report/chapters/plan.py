"""The plan: what to whom, what it should earn, what holds it back, and on which assumption all of this rests."""

from __future__ import annotations

from aimwell.base.words import text
from aimwell.report.chapters.voice import Voice
from aimwell.report.charts.curves import RangeMark, curve_with_mark
from aimwell.report.model import LimitUse, PlanView
from aimwell.report.page.blocks import Block, Chapter, Figure, Figures, Grid, Note, Picture

__all__ = ["plan_chapter"]

_LIMITS = {
    "channel": text("Capacity of channel {name}"),
    "stock": text("Stock of {name}"),
    "offer": text("Offer {name}"),
    "segment": text("Contacts in segment {segment}"),
    "offer_segment": text("Offer {name} in segment {segment}"),
}
_BINDS = {"minimum": text("at least so many"), "maximum": text("at most so many")}


def plan_chapter(plan: PlanView | None, *, voice: Voice) -> Chapter:
    """Return the chapter of the plan; without one the sentence that says how to make it."""
    blocks: tuple[Block, ...]
    if plan is None:
        blocks = (
            voice.missing(
                text(
                    "There is no plan yet. Describe your offers in offers.toml and your limits in plan.toml, then run "
                    "`aimwell plan make`."
                )
            ),
        )
    else:
        blocks = (
            _ground(plan, voice=voice),
            _figures(plan, voice=voice),
            *((_offers(plan, voice=voice),) if plan.offers else ()),
            *((_curve(plan, voice=voice),) if len(plan.curve) > 1 else ()),
            _limits(plan, voice=voice),
            _certificate(plan, voice=voice),
        )
    return Chapter(
        anchor="plan",
        title=voice.say(text("What to offer, and to whom?")),
        lead=voice.say(
            text(
                "For every customer the plan chooses an offer or none, so that the whole earns the most that budget and "
                "limits allow."
            )
        ),
        blocks=blocks,
    )


def _ground(plan: PlanView, *, voice: Voice) -> Note:
    if plan.low_minor is None:
        return Note(text=voice.say(text("The effects behind this plan were measured by experiments.")))
    return Note(
        tone="assumption",
        text=voice.say(
            text(
                "Assumed, not measured: how many of the orders made with an offer would not have been made without it. Every "
                "profit below rests on this assumption; the range shows its low and its high end. {n_held_out} people are "
                "deliberately left alone, so that the next report can replace the assumption by a measurement. In the "
                "plan's own words: {basis}"
            ),
            n_held_out=voice.number(plan.n_held_out),
            basis=plan.basis,
        ),
    )


def _figures(plan: PlanView, *, voice: Voice) -> Figures:
    if plan.low_minor is None or plan.high_minor is None:
        certainty = voice.say(text("from measured effects"))
    else:
        certainty = voice.say(
            text("{low} to {high}, depending on the assumption"),
            low=voice.money(plan.low_minor),
            high=voice.money(plan.high_minor),
        )
    return Figures(
        figures=(
            Figure(
                label=voice.say(text("Expected profit")), value=voice.money(plan.profit_minor), note=certainty
            ),
            Figure(
                label=voice.say(text("Expected cost")),
                value=voice.money(plan.cost_minor),
                note=voice.say(text("of a budget of {budget}"), budget=voice.money(plan.budget_minor)),
            ),
            Figure(
                label=voice.say(text("Contacts")),
                value=voice.number(plan.n_contacts),
                note=voice.say(text("campaign: {name}"), name=plan.name),
            ),
        )
    )


def _offers(plan: PlanView, *, voice: Voice) -> Grid:
    return Grid(
        title=voice.say(text("Offers: to how many people, at what cost, for what profit")),
        headings=(
            voice.say(text("Offer")),
            voice.say(text("Channel")),
            voice.say(text("People")),
            voice.say(text("Expected cost")),
            voice.say(text("Expected profit")),
            voice.say(text("Profit per unit of cost")),
        ),
        rows=tuple(
            zip(
                [offer.offer_id for offer in plan.offers],
                [offer.channel for offer in plan.offers],
                [voice.number(offer.n_people) for offer in plan.offers],
                voice.moneys([offer.cost_minor for offer in plan.offers]),
                voice.moneys([offer.profit_minor for offer in plan.offers]),
                [
                    voice.words.number(o.profit_minor / o.cost_minor, decimals=2) if o.cost_minor else "–"
                    for o in plan.offers
                ],
                strict=True,
            )
        ),
        n_texts=2,
    )


def _curve(plan: PlanView, *, voice: Voice) -> Picture:
    points = [(0.0, 0.0), *((float(p.budget_minor), p.profit_minor) for p in plan.curve)]
    mark = RangeMark(
        x=plan.budget_minor,
        y=plan.profit_minor,
        low=plan.profit_minor if plan.low_minor is None else plan.low_minor,
        high=plan.profit_minor if plan.high_minor is None else plan.high_minor,
        label=voice.say(text("this plan")),
    )
    x, y = voice.amounts(text("Budget, {currency}")), voice.amounts(text("Expected profit, {currency}"))
    return voice.picture(
        lambda width: curve_with_mark(points, mark=mark, x=x, y=y, width=width),
        title=voice.say(text("What a budget buys")),
        see=voice.say(
            text(
                "The line is the expected profit of the best plan for each budget. The dot is this plan: {profit} for a budget "
                "of {budget}; the upright line through it is the range of the assumption."
            ),
            profit=voice.money(plan.profit_minor),
            budget=voice.money(plan.budget_minor),
        ),
        do=voice.say(_advice(plan.budget_gain), one=voice.units(1), gain=voice.units(plan.budget_gain)),
    )


def _advice(budget_gain: float) -> str:
    """Return what to do about a budget of which one more unit earns so much, as a marked text."""
    if budget_gain > 0.5:
        return text(
            "The budget is what holds the plan back: a further {one} is expected to earn {gain}. Raise it if you can."
        )
    if budget_gain > 0:
        return text(
            "More budget still pays, but little: a further {one} is expected to earn {gain}. Better offers would bring more."
        )
    return text(
        "More budget would earn nothing: everybody worth addressing is addressed. Improve the offers, or lift what binds below."
    )


def _limits(plan: PlanView, *, voice: Voice) -> Grid:
    used, allowed = voice.moneys([plan.cost_minor, plan.budget_minor])
    budget = (
        voice.say(text("Budget")),
        voice.say(_BINDS["maximum"]) if plan.budget_gain > 0 else "–",
        used,
        allowed,
        voice.units(plan.budget_gain),
    )
    return Grid(
        title=voice.say(text("What holds the plan back, and what one more of it would earn")),
        headings=(
            voice.say(text("Limit")),
            voice.say(text("Binds")),
            voice.say(text("Used")),
            voice.say(text("Allowed")),
            voice.say(text("One more earns")),
        ),
        rows=(budget, *(_limit(limit, voice=voice) for limit in plan.limits)),
        n_texts=2,
    )


def _limit(limit: LimitUse, *, voice: Voice) -> tuple[str, ...]:
    if limit.maximum is None:
        allowed = voice.say(text("{minimum} or more"), minimum=voice.number(limit.minimum))
    elif limit.minimum:
        allowed = voice.say(
            text("{minimum} to {maximum}"),
            minimum=voice.number(limit.minimum),
            maximum=voice.number(limit.maximum),
        )
    else:
        allowed = voice.number(limit.maximum)
    return (
        voice.say(_LIMITS.get(limit.kind, "{name}"), name=limit.name, segment=limit.segment or ""),
        "–" if limit.binds is None else voice.say(_BINDS[limit.binds]),
        voice.number(limit.use),
        allowed,
        voice.words.money(limit.gain_minor, voice.currency),
    )


def _certificate(plan: PlanView, *, voice: Voice) -> Note:
    if plan.is_proven_best:
        proof = text(
            "Certificate: no other choice under the same limits and assumptions earns more. That is proven, not estimated; "
            "`aimwell plan verify` recomputes it with a program of its own that needs nothing but Python."
        )
    else:
        proof = text(
            "Certificate: no other choice under the same limits and assumptions can earn more than {gap} above this one. That "
            "is a proven bound, not an estimate; `aimwell plan verify` recomputes it with a program of its own that needs nothing but Python."
        )
    return Note(text=voice.say(proof, gap=voice.words.percent(plan.gap_rate, decimals=3)))
