"""The names, for people, of the values that traits take from a fixed list."""

from __future__ import annotations

from collections.abc import Mapping

from aimwell.base.words import text
from aimwell.portraits.traits.lifecycle import AIPL, JD_4A, RFM_SEGMENTS, VALUE_TIERS

__all__ = ["value_name"]

_NAMES: Mapping[str, Mapping[str, str]] = {
    "aipl_stage": AIPL,
    "jd_4a_stage": JD_4A,
    "price_tier": {
        "budget": text("Low-priced"),
        "middle": text("Mid-priced"),
        "premium": text("High-priced"),
    },
    "rfm_segment": RFM_SEGMENTS,
    "usual_daypart": {
        "night": text("Night"),
        "morning": text("Morning"),
        "afternoon": text("Afternoon"),
        "evening": text("Evening"),
    },
    "usual_quarter": {
        "quarter_1": text("First quarter"),
        "quarter_2": text("Second quarter"),
        "quarter_3": text("Third quarter"),
        "quarter_4": text("Fourth quarter"),
    },
    "usual_weekday": {
        "monday": text("Monday"),
        "tuesday": text("Tuesday"),
        "wednesday": text("Wednesday"),
        "thursday": text("Thursday"),
        "friday": text("Friday"),
        "saturday": text("Saturday"),
        "sunday": text("Sunday"),
    },
    "value_tier": VALUE_TIERS,
}


def value_name(trait: str, value: str) -> str:
    """Return the name of a trait's value, a marked text; a value without one, such as a brand, is its own name."""
    return _NAMES.get(trait, {}).get(value, value)
