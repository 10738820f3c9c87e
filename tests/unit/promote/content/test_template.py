"""Templates: parts, languages, escaping, and mistakes by file and line."""

from __future__ import annotations

from pathlib import Path

import pytest

from aimwell.base.words import Words
from aimwell.promote.content.errors import (
    ContentBadKey,
    ContentBadValue,
    ContentMissing,
    ContentNotToml,
    TemplateTooCostly,
    TemplateWrong,
    VariableUnknown,
)
from aimwell.promote.content.files import content_folder, content_names
from aimwell.promote.content.template import Template

from .folders import FACTS, filled, written


def test_the_parts_of_a_message(tmp_path: Path) -> None:
    place = written(
        tmp_path,
        subject="Hello {{ person.first_name }},\n {{ offer.name }}\n",
        text="Hi {{ person.name }}!",
        html="<p>Hi {{ person.name }}!</p>",
    )
    content = Template.read(place).render(FACTS, locale="en")
    assert content.subject == 'Hello Ann & co, 10 % "off"'  # one line, nothing escaped
    assert content.text == "Hi Ann <b>Lee</b>!"
    assert content.html == "<p>Hi Ann &lt;b&gt;Lee&lt;/b&gt;!</p>"


def test_a_subject_has_no_control_characters(tmp_path: Path) -> None:
    place = written(tmp_path, subject="{{ person.name }}", text="x")
    facts = FACTS | {"person": {"name": "Ann\r\nBcc: x@y.example\x00\u2028\x85z"}}
    assert Template.read(place).render(facts, locale="en").subject == "Ann Bcc: x@y.example z"


def test_the_plain_part_is_derived_where_it_is_missing(tmp_path: Path) -> None:
    place = written(
        tmp_path,
        html='<h1>{{ shop.name }}</h1><p>Hi {{ person.first_name }}, <a href="{{ unsubscribe_url }}">stop</a></p>',
    )
    content = Template.read(place).render(FACTS, locale="en")
    assert content.text == "Little Shop\n\nHi Ann & co, stop (https://shop.example/u/1)\n"
    assert content.subject is None


def test_slots_of_products(tmp_path: Path) -> None:
    html = '{% for p in products %}<a href="{{ p.url }}">{{ p.name }}: {{ p.price_minor | money: p.currency }}</a>\n{% endfor %}'
    assert filled(tmp_path, html) == (
        '<a href="https://shop.example/p?a=1&amp;b=2">Mug &lt;1&gt;: €12.50</a>\n'
        '<a href="">Cup: €3.00</a>\n'  # javascript: is no web address
    )


@pytest.mark.parametrize(
    ("locale", "greeting"),
    [
        ("zh-CN", "您好"),
        ("zh_Hans_CN", "您好"),
        ("ZH", "您好"),
        ("de-AT", "Servus"),
        ("de-DE", "Hallo"),
        ("de", "Hallo"),
        ("fr-FR", "Hello"),
        ("", "Hello"),
        ("../../etc", "Hello"),
    ],
)
def test_the_language_nearest_to_the_readers(tmp_path: Path, locale: str, greeting: str) -> None:
    place = written(tmp_path, text="Hello", zh__text="您好", de__text="Hallo", **{"de-AT__text": "Servus"})
    assert Template.read(place).render(FACTS, locale=locale).text == greeting


def test_content_toml_names_the_language_to_fall_back_to(tmp_path: Path) -> None:
    place = written(tmp_path, toml='locale = "zh"', en__text="Hello", zh__text="您好")
    assert Template.read(place).render(FACTS, locale="fr").text == "您好"
    assert Template.read(place).locales == ("zh", "en")


@pytest.mark.parametrize(
    ("locale", "shown"), [("en", "1,234.5 €12.50 25% Mar 1, 2026"), ("zh", "1,234.5 €12.50 25% 2026年3月1日")]
)
def test_numbers_money_and_dates_are_those_of_the_language(tmp_path: Path, locale: str, shown: str) -> None:
    source = "{{ 1234.5 | number: 1 }} {{ 1250 | money }} {{ 0.25 | percent }} {{ '2026-03-01' | date }}"
    place = written(tmp_path, en__text=source, zh__text=source)
    assert Template.read(place).render(FACTS, locale=locale).text == shown


