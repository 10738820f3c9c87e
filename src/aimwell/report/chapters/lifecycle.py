"""Lifecycle flow: who moved up, who slipped."""

from __future__ import annotations

from collections import Counter

from aimwell.base.words import text
from aimwell.portraits.traits.lifecycle import AIPL, RFM_SEGMENTS
from aimwell.report.chapters.voice import Voice
from aimwell.report.charts.flow import Ribbon, stage_flow
from aimwell.report.charts.theme import NARROW
from aimwell.report.model import Flow, Lifecycle
from aimwell.report.page.blocks import Block, Chapter

__all__ = ["lifecycle_chapter"]

_STAGES: dict[Lifecycle, dict[str, str]] = {"aipl": AIPL, "rfm": RFM_SEGMENTS}
_TITLES: dict[Lifecycle, str] = {
    "aipl": text("From awareness to loyalty (AIPL), then and now"),
    "rfm": text("RFM segments, then and now"),
}

_LOSING = text(
    "More customers slip than climb. Begin with the widest grey ribbon that leaves the upper stages: win these back first."
)
_WINNING = text(
    "More customers climb than slip. Find out what moved them, do it again, and give those on the stage below the top a "
    "reason for the last step."
)


def lifecycle_chapter(flows: tuple[Flow, ...], *, voice: Voice) -> Chapter:
    """Return the chapter of the flows between stages; without two snapshots the sentence that says how to make them."""
    blocks: tuple[Block, ...]
    if not flows:
        blocks = (
            voice.missing(
                text(
                    "The flow needs portraits of two moments. Build them: `aimwell portrait build --as-of DATE`, once for an "
                    "earlier day and once for this one."
                )
            ),
        )
    else:
        blocks = tuple(_picture(flow, voice=voice) for flow in flows)
    return Chapter(
        anchor="lifecycle",
        title=voice.say(text("Who moves up, who slips away?")),
        lead=voice.say(
            text(
                "Every customer stands on one stage of the lifecycle. Ribbons show how they moved between two days."
            )
        ),
        blocks=blocks,
    )


def _picture(flow: Flow, *, voice: Voice) -> Block:
    names = _STAGES[flow.lifecycle]
    top_down = list(reversed(flow.stages))
    place = {stage: i for i, stage in enumerate(top_down)} | {None: len(top_down)}
    known = [voice.say(names.get(stage, stage)) for stage in top_down]
    sides = ([*known, voice.say(text("Not yet there"))], [*known, voice.say(text("No longer there"))])
    ribbons = [Ribbon(start=place[k.before], end=place[k.after], n_people=k.n_people) for k in flow.links]
    counts = (Counter[int](), Counter[int]())
    for ribbon in ribbons:
        counts[0][ribbon.start] += ribbon.n_people
        counts[1][ribbon.end] += ribbon.n_people

    def labels(side: int, *, width: int) -> list[str]:
        template = "{stage}\n{n_people}" if width <= NARROW else "{stage} · {n_people}"
        return [
            template.format(stage=stage, n_people=voice.number(counts[side][i]))
            for i, stage in enumerate(sides[side])
        ]

    n_up, n_down = flow.moved(up=True), flow.moved(up=False)
    return voice.picture(
        lambda width: stage_flow(
            ribbons,
            n_stages=len(sides[0]),
            labels=(labels(0, width=width), labels(1, width=width)),
            titles=(voice.words.day(flow.before_on), voice.words.day(flow.after_on)),
            width=width,
        ),
        title=voice.say(_TITLES[flow.lifecycle]),
        see=voice.say(
            text(
                "From {before} to {after}, {n_up} customers moved up (dark ribbons) and {n_down} moved down (grey ribbons)."
            ),
            before=voice.words.day(flow.before_on),
            after=voice.words.day(flow.after_on),
            n_up=voice.number(n_up),
            n_down=voice.number(n_down),
        ),
        do=voice.say(_LOSING if n_down > n_up else _WINNING),
    )
