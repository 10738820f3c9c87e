"""Makes a new campaign in the shop's folder, from a recipe."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from importlib import resources
from importlib.resources.abc import Traversable
from pathlib import Path

from aimwell.promote.campaigns.content import campaign_path, template_folder
from aimwell.promote.campaigns.errors import CampaignThere, NameUnfit, RecipeUnknown, SegmentClash

__all__ = ["new_campaign", "recipes"]

_RECIPES = "aimwell.promote.campaigns.recipes"
_LONGEST_NAME = 40
_PLACE = "TEMPLATE"  # stands in a recipe's file for the name of the template


def recipes() -> tuple[str, ...]:
    """Return the names of all recipes, sorted."""
    return tuple(
        sorted(one.name for one in resources.files(_RECIPES).iterdir() if one.is_dir() and one.name[0] != "_")
    )


def new_campaign(name: str, *, recipe: str, folder: Path) -> tuple[Path, ...]:
    """Write a recipe's campaign file, template and segment into a shop's folder; returns the files written or added to.

    Parameters
    ----------
    name
        Of the campaign: small letters, digits, `-` and `_`.
    recipe
        One of `recipes()`.
    folder
        The shop's.

    Raises
    ------
    NameUnfit, RecipeUnknown
        If there is no such thing.
    CampaignThere, SegmentClash
        If something of this name is there already; nothing is written then.
    """
    if not _is_fit(name):
        raise NameUnfit(name=name)
    if recipe not in recipes():
        raise RecipeUnknown(name=recipe, known=", ".join(recipes()))
    source = resources.files(_RECIPES) / recipe
    path, content = campaign_path(folder, name), template_folder(folder, name)
    for there in (path, content):
        if there.exists():
            raise CampaignThere(path=there)
    segments = _with_segment(folder / "segments.toml", source / "segment.toml")
    written = [content / place for place in _copied(source / "content", content)]
    path.parent.mkdir(exist_ok=True)
    path.write_text((source / "campaign.toml").read_text("utf-8").replace(_PLACE, name), "utf-8")
    if segments is not None:
        (folder / "segments.toml").write_text(segments, "utf-8")
        written.append(folder / "segments.toml")
    return (path, *written)


def _is_fit(name: str) -> bool:
    letters = name.replace("-", "").replace("_", "")
    return (
        letters.isascii()
        and letters.isalnum()
        and name == name.lower()
        and len(name) <= _LONGEST_NAME
        and name[0].isalpha()
    )


def _with_segment(path: Path, source: Traversable) -> str | None:
    """Return what segments.toml is to hold, or None if the recipe's segment is there already."""
    told = source.read_text("utf-8")
    before = path.read_text("utf-8") if path.exists() else ""
    held, added = tomllib.loads(before).get("segments", {}), tomllib.loads(told)["segments"]
    for segment, definition in added.items():
        if segment in held and held[segment] != definition:
            raise SegmentClash(segment=segment)
        if segment in held:
            return None
    return f"{before.rstrip()}\n\n{told}".lstrip()


def _copied(source: Traversable, target: Path) -> Iterator[Path]:
    """Copy a folder and yield the places of its files in it."""
    target.mkdir(parents=True)
    for one in sorted(source.iterdir(), key=lambda each: each.name):
        if one.is_dir():
            yield from (Path(one.name) / place for place in _copied(one, target / one.name))
        else:
            (target / one.name).write_bytes(one.read_bytes())
            yield Path(one.name)