def test_dates_by_letters_and_what_is_no_date(tmp_path: Path) -> None:
    source = "{{ d | date: '%d.%m.%Y %-d %B %b %A %H:%M %j %y %% %Q' }}|{{ 'soon' | date: '%d' }}|{{ 'now' | date: '%Y' }}"
    place = written(tmp_path, text="{% assign d = '2026-03-01 09:05:00' %}" + source)
    shown = Template.read(place).render(FACTS, locale="en").text
    assert shown == "01.03.2026 1 March Mar Sunday 09:05 60 26 % %Q|soon|now"


def test_params_for_providers_of_text_messages(tmp_path: Path) -> None:
    place = written(
        tmp_path,
        toml='template_id = "SMS_1"\n[params]\nname = "{{ person.first_name }} "\n',
        zh__toml='template_id = "SMS_2"',
    )
    template = Template.read(place)
    english = template.render(FACTS, locale="en")
    assert (english.template_id, english.params, english.text) == ("SMS_1", {"name": "Ann & co"}, "")
    assert template.render(FACTS, locale="zh").template_id == "SMS_2"


def test_snippets_are_files_of_the_folder_and_see_only_what_they_are_given(tmp_path: Path) -> None:
    html = "{% assign own = 1 %}{% for p in products %}{% render 'card', product: p %}{% endfor %}"
    card = "[{{ product.name }}|{{ shop.name }}|{{ own }}|{{ p }}]"
    page = filled(tmp_path, html, is_strict=False, card=card)
    assert page == "[Mug &lt;1&gt;|Little Shop||][Cup|Little Shop||]"


@pytest.mark.parametrize("name", ["../text", "/etc/passwd", "card.liquid", "content.toml", "zh/card", ""])
def test_no_name_leads_out_of_the_folder(tmp_path: Path, name: str) -> None:
    (tmp_path / "text.liquid").write_text("outside")
    with pytest.raises(TemplateWrong, match=r"html\.liquid:2: there is no snippet"):
        filled(tmp_path, f"x\n{{% render '{name}' %}}", card="x", zh__card="x")


def test_a_link_out_of_the_folder_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / "secret.liquid").write_text("secret")
    place = written(tmp_path, html="{% render 'card' %}")
    (place / "card.liquid").symlink_to(tmp_path / "secret.liquid")
    with pytest.raises(TemplateWrong, match="outside the folder"):
        Template.read(place)


@pytest.mark.parametrize(
    "tag", ["include", "extends", "block", "macro", "call", "import", "translate", "snippet"]
)
def test_other_tags_are_not_known(tmp_path: Path, tag: str) -> None:
    with pytest.raises(TemplateWrong, match=r"html\.liquid:2"):
        filled(tmp_path, f"x\n{{% {tag} 'card' %}}", card="x")


@pytest.mark.parametrize(
    ("html", "line", "name", "nearest"),
    [
        ("a\nb {{ person.frist_name }}", 2, "person.frist_name", "person.first_name"),
        ("a\n\n{% if persn.name %}x{% endif %}", 3, "persn", "person"),
        ("{% for p in products %}\n{{ p.prise_minor }}{% endfor %}", 2, "p.prise_minor", "p.price_minor"),
        ("{% for p in produkts %}{% endfor %}", 1, "produkts", "products"),
        ("{{ offer.nme | upcase }}", 1, "offer.nme", "offer.name"),
        ("{{ products[0].nam }}", 1, "products.0.nam", "products.0.name"),
    ],
)
def test_an_unknown_variable_in_a_preview(
    tmp_path: Path, html: str, line: int, name: str, nearest: str
) -> None:
    with pytest.raises(VariableUnknown) as caught:
        filled(tmp_path, html)
    found = caught.value.values
    assert (Path(str(found["file"])).name, found["line"], found["name"]) == ("html.liquid", line, name)
    assert nearest in str(found["nearest"]).split(", ")


