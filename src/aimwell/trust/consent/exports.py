"""Exports that tell who consented, as data: which columns, which words mean what. A row becomes statements or refusals."""

from __future__ import annotations

import tomllib
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from importlib import resources
from typing import Annotated, Literal, NamedTuple

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from aimwell.base.clock import utc_time
from aimwell.base.words import text
from aimwell.trust.consent.errors import ColumnsLacking, ExportUnknown
from aimwell.trust.consent.model import Act, Purpose
from aimwell.trust.vault import MatchedKind

__all__ = [
    "REASONS",
    "ConsentExport",
    "Refusal",
    "RefusalReason",
    "Row",
    "Statement",
    "exports",
    "recognised",
    "statements",
]

RefusalReason = Literal[
    "bad_date",
    "contradicted",
    "expired",
    "from_the_future",
    "no_address",
    "no_state",
    "not_a_row",
    "unknown_state",
    "unusable_address",
    "withdrawn_since",
]

REASONS: Mapping[RefusalReason, str] = {
    "bad_date": text("a date that is none; write it as 2026-01-31 12:00"),
    "contradicted": text("another row of the file says no for the same address"),
    "expired": text("a consent that ends before it begins"),
    "from_the_future": text("a consent from the future; look at the dates' time zone"),
    "no_address": text("no e-mail or phone in the row"),
    "no_state": text("an empty cell: nothing is stated"),
    "not_a_row": text("a broken line; mend it in the file"),
    "unknown_state": text("a word that means neither yes nor no; correct it in the file"),
    "unusable_address": text("a placeholder, a masked address, or none at all"),
    "withdrawn_since": text(
        "a yes without a date, against a no that was said elsewhere; export it with dates"
    ),
}

_NOTHING = ("", "[]", "0", "false", "none", "no")

_Columns = Annotated[
    tuple[str, ...], BeforeValidator(lambda given: (given,) if isinstance(given, str) else given)
]


class _Who(BaseModel):
    """Whose row it is; all of it goes to the vault."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    account: _Columns
    account_kind: Literal["id", "email", "phone", "nickname"]
    email: _Columns = ()
    phone: _Columns = ()

    def columns(self, kind: MatchedKind) -> tuple[str, ...]:
        """Return the columns that hold addresses of a kind."""
        return self.email if kind == "email" else self.phone


class _State(BaseModel):
    """A column that states consent for one channel, and what its words mean."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    channel: Literal["email", "sms"]
    column: str
    words: dict[str, Act]
    purpose: Purpose = "marketing"
    withdrawn_when: _Columns = ()  # whatever stands there takes the consent back
    at: _Columns = ()
    expires_at: _Columns = ()
    notice: _Columns = ()
    proof: _Columns = ()

    @property
    def kind(self) -> MatchedKind:
        """What its addresses are."""
        return "email" if self.channel == "email" else "phone"


