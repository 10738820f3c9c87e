"""What can stand in the way of sending."""

from __future__ import annotations

from aimwell.base.errors import InvalidInput, NotFound, Unavailable
from aimwell.base.words import text

__all__ = ["ChannelMissing", "NotQueued", "RunEnded", "SenderBusy"]


class SenderBusy(Unavailable):
    """Another process sends from this SQLite database."""

    code = "sender_busy"
    template = text(
        "Another process is sending from {database}. On SQLite one sender works at a time; wait until it has finished, "
        "or set `database_url` to PostgreSQL, where several may."
    )


class NotQueued(NotFound):
    """There are no messages of this campaign."""

    code = "not_queued"
    template = text("Campaign `{campaign_id}` has no messages yet. Queue them: aimwell campaign send")


class RunEnded(InvalidInput):
    """A campaign that is stopped or done cannot go on, and one that does not go on cannot be paused."""

    code = "run_ended"
    template = text(
        "Campaign `{campaign_id}` is {state}; it would have to be {allowed} for this. Plan it anew to send more: aimwell campaign plan"
    )


class ChannelMissing(NotFound):
    """Messages wait for a channel that the shop has not set up."""

    code = "channel_missing"
    template = text(
        "channels.toml has no channel `{channel}`; it has: {known}. Describe it there (docs/channels.md), then run this again; nothing was sent by it."
    )