def test_an_unknown_variable_with_a_default_is_none(tmp_path: Path) -> None:
    assert filled(tmp_path, "{{ person.nick | default: 'you' }}") == "you"


def test_an_unknown_variable_is_nothing_in_a_sending(tmp_path: Path) -> None:
    html = "[{{ person.frist_name }}{% for x in nothing %}x{% endfor %}{{ a.b.c | upcase }}]"
    assert filled(tmp_path, html, is_strict=False) == "[]"


def test_a_value_that_is_there_and_empty_is_no_mistake(tmp_path: Path) -> None:
    assert filled(tmp_path, "[{{ person.top_category }}]") == "[]"


@pytest.mark.parametrize(
    ("html", "line"),
    [
        ("a\n{% if x %}", 2),
        ("a\n\n{{ person.name", 3),
        ("a\n{% endif %}", 2),
        ("a\n{{ 'a' | nofilter }}", 2),
        ("a\n{{ 'a' | append }}", 2),
        ("a\n{{ 1 | divided_by: 0 }}", 2),
        ("a\n{% for x %}{% endfor %}", 2),
        ("a\n{{ person..name }}", 2),
        ("a\n{{ 'x' | money }}", 2),
        ("a\n{{ 1 | money: 'XXQ' }}", 2),
        ("a\n{% raw %}{{", 2),
        ("a\n{% break %}", 2),
    ],
)
def test_a_mistake_by_file_and_line(tmp_path: Path, html: str, line: int) -> None:
    with pytest.raises(TemplateWrong) as caught:
        filled(tmp_path, html)
    found = caught.value.values
    assert (Path(str(found["file"])).name, found["line"]) == ("html.liquid", line)


def test_a_mistake_in_a_snippet_names_the_snippet(tmp_path: Path) -> None:
    with pytest.raises(VariableUnknown, match=r"card\.liquid:3: there is no `prodct`"):
        filled(tmp_path, "x\n{% render 'card' %}", card="\n\n{{ prodct }}")
    with pytest.raises(TemplateWrong, match=r"card\.liquid:2"):
        filled(tmp_path, "x\n{% render 'card' %}", card="\n{% if %}")


def test_mistakes_are_said_in_chinese_too(tmp_path: Path) -> None:
    with pytest.raises(TemplateWrong) as caught:
        filled(tmp_path, "a\n{% raw %}")
    assert caught.value.said(Words("en")).startswith(str(tmp_path / "spring" / "html.liquid") + ":2:")


@pytest.mark.parametrize(
    ("files", "error", "said"),
    [
        ({"toml": "a b = 1"}, ContentNotToml, "line 1"),
        ({"toml": "locle = 'en'"}, ContentBadKey, "locle"),
        ({"toml": "locale = 'english!'"}, ContentBadValue, "locale"),
        ({"toml": "[params]\n'a b' = 'x'"}, ContentBadValue, "params.a b"),
        ({"toml": "template_id = 'T'\n[params]\na = '{{'"}, TemplateWrong, r"content.toml \[params\] a:1"),
        ({"card": "x"}, TemplateWrong, "it has none of"),
        ({"html": "x", "mjml": "<mjml/>"}, TemplateWrong, "one of them is enough"),
    ],
)
def test_a_folder_that_is_not_usable(
    tmp_path: Path, files: dict[str, str], error: type[Exception], said: str
) -> None:
    with pytest.raises(error, match=said):
        Template.read(written(tmp_path, **files))


def test_a_file_that_is_not_utf8(tmp_path: Path) -> None:
    place = written(tmp_path, text="x")
    (place / "text.liquid").write_bytes("a\n价".encode("gb18030"))
    with pytest.raises(TemplateWrong, match=r"text\.liquid:2: it is not UTF-8"):
        Template.read(place)


