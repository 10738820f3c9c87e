"""Plain text from HTML."""

from __future__ import annotations

import doctest

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aimwell.promote.content import facts, plain
from aimwell.promote.content.plain import plain_text


@pytest.mark.parametrize(
    ("page", "text"),
    [
        ("<p>One</p><p>Two</p>", "One\n\nTwo\n"),
        ("One<br>Two", "One\nTwo\n"),
        ("<ul><li>a</li><li>b</li></ul>", "- a\n\n- b\n"),
        ("<table><tr><td>a</td><td>b</td></tr></table>", "a\n\nb\n"),
        ('<a href="https://s.example">https://s.example</a>', "https://s.example\n"),
        ('<a href="https://s.example"><img alt="Mug" src="x"></a>', "Mug (https://s.example)\n"),
        ('<a href="https://s.example"><img src="x"></a>', "https://s.example\n"),
        ('<a href="javascript:x">Go</a>', "Go\n"),
        ("<head><title>T</title><style>p{}</style></head><body>x<script>y</script></body>", "x\n"),
        ("a &lt;b&gt; &amp; 安娜 &nbsp; c", "a <b> & 安娜 c\n"),
        ("<p>  many \n  blanks </p>\n\n\n<p>x</p>", "many blanks\n\nx\n"),
        ("", "\n"),
    ],
)
def test_what_a_page_says(page: str, text: str) -> None:
    assert plain_text(page) == text


@settings(deadline=None)
@given(st.text(alphabet="<>/a b&;=\"'!-\n", max_size=60))
def test_any_text_is_read(page: str) -> None:
    assert plain_text(page).endswith("\n")


@pytest.mark.parametrize("module", [plain, facts])
def test_examples(module: object) -> None:
    assert doctest.testmod(module).failed == 0  # type: ignore[arg-type]
