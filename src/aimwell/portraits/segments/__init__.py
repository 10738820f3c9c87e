"""Segments: groups of people by rules that are data, never code."""

from __future__ import annotations

from aimwell.portraits.segments.built_in import BUILT_IN_SEGMENTS
from aimwell.portraits.segments.model import Segment, SegmentBook
from aimwell.portraits.segments.rules import parse_rule, read_segments, traits_of
from aimwell.portraits.segments.tables import members, membership

__all__ = [
    "BUILT_IN_SEGMENTS",
    "Segment",
    "SegmentBook",
    "members",
    "membership",
    "parse_rule",
    "read_segments",
    "traits_of",
]
