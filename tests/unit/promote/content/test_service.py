"""What a check finds without filling a template: every name, in every branch."""

from __future__ import annotations

from pathlib import Path

import pytest

from aimwell.promote.content.service import check_content, sample_facts, unknown_names
from aimwell.promote.content.template import Template

from .folders import written

TRAITS = {
    "n_orders": "int64",
    "top_category": "string",
    "is_vip": "boolean",
    "top_categories": "array<string>",
}
SHOP = {"name": "S", "currency": "EUR"}


def found(folder: Path, **files: str) -> list[str]:
    template = Template.read(written(folder, **files))
    problems = unknown_names(template, sample_facts(TRAITS, shop=SHOP))
    return [str(problem).partition("spring/")[2] for problem in problems]


@pytest.mark.parametrize(
    ("html", "said"),
    [
        (
            "\n{% if false %}{{ person.n_ordres }}{% endif %}",
            "html.liquid:2: there is no `person.n_ordres`. The nearest names: person.n_orders",
        ),
        (
            "{{ products[0].prise_minor }}",
            "html.liquid:1: there is no `products.0.prise_minor`. The nearest names: products.0.price_minor",
        ),
        (
            "{{ products.first.nam }}",
            "html.liquid:1: there is no `products.first.nam`. The nearest names: products.first.name",
        ),
        (
            "{% if nobody %}{{ 1 | mony }}{% endif %}",
            "html.liquid:1: there is no filter `mony`; the nearest: money",
        ),
        ("{% render 'card' %}", "card.liquid:2: there is no `shopp`. The nearest names: shop"),
    ],
)
def test_names_that_nothing_has(tmp_path: Path, html: str, said: str) -> None:
    problems = found(tmp_path, html=html, card="\n{{ shopp }}" if "card" in html else "x")
    assert any(problem.startswith(said) for problem in problems), problems


@pytest.mark.parametrize(
    "html",
    [
        "{{ person.first_name }} {{ person.top_categories[0] }} {{ products.size }} {{ products[1].url }} {{ shop.name.size }}",
        "{% assign mine = 1 %}{{ mine }}{% for p in products %}{{ p.anything }}{{ forloop.index }}{% endfor %}",
        "{% assign key = 'name' %}{{ person[key] }}",
        "{% capture x %}y{% endcapture %}{{ x }}",
    ],
)
def test_names_that_are_there_or_depend_on_data(tmp_path: Path, html: str) -> None:
    assert found(tmp_path, html=html) == []


def test_a_check_tells_the_first_problem_or_the_languages(tmp_path: Path) -> None:
    written(tmp_path / "content", en__text="{{ person.n_orders }}", zh__text="{{ person.n_orders }}")
    good = check_content(tmp_path, "spring", traits=TRAITS, shop=SHOP)
    assert (good.problem, good.locales) == (None, ("en", "zh"))
    written(
        tmp_path / "content", zh__text="{% for p in products %}{{ p.nam }}{% endfor %}"
    )  # a loop's own name: seen in filling
    wrong = check_content(tmp_path, "spring", traits=TRAITS, shop=SHOP)
    assert wrong.problem is not None
    assert wrong.problem.code == "variable_unknown"
