"""Pieces of a model card's page that all families share."""

from __future__ import annotations

from collections.abc import Sequence

from aimwell.base.words import Sentence, Words, text

__all__ = ["page", "section", "table", "warnings"]


def page(sections: Sequence[str]) -> str:
    """Return the sections below each other; empty ones are left out."""
    return "\n\n".join(section for section in sections if section) + "\n"


def warnings(notes: Sequence[Sentence], words: Words) -> str:
    """Return what a reader must know before trusting a model; nothing where there is nothing."""
    if not notes:
        return ""
    title = words.say(text("Before you trust it"))
    return f"## {title}\n\n" + "\n".join(f"- {note.said(words)}" for note in notes)


def section(title: str, headings: Sequence[str], rows: Sequence[Sequence[str]], words: Words) -> str:
    """Return a table under its title, a marked text or one already said; headings are marked texts, cells ready to read."""
    return f"## {words.say(title)}\n\n{table(headings, rows, words)}"


def table(headings: Sequence[str], rows: Sequence[Sequence[str]], words: Words) -> str:
    """Return a table; headings are marked texts, cells ready to read."""
    lines = [[words.say(heading) for heading in headings], ["---"] * len(headings), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)
