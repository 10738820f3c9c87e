"""Write the generated reference pages under docs/reference; `--check` only says which are out of date."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import typer

from aimwell.base.errors import UserError
from aimwell.base.settings import Settings
from aimwell.base.words import Words
from aimwell.cli.main import build
from aimwell.portraits.dictionary import traits_page
from aimwell.portraits.traits import BUILT_IN
from aimwell.predict.traits import PREDICTED

REFERENCE = Path(__file__).parents[1] / "docs" / "reference"
HEAD = "<!-- Written by tools/write_docs.py; change the code, then run `make docs`. -->\n"


def cli_page() -> str:
    """Return every command with its help."""
    lines = [HEAD, "# Commands", ""]

    def walk(command: Any, path: str) -> None:
        if hasattr(command, "commands"):
            for name, child in sorted(command.commands.items()):
                walk(child, f"{path} {name}")
            return
        context = typer.Context(command, info_name=path, terminal_width=100, max_content_width=100)
        lines.extend([f"## {path}", "", "```", command.get_help(context), "```", ""])

    walk(build(Words("en")), "aimwell")
    return "\n".join(lines)


def settings_page() -> str:
    """Return every setting with its meaning, flag, variable and default."""
    lines = [
        HEAD,
        "# Settings",
        "",
        "Searched in this order: flag, environment, `aimwell.toml` in the shop's folder, default.",
        "",
        "| setting | variable | default | meaning |",
        "|---|---|---|---|",
    ]
    for name, field in Settings.model_fields.items():
        default = "" if field.default is None else f"`{field.default}`"
        lines.append(f"| `{name}` | `AIMWELL_{name.upper()}` | {default} | {field.description} |")
    return "\n".join(lines) + "\n"


def errors_page() -> str:
    """Return every error that may be shown, by its stable code."""

    def below(cls: type[UserError]) -> list[type[UserError]]:
        return [cls, *(c for child in cls.__subclasses__() for c in below(child))]

    classes = {c.code: c for c in below(UserError) if c.template != UserError.template}
    lines = [
        HEAD,
        "# Errors",
        "",
        "Codes are stable; `--format json` prints them.",
        "",
        "| code | message |",
        "|---|---|",
    ]
    lines += [
        f"| `{code}` | {cls.template.replace('|', chr(92) + '|')} |" for code, cls in sorted(classes.items())
    ]
    return "\n".join(lines) + "\n"


PAGES: dict[str, Callable[[], str]] = {
    "cli.md": cli_page,
    "settings.md": settings_page,
    "errors.md": errors_page,
    "traits.md": lambda: traits_page(BUILT_IN.extended(PREDICTED), words=Words("en")),
}


def main() -> None:
    """Write the pages, or check them."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing; exit 1 if a page is out of date")
    is_check = parser.parse_args().check
    stale = []
    for name, page in PAGES.items():
        path, wanted = REFERENCE / name, page()
        if path.exists() and path.read_text("utf-8") == wanted:
            continue
        stale.append(str(path.relative_to(REFERENCE.parents[1])))
        if not is_check:
            path.write_text(wanted, "utf-8")
    if stale:
        print(("out of date, run `make docs`: " if is_check else "written: ") + ", ".join(stale))
    sys.exit(1 if is_check and stale else 0)


if __name__ == "__main__":
    main()
