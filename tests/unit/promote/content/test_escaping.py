"""What is data is escaped, whatever a template does with it; and data stand only where escaping holds."""

from __future__ import annotations

from pathlib import Path

import pytest

from aimwell.promote.content.errors import TemplateWrong

from .folders import filled

ANN = "Ann &lt;b&gt;Lee&lt;/b&gt;"  # person.name is Ann <b>Lee</b>


@pytest.mark.parametrize(
    ("html", "shown"),
    [
        ("{{ person.name }}", ANN),
        ("{% echo person.name %}", ANN),
        ("{% liquid echo person.name %}", ANN),
        ("{{ person.name | append: '<i>' }}", ANN + "&lt;i&gt;"),
        ("{{ '<i>' | append: person.name }}", "&lt;i&gt;" + ANN),
        ("{{ '<i>' }}", "<i>"),  # what the template itself says
        ("{% capture x %}<i>{{ person.name }}</i>{% endcapture %}{{ x }}", f"<i>{ANN}</i>"),
        (
            "{% capture x %}{{ person.name }}{% endcapture %}{{ x | replace: '&lt;', '<' }}",
            "Ann &lt;b&amp;gt;Lee&lt;/b&amp;gt;",
        ),
        (
            "{% capture x %}{{ person.name }}{% endcapture %}{{ x | split: 'x' }}",
            "Ann &amp;lt;b&amp;gt;Lee&amp;lt;/b&amp;gt;",
        ),
        ("{% assign x = '<' %}{{ x | append: 'script' }}", "&lt;script"),
        ("{{ '%3Cscript%3E' | url_decode }}", "&lt;script&gt;"),
        ("{{ person.name | escape }}", ANN),
        ("{{ person.name | escape | escape }}", "Ann &amp;lt;b&amp;gt;Lee&amp;lt;/b&amp;gt;"),
        ("{{ person.name | newline_to_br }}", ANN),
        ("{% assign x = 'a<\nb' %}{{ x | newline_to_br }}", "a&lt;<br>\nb"),
        ("{{ person.name | strip_html }}", "Ann Lee"),
        ("{{ '&lt;b&gt;' | strip_html }}", "&lt;b&gt;"),
        ("{{ person.name | split: ' ' | join: '<' }}", "Ann&lt;&lt;b&gt;Lee&lt;/b&gt;"),
        ("{{ person.name | split: ' ' }}", ANN.replace(" ", "")),
        ("{% cycle person.name, 'x' %}", ANN),
        ("{% for x in person %}{{ x[1] }},{% endfor %}", ANN + ",Ann &amp; co,3,,"),
        (
            "{% tablerow x in products %}{{ x.name }}{% endtablerow %}",
            '<tr class="row1">\n<td class="col1">Mug &lt;1&gt;</td><td class="col2">Cup</td></tr>\n',
        ),
        ('<a title="{{ offer.name }}">', '<a title="10 % &#34;off&#34;">'),
        ("{{ products | map: 'name' | first }}", "Mug &lt;1&gt;"),
        ("{% assign x = person.name %}{% ifchanged %}{{ x }}{% endifchanged %}", ANN),
    ],
)
def test_data_are_escaped(tmp_path: Path, html: str, shown: str) -> None:
    assert filled(tmp_path, html) == shown


@pytest.mark.parametrize(
    "name", ["safe", "escapejs", "escape_once", "base64_decode", "json", "t", "translate", "unescape"]
)
def test_filters_that_would_undo_it_are_not_known(tmp_path: Path, name: str) -> None:
    with pytest.raises(TemplateWrong, match="filter"):
        filled(tmp_path, f"{{{{ person.name | {name} }}}}")


@pytest.mark.parametrize(
    ("html", "line"),
    [
        ("<p>\n<a href={{ unsubscribe_url }}>", 2),
        ("<p>\n<p class=a{{ person.name }}>", 2),
        ("\n\n<p {{ person.name }}>", 3),
        ("<{{ person.name }}>", 1),
        ("{{ person.name }}\n<script>var a = '{{ person.name }}'</script>", 2),
        ("<style>\na { color: {{ person.name }} }</style>", 2),
        ("<p onclick=\"f('{{ person.name }}')\">", 1),
        ("x\n<!-- {{ person.name }} -->", 2),
        ("<p>\n<a href={% echo person.name %}>", 2),
        ("<p>\n<a title={% render 'card' %}>", 2),
        ("<a href='{{ unsubscribe_url }}' title={{ person.name }}>", 1),
    ],
)
def test_data_where_escaping_does_not_hold_are_refused(tmp_path: Path, html: str, line: int) -> None:
    with pytest.raises(TemplateWrong) as caught:
        filled(tmp_path, html, card="x")
    assert caught.value.values["line"] == line
    assert "data may stand" in str(caught.value)


@pytest.mark.parametrize(
    "html",
    [
        '<a href="{{ unsubscribe_url }}">x</a>',
        "<a href = '{{ unsubscribe_url }}'>x</a>",
        "<td {% if person.name %}class='a'{% endif %}>x</td>",
        "<p>a={{ person.n_orders }}</p>",
        '<p style="color:red">{{ person.name }}</p>',
        "<style>p { color: red }</style><script>var a = 1</script>{{ person.name }}",
        "<!--[if mso]><td>{{ person.name }}</td><![endif]-->",
        "1 < 2 {{ person.name }} > 0",
    ],
)
def test_data_in_text_and_between_quotes_are_fine(tmp_path: Path, html: str) -> None:
    assert filled(tmp_path, html)


def test_a_snippet_of_a_page_is_looked_at_too(tmp_path: Path) -> None:
    with pytest.raises(TemplateWrong, match=r"card\.liquid:1"):
        filled(tmp_path, "{% render 'card' %}", card="<a href={{ shop.name }}>")
