"""Reads `manners.toml`, strictly: an unknown key or a doubtful value is refused with its place and what is allowed."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal, get_args

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from aimwell.base.allowed import allowed
from aimwell.base.words import Sentence, text
from aimwell.promote.gate.errors import MannersBadKey, MannersBadValue, MannersNotToml
from aimwell.promote.gate.hours import has_holidays
from aimwell.promote.gate.model import ALL, UNITS, Cap, Hours, Manners, Span, Unit

if TYPE_CHECKING:
    from pydantic_core import ErrorDetails

__all__ = ["FILE_NAME", "WEEKDAYS", "manners_from", "read_manners"]

FILE_NAME = "manners.toml"

Weekday = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
WEEKDAYS: tuple[Weekday, ...] = get_args(Weekday)

_CAP = re.compile(rf"(\d{{1,4}}) per (?:(\d{{1,4}}) )?({'|'.join(UNITS)})s?")
_CAP_WORDS = Sentence(
    text(
        'a number of messages in a time from 1 minute to 12 months, such as "1 per day", "3 per 7 days" or "8 per month"'
    )
)
_LONGEST = timedelta(days=12 * 31)
_SPAN = re.compile(r"([01]\d|2[0-3]):([0-5]\d)-([01]\d|2[0-3]):([0-5]\d)")
_SPAN_WORDS = Sentence(text('a part of the day such as "21:00-08:00", not the whole of it'))
_MINUTES_A_DAY = 24 * 60


def _cap(value: object) -> tuple[int, int, Unit]:
    """Take "3 per 7 days" as limit, length and unit."""
    found = _CAP.fullmatch(value) if isinstance(value, str) else None
    if found is None:
        raise ValueError(_CAP_WORDS)
    limit, length = int(found[1]), int(found[2] or 1)
    unit = next(unit for unit in UNITS if unit == found[3])
    if not limit or not length or Cap(of=ALL, limit=limit, length=length, unit=unit).longest > _LONGEST:
        raise ValueError(_CAP_WORDS)
    return limit, length, unit


def _span(value: object) -> Span:
    """Take "21:00-08:00" as minutes of the day."""
    found = _SPAN.fullmatch(value) if isinstance(value, str) else None
    if found is None or found[1] + found[2] == found[3] + found[4]:
        raise ValueError(_SPAN_WORDS)
    hour, minute, to_hour, to_minute = (int(part) for part in found.groups())
    return Span(start=hour * 60 + minute, end=to_hour * 60 + to_minute)


def _day(value: object) -> date:
    """Take a date of TOML, and no moment."""
    if not isinstance(value, date) or isinstance(value, datetime):
        raise ValueError(Sentence(text("a date such as 2025-12-24, without quotation marks")))
    return value


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", arbitrary_types_allowed=True)


class _Rules(_Strict):
    caps: list[Annotated[Any, BeforeValidator(_cap)]] | None = None
    quiet_hours: list[Annotated[Any, BeforeValidator(_span)]] | None = None
    weekdays: Annotated[list[Weekday], Field(min_length=1)] | None = None
    holidays: Annotated[bool, Field(strict=True)] | None = None


class _AllRules(_Rules):
    """What holds where a file does not say otherwise: also what holds without a file."""

    caps: list[Annotated[Any, BeforeValidator(_cap)]] = [(1, 1, "day"), (3, 7, "day"), (8, 1, "month")]
    quiet_hours: list[Annotated[Any, BeforeValidator(_span)]] = [Span(start=21 * 60, end=8 * 60)]
    weekdays: Annotated[list[Weekday], Field(min_length=1)] = list(WEEKDAYS)
    holidays: Annotated[bool, Field(strict=True)] = False


class _File(_Strict):
    days_off: list[Annotated[Any, BeforeValidator(_day)]] = []
    wash_out_days: Annotated[int, Field(ge=0, le=3650, strict=True)] = 90
    exempt_people: list[Annotated[int, Field(ge=1, strict=True)]] = []
    all: _AllRules = _AllRules()
    channels: dict[Annotated[str, Field(pattern=r"^[A-Za-z0-9_.-]{1,64}$")], _Rules] = {}


def read_manners(path: Path, *, time_zone: str, country: str) -> Manners:
    """Return the manners of a file; what it does not say, and everything if there is no file, is the default.

    Parameters
    ----------
    path
        `manners.toml` in the shop's folder.
    time_zone, country
        The shop's own: for people of whom neither is known.

    Raises
    ------
    MannersNotToml, MannersBadKey, MannersBadValue
        With the file, the key, the value and what is allowed.
    """
    try:
        data = tomllib.loads(path.read_text(encoding="utf-8-sig")) if path.is_file() else {}
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as exc:
        raise MannersNotToml(path=path, detail=exc) from exc
    return manners_from(data, path=str(path), time_zone=time_zone, country=country)


def manners_from(data: Mapping[str, Any], *, path: str, time_zone: str, country: str) -> Manners:
    """Return the manners of a parsed file; `path` names it in errors."""
    try:
        given = _File.model_validate(data)
    except ValidationError as exc:
        raise _translated(exc, path=path) from exc
    if ALL in given.channels:
        raise MannersBadValue(
            path=path,
            key="channels",
            value=ALL,
            allowed=Sentence(text("the table [all] for all channels together")),
        )
    hours = _hours(given.all, given.all, key="all", path=path)
    hours_of = {
        name: _hours(rules, given.all, key=f"channels.{name}", path=path)
        for name, rules in given.channels.items()
    }
    if any(one.keeps_holidays for one in (hours, *hours_of.values())) and not has_holidays(country):
        known = Sentence(
            text("false: the holidays of the shop's country {country} are not known"), {"country": country}
        )
        raise MannersBadValue(path=path, key="holidays", value="true", allowed=known)
    caps = {ALL: given.all, **given.channels}
    return Manners(
        time_zone=time_zone,
        country=country,
        caps=tuple(
            Cap(of=of, limit=limit, length=length, unit=unit)
            for of, rules in caps.items()
            for limit, length, unit in rules.caps or ()
        ),
        hours=hours,
        hours_of=hours_of,
        days_off=frozenset(given.days_off),
        wash_out_days=given.wash_out_days,
        exempt_people=frozenset(given.exempt_people),
    )


def _hours(rules: _Rules, usual: _AllRules, *, key: str, path: str) -> Hours:
    """Return when messages of a channel may go; what its rules do not say is the usual."""
    quiet = tuple(usual.quiet_hours if rules.quiet_hours is None else rules.quiet_hours)
    if all(any(span.covers(minute) for span in quiet) for minute in range(_MINUTES_A_DAY)):
        shown = ", ".join(span.shown for span in quiet)
        raise MannersBadValue(
            path=path,
            key=f"{key}.quiet_hours",
            value=shown,
            allowed=Sentence(text("parts of the day that leave some of it")),
        )
    weekdays = usual.weekdays if rules.weekdays is None else rules.weekdays
    return Hours(
        quiet=quiet,
        weekdays=frozenset(WEEKDAYS.index(day) for day in weekdays),
        keeps_holidays=usual.holidays if rules.holidays is None else rules.holidays,
    )


def _translated(exc: ValidationError, *, path: str) -> MannersBadKey | MannersBadValue:
    first = exc.errors(include_url=False)[0]
    key = "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in first["loc"]).lstrip(".")
    if first["type"] == "extra_forbidden":
        known = _File if len(first["loc"]) == 1 else _Rules
        return MannersBadKey(path=path, key=key, allowed=", ".join(known.model_fields))
    return MannersBadValue(path=path, key=key, value=_shown(first), allowed=allowed(first))


def _shown(problem: ErrorDetails) -> str:
    value = problem["input"]
    return str(value) if isinstance(value, date) else repr(value)
