"""What portraits tell: lifecycle, segments, examples, and surveys."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Literal

__all__ = [
    "Example",
    "Flow",
    "FlowLink",
    "Lifecycle",
    "PeopleView",
    "SegmentShare",
    "SurveyError",
    "SurveyView",
]

Lifecycle = Literal["aipl", "rfm"]


@dataclass(frozen=True, kw_only=True)
class FlowLink:
    """People who stood in one stage then and in another now; None: not yet, or no longer, there."""

    before: str | None
    after: str | None
    n_people: int


@dataclass(frozen=True, kw_only=True)
class Flow:
    """How people moved between the stages (lowest first) of a lifecycle from one snapshot to a later one."""

    lifecycle: Lifecycle
    before_on: date
    after_on: date
    stages: tuple[str, ...]
    links: tuple[FlowLink, ...]

    def moved(self, *, up: bool) -> int:
        """Return how many people stand further up (or down) than before; stages are listed from first to last."""
        place = {stage: i for i, stage in enumerate(self.stages)}
        return sum(
            link.n_people
            for link in self.links
            if link.before is not None
            and link.after is not None
            and (place[link.after] > place[link.before] if up else place[link.after] < place[link.before])
        )


@dataclass(frozen=True, kw_only=True)
class SegmentShare:
    """One segment: its people, their sales so far, and their expected margin over the horizon (None: no value model)."""

    name: str
    n_people: int
    sales_minor: int
    value_minor: int | None = None


@dataclass(frozen=True, kw_only=True)
class Example:
    """One person as an example, known by number only; money in minor units, None where there is none."""

    person_id: int
    segment: str
    n_orders: int
    spend_365d_minor: int
    days_since_last_order: int | None
    mean_gap_days: float | None
    top_category: str | None
    expected_margin_minor: int | None = None


@dataclass(frozen=True, kw_only=True)
class SurveyError:
    """One trait's mean, or one segment's share, in sample surveys.

    Half of the surveys were off by at most `median_rate` of the true value, 95 of 100 by at most `most_rate`.
    """

    name: str
    median_rate: float
    most_rate: float


@dataclass(frozen=True, kw_only=True)
class SurveyView:
    """Sample surveys of so many people, drawn again and again, against the full data."""

    n_people: int
    n_repeats: int
    errors: tuple[SurveyError, ...]


@dataclass(frozen=True, kw_only=True)
class PeopleView:
    """What portraits tell; empty where none were built, or none of an earlier moment."""

    flows: tuple[Flow, ...] = ()
    segments: tuple[SegmentShare, ...] = ()
    examples: tuple[Example, ...] = ()
    survey: SurveyView | None = None
