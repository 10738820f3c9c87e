"""Bundled mappings, a user's own, and the recognition of a file by its header."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable
from collections.abc import Mapping as Map
from functools import cache
from importlib import resources
from typing import Any

from pydantic import ValidationError

from aimwell.base.allowed import allowed
from aimwell.base.words import Sentence, text
from aimwell.intake.errors import ColumnsMissing, MappingInvalid, PresetUnknown
from aimwell.intake.formats.model import Wire
from aimwell.intake.mapping.model import Mapping

__all__ = ["bound", "preset", "preset_text", "presets", "read_mapping", "recognised", "vocabulary"]

_WORDS = "words"


@cache
def presets() -> dict[str, Mapping]:
    """Return the bundled mappings by name."""
    folder = resources.files("aimwell.intake.presets")
    names = sorted(f.name.removesuffix(".toml") for f in folder.iterdir() if f.name.endswith(".toml"))
    return {name: read_mapping(preset_text(name), name=name) for name in names if name != _WORDS}


def preset(name: str) -> Mapping:
    """Return one bundled mapping.

    Raises
    ------
    PresetUnknown
        If there is none of this name.
    """
    try:
        return presets()[name]
    except KeyError as exc:
        raise PresetUnknown(name=name, known=", ".join(presets())) from exc


def preset_text(name: str) -> str:
    """Return the TOML of a bundled mapping."""
    return (resources.files("aimwell.intake.presets") / f"{name}.toml").read_text("utf-8")


@cache
def vocabulary() -> dict[str, dict[str, str]]:
    """Return the bundled vocabularies: what the words of exports mean."""
    words = tomllib.loads(preset_text(_WORDS))
    return {
        name: {word.casefold(): meaning for word, meaning in table.items()} for name, table in words.items()
    }


def read_mapping(toml: str, *, name: str) -> Mapping:
    """Return the mapping that a TOML document states.

    Raises
    ------
    MappingInvalid
        If it is no TOML, or says something that no mapping can say; names the place.
    """
    try:
        mapping = Mapping.model_validate({"name": name} | tomllib.loads(toml))
    except tomllib.TOMLDecodeError as exc:
        raise MappingInvalid(name=name, where="TOML", detail=exc) from exc
    except ValidationError as exc:
        raise _translated(exc, name=name) from exc
    for place, cell in mapping.cells().items():
        if isinstance(cell.words, str) and cell.words not in vocabulary():
            known = ", ".join(vocabulary())
            raise MappingInvalid(name=name, where=place, detail=_unfit(repr(cell.words), known))
    return mapping


def _translated(exc: ValidationError, *, name: str) -> MappingInvalid:
    found = exc.errors(include_url=False)
    # a misspelt key also leaves the right one missing: the misspelling is the news
    first = next((one for one in found if one["type"] == "extra_forbidden"), found[0])
    where = ".".join(str(step) for step in first["loc"]) or "mapping"
    if first["type"] == "extra_forbidden":
        return MappingInvalid(name=name, where=where, detail=Sentence(text("there is no such key")))
    value = Sentence(text("missing")) if first["type"] == "missing" else _shown(first["input"])
    return MappingInvalid(name=name, where=where, detail=_unfit(value, allowed(first)))


def _unfit(value: object, rule: object) -> Sentence:
    return Sentence(text("it says {value}, allowed is {rule}"), {"value": value, "rule": rule})


def _shown(given: object) -> object:
    """Return the value for a message; of a table only that it is one, for it may be long."""
    return Sentence(text("not usable together")) if isinstance(given, dict | Mapping) else repr(given)


def recognised(wire: Wire) -> Mapping | None:
    """Return the preset that knows this header; where several do, the one that names most of its columns."""
    have = _folded(wire.columns)
    fitting = [
        (len(found.recognise), -len(_missing(found, have)), name)
        for name, found in presets().items()
        if found.recognise
        and found.kind in (None, wire.kind)
        and all(any(part.casefold() in have for part in either.split("|")) for either in found.recognise)
        and not _missing(found, have)
    ]
    return presets()[max(fitting)[2]] if fitting else None


def bound(mapping: Mapping, wire: Wire, *, path: str) -> Mapping:
    """Return the mapping with the file's own spelling of its columns; rules for columns it may lack are dropped.

    Raises
    ------
    ColumnsMissing
        If the file lacks columns that the mapping needs.
    """
    have = _folded(wire.columns)
    missing = _missing(mapping, have)
    if missing:
        raise ColumnsMissing(
            path=path, mapping=mapping.name, missing=", ".join(missing), columns=", ".join(wire.columns[:40])
        )
    return Mapping.model_validate(_rebound(mapping.model_dump(by_alias=True), have))


def _folded(columns: Iterable[str]) -> dict[str, str]:
    return {name.casefold(): name for name in columns}


def _missing(mapping: Mapping, have: Map[str, str]) -> list[str]:
    """Return the columns that some required rule needs and the file lacks."""
    missing: list[str] = []
    for cell in mapping.cells().values():
        if cell.is_optional:
            continue
        absent = [name for name in cell.named if name.casefold() not in have]
        if cell.columns and len(absent) == len(cell.columns) and cell.value is None:
            missing.append("|".join(cell.columns))
        elif not cell.columns and absent:
            missing += absent
    return list(dict.fromkeys(missing))


def _rebound(part: Any, have: Map[str, str]) -> Any:
    """Spell columns as the file does; a rule none of whose columns is there becomes its constant, or nothing."""
    if isinstance(part, tuple | list):
        return [bound for bound in (_rebound(item, have) for item in part) if bound is not None]
    if not isinstance(part, dict):
        return part
    if "is_optional" in part:
        return _rebound_cell(part, have)
    if "column" in part:
        columns = [have[name.casefold()] for name in part["column"] if name.casefold() in have]
        return part | {"column": columns} if columns else None
    kept = {key: bound for key, value in part.items() if (bound := _rebound(value, have)) is not None}
    is_refund_without_amount = "amount" in part and "amount" not in kept
    return None if is_refund_without_amount else kept


def _rebound_cell(cell: dict[str, Any], have: Map[str, str]) -> dict[str, Any] | None:
    spelled = dict(cell)
    for rule in ("columns", "times", "join"):
        spelled[rule] = [have[name.casefold()] for name in cell[rule] if name.casefold() in have]
    spelled["sum"] = [
        ("-" if name.startswith("-") else "") + have[name.removeprefix("-").casefold()]
        for name in cell["sum"]
        if name.removeprefix("-").casefold() in have
    ]
    names_any = any(spelled[rule] for rule in ("columns", "times", "join", "sum"))
    return spelled if names_any or cell["value"] is not None else None
