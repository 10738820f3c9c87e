"""What a template cannot reach: attributes, methods, the machine's clock and environment, files."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from aimwell.promote.content.facts import FactUnfit, admitted, facts_for, first_name

from .folders import filled

PATHS = [
    "person.__class__",
    "person['__class__']",
    "person.name.__class__.__mro__",
    "person.items",
    "person.keys",
    "person.get",
    "person.name.upper",
    "person.name.format",
    "products.append",
    "products.__len__",
    "products.first.__init__",
    "offer.__globals__",
    "shop.__dict__",
    "now",
    "today",
    "self",
    "env",
    "environment",
    "context",
    "globals",
    "template",
    "partial",
    "request",
    "config",
    "os",
    "os.environ",
    "forloop.it",
]


@pytest.mark.parametrize("path", PATHS)
def test_a_path_leads_to_items_of_the_facts_only(tmp_path: Path, path: str) -> None:
    shown = filled(tmp_path, f"[{{{{ {path} }}}}{{% if {path} %}}yes{{% endif %}}]", is_strict=False)
    assert shown == "[]"


@pytest.mark.parametrize("word", ["empty", "blank", "nil", "true", "1", "1.5", "'a'", "(1..3)"])
def test_a_variable_that_holds_a_word_of_the_language_has_no_parts(tmp_path: Path, word: str) -> None:
    html = f"{{% assign x = {word} %}}[{{{{ x.children }}}}{{{{ x.__class__ }}}}{{{{ x.start }}}}{{{{ x.real }}}}]"
    assert filled(tmp_path, html, is_strict=False) == "[]"


@pytest.mark.parametrize(
    "html",
    [
        "{{ empty | reverse }}",
        "{{ blank | uniq }}",
        "{{ products | map: 'nothing' }}",
        "{% for p in products %}{{ forloop }}{% for q in products %}{{ forloop.parentloop }}{% endfor %}{% endfor %}",
        "{% tablerow p in products %}{{ tablerowloop }}{% endtablerow %}",
    ],
)
def test_no_object_of_the_library_is_shown(tmp_path: Path, html: str) -> None:
    shown = filled(tmp_path, html, is_strict=False)
    assert "object at" not in shown
    assert "ForLoop" not in shown


@pytest.mark.parametrize(
    "path", ["forloop.it", "forloop.step", "forloop._keys", "forloop.__class__", "forloop.parentloop.it"]
)
def test_a_loop_shows_where_it_is_and_nothing_else(tmp_path: Path, path: str) -> None:
    html = f"{{% for p in products %}}{{{{ forloop.index }}}}[{{{{ {path} }}}}]{{% endfor %}}"
    assert filled(tmp_path, html, is_strict=False) == "1[]2[]"


@pytest.mark.parametrize(
    "chain",
    [
        "map: '__class__'",
        "where: '__class__'",
        "sort: '__class__'",
        "sum: '__class__'",
        "uniq: 'x'",
        "find: '__init__', 1",
    ],
)
def test_filters_that_take_a_name_look_at_items_too(tmp_path: Path, chain: str) -> None:
    shown = filled(tmp_path, f"{{{{ products | {chain} }}}}", is_strict=False)
    assert "class &#39;" not in shown
    assert "method" not in shown


def test_the_clock_cannot_be_asked(tmp_path: Path) -> None:
    assert (
        filled(tmp_path, "{{ 'now' | date: '%Y' }}{{ 'today' | date: '%Y' }}", is_strict=False) == "nowtoday"
    )


class Trap:
    """Something that is no plain value."""

    secret = "s3cret"


@pytest.mark.parametrize("value", [Trap(), Trap, print, Path("x"), b"bytes", {1, 2}, object(), iter([1])])
def test_only_plain_values_are_admitted(value: Any) -> None:
    with pytest.raises(FactUnfit, match=r"person\.x"):
        admitted({"person": {"x": value}})


def test_facts_are_copied() -> None:
    class Text(str):
        def __html__(self) -> str:
            return "<script>"

    given = {"a": {"b": [Text("x"), Decimal("2"), Decimal("2.5"), date(2026, 3, 1), None, True, ("y",)]}}
    found: Any = admitted(given)
    assert found == {"a": {"b": ["x", 2, 2.5, date(2026, 3, 1), None, True, ["y"]]}}
    assert type(found["a"]["b"][0]) is str
    assert found["a"] is not given["a"]


def test_too_much_is_not_admitted() -> None:
    nested: Any = "x"
    for _ in range(20):
        nested = {"a": nested}
    with pytest.raises(FactUnfit):
        admitted(nested)
    with pytest.raises(FactUnfit):
        admitted({"a": list(range(10_000))})
    assert len(str(admitted({"a": "x" * 100_000})["a"])) == 20_000


@pytest.mark.parametrize(
    ("url", "kept"),
    [
        ("https://s.example/a?b=1&c=2", True),
        ("HTTP://s.example", True),
        ("javascript:alert(1)", False),
        ("data:text/html,x", False),
        ("//s.example", False),
        ("https://s.example/ onclick=x", False),
        ('https://s.example/"x', False),
        ("java\nscript:alert(1)", False),
    ],
)
def test_a_url_is_a_web_address_or_nothing(url: str, kept: bool) -> None:
    expected = url if kept else None
    found: Any = admitted({"products": [{"url": url, "image_url": url, "name": url}]})
    assert found == {"products": [{"url": expected, "image_url": expected, "name": url}]}


def test_the_facts_of_a_message() -> None:
    facts = facts_for(traits={"n_orders": 2}, name="Ann Lee", shop={"name": "S", "currency": "EUR"})
    assert facts == {
        "person": {"n_orders": 2, "name": "Ann Lee", "first_name": "Ann"},
        "offer": {"id": None, "name": None},
        "products": [],
        "shop": {"name": "S", "currency": "EUR"},
        "unsubscribe_url": None,
        "preferences_url": None,
    }


@pytest.mark.parametrize(
    ("name", "first"),
    [
        ("Ann Lee", "Ann"),
        ("李安娜", "李安娜"),
        ("山田 太郎", "山田 太郎"),
        (" Zoë ", "Zoë"),
        ("", None),
        (None, None),
    ],
)
def test_how_people_are_greeted(name: str | None, first: str | None) -> None:
    assert first_name(name) == first
