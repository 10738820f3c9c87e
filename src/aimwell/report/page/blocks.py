"""What a page is made of: texts, numbers and drawings that are ready to be read."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Literal

from aimwell.report.charts.theme import Drawing

__all__ = ["Block", "Chapter", "Figure", "Figures", "Grid", "Note", "Page", "Picture"]


@dataclass(frozen=True, kw_only=True)
class Figure:
    """One key figure: what it is, its value with its unit, and one more thing to know about it."""

    label: str
    value: str
    note: str = ""


@dataclass(frozen=True, kw_only=True)
class Figures:
    """A row of key figures."""

    kind: ClassVar = "figures"
    figures: tuple[Figure, ...]


@dataclass(frozen=True, kw_only=True)
class Picture:
    """A chart with one sentence of what to see in it and one of what to do next."""

    kind: ClassVar = "picture"
    title: str
    drawing: Drawing
    see: str
    do: str


@dataclass(frozen=True, kw_only=True)
class Grid:
    """A table: the first `n_texts` columns are texts, the others numbers."""

    kind: ClassVar = "grid"
    title: str
    headings: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    n_texts: int = 1


@dataclass(frozen=True, kw_only=True)
class Note:
    """A paragraph: plain, an assumption that must not be overlooked, or what is missing and how to get it."""

    kind: ClassVar = "note"
    tone: Literal["plain", "assumption", "missing"] = "plain"
    text: str


Block = Figures | Picture | Grid | Note


@dataclass(frozen=True, kw_only=True)
class Chapter:
    """One chapter: where links point to, its title, its opening sentence, and its blocks."""

    anchor: str
    title: str
    lead: str
    blocks: tuple[Block, ...]


@dataclass(frozen=True, kw_only=True)
class Page:
    """The whole page in one language."""

    language: str
    shop_name: str
    title: str
    subtitle: str
    contents: str
    see: str
    do: str
    figures: tuple[Figure, ...]
    chapters: tuple[Chapter, ...]
    closing: tuple[str, ...]
