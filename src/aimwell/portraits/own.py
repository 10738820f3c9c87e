"""A shop's own traits: measures and formulas from `traits.toml`, functions from a Python file that the shop names."""

from __future__ import annotations

import ast
import importlib.util
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import ibis
import ibis.expr.types as ir

from aimwell.base.words import Sentence, text
from aimwell.portraits.errors import (
    FileUnreadable,
    FormulaWrong,
    RuleTooLarge,
    RuleWrong,
    TraitUnknown,
    nearest,
)
from aimwell.portraits.measures import Measure, parse_measure, result_type
from aimwell.portraits.model import UNITS, Trait, TraitBook

__all__ = ["OwnTraits", "formula", "load_trait_module", "parse_traits", "read_traits"]

MAX_TRAITS, MAX_FORMULA, MAX_DEPTH, MAX_NUMBER = 200, 500, 30, 10**15
_KEYS = {"meaning", "unit", "formula", "facts", "measure", "column", "within_days", "where"}
_CALLS = {"min": ibis.least, "max": ibis.greatest, "abs": lambda value: value.abs()}


@dataclass(frozen=True, kw_only=True)
class OwnTraits:
    """A shop's own traits, and the measures that the plain ones among them are columns of."""

    traits: tuple[Trait, ...] = ()
    measures: Mapping[str, Measure] = field(default_factory=dict)


def read_traits(path: Path, *, book: TraitBook) -> OwnTraits:
    """Read a shop's `traits.toml`; none if the file is not there.

    Raises
    ------
    FileUnreadable
        If it is not TOML.
    RuleWrong, RuleTooLarge, FormulaWrong, TraitUnknown, TraitTwice
        If a definition in it is not usable.
    """
    if not path.exists():
        return OwnTraits()
    try:
        raw = tomllib.loads(path.read_text("utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as exc:
        raise FileUnreadable(path=path, reason=exc) from exc
    return parse_traits(raw, book=book)


def parse_traits(raw: Mapping[str, Any], *, book: TraitBook) -> OwnTraits:
    """Read own traits from their data form: a table per trait under `traits`.

    Each has a `meaning`, and either a measure (facts, measure, column, within_days, where) or a `formula` over other
    traits: those of `book` and the own ones before it.
    """
    definitions = raw.get("traits", {})
    if not isinstance(definitions, Mapping):
        raise RuleWrong(where="traits", value=repr(definitions)[:200], allowed="[traits.NAME]")
    if len(definitions) > MAX_TRAITS:
        what = Sentence(text("traits"))
        raise RuleTooLarge(where="traits", what=what, value=len(definitions), limit=MAX_TRAITS)
    traits: list[Trait] = []
    measures: dict[str, Measure] = {}
    for name, definition in definitions.items():
        where = f"traits.{name}"
        _check_keys(definition, name=name, where=where)
        if "formula" in definition:
            traits.append(_formula_trait(name, definition, book=book.extended(traits)))
        else:
            rest = {key: definition[key] for key in definition if key not in ("meaning", "unit")}
            measures[name] = parse_measure(rest, where=where)
            traits.append(_measure_trait(name, definition, measures[name]))
        book.extended(traits)  # refuses a name twice
    return OwnTraits(traits=tuple(traits), measures=measures)


def formula(written: str, *, book: TraitBook) -> ast.expr:
    """Read arithmetic over traits: numbers, trait names, + - * / ( ), min, max, abs.

    Raises
    ------
    FormulaWrong
        If there is anything else in it, or it is too long or too deep.
    TraitUnknown
        If it names a trait that is not in the book.
    """
    if len(written) > MAX_FORMULA:
        raise FormulaWrong(formula=written[:40], part=f"{len(written)} > {MAX_FORMULA}")
    try:
        tree = ast.parse(written, mode="eval").body
    except (SyntaxError, ValueError, MemoryError, RecursionError) as exc:
        raise FormulaWrong(formula=written, part=str(exc)) from exc
    _check(tree, written=written, book=book, depth=0)
    return tree


def load_trait_module(path: Path) -> tuple[Trait, ...]:
    """Run a Python file of the shop and return the traits that it makes with `@trait`, in order.

    The caller names the file; nothing is loaded on its own. Whoever may write the file may run code as this user.
    """
    spec = importlib.util.spec_from_file_location(f"shop_traits_{path.stem}", path)
    if spec is None or spec.loader is None or not path.exists():
        raise FileUnreadable(path=path, reason=Sentence(text("no Python file")))
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return tuple(value for value in vars(module).values() if isinstance(value, Trait))


def _check_keys(definition: Any, *, name: str, where: str) -> None:
    if not name.isidentifier() or not name.islower() or name in ("person_id", "as_of"):
        letters = Sentence(text("a name of small letters, digits and _"))
        raise RuleWrong(where=where, value=repr(name), allowed=letters)
    if not isinstance(definition, Mapping) or not isinstance(definition.get("meaning"), str):
        nothing, sentence = Sentence(text("nothing")), Sentence(text("a sentence"))
        raise RuleWrong(where=f"{where}.meaning", value=nothing, allowed=sentence)
    unit = definition.get("unit", "")
    if unit not in UNITS:
        raise RuleWrong(where=f"{where}.unit", value=repr(unit), allowed=", ".join(u for u in UNITS if u))
    spare = set(definition) - _KEYS
    if spare:
        raise RuleWrong(where=where, value=", ".join(sorted(spare)), allowed=", ".join(sorted(_KEYS)))
    if "formula" in definition and set(definition) - {"meaning", "unit", "formula"}:
        one = Sentence(text("a formula or a measure, not both"))
        raise RuleWrong(where=where, value="formula", allowed=one)


def _measure_trait(name: str, definition: Mapping[str, Any], measure: Measure) -> Trait:
    is_total = measure.aggregate in ("count", "sum")
    return Trait(
        name=name,
        group="own",
        dtype=str(result_type(measure)),
        unit=definition.get("unit", ""),
        meaning=definition["meaning"],
        sources=(measure.facts,),
        of=lambda p: p[name].fill_null(0) if is_total else p[name],
    )


def _formula_trait(name: str, definition: Mapping[str, Any], *, book: TraitBook) -> Trait:
    written = definition["formula"]
    if not isinstance(written, str):
        a_text = Sentence(text("a text"))
        raise RuleWrong(where=f"traits.{name}.formula", value=repr(written)[:200], allowed=a_text)
    tree = formula(written, book=book)
    named = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)} - set(_CALLS)
    return Trait(
        name=name,
        group="own",
        dtype="float64",
        unit=definition.get("unit", ""),
        meaning=definition["meaning"],
        sources=tuple(sorted({source for one in named for source in book[one].sources})),
        of=lambda p: _compiled(tree, p),
        derived=True,
    )


