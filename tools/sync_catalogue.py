"""Bring the message catalogue up to the code: add newly marked texts untranslated, drop those that are gone.

Run it after adding or changing a text, then translate the entries it lists in src/aimwell/base/locale/zh.po.
"""

from __future__ import annotations

from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po, write_po

PACKAGE = Path(__file__).parents[1] / "src" / "aimwell"
CATALOGUE = PACKAGE / "base" / "locale" / "zh.po"


def marked_texts() -> list[tuple[str, str]]:
    """Return (text, file) of every text marked in the code and the templates, in order."""
    found = extract_from_dir(
        PACKAGE, method_map=[("**.py", "python"), ("**.html", "jinja2")], keywords={"text": None, "say": None}
    )
    return [(message, file) for file, _, message, _, _ in found if isinstance(message, str)]


def main() -> None:
    """Rewrite the catalogue in the order of the code."""
    known: dict[str, str] = {}
    if CATALOGUE.exists():
        with CATALOGUE.open("rb") as file:
            known = {str(m.id): str(m.string) for m in read_po(file) if m.id}
    catalogue = Catalog(
        header_comment="# 简体中文 of every marked text. Kept by tools/sync_catalogue.py.", fuzzy=False
    )
    for text, file in sorted(marked_texts(), key=lambda found: found[1]):
        catalogue.add(text, known.get(text, ""), locations=[(file, 0)])
    CATALOGUE.parent.mkdir(parents=True, exist_ok=True)
    with CATALOGUE.open("wb") as file:
        write_po(file, catalogue, width=0, include_lineno=False, omit_header=True)
    missing = [str(m.id) for m in catalogue if m.id and not m.string]
    print(f"{len(catalogue)} texts, {len(missing)} without translation")
    for text in missing:
        print(f"  {text}")


if __name__ == "__main__":
    main()
