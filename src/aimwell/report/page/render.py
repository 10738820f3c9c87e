"""Makes the page one HTML file: style inside, drawings inside, no script, nothing asked from outside."""

from __future__ import annotations

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup, escape

from aimwell.report.page.blocks import Page

__all__ = ["render"]


def render(page: Page) -> str:
    """Return the page as HTML; every text is escaped, drawings are our own SVG."""
    environment = Environment(
        loader=PackageLoader("aimwell.report"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["coded"] = _coded
    style = Markup(environment.get_template("style.css").render())  # noqa: S704 - our own file, without values
    return environment.get_template("page.html").render(page=page, style=style)


def _coded(sentence: str) -> Markup:
    """Return an escaped sentence in which what stands between backticks is set as code."""
    parts = sentence.split("`")
    return Markup("").join(
        Markup("<code>{}</code>").format(part) if i % 2 else escape(part) for i, part in enumerate(parts)
    )