def _check(node: ast.expr, *, written: str, book: TraitBook, depth: int) -> None:
    parts: list[ast.expr] = []
    if depth > MAX_DEPTH:
        raise FormulaWrong(formula=written, part="()")
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add | ast.Sub | ast.Mult | ast.Div):
        parts = [node.left, node.right]
    elif isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
        parts = [node.operand]
    elif _is_call(node):
        parts = node.args  # type: ignore[attr-defined]  # a call, as just checked
    elif isinstance(node, ast.Name):
        _check_name(node.id, written=written, book=book)
    elif not _is_number(node):
        raise FormulaWrong(formula=written, part=f"`{ast.unparse(node)[:60]}`")
    for part in parts:
        _check(part, written=written, book=book, depth=depth + 1)


def _is_number(node: ast.expr) -> bool:
    value = node.value if isinstance(node, ast.Constant) else None
    return isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < MAX_NUMBER


def _is_call(node: ast.expr) -> bool:
    if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and not node.keywords):
        return False
    n_wanted = 1 if node.func.id == "abs" else 2
    return node.func.id in _CALLS and (
        len(node.args) == n_wanted or (node.func.id != "abs" and len(node.args) > n_wanted)
    )


def _check_name(name: str, *, written: str, book: TraitBook) -> None:
    if name not in book:
        raise TraitUnknown(name=name, nearest=nearest(name, [one.name for one in book]))
    dtype = ibis.dtype(book[name].dtype)
    if not dtype.is_numeric():
        raise FormulaWrong(formula=written, part=f"`{name}` ({dtype})")


def _compiled(node: ast.expr, people: ir.Table) -> Any:
    """Return a checked formula as an expression; what is divided by 0 or unknown is null."""
    if isinstance(node, ast.Constant):
        return ibis.literal(node.value).cast("float64")
    if isinstance(node, ast.Name):
        return people[node.id].cast("float64")
    if isinstance(node, ast.UnaryOp):
        return -_compiled(node.operand, people)
    if isinstance(node, ast.Call):
        return _CALLS[ast.unparse(node.func)](*[_compiled(part, people) for part in node.args])
    if not isinstance(node, ast.BinOp):
        raise FormulaWrong(formula=ast.unparse(node), part=type(node).__name__)
    left, right = _compiled(node.left, people), _compiled(node.right, people)
    if isinstance(node.op, ast.Div):
        return left / right.nullif(0)
    if isinstance(node.op, ast.Mult):
        return left * right
    return left + right if isinstance(node.op, ast.Add) else left - right
