"""Who comes back: how many are expected, how such predictions fared, and what they are good for."""

from __future__ import annotations

from datetime import date

from aimwell.base.words import text
from aimwell.report.chapters.voice import Voice
from aimwell.report.charts.columns import columns_with_marks
from aimwell.report.model import RepeatView
from aimwell.report.page.blocks import Block, Chapter, Figure, Figures, Grid, Note, Picture

__all__ = ["repeat_chapter"]


def repeat_chapter(repeat: RepeatView | None, *, voice: Voice) -> Chapter:
    """Return the chapter of repeat and churn; without a model the sentence that says how to fit one."""
    blocks: list[Block] = []
    if repeat is None:
        blocks.append(
            voice.missing(
                text(
                    "No repeat model was fitted yet. Fit one and score your customers: `aimwell predict fit repeat`, then `aimwell predict score repeat`."
                )
            )
        )
    else:
        if repeat.within_30 is not None and repeat.silent is not None:
            blocks.append(_figures(repeat, within_30=repeat.within_30, silent=repeat.silent, voice=voice))
        if repeat.tenths and repeat.origin_on:
            blocks.append(_picture(repeat, origin_on=repeat.origin_on, voice=voice))
        blocks += [_rivals(repeat, voice=voice)] if repeat.rivals else []
        blocks += [Note(text=note) for note in repeat.notes]
    return Chapter(
        anchor="repeat",
        title=voice.say(text("Who will come back?")),
        lead=voice.say(
            text(
                "Nobody cancels a shop; customers just stop. For everyone: how likely an order is within 14 and 30 days, when it is due, "
                "and who has silently gone."
            )
        ),
        blocks=tuple(blocks),
    )


def _figures(repeat: RepeatView, *, within_30: float, silent: float, voice: Voice) -> Figures:
    n = max(repeat.n_scored, 1)
    return Figures(
        figures=(
            Figure(
                label=voice.say(text("Expected to order within 30 days")),
                value=voice.number(round(within_30)),
                note=voice.say(
                    text("{rate} of {n} customers"), rate=voice.percent(within_30 / n), n=voice.number(n)
                ),
            ),
            Figure(
                label=voice.say(text("Gone for good, expected")),
                value=voice.number(round(silent)),
                note=voice.say(
                    text("{rate} of {n} customers"), rate=voice.percent(silent / n), n=voice.number(n)
                ),
            ),
        )
    )


def _picture(repeat: RepeatView, *, origin_on: date, voice: Voice) -> Picture:
    came, said = voice.say(text("What came")), voice.say(text("What was predicted"))
    off_rate = sum(abs(one.said - one.came) for one in repeat.tenths) / len(repeat.tenths)
    return voice.picture(
        lambda width: columns_with_marks(
            [str(place) for place in range(1, len(repeat.tenths) + 1)],
            columns=(came, [one.came for one in repeat.tenths]),
            marks=(said, [one.said for one in repeat.tenths]),
            amounts=voice.rates(text("Share that ordered within 30 days")),
            title=voice.say(text("Groups of customers, the least likely first")),
            width=width,
        ),
        title=voice.say(
            text("Tried on the past: predicted on {day}, what came within 30 days"),
            day=voice.words.day(origin_on),
        ),
        see=voice.say(
            text("Ten equal groups by predicted probability. On average a group was {off} off."),
            off=voice.percent(off_rate),
        ),
        do=voice.say(
            text(
                "A message changes little for the likeliest: most of them come anyway. Try offers, with a holdout, where an order is open: "
                "the groups in the middle; name them in a segment by `p_order_30`."
            )
        ),
    )


def _rivals(repeat: RepeatView, *, voice: Voice) -> Grid:
    def read(value: float | None) -> str:
        return "–" if value is None else voice.words.number(value, decimals=3)

    return Grid(
        title=voice.say(text("Against simple rules, within 30 days")),
        headings=(
            voice.say(text("Way to predict")),
            voice.say(text("AUC (larger is better)")),
            voice.say(text("Log-loss (smaller is better)")),
        ),
        rows=tuple(
            (
                voice.say(text("{name} (chosen)"), name=one.name) if one.is_model else one.name,
                read(one.auc),
                read(one.log_loss),
            )
            for one in repeat.rivals
        ),
    )