class ConsentExport(BaseModel):
    """How one kind of export tells consent."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str
    title: str
    zone: str | None = None  # of times without an offset; None: the shop's
    source: str
    recognise: Annotated[tuple[str, ...], Field(min_length=1)]
    who: _Who
    states: Annotated[tuple[_State, ...], Field(min_length=1)]


@dataclass(frozen=True, kw_only=True)
class Row:
    """One row of a file: its line and its cells by column name, in lower case."""

    line_no: int
    cells: Mapping[str, object]


@dataclass(frozen=True, kw_only=True)
class Statement:
    """What one cell states about one address, in clear: on its way to the ledger.

    Attributes
    ----------
    at
        None: the file does not say when.
    proof
        Where it stands, and what the row gives as proof.
    """

    line_no: int
    column: str
    channel: Literal["email", "sms"]
    kind: MatchedKind
    purpose: Purpose
    act: Act
    account_key: str
    address: str
    at: datetime | None
    expires_at: datetime | None
    notice: str
    proof: str


@dataclass(frozen=True, kw_only=True)
class Refusal:
    """A cell that could not be recorded: where, and why (a key of `REASONS`)."""

    line_no: int
    column: str
    reason: RefusalReason


@cache
def exports() -> dict[str, ConsentExport]:
    """Return the bundled presets by name."""
    folder = resources.files("aimwell.trust.consent") / "presets"
    files = sorted((file for file in folder.iterdir() if file.name.endswith(".toml")), key=lambda f: f.name)
    named = {file.name.removesuffix(".toml"): tomllib.loads(file.read_text("utf-8")) for file in files}
    return {name: ConsentExport.model_validate({"name": name} | toml) for name, toml in named.items()}


def recognised(columns: Iterable[str], *, path: str, preset: str | None = None) -> ConsentExport:
    """Return the preset for a file with these columns, with only the states that the file holds.

    Parameters
    ----------
    columns
        Of the file; case does not matter.
    path
        What to call the file in an error.
    preset
        Name of a bundled one, to be taken whatever the header looks like.

    Raises
    ------
    ExportUnknown
        If none of the bundled ones knows it, or there is none of this name.
    ColumnsLacking
        If the one named finds no state in it.
    """
    names = list(columns)
    have = {name.casefold() for name in names}
    known = [exports()[preset]] if preset in exports() else [] if preset else list(exports().values())
    fitting = [export for export in known if preset or _is_known(export, have)]
    if not fitting:
        raise ExportUnknown(path=path, columns=", ".join(names[:40]), known=", ".join(exports()))
    found = max(fitting, key=lambda export: len(export.recognise))
    states = tuple(state for state in found.states if state.column.casefold() in have)
    if not states:
        lacking = " / ".join(state.column for state in found.states)
        raise ColumnsLacking(path=path, preset=found.name, missing=lacking, columns=", ".join(names[:40]))
    return found.model_copy(update={"states": states})


def _is_known(export: ConsentExport, have: Collection[str]) -> bool:
    return all(any(one.casefold() in have for one in either.split("|")) for either in export.recognise)


def statements(row: Row, *, export: ConsentExport, file: str, zone: str) -> Iterator[Statement | Refusal]:
    """Yield what each state column of the export tells in this row, or why it tells nothing: one for one.

    Parameters
    ----------
    row
        As it stands in the file.
    export
        What `recognised` returned.
    file
        Its name, for the proof.
    zone
        Wall clock (IANA) of times without an offset.
    """
    account_key = _first(row, export.who.account)
    for state in export.states:
        address = _first(row, export.who.columns(state.kind))
        told = _told(row, state, zone=zone)
        if isinstance(told, str):
            yield Refusal(line_no=row.line_no, column=state.column, reason=told)
        elif not address:
            yield Refusal(line_no=row.line_no, column=state.column, reason="no_address")
        else:
            said = f"{file}, line {row.line_no}: {state.column} = {_cell(row, state.column)}"
            proof = _first(row, state.proof)
            yield Statement(
                line_no=row.line_no,
                column=state.column,
                channel=state.channel,
                kind=state.kind,
                purpose=state.purpose,
                act=told.act,
                account_key=account_key or address,
                address=address,
                at=told.at,
                expires_at=told.expires_at,
                notice=_first(row, state.notice),
                proof=f"{said}; {proof}" if proof else said,
            )


class _Told(NamedTuple):
    act: Act
    at: datetime | None
    expires_at: datetime | None


def _told(row: Row, state: _State, *, zone: str) -> _Told | RefusalReason:
    """Return what a cell states; a no needs no date to count, so a bad one does not refuse it."""
    word = _cell(row, state.column)
    is_stopped = _first(row, state.withdrawn_when).casefold() not in _NOTHING
    act = "withdraw" if is_stopped else state.words.get(word.casefold())
    if act is None:
        return "unknown_state" if word else "no_state"
    if act != "grant":
        at = _moment(_value(row, state.at), zone=zone)
        return _Told(act, None if at == "bad_date" else at, None)
    at, expires_at = (_moment(_value(row, names), zone=zone) for names in (state.at, state.expires_at))
    return "bad_date" if at == "bad_date" or expires_at == "bad_date" else _Told(act, at, expires_at)


def _moment(value: object, *, zone: str) -> datetime | Literal["bad_date"] | None:
    """Return a cell as naive UTC; typed cells (Parquet) are that already, texts without an offset are of the zone."""
    if isinstance(value, datetime):
        return value
    written = _text(value)
    if not written:
        return None
    try:
        read = datetime.fromisoformat(written)
    except ValueError:
        return "bad_date"
    if read.tzinfo is None:
        return utc_time(read, zone)
    return read.astimezone(UTC).replace(tzinfo=None)


def _value(row: Row, columns: Iterable[str]) -> object:
    """Return the first of these cells that holds anything."""
    cells = (row.cells.get(column.casefold()) for column in columns)
    return next((cell for cell in cells if _text(cell)), None)


def _first(row: Row, columns: Iterable[str]) -> str:
    return _text(_value(row, columns))


def _cell(row: Row, column: str) -> str:
    return _text(row.cells.get(column.casefold()))


def _text(value: object) -> str:
    return "" if value is None else str(value).strip()
