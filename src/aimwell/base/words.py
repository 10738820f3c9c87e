"""Words for people, in English and 简体中文, from one message catalogue.

English stands in the code, marked by `text`; the Chinese stands in `locale/zh.po`. A test holds both together:
every marked text has a translation with the same placeholders, and no translation is left over.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from functools import cached_property, reduce
from importlib import resources
from typing import Literal, Protocol, get_args, runtime_checkable

from babel.core import Locale
from babel.dates import format_date
from babel.messages.pofile import read_po
from babel.numbers import format_compact_decimal, format_currency, format_decimal, format_percent

from aimwell.base.clock import local_time
from aimwell.base.money import to_major

__all__ = [
    "CLAUSES",
    "LANGUAGES",
    "SENTENCES",
    "DayTyped",
    "Language",
    "Sayable",
    "Sentence",
    "Series",
    "Words",
    "text",
]

Language = Literal["en", "zh"]
LANGUAGES: tuple[Language, ...] = get_args(Language)


def text(english: str) -> str:
    """Mark an English text, with `{named}` placeholders, for the catalogue; returns it unchanged."""
    return english


CLAUSES = text("{first}; {then}")
SENTENCES = text("{first} {then}")


@runtime_checkable
class Sayable(Protocol):
    """What can be said in a language: sentences, errors."""

    def said(self, words: Words) -> str:
        """Return it in the language of `words`."""
        ...


@dataclass(frozen=True)
class Words:
    """Says marked texts, numbers, money and dates in one language; moments (naive UTC) as days of one zone."""

    language: Language = "en"
    zone: str = "UTC"

    @cached_property
    def _locale(self) -> Locale:
        return Locale.parse("zh_Hans_CN" if self.language == "zh" else "en")

    @cached_property
    def _catalogue(self) -> dict[str, str]:
        if self.language == "en":
            return {}
        path = resources.files("aimwell.base") / "locale" / f"{self.language}.po"
        with path.open("rb") as file:
            return {str(m.id): str(m.string) for m in read_po(file) if m.id and m.string}

    def say(self, english: str, /, **values: object) -> str:
        """Return the text in this language, its placeholders filled; untranslated texts stay English.

        Values that are sayable are said in this language too.
        """
        sentence = self._catalogue.get(english, english)
        return sentence.format(**{name: self._read(v) for name, v in values.items()}) if values else sentence

    def joined(self, parts: Iterable[object], *, joint: str) -> str:
        """Return the parts one after the other; the joint is a marked text such as `CLAUSES`. No parts give no text."""
        said = [str(self._read(part)) for part in parts]
        return reduce(lambda first, then: self.say(joint, first=first, then=then), said) if said else ""

    def _read(self, value: object) -> object:
        return value.said(self) if isinstance(value, Sayable) else value

    def number(self, value: float, *, decimals: int = 0) -> str:
        """Return 1234.5 as 1,234 (or with so many decimals)."""
        pattern = "#,##0" + ("." + "0" * decimals if decimals else "")
        return str(format_decimal(value, format=pattern, locale=self._locale))

    def compact(self, value: float) -> str:
        """Return 12300 as 12K, or 1.2万 in Chinese."""
        return str(format_compact_decimal(value, locale=self._locale, fraction_digits=1))

    def percent(self, rate: float, *, decimals: int = 0) -> str:
        """Return a rate in 0..1 as a percentage: 0.25 is 25%."""
        pattern = "#,##0" + ("." + "0" * decimals if decimals else "") + "%"
        return str(format_percent(rate, format=pattern, locale=self._locale))

    def money(self, minor: float, currency: str, *, whole: bool = False) -> str:
        """Return an amount in minor units (cents, 分) with its currency sign; `whole` drops the cents."""
        major = to_major(minor, currency)
        pattern = "¤#,##0;-¤#,##0" if whole else None
        return str(
            format_currency(major, currency, format=pattern, locale=self._locale, currency_digits=not whole)
        )

    def day(self, value: date | datetime) -> str:
        """Return a date, or the day of a moment on the clock of `zone`, as people write it: Oct 1, 2017 or 2017年10月1日."""
        if isinstance(value, datetime):
            value = local_time(value, self.zone)
        return str(format_date(value, locale=self._locale))

    def month(self, value: date) -> str:
        """Return a month as people write it: Oct 2017 or 2017年10月."""
        return str(format_date(value, format=self._locale.datetime_skeletons["yMMM"], locale=self._locale))


@dataclass(frozen=True)
class Sentence:
    """A marked text and what fills its placeholders, to be said when the reader's language is known; `str` is English."""

    template: str
    values: Mapping[str, object] = field(default_factory=dict)

    def said(self, words: Words) -> str:
        """Return the sentence in the language of `words`."""
        return words.say(self.template, **self.values)

    def __str__(self) -> str:
        return self.said(Words())


@dataclass(frozen=True)
class DayTyped:
    """The day of a moment (naive UTC) on the clock of the reader's zone, as commands take it: 2017-10-01."""

    moment: datetime

    def said(self, words: Words) -> str:
        """Return the day in ISO form."""
        return local_time(self.moment, words.zone).date().isoformat()

    def __str__(self) -> str:
        return self.said(Words())


@dataclass(frozen=True)
class Series:
    """Parts to be said one after the other, as clauses or sentences of the reader's language; `str` is English."""

    parts: Sequence[object]
    joint: str

    def said(self, words: Words) -> str:
        """Return the parts in the language of `words`."""
        return words.joined(self.parts, joint=self.joint)

    def __str__(self) -> str:
        return self.said(Words())
