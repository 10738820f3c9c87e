"""Segments that every shop has: RFM, value tiers, and the stages of AIPL and 4A."""

from __future__ import annotations

from collections.abc import Mapping

from aimwell.portraits.measures import Condition
from aimwell.portraits.segments.model import Segment, SegmentBook, TraitTest
from aimwell.portraits.traits.lifecycle import AIPL, JD_4A, RFM_SEGMENTS, VALUE_TIERS

__all__ = ["BUILT_IN_SEGMENTS"]


def _by(trait: str, values: Mapping[str, str], *, prefix: str) -> list[Segment]:
    return [
        Segment(
            name=f"{prefix}_{value}",
            meaning=meaning,
            rule=TraitTest(condition=Condition(column=trait, op="eq", value=value)),
        )
        for value, meaning in values.items()
    ]


BUILT_IN_SEGMENTS = SegmentBook(
    (
        *_by("rfm_segment", RFM_SEGMENTS, prefix="rfm"),
        *_by("value_tier", VALUE_TIERS, prefix="value"),
        *_by("aipl_stage", AIPL, prefix="aipl"),
        *_by("jd_4a_stage", JD_4A, prefix="4a"),
    )
)
