"""The plan: what to whom, what it should earn, what holds it back, and on which assumption all of this rests."""

from __future__ import annotations

from aimwell.base.words import text
from aimwell.report.chapters.voice import Voice
from aimwell.report.charts.curves import Mark, RangePoint, range_curve
from aimwell.report.model import PlanView, Range
from aimwell.report.page.blocks import Block, Chapter, Figure, Figures, Grid, Note, Picture

__all__ = ["plan_chapter"]


def plan_chapter(plan: PlanView | None, *, voice: Voice) -> Chapter:
    """Return the chapter of the plan; without one the sentence that says how to make it."""
    blocks: tuple[Block, ...]
    if plan is None:
        blocks = (
            voice.missing(
                text(
                    "There is no plan yet. Describe your offers in offers.toml and your limits in plan.toml, then run `aimwell plan make`."
                )
            ),
        )
    else:
        blocks = (
            _assumption(plan, voice=voice),
            _figures(plan, voice=voice),
            _offers(plan, voice=voice),
            *((_curve(plan, voice=voice),) if len(plan.curve) > 1 else ()),
            *((_limits(plan, voice=voice),) if plan.limits else ()),
            _certificate(plan, voice=voice),
        )
    return Chapter(
        anchor="plan",
        title=voice.say(text("What to offer, and to whom?")),
        lead=voice.say(
            text(
                "For every customer the plan chooses one offer or none, so that the whole earns the most that budget and limits allow."
            )
        ),
        blocks=blocks,
    )


def _assumption(plan: PlanView, *, voice: Voice) -> Note:
    share = plan.incrementality
    return Note(
        tone="assumption",
        text=voice.say(
            text(
                "Assumed, not measured: of the orders made with an offer, {low} to {high} (middle: {mid}) would not have been made "
                "without it. All profits below rest on this assumption. {n_held_out} people are held out and get nothing, so that "
                "the next report can replace the assumption by a measurement."
            ),
            low=voice.words.percent(share.low),
            mid=voice.words.percent(share.mid),
            high=voice.words.percent(share.high),
            n_held_out=voice.number(plan.n_held_out),
        ),
    )


def _range(amount: Range, *, voice: Voice) -> str:
    return voice.say(
        text("{low} to {high}, depending on the assumption"),
        low=voice.money(amount.low),
        high=voice.money(amount.high),
    )


def _figures(plan: PlanView, *, voice: Voice) -> Figures:
    return Figures(
        figures=(
            Figure(
                label=voice.say(text("Expected profit")),
                value=voice.money(plan.profit_minor.mid),
                note=_range(plan.profit_minor, voice=voice),
            ),
            Figure(
                label=voice.say(text("Expected cost")),
                value=voice.money(plan.cost_minor),
                note=voice.say(text("of a budget of {budget}"), budget=voice.money(plan.budget_minor)),
            ),
            Figure(
                label=voice.say(text("People addressed")),
                value=voice.number(plan.n_people),
                note=voice.say(
                    text("{n_held_out} more are held out"), n_held_out=voice.number(plan.n_held_out)
                ),
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
            voice.say(text("low to high")),
        ),
        rows=tuple(
            (
                offer.name,
                offer.channel,
                voice.number(offer.n_people),
                voice.money(offer.cost_minor),
                voice.money(offer.profit_minor.mid),
                voice.say(
                    text("{low} to {high}"),
                    low=voice.money(offer.profit_minor.low),
                    high=voice.money(offer.profit_minor.high),
                ),
            )
            for offer in plan.offers
        ),
        n_texts=2,
    )


def _curve(plan: PlanView, *, voice: Voice) -> Picture:
    points = [
        RangePoint(x=p.budget_minor, low=p.profit_minor.low, mid=p.profit_minor.mid, high=p.profit_minor.high)
        for p in plan.curve
    ]
    here = Mark(x=plan.budget_minor, y=plan.profit_minor.mid, label=voice.say(text("this plan")))
    x, y = voice.amounts(text("Budget, {currency}")), voice.amounts(text("Expected profit, {currency}"))
    one = voice.words.money(100 if plan.budget_gain else 0, voice.currency)
    if plan.budget_gain > 0.5:
        do = text(
            "The budget is what holds the plan back. Each further {one} is expected to earn {gain}: raise it if you can."
        )
    elif plan.budget_gain > 0:
        do = text(
            "More budget still pays, but little: a further {one} is expected to earn {gain}. Better offers would bring more."
        )
    else:
        do = text(
            "More budget would earn nothing: everybody worth addressing is addressed. Improve the offers, or lift the limits below."
        )
    return voice.picture(
        lambda width: range_curve(points, marks=[here], x=x, y=y, width=width),
        title=voice.say(text("What a budget buys")),
        see=voice.say(
            text(
                "The line is the expected profit of the best plan for each budget, the band the low and the high end of the "
                "assumption. The dot is this plan: {profit} for a budget of {budget}."
            ),
            profit=voice.money(plan.profit_minor.mid),
            budget=voice.money(plan.budget_minor),
        ),
        do=voice.say(do, one=one, gain=voice.words.money(round(100 * plan.budget_gain), voice.currency)),
    )


def _limits(plan: PlanView, *, voice: Voice) -> Grid:
    def amount(value: float, *, is_money: bool) -> str:
        return voice.money(value) if is_money else voice.number(value)

    return Grid(
        title=voice.say(text("What holds the plan back")),
        headings=(
            voice.say(text("Limit")),
            voice.say(text("Binds")),
            voice.say(text("Used")),
            voice.say(text("Of")),
            voice.say(text("One more would earn")),
        ),
        rows=tuple(
            (
                limit.name,
                voice.say(text("yes")) if limit.binds else voice.say(text("no")),
                amount(limit.used, is_money=limit.is_money),
                amount(limit.limit, is_money=limit.is_money),
                voice.words.money(limit.gain_minor, voice.currency),
            )
            for limit in plan.limits
        ),
        n_texts=2,
    )


def _certificate(plan: PlanView, *, voice: Voice) -> Note:
    return Note(
        text=voice.say(
            text(
                "Certificate: no plan under the same limits and assumptions can earn more than {gap} above this one. That is a proven "
                "bound, not an estimate, and tools/verify_plan.py recomputes it with nothing but Python."
            ),
            gap=voice.words.percent(plan.gap_rate, decimals=3),
        )
    )
