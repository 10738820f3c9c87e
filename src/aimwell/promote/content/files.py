"""Reads the folder of a template: its parts in each language, its snippets, its settings. Nothing outside the folder is read."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from aimwell.base.allowed import allowed
from aimwell.base.words import Sentence, text
from aimwell.promote.content.errors import (
    ContentBadKey,
    ContentBadValue,
    ContentMissing,
    ContentNotToml,
    TemplateWrong,
)

__all__ = [
    "FOLDER_NAME",
    "PARTS",
    "ContentSettings",
    "Edition",
    "PartName",
    "content_folder",
    "content_names",
    "read_editions",
]

FOLDER_NAME = "content"
SETTINGS_FILE = "content.toml"
PartName = Literal["subject", "text", "html"]
PARTS: Mapping[str, PartName] = {
    "subject.liquid": "subject",
    "text.liquid": "text",
    "html.liquid": "html",
    "html.mjml": "html",
}

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,63}")
_LOCALE = re.compile(r"[A-Za-z]{2,3}([_-][A-Za-z0-9]{2,8}){0,2}")
_LARGEST_FILE = 1_048_576  # bytes; what is parsed is limited again, in characters


class ContentSettings(BaseModel):
    """What content.toml says.

    Attributes
    ----------
    locale
        Language of the files beside it, and the one to fall back to.
    template_id, params
        For providers of text messages and WeChat: the template they approved, and Liquid for each of its slots.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    locale: Annotated[str, Field(pattern=f"^{_LOCALE.pattern}$")] = "en"
    template_id: Annotated[str, Field(min_length=1, max_length=100)] | None = None
    params: Annotated[
        dict[
            Annotated[str, Field(pattern=r"^[A-Za-z0-9_.-]{1,64}$")], Annotated[str, Field(max_length=2_000)]
        ],
        Field(max_length=50),
    ] = Field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Edition:
    """A template in one language.

    Attributes
    ----------
    files
        Path and source of each part.
    snippets
        Path and source of each snippet by name.
    """

    locale: str
    settings: ContentSettings
    settings_path: Path
    files: Mapping[PartName, tuple[Path, str]]
    snippets: Mapping[str, tuple[Path, str]]


def content_names(folder: Path) -> tuple[str, ...]:
    """Return the names of all templates of a shop, in order."""
    place = folder / FOLDER_NAME
    if not place.is_dir():
        return ()
    return tuple(sorted(one.name for one in place.iterdir() if one.is_dir() and _NAME.fullmatch(one.name)))


def content_folder(folder: Path, name: str) -> Path:
    """Return the folder of one template of a shop.

    Raises
    ------
    ContentMissing
        If there is none of this name.
    """
    known = content_names(folder)
    if name not in known:
        raise ContentMissing(
            name=name, folder=folder / FOLDER_NAME, known=", ".join(known) or Sentence(text("none yet"))
        )
    return folder / FOLDER_NAME / name


def read_editions(folder: Path) -> dict[str, Edition]:
    """Return a template in each of its languages, by locale in lower case with hyphens; first the one that others fall back to.

    That is the language that content.toml names: of the files beside it, or of a folder.

    Raises
    ------
    ContentNotToml, ContentBadKey, ContentBadValue, TemplateWrong
        With the file and the place.
    """
    base = _edition(folder, locale=None, root=folder, shared={})
    places = sorted(one for one in folder.iterdir() if one.is_dir() and _LOCALE.fullmatch(one.name))
    named = [_edition(one, locale=one.name, root=folder, shared=base.snippets) for one in places]
    found = [edition for edition in (base, *named) if _says_something(edition)]
    if not found:
        parts = Sentence(text("it has none of {files}"), {"files": ", ".join((*PARTS, "template_id"))})
        raise TemplateWrong(file=folder, line=1, problem=parts)
    found.sort(key=lambda edition: _key(edition.locale) != _key(base.locale))  # the others stay in order
    return {_key(edition.locale): edition for edition in found}


def _says_something(edition: Edition) -> bool:
    return bool(edition.files or edition.settings.template_id)


def _key(locale: str) -> str:
    return locale.lower().replace("_", "-")


def _edition(
    folder: Path, *, locale: str | None, root: Path, shared: Mapping[str, tuple[Path, str]]
) -> Edition:
    settings = _settings(folder / SETTINGS_FILE, root=root)
    files: dict[PartName, tuple[Path, str]] = {}
    snippets = dict(shared)
    for path in sorted(folder.iterdir()):
        if not path.is_file():
            continue
        if path.name in PARTS:
            part = PARTS[path.name]
            if part in files:
                twice = Sentence(
                    text("there is {other} too; one of them is enough"), {"other": files[part][0].name}
                )
                raise TemplateWrong(file=path, line=1, problem=twice)
            files[part] = path, _source(path, root=root)
        elif path.suffix == ".liquid":
            snippets[path.stem] = path, _source(path, root=root)
    return Edition(
        locale=locale or settings.locale,
        settings=settings,
        settings_path=folder / SETTINGS_FILE,
        files=files,
        snippets=snippets,
    )


def _source(path: Path, *, root: Path) -> str:
    """Return what a file holds; a link out of the folder is not followed."""
    if not path.resolve().is_relative_to(root.resolve()):
        raise TemplateWrong(
            file=path, line=1, problem=Sentence(text("it is a link to a place outside the folder"))
        )
    with path.open("rb") as file:
        held = file.read(_LARGEST_FILE + 1)
    if len(held) > _LARGEST_FILE:
        large = Sentence(text("it has more than {limit} bytes"), {"limit": _LARGEST_FILE})
        raise TemplateWrong(file=path, line=1, problem=large)
    try:
        return held.decode("utf-8-sig").replace("\r\n", "\n")
    except UnicodeDecodeError as exc:
        line = held.count(b"\n", 0, exc.start) + 1
        raise TemplateWrong(file=path, line=line, problem=Sentence(text("it is not UTF-8"))) from exc


def _settings(path: Path, *, root: Path) -> ContentSettings:
    if not path.exists():
        return ContentSettings()
    try:
        data = tomllib.loads(_source(path, root=root))
    except tomllib.TOMLDecodeError as exc:
        raise ContentNotToml(path=path, detail=exc) from exc
    try:
        return ContentSettings.model_validate(data)
    except ValidationError as exc:
        first = exc.errors(include_url=False)[0]
        key = ".".join(str(step) for step in first["loc"])
        if first["type"] == "extra_forbidden":
            known = ", ".join(sorted(ContentSettings.model_fields))
            raise ContentBadKey(path=path, key=key, allowed=known) from exc
        raise ContentBadValue(path=path, key=key, value=repr(first["input"]), allowed=allowed(first)) from exc
