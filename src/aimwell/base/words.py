"""Words for people, in English and 简体中文, from one message catalogue.

English stands in the code, marked by `text`; the Chinese stands in `locale/zh.po`. A test holds both together:
every marked text has a translation with the same placeholders, and no translation is left over.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from functools import cached_property
from importlib import resources
from typing import Literal, get_args

from babel.core import Locale
from babel.dates import format_date
from babel.messages.pofile import read_po
from babel.numbers import format_compact_decimal, format_currency, format_decimal, format_percent

from aimwell.base.clock import local_time
from aimwell.base.money import to_major

__all__ = ["LANGUAGES", "Language", "Words", "text"]

Language = Literal["en", "zh"]
LANGUAGES: tuple[Language, ...] = get_args(Language)


def text(english: str) -> str:
    """Mark an English text, with `{named}` placeholders, for the catalogue; returns it unchanged."""
    return english


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
        """Return the text in this language, its placeholders filled; untranslated texts stay English."""
        sentence = self._catalogue.get(english, english)
        return sentence.format(**values) if values else sentence

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
