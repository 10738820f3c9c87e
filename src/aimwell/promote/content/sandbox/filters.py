"""The filters of templates: Liquid's own as far as they are harmless, each behind a guard, and those for money and dates.

The guard takes away what marks a text as HTML, so whatever went through a filter is data again and is escaped when it is shown.
It also counts what a filter is about to do, before it does it.
"""

from __future__ import annotations

import html
import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import date, datetime
from urllib.parse import quote_plus

from babel.core import Locale
from babel.dates import format_date
from babel.numbers import format_currency, format_decimal, format_percent
from liquid.builtin.filters import array, math, misc, string
from liquid.exceptions import FilterArgumentError
from liquid.expression import Expression
from liquid.filter import with_context
from liquid.undefined import Undefined
from markupsafe import Markup

from aimwell.base.money import is_known_currency, to_major
from aimwell.promote.content.sandbox.context import SafeContext
from aimwell.promote.content.sandbox.run import LONGEST_LIST, Run, TooCostly

__all__ = ["FILTERS"]

_STEPS = 2  # of a call
_STEPS_TO_FORMAT = 8  # a number or a part of a date, in a language
_LARGEST_NUMBER = 10**18
_LONGEST_FORMAT = 100
_TAG = re.compile(r"<[^<>]*>")
_NEWLINE = re.compile(r"\r\n?|\n")
_DIRECTIVE = re.compile(r"%(-?)([A-Za-z%])")

Filter = Callable[..., object]


def _guarded(function: Filter) -> Filter:
    """Return a filter that gets plain values within the limits, and gives some."""

    @with_context
    def run(left: object, *args: object, context: SafeContext, **named: object) -> object:
        context.run.spend(_STEPS)
        plain = [_plain(value, context.run) for value in (left, *args)]
        given = {name: _plain(value, context.run) for name, value in named.items()}
        with _said():
            return _plain(function(*plain, **given), context.run)

    return run


def _telling(function: Callable[..., object]) -> Filter:
    """Return a guarded filter that is told of the filling it is part of, in front of its values; what it marks as HTML stays so."""

    @with_context
    def run(left: object, *args: object, context: SafeContext) -> object:
        context.run.spend(_STEPS)
        plain = [_plain(value, context.run) for value in (left, *args)]
        with _said():
            return function(context.run, *plain)

    return run


@contextmanager
def _said() -> Iterator[None]:
    """Say what a filter could not do with its values; the library's own let Python's errors through."""
    try:
        yield
    except (ArithmeticError, AttributeError, LookupError, RecursionError, TypeError, ValueError) as exc:
        raise FilterArgumentError(str(exc) or type(exc).__name__, token=None) from exc


def _plain(value: object, run: Run) -> object:
    """Return a value as data: marked text unmarked, ranges as lists; its cost counted."""
    if issubclass(type(value), Undefined):  # a strict one lets nobody ask what it is, not even isinstance
        return value
    if isinstance(value, Expression):  # `empty` and `blank` are objects of the parser
        return ""
    if isinstance(value, Markup):
        value = str.__str__(value)
    elif isinstance(value, range):
        if value.stop - value.start > LONGEST_LIST:
            raise TooCostly("items", LONGEST_LIST)
        value = list(value)
    elif (
        isinstance(value, int | float) and not -_LARGEST_NUMBER <= value <= _LARGEST_NUMBER
    ):  # not a number neither
        raise FilterArgumentError(f"a number beyond {_LARGEST_NUMBER}", token=None)
    run.spend_on(value)
    return value


def _replace(run: Run, left: object, old: object, new: object = "") -> str:
    text, wanted, put = _text(left), _text(old), _text(new)
    run.spend_on_characters(text.count(wanted) * len(put))
    return text.replace(wanted, put)


def _join(run: Run, left: object, between: object = " ") -> str:
    items = [_text(item) for item in (left if isinstance(left, list) else [left])]
    run.spend_on_characters(sum(map(len, items)) + len(items) * len(_text(between)))
    return _text(between).join(items)


def _split(run: Run, left: object, at: object = " ") -> list[str]:
    run.spend(len(_text(left)))  # as many items, at worst
    found = string.split(_text(left), _text(at))
    return [str(item) for item in found]