def test_contents_of_a_shop(tmp_path: Path) -> None:
    for name in ("welcome", "winback", ".hidden", "a b"):
        (tmp_path / "content" / name).mkdir(parents=True)
    assert content_names(tmp_path) == ("welcome", "winback")
    assert content_folder(tmp_path, "welcome") == tmp_path / "content" / "welcome"
    for name in ("../content/welcome", "welcom", ".hidden", ""):
        with pytest.raises(ContentMissing, match="welcome, winback"):
            content_folder(tmp_path, name)
    assert content_names(tmp_path / "nowhere") == ()


@pytest.mark.parametrize(
    ("html", "what"),
    [
        ("{% for i in (1..100000000) %}x{% endfor %}", "items"),
        ("{% for i in (1..100000000) reversed %}{% endfor %}", "items"),
        ("{{ (1..999999999) | join: ',' }}", "items"),
        ("{% assign r = (1..999999999) %}{% if r contains 'a' %}x{% endif %}", "items"),
        ("{% for i in (1..1000) %}{% for j in (1..1000) %}{% endfor %}{% endfor %}", "rounds"),
        (
            "{% for i in (1..9000) %}{% comment %}a{% endcomment %}{% comment %}b{% endcomment %}{% endfor %}",
            "steps",
        ),
        ("{% for i in (1..9000) %}{% if 1 == 1 and 2 == 2 and 3 == 3 %}{% endif %}{% endfor %}", "steps"),
        ("{% assign x = '0123456789' %}" + "{% assign x = x | append: x %}" * 40, "steps"),
        ("{% assign x = '" + "a" * 900 + "' %}" + "{% assign x = x | replace: 'a', x %}" * 9, "steps"),
        ("{% for i in (1..200) %}{{ b }}{% endfor %}".replace("b", "'" + "y" * 1800 + "'"), "bytes"),
        ("{% for i in (1..200) %}" + "y" * 1800 + "{% endfor %}", "bytes"),
        (
            "{% for i in (1..40) %}{% capture x %}" + "y" * 9000 + "{% endcapture %}{{ x }}{% endfor %}",
            "bytes",
        ),
        ("{% assign x = (1..9999) | join: '' | split: '' | uniq %}", "steps"),
        ("{% for i in (1..9000) %}{% render 'card' %}{% endfor %}", "steps"),
    ],
)
def test_a_template_without_end_is_stopped(tmp_path: Path, html: str, what: str) -> None:
    with pytest.raises(TemplateTooCostly, match=what):
        filled(tmp_path, html, card="x")


def test_the_largest_page_is_as_large_as_it_may_be(tmp_path: Path) -> None:
    page = filled(tmp_path, "{% for i in (1..256) %}" + "y" * 1024 + "{% endfor %}")
    assert len(page) == 262_144
    with pytest.raises(TemplateTooCostly):
        filled(tmp_path, "{% for i in (1..256) %}" + "y" * 1024 + "{% endfor %}z")


@pytest.mark.parametrize(
    ("html", "said"),
    [
        ("x" * 262_145, "more than 262144 characters"),
        ("{{ a }}" * 2_001, "more than 2000 tags"),
        ("{{" + " " * 500 + "a }}", "blanks in a row"),
        ("{{ " + "a" * 2_500 + " }}", "not closed"),
        ("{%" * 5000, "not closed"),
        ("{{ " + "a[" * 600 + "a" + "]" * 600 + " }}", "nested too deeply"),
        ("{% if true %}" * 40 + "{% endif %}" * 40, "nesting limit"),
        ("{% comment %}" + "{% raw %}" * 900, "never closed"),
    ],
)
def test_a_source_that_would_keep_the_parser_busy_is_refused(tmp_path: Path, html: str, said: str) -> None:
    with pytest.raises(TemplateWrong, match=said):
        filled(tmp_path, html)


def test_snippets_that_call_each_other_come_to_an_end(tmp_path: Path) -> None:
    with pytest.raises((TemplateWrong, TemplateTooCostly)):
        filled(
            tmp_path,
            "{% render 'a' %}",
            a="{% render 'b' %}{% render 'b' %}",
            b="{% render 'a' %}{% render 'a' %}",
        )
