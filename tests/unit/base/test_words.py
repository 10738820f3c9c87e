"""Words: one catalogue, both languages complete, numbers and money as people write them."""

from __future__ import annotations

import ast
import string
from datetime import date, datetime
from importlib import resources
from pathlib import Path

import pytest
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po

import aimwell
from aimwell.base.errors import InvalidInput
from aimwell.base.words import CLAUSES, SENTENCES, Sentence, Series, Words, text


def placeholders(template: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(template) if name}


@pytest.fixture(scope="module")
def marked() -> set[str]:
    """Every text marked in the code."""
    package = Path(aimwell.__file__).parent
    found = extract_from_dir(
        package, method_map=[("**.py", "python"), ("**.html", "jinja2")], keywords={"text": None, "say": None}
    )
    return {message for _, _, message, _, _ in found if isinstance(message, str)}


@pytest.fixture(scope="module")
def chinese() -> dict[str, str]:
    path = resources.files("aimwell.base") / "locale" / "zh.po"
    with path.open("rb") as file:
        return {str(m.id): str(m.string) for m in read_po(file) if m.id}


def test_every_marked_text_has_a_chinese_translation(marked: set[str], chinese: dict[str, str]) -> None:
    assert sorted(t for t in marked if not chinese.get(t)) == []


def test_no_marked_text_hides_from_the_catalogue(marked: set[str]) -> None:
    """Inside an f-string what gathers the texts does not look."""
    calls = [
        node
        for path in Path(aimwell.__file__).parent.rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "text"
    ]
    said = {call.args[0].value for call in calls if call.args and isinstance(call.args[0], ast.Constant)}
    assert len(said) > 1_000
    assert said <= marked


def test_no_translation_is_left_over(marked: set[str], chinese: dict[str, str]) -> None:
    assert sorted(set(chinese) - marked) == []


def test_translations_keep_the_placeholders(chinese: dict[str, str]) -> None:
    assert [t for t, zh in chinese.items() if placeholders(t) != placeholders(zh)] == []


@pytest.mark.parametrize(
    ("language", "number", "compact", "percent", "money", "day"),
    [
        ("en", "12,345.7", "123K", "12.3%", "£1,234.56", "Oct 1, 2017"),
        ("zh", "12,345.7", "12.3万", "12.3%", "£1,234.56", "2017年10月1日"),
    ],
)
def test_values_read_as_people_write_them(
    language: str, number: str, compact: str, percent: str, money: str, day: str
) -> None:
    words = Words(language)  # type: ignore[arg-type]  # parametrised with the two allowed values
    assert words.number(12345.67, decimals=1) == number
    assert words.compact(123_000) == compact
    assert words.percent(0.1234, decimals=1) == percent
    assert words.money(123_456, "GBP") == money
    assert words.day(date(2017, 10, 1)) == day


def test_money_without_minor_units_has_no_decimals() -> None:
    assert Words("en").money(500, "JPY") == "¥500"


def test_a_moment_is_the_day_it_is_in_the_zone() -> None:
    began = datetime(2025, 3, 31, 16)  # 2025-04-01 00:00 in Shanghai
    assert Words("en", "Asia/Shanghai").day(began) == "Apr 1, 2025"
    assert Words("en").day(began) == "Mar 31, 2025"


class TooMany(InvalidInput):
    code = "too_many"
    template = text("At {where}: {value} is not usable; allowed: {allowed}.")


def test_the_words_inside_an_error_are_said_in_the_readers_language_and_given_values_stay() -> None:
    error = TooMany(
        where="a", value="a number", allowed=Sentence(text("a whole number from 1 to {most}"), {"most": 9})
    )
    assert str(error) == "At a: a number is not usable; allowed: a whole number from 1 to 9."
    assert error.said(Words("zh")) == "a 处的值 a number 不可用；允许：1 到 9 的整数。"


@pytest.mark.parametrize(
    ("joint", "english", "chinese"),
    [(SENTENCES, "a number sms", "数字sms"), (CLAUSES, "a number; sms", "数字；sms")],
)
def test_parts_are_joined_as_the_language_joins_them(joint: str, english: str, chinese: str) -> None:
    parts = (Sentence(text("a number")), "sms")
    assert str(Series(parts, joint)) == english
    assert Series(parts, joint).said(Words("zh")) == chinese
    assert Words("zh").joined([], joint=joint) == ""
