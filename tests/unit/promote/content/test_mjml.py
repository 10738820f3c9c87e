"""MJML: turned into HTML with the Liquid in it, or a word about what is missing."""

from __future__ import annotations

import builtins
from pathlib import Path
from typing import Any

import pytest

from aimwell.promote.content.errors import MjmlMissing, TemplateWrong, VariableUnknown
from aimwell.promote.content.template import Template

from .folders import FACTS, written

MAIL = """<mjml><mj-body><mj-section><mj-column>
<mj-text>Hi {{ person.name | default: "you" }} {% if 1 < 2 %}there{% endif %}</mj-text>
<mj-raw>{% for p in products %}</mj-raw>
<mj-button href="{{ p.url }}">{{ p.name }}</mj-button>
<mj-raw>{% endfor %}</mj-raw>
</mj-column></mj-section></mj-body></mjml>
"""


def test_a_mail_in_mjml(tmp_path: Path) -> None:
    content = Template.read(written(tmp_path, mjml=MAIL)).render(FACTS, locale="en", is_strict=True)
    assert content.html is not None
    assert content.html.startswith("<!doctype html>")
    assert "Hi Ann &lt;b&gt;Lee&lt;/b&gt; there" in content.html
    assert 'href="https://shop.example/p?a=1&amp;b=2"' in content.html
    assert "Mug &lt;1&gt;" in content.html
    assert "javascript" not in content.html
    assert "Hi Ann <b>Lee</b> there" in content.text


def test_mistakes_are_told_by_the_line_of_the_mjml(tmp_path: Path) -> None:
    wrong = Template.read(written(tmp_path / "a", mjml=MAIL.replace("{{ p.name }}", "{{ p.nam }}")))
    with pytest.raises(VariableUnknown, match=r"html\.mjml:4: there is no `p\.nam`"):
        wrong.render(FACTS, locale="en", is_strict=True)
    with pytest.raises(TemplateWrong, match=r"html\.mjml"):
        Template.read(written(tmp_path / "b", mjml=MAIL.replace("</mj-column>", "")))


def test_nothing_is_included_from_elsewhere(tmp_path: Path) -> None:
    (tmp_path / "other.mjml").write_text("<mj-text>secret</mj-text>")
    included = MAIL.replace("<mj-section>", f'<mj-include path="{tmp_path}/other.mjml" /><mj-section>', 1)
    with pytest.raises(TemplateWrong):
        Template.read(written(tmp_path, mjml=included))


def test_without_the_package_it_says_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real = builtins.__import__

    def missing(name: str, *given: Any, **named: Any) -> Any:
        if name == "mjml":
            raise ImportError(name)
        return real(name, *given, **named)

    monkeypatch.setattr(builtins, "__import__", missing)
    with pytest.raises(MjmlMissing, match=r"pip install 'aimwell\[mjml\]'"):
        Template.read(written(tmp_path, mjml=MAIL))