def _uniq(run: Run, left: object, key: object = None) -> object:
    n_items = len(left) if isinstance(left, list) else 1
    run.spend(n_items * n_items // 16)  # each is compared with each
    return array.uniq(left, key) if key is not None else array.uniq(left)


def _sum(run: Run, left: object, key: object = None) -> object:
    total = array.sum_(left, key) if key is not None else array.sum_(left)
    return _plain(total, run)


def _strip_html(_run: Run, left: object) -> str:
    return html.unescape(_TAG.sub("", _text(left)))


def _escape(_run: Run, left: object) -> Markup:
    return Markup.escape(_text(left))


def _newline_to_br(_run: Run, left: object) -> Markup:
    return Markup(_NEWLINE.sub("<br>\n", str(Markup.escape(_text(left)))))  # noqa: S704  # escaped just before


def _money(run: Run, left: object, currency: object = None) -> str:
    """Show minor units (cents, fen) as money in the reader's way: 1250 EUR is €12.50."""
    code = _text(currency) or run.currency or ""
    if not is_known_currency(code):
        raise FilterArgumentError(
            "money needs a currency such as CNY: {{ minor | money: 'CNY' }}", token=None
        )
    run.spend(_STEPS_TO_FORMAT)
    return str(format_currency(to_major(_number(left), code), code, locale=_locale(run)))


def _format_number(run: Run, left: object, decimals: object = 0) -> str:
    run.spend(_STEPS_TO_FORMAT)
    places = min(max(int(_number(decimals)), 0), 9)
    return str(
        format_decimal(_number(left), format="#,##0" + "." * (places > 0) + "0" * places, locale=_locale(run))
    )


def _percent(run: Run, left: object) -> str:
    """Show a rate as a percentage: 0.25 is 25%."""
    run.spend(_STEPS_TO_FORMAT)
    return str(format_percent(_number(left), locale=_locale(run)))


def _date(run: Run, left: object, pattern: object = "medium") -> object:
    """Show a date by Babel's names of formats (short, medium, long, full) or strftime's letters; what is no date stays as it is."""
    day = _day(left)
    wanted = _text(pattern)
    if day is None:
        return left
    run.spend(_STEPS_TO_FORMAT * max(wanted.count("%"), 1))
    if wanted in ("short", "medium", "long", "full"):
        return str(format_date(day, format=wanted, locale=_locale(run)))
    if len(wanted) > _LONGEST_FORMAT:
        raise FilterArgumentError(f"a format of more than {_LONGEST_FORMAT} characters", token=None)
    return _DIRECTIVE.sub(
        lambda found: _directive(found[2], day, is_bare=bool(found[1]), locale=_locale(run)), wanted
    )


def _directive(letter: str, day: date, *, is_bare: bool, locale: Locale) -> str:
    """Return what one of strftime's letters stands for; the machine's own strftime would ask for its zone and language."""
    at = day if isinstance(day, datetime) else datetime(day.year, day.month, day.day)  # noqa: DTZ001  # naive UTC is the house rule
    numbers = {
        "Y": (at.year, 4),
        "m": (at.month, 2),
        "d": (at.day, 2),
        "H": (at.hour, 2),
        "M": (at.minute, 2),
        "S": (at.second, 2),
    }
    names = {"B": "LLLL", "b": "LLL", "A": "EEEE", "a": "EEE"}
    if letter in numbers:
        number, width = numbers[letter]
        return str(number) if is_bare else f"{number:0{width}d}"
    if letter in names:
        return str(format_date(at, format=names[letter], locale=locale))
    return {"y": f"{at.year % 100:02d}", "j": str(at.timetuple().tm_yday), "%": "%"}.get(letter, f"%{letter}")


def _day(value: object) -> date | None:
    if isinstance(value, date):
        return value
    try:
        return datetime.fromisoformat(value) if isinstance(value, str) else None
    except ValueError:
        return None


def _text(value: object) -> str:
    return "" if value is None else str(value)


def _number(value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        raise FilterArgumentError(f"expected a number, found {type(value).__name__}", token=None)
    try:
        found = value if isinstance(value, int) else float(value)
    except ValueError as exc:
        raise FilterArgumentError("expected a number, found a text", token=None) from exc
    if not -_LARGEST_NUMBER <= found <= _LARGEST_NUMBER:
        raise FilterArgumentError(f"a number beyond {_LARGEST_NUMBER}", token=None)
    return found


def _locale(run: Run) -> Locale:
    return Locale.parse(run.locale)


_OF_LIQUID: Mapping[str, Filter] = {
    "abs": math.abs_,
    "append": string.append,
    "at_least": math.at_least,
    "at_most": math.at_most,
    "capitalize": string.capitalize,
    "ceil": math.ceil,
    "compact": array.compact,
    "concat": array.concat,
    "default": misc.default,
    "divided_by": math.divided_by,
    "downcase": string.downcase,
    "floor": math.floor,
    "has": array.has,
    "lstrip": string.lstrip,
    "minus": math.minus,
    "modulo": math.modulo,
    "plus": math.plus,
    "prepend": string.prepend,
    "reject": array.reject,
    "remove": string.remove,
    "reverse": array.reverse,
    "round": math.round_,
    "rstrip": string.rstrip,
    "size": misc.size,
    "slice": string.slice_,
    "sort": array.sort,
    "sort_natural": array.sort_natural,
    "squish": string.squish,
    "strip": string.strip,
    "times": math.times,
    "truncate": string.truncate,
    "truncatewords": string.truncatewords,
    "upcase": string.upcase,
    "url_decode": string.url_decode,
    "where": array.where,
}


def _map(left: object, key: object) -> list[object]:
    """Return an item of each table; the library's own has an object of its own where there is none."""
    items = left if isinstance(left, list) else [left]
    return [item.get(key) if isinstance(item, dict) else None for item in items]


def _find(left: object, key: object, value: object = None) -> object:
    return array.find(left, key, value)


def _strip_newlines(left: object) -> str:
    return _NEWLINE.sub("", _text(left))


def _first(left: object) -> object:
    return left[0] if isinstance(left, list) and left else None


def _last(left: object) -> object:
    return left[-1] if isinstance(left, list) and left else None


def _url_encode(left: object) -> str:
    return quote_plus(_text(left))


FILTERS: Mapping[str, Filter] = {
    **{name: _guarded(function) for name, function in _OF_LIQUID.items()},
    "date": _telling(_date),
    "escape": _telling(_escape),
    "find": _guarded(_find),
    "first": _guarded(_first),
    "join": _telling(_join),
    "last": _guarded(_last),
    "map": _guarded(_map),
    "money": _telling(_money),
    "newline_to_br": _telling(_newline_to_br),
    "number": _telling(_format_number),
    "percent": _telling(_percent),
    "replace": _telling(_replace),
    "split": _telling(_split),
    "strip_html": _telling(_strip_html),
    "strip_newlines": _guarded(_strip_newlines),
    "sum": _telling(_sum),
    "uniq": _telling(_uniq),
    "url_encode": _guarded(_url_encode),
}
"""By the name they have in templates."""
