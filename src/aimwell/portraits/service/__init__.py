"""What a user does with portraits: build, look, compare, and pick people."""

from __future__ import annotations

from aimwell.portraits.service.comparing import drift, stage_flow, survey
from aimwell.portraits.service.looking import portrait_of, trait_dictionary
from aimwell.portraits.service.picking import (
    segment_count,
    segment_export,
    segment_list,
    segment_members,
    shop_segments,
)
from aimwell.portraits.service.snapshots import (
    build_portraits,
    laid_beside,
    newest_snapshot,
    shop_traits,
    snapshot_at,
    snapshot_rows,
    snapshots,
)
from aimwell.portraits.service.state import refresh_state, state_at

__all__ = [
    "build_portraits",
    "drift",
    "laid_beside",
    "newest_snapshot",
    "portrait_of",
    "refresh_state",
    "segment_count",
    "segment_export",
    "segment_list",
    "segment_members",
    "shop_segments",
    "shop_traits",
    "snapshot_at",
    "snapshot_rows",
    "snapshots",
    "stage_flow",
    "state_at",
    "survey",
    "trait_dictionary",
]
