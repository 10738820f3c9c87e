"""What can go wrong when a world is made or played."""

from __future__ import annotations

from aimwell.base.errors import InvalidInput, NotFound
from aimwell.base.words import text

__all__ = ["FolderNotEmpty", "PastTheEnd", "TouchesUnusable", "TruthInside", "WorldInvalid", "WorldMissing"]


class WorldInvalid(InvalidInput):
    """A number of the world cannot be."""

    code = "world_invalid"
    template = text("{name} is {value}; allowed: {allowed}. Change it and try again.")


class WorldMissing(NotFound):
    """The folder holds no world."""

    code = "world_missing"
    template = text(
        "There is no simulated world in {folder}: {file} was searched and not found. Make one with `aimwell simulate files` or `aimwell simulate shop`."
    )


class FolderNotEmpty(InvalidInput):
    """A world would be written over something else."""

    code = "folder_not_empty"
    template = text("{folder} is not empty. Choose an empty or new folder.")


class TruthInside(InvalidInput):
    """The truth would lie where the engine reads."""

    code = "truth_inside"
    template = text(
        "The truth may not lie in {folder}, inside the shop or beside the files that are loaded: {inside}. Choose a folder apart with --truth."
    )


class PastTheEnd(InvalidInput):
    """A world is asked for days that it does not have."""

    code = "past_the_end"
    template = text(
        "The world ends before day {last}; asked was for day {day}. Play fewer days, or make it again with more `spare_days`."
    )


class TouchesUnusable(InvalidInput):
    """The contacts to be played cannot be read."""

    code = "touches_unusable"
    template = text("{what} of the contacts is {value}; allowed: {allowed}. Correct the file and play again.")
