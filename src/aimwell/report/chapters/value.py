"""Value: what was predicted, and what then came."""

from __future__ import annotations

from aimwell.base.words import text
from aimwell.report.chapters.voice import Voice
from aimwell.report.charts.columns import columns_with_marks
from aimwell.report.model import Deciles, RivalError, ValueView
from aimwell.report.page.blocks import Block, Chapter, Figure, Figures, Grid, Note, Picture

__all__ = ["value_chapter"]


def value_chapter(value: ValueView | None, *, voice: Voice) -> Chapter:
    """Return the chapter of predicted against realised margin; without a model the sentence that says how to fit one."""
    blocks: list[Block] = []
    if value is None:
        blocks.append(
            voice.missing(
                text(
                    "No value model was fitted yet. Fit one and score your customers: `aimwell predict fit value`, then `aimwell predict score value`."
                )
            )
        )
    else:
        blocks += (
            []
            if value.expected_minor is None
            else [_figures(value, expected=value.expected_minor, voice=voice)]
        )
        blocks += [_picture(deciles, voice=voice) for deciles in value.deciles if deciles.rows]
        blocks += [_rivals(value.rivals, voice=voice)] if value.rivals else []
        blocks += [Note(text=note) for note in value.notes]
    return Chapter(
        anchor="value",
        title=voice.say(text("Can the predictions be trusted?")),
        lead=voice.say(
            text(
                "A prediction is worth what it proved. Customers stand in ten equal groups, from those expected to bring most to those expected to bring least."
            )
        ),
        blocks=tuple(blocks),
    )


def _figures(value: ValueView, *, expected: int, voice: Voice) -> Figures:
    horizon = voice.say(text("over the next {days} days"), days=voice.number(value.horizon_days))
    return Figures(
        figures=(
            Figure(label=voice.say(text("Expected margin")), value=voice.money(expected), note=horizon),
            Figure(
                label=voice.say(text("Customers scored")),
                value=voice.number(value.n_scored),
                note=voice.say(text("model: {model}"), model=value.model),
            ),
            Figure(
                label=voice.say(text("Expected margin each")),
                value=voice.money(expected / max(value.n_scored, 1)),
                note=horizon,
            ),
        )
    )


def _picture(deciles: Deciles, *, voice: Voice) -> Picture:
    came, expected = voice.say(text("What came")), voice.say(text("What was predicted"))
    amounts = voice.amounts(text("Margin per customer, {currency}"))
    groups = voice.say(text("Groups of customers, the most promising first"))
    off_rate = deciles.predicted / deciles.realised - 1 if deciles.realised else 0.0
    heading = (
        text("Tried on the past: predicted before {start}, what came until {end}")
        if deciles.is_backtest
        else text("Since this report's day: predicted on {start}, what came until {end}")
    )
    template = (
        text(
            "Predicted {predicted}, came {realised}: {rate} more predicted than came. The first two groups brought {top_rate} of it."
        )
        if off_rate >= 0
        else text(
            "Predicted {predicted}, came {realised}: {rate} less predicted than came. The first two groups brought {top_rate} of it."
        )
    )
    return voice.picture(
        lambda width: columns_with_marks(
            [str(row.decile) for row in deciles.rows],
            columns=(came, [row.realised for row in deciles.rows]),
            marks=(expected, [row.predicted for row in deciles.rows]),
            amounts=amounts,
            title=groups,
            width=width,
        ),
        title=voice.say(
            heading, start=voice.words.day(deciles.start_on), end=voice.words.day(deciles.end_on)
        ),
        see=voice.say(
            template,
            predicted=voice.money(deciles.predicted),
            realised=voice.money(deciles.realised),
            rate=voice.percent(abs(off_rate)),
            top_rate=voice.percent(deciles.top_rate),
        ),
        do=voice.say(_advice(off_rate)),
    )


def _rivals(rivals: tuple[RivalError, ...], *, voice: Voice) -> Grid:
    return Grid(
        title=voice.say(text("How far off per customer, against simple rules (smaller is better)")),
        headings=(
            voice.say(text("Way to predict")),
            voice.say(text("Orders, mean error")),
            voice.say(text("Margin, mean error")),
        ),
        rows=tuple(
            (
                voice.say(text("{name} (chosen)"), name=rival.name) if rival.is_model else rival.name,
                voice.words.number(rival.orders, decimals=2),
                margin,
            )
            for rival, margin in zip(rivals, voice.moneys([r.margin_minor for r in rivals]), strict=True)
        ),
    )


def _advice(off_rate: float) -> str:
    """Return what to do about totals that were so much too high (or, negative, too low), as a marked text."""
    if abs(off_rate) <= 0.1:
        return text(
            "The order and the size are right. Spend on the first groups with confidence, and on the last ones only what is nearly free."
        )
    if off_rate > 0:
        return text(
            "The order is what matters for choosing whom to address; the sum was too high, so plan totals with this margin of safety."
        )
    return text(
        "The order is what matters for choosing whom to address; more came than predicted, so totals are on the safe side."
    )
