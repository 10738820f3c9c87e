"""The house keeps its own rules: sizes, `__all__`, no stray prints; import direction is `make check`'s."""

from __future__ import annotations

import ast
import importlib
from collections import Counter
from pathlib import Path

import pytest

import aimwell
from aimwell.base.errors import AimwellError

PACKAGE = Path(aimwell.__file__).parent
FILES = sorted(p for p in PACKAGE.rglob("*.py"))
MAX_FILE_LINES = 500
MAX_FUNCTION_LINES = 40


def docstring_lines(node: ast.AST) -> int:
    body = getattr(node, "body", [])
    first = body[0] if body else None
    if (
        isinstance(first, ast.Expr)
        and isinstance(first.value, ast.Constant)
        and isinstance(first.value.value, str)
    ):
        return (first.end_lineno or 0) - first.lineno + 1
    return 0


def module_name(path: Path) -> str:
    inside = path.relative_to(PACKAGE.parent).with_suffix("")
    return ".".join(inside.parts).removesuffix(".__init__")


@pytest.mark.parametrize("path", FILES, ids=lambda p: str(p.relative_to(PACKAGE)))
def test_files_and_functions_stay_small(path: Path) -> None:
    source = path.read_text("utf-8")
    assert len(source.splitlines()) <= MAX_FILE_LINES
    too_long = [
        node.name
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and (node.end_lineno or 0) - node.lineno + 1 - docstring_lines(node) > MAX_FUNCTION_LINES
    ]
    assert too_long == []


@pytest.mark.parametrize(
    "path", [p for p in FILES if "migrations" not in p.parts], ids=lambda p: str(p.relative_to(PACKAGE))
)
def test_public_names_are_listed_and_exist(path: Path) -> None:
    module = importlib.import_module(module_name(path))
    if path.name == "__init__.py" and not hasattr(module, "__all__"):
        return
    missing = [name for name in module.__all__ if not hasattr(module, name)]
    assert missing == []


def kinds(cls: type[AimwellError]) -> list[type[AimwellError]]:
    return [cls, *(kind for child in cls.__subclasses__() for kind in kinds(child))]


def test_every_error_has_a_code_of_its_own() -> None:
    for path in FILES:
        if path.name == "errors.py":
            importlib.import_module(module_name(path))
    codes = Counter(kind.code for kind in kinds(AimwellError) if kind.__module__.startswith("aimwell"))
    assert [code for code, n_kinds in codes.items() if n_kinds > 1] == []
