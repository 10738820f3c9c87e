"""Templates in folders, and facts to fill them with."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from aimwell.promote.content.template import Template

FACTS: dict[str, Any] = {
    "person": {"name": "Ann <b>Lee</b>", "first_name": "Ann & co", "n_orders": 3, "top_category": None},
    "offer": {"id": "mug10", "name": '10 % "off"'},
    "products": [
        {"name": "Mug <1>", "price_minor": 1250, "currency": "EUR", "url": "https://shop.example/p?a=1&b=2"},
        {"name": "Cup", "price_minor": 300, "currency": "EUR", "url": "javascript:alert(1)"},
    ],
    "shop": {"name": "Little Shop", "currency": "EUR"},
    "unsubscribe_url": "https://shop.example/u/1",
    "preferences_url": None,
}


def written(folder: Path, **files: str) -> Path:
    """Write files into a template's folder; `zh__text` is zh/text.liquid, `toml` content.toml, `mjml` html.mjml."""
    place = folder / "spring"
    for name, source in files.items():
        path = place / Path(*name.split("__"))
        path = path.with_name(
            {"toml": "content.toml", "mjml": "html.mjml"}.get(path.name, f"{path.name}.liquid")
        )
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(source, "utf-8")
    return place


def filled(folder: Path, html: str, *, is_strict: bool = True, **files: str) -> str:
    """Return the HTML part of a template for the usual facts."""
    template = Template.read(written(folder, html=html, **files))
    page = template.render(FACTS, locale="en", is_strict=is_strict).html
    assert page is not None
    return page
