"""What a round is made of, file by file: so that what goes out is what was approved."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path

__all__ = ["campaign_path", "changed", "content_of", "known_campaigns", "template_folder"]

CAMPAIGNS_FOLDER = "campaigns"
CONTENT_FOLDER = "content"


def campaign_path(folder: Path, name: str) -> Path:
    """Return where the file of a campaign lies in the shop's folder."""
    return folder / CAMPAIGNS_FOLDER / f"{name}.toml"


def template_folder(folder: Path, template: str) -> Path:
    """Return where a template lies in the shop's folder."""
    return folder / CONTENT_FOLDER / template


def known_campaigns(folder: Path) -> list[str]:
    """Return the names of all campaign files, sorted."""
    return sorted(path.stem for path in (folder / CAMPAIGNS_FOLDER).glob("*.toml"))


def content_of(folder: Path, *, name: str, template: str) -> dict[str, str]:
    """Return the SHA-256 of the campaign file (with its offers) and of every file of its template, by path in the shop's folder."""
    paths = [campaign_path(folder, name)]
    paths += sorted(path for path in template_folder(folder, template).rglob("*") if path.is_file())
    return {
        path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest() for path in paths
    }


def changed(before: Mapping[str, str], now: Mapping[str, str]) -> list[str]:
    """Return the paths of the files that were changed, added or deleted, sorted."""
    return sorted(path for path in before.keys() | now.keys() if before.get(path) != now.get(path))
