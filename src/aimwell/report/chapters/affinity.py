"""What people want next: lists of products on trial, and categories that many may need."""

from __future__ import annotations

from aimwell.base.words import text
from aimwell.report.chapters.voice import Voice
from aimwell.report.charts.bars import paired_bars
from aimwell.report.charts.theme import Scale
from aimwell.report.model import AffinityView
from aimwell.report.page.blocks import Block, Chapter, Grid, Note, Picture

__all__ = ["affinity_chapter"]


def affinity_chapter(affinity: AffinityView | None, *, voice: Voice) -> Chapter:
    """Return the chapter of affinity; without a model the sentence that says how to fit one."""
    blocks: list[Block] = []
    if affinity is None:
        blocks.append(
            voice.missing(
                text(
                    "No affinity model was fitted yet. Fit one and score your customers: `aimwell predict fit affinity`, then "
                    "`aimwell predict score affinity`."
                )
            )
        )
    else:
        blocks.append(_rivals(affinity, voice=voice))
        blocks += [_picture(affinity, voice=voice)] if affinity.needs else []
        blocks += [Note(text=note) for note in affinity.notes]
    return Chapter(
        anchor="affinity",
        title=voice.say(text("What do customers want next?")),
        lead=voice.say(
            text(
                "For everyone a list of products for the next basket: what is due again, and what is new but fits. And categories that "
                "people like them buy and they do not yet."
            )
        ),
        blocks=tuple(blocks),
    )


def _rivals(affinity: AffinityView, *, voice: Voice) -> Grid:
    def read(rate: float) -> str:
        return voice.words.percent(rate, decimals=1)

    return Grid(
        title=voice.say(
            text("Lists of {k} products, on the newest basket of {n} customers ({rate} of it bought before)"),
            k=affinity.k,
            n=voice.number(affinity.n_people),
            rate=voice.percent(affinity.repeat_rate),
        ),
        headings=(
            voice.say(text("Way to recommend")),
            voice.say(text("Of the basket found")),
            voice.say(text("Of what was bought before")),
            voice.say(text("Of what was new")),
            "NDCG",
        ),
        rows=tuple(
            (
                voice.say(text("{name} (chosen)"), name=one.name) if one.is_model else one.name,
                read(one.recall),
                read(one.repeat_recall),
                read(one.explore_recall),
                voice.words.number(one.ndcg, decimals=3),
            )
            for one in affinity.rivals
        ),
    )


def _picture(affinity: AffinityView, *, voice: Voice) -> Picture:
    people = voice.say(text("Customers"))
    first = affinity.needs[0]
    return voice.picture(
        lambda width: paired_bars(
            [need.category for need in affinity.needs],
            {people: [need.n_people for need in affinity.needs]},
            amounts=Scale(title=people, read=voice.words.compact),
            width=width,
        ),
        title=voice.say(text("Categories that customers may need and do not buy here yet")),
        see=voice.say(
            text("{category} comes first for {n} customers: people who buy what they buy, buy it too."),
            category=first.category,
            n=voice.number(first.n_people),
        ),
        do=voice.say(
            text(
                "Show the category to them and keep a holdout; name them in a segment by `needed_category`, reasons stand in the table "
                "`affinity_needs`."
            )
        ),
    )
