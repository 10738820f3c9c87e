"""GUARANTEES 24: random and hostile templates reach nothing, unescape nothing, and end or are refused.

Templates are drawn from a grammar with seeds of their own, so every run draws the same. Their own text and literals hold none of
< > " ' &, so any of these in the output comes from data, apart from what `newline_to_br`, `tablerow` and escaping itself write.
"""

from __future__ import annotations

import os
import random
import re
from pathlib import Path
from typing import Any

import pytest
from liquid.exceptions import LiquidError

from aimwell.base.errors import UserError
from aimwell.promote.content.facts import admitted
from aimwell.promote.content.sandbox.environment import SafeEnvironment
from aimwell.promote.content.sandbox.filters import FILTERS
from aimwell.promote.content.sandbox.run import MOST_BYTES, MOST_STEPS, Run
from aimwell.promote.content.template import Template

from .folders import written

HOSTILE = [
    "<script>alert(1)</script>",
    "\"><img src=x onerror='alert(1)'>",
    "&lt;b&gt; & <!--",
    "{{ person.__class__ }}{% assign x = 1 %}",
    "a\r\nb\x00\u2028",
    "%3Cscript%3E",
    "<" * 50,
    "'" * 9 + '"' * 9,
    "安娜<b>",
    "a" * 3000 + "<",
]
FACTS: dict[str, Any] = {
    "person": {
        "name": HOSTILE[0],
        "first_name": HOSTILE[1],
        "n_orders": 3,
        "note": HOSTILE[9],
        "nothing": None,
        "big": 10**17,
    },
    "offer": {"id": "o", "name": HOSTILE[2], "words": HOSTILE},
    "products": [
        {"name": one, "price_minor": n, "url": one, "tags": HOSTILE[:3]} for n, one in enumerate(HOSTILE)
    ],
    "shop": {"name": HOSTILE[3], "currency": "EUR"},
    "unsubscribe_url": "https://shop.example/u?a=<b>",
    "preferences_url": HOSTILE[5],
}
ROOTS = [
    "person",
    "offer",
    "products",
    "shop",
    "unsubscribe_url",
    "preferences_url",
    "x",
    "y",
    "p",
    "forloop",
    "nowhere",
]
STEPS = """
name first_name n_orders note nothing big words price_minor url tags size first last index parentloop currency
__class__ __init__ __globals__ __mro__ __dict__ __subclasses__ items keys get format upper mro it evaluate env
""".split()  # noqa: SIM905  # a list of so many would be a page
WORDS = [
    "a",
    "amp",
    "lt;",
    "script",
    "%3C",
    "%Y",
    "%-d %B",
    "\\u003c",
    "0",
    "1e9",
    "-1",
    "99999999999999999999",
    "{",
    "|",
]
ENVIRONMENT = "env-canary-7391"
WRITTEN_BY_LIQUID = re.compile(r"<br>|</?t[rd]( class=.(row|col)\d+.)?>".replace(".", '"'))
ENTITY = re.compile(r"&(lt|gt|amp|quot|#34|#39);")


class Grammar:
    """Draws templates."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)

    def template(self) -> str:
        return "".join(self.node(3) for _ in range(self.random.randint(1, 5)))

    def node(self, depth: int) -> str:
        kinds = [
            "text",
            "output",
            "output",
            "output",
            "assign",
            "echo",
            "cycle",
            "increment",
            "liquid",
            "render",
        ]
        if depth:
            kinds += [
                "branch",
                "loop",
                "loop",
                "capture",
                "case",
                "unless",
                "tablerow",
                "ifchanged",
                "comment",
                "raw",
            ]
        made: str = getattr(self, self.random.choice(kinds))(depth - 1)
        return made

    def block(self, depth: int) -> str:
        return "".join(self.node(max(depth, 0)) for _ in range(self.random.randint(0, 3)))

    def text(self, _: int) -> str:
        return self.random.choice(["hello ", "\n", " 您好 ", "{ { } } ", "%} ", "]] "])

    def path(self) -> str:
        path = self.random.choice(ROOTS)
        for _ in range(self.random.randint(0, 3)):
            step = self.random.choice(STEPS)
            path += self.random.choice(
                [
                    f".{step}",
                    f"['{step}']",
                    f"[{self.random.randint(-2, 3)}]",
                    f"[{self.random.choice(ROOTS)}]",
                ]
            )
        return path

    def value(self) -> str:
        literal = f"'{self.random.choice(WORDS)}'"
        bounds = f"({self.random.randint(-5, 5)}..{self.random.choice(['3', '50', '20000', '999999999', 'person.big'])})"
        number = str(self.random.choice([0, 1, -7, 3.5, 10**12, 10**30]))
        return self.random.choice(
            [self.path(), self.path(), self.path(), literal, number, bounds, "nil", "empty", "true"]
        )

    def expression(self) -> str:
        made = self.value()
        for _ in range(self.random.choice([0, 0, 1, 1, 2, 3])):
            name = self.random.choice(NAMES) if self.random.random() < 0.97 else self.random.choice(FORBIDDEN)
            n_arguments = ARGUMENTS.get(name, 0) if self.random.random() < 0.95 else self.random.randint(0, 2)
            arguments = ", ".join(self.argument(name) for _ in range(n_arguments))
            made += f" | {name}" + (f": {arguments}" if arguments else "")
        return made

    def argument(self, name: str) -> str:
        if name in NUMERIC and self.random.random() < 0.9:
            return str(self.random.choice([1, 2, 7, 3.5]))
        return (
            self.value()
            if name not in NAMED
            else self.random.choice(["'name'", "'price_minor'", "'nothing'"])
        )

    def condition(self) -> str:
        operators = ["==", "!=", "<", ">", "<=", ">=", "contains"]
        parts = [
            f"{self.value()} {self.random.choice(operators)} {self.value()}"
            for _ in range(self.random.randint(1, 3))
        ]
        return self.random.choice([" and ", " or "]).join(parts)

    def output(self, _: int) -> str:
        return f"{{{{ {self.expression()} }}}}"

    def echo(self, _: int) -> str:
        return f"{{% echo {self.expression()} %}}"

    def assign(self, _: int) -> str:
        return f"{{% assign {self.random.choice('xyp')} = {self.expression()} %}}"

    def cycle(self, _: int) -> str:
        return f"{{% cycle {self.value()}, {self.value()} %}}"

    def increment(self, _: int) -> str:
        return f"{{% increment {self.random.choice('xyz')} %}}"

    def liquid(self, _: int) -> str:
        return f"{{% liquid\n assign x = {self.expression()}\n echo x\n%}}"

    def render(self, _: int) -> str:
        return f"{{% render '{self.random.choice(['card', 'card', 'card', 'card', 'card', 'loop', 'nowhere', '../card'])}', p: {self.value()} %}}"

    def _pair(self, opening: str, closing: str, depth: int) -> str:
        return f"{{% {opening} %}}{self.block(depth)}{{% {closing} %}}"

    def unless(self, depth: int) -> str:
        return self._pair(f"unless {self.condition()}", "endunless", depth)

    def capture(self, depth: int) -> str:
        return self._pair(f"capture {self.random.choice('xy')}", "endcapture", depth)

    def ifchanged(self, depth: int) -> str:
        return self._pair("ifchanged", "endifchanged", depth)

    def comment(self, depth: int) -> str:
        return self._pair("comment", "endcomment", depth)

    def raw(self, _: int) -> str:
        return "{% raw %}{{ person.name }}{% endraw %}"

    def tablerow(self, depth: int) -> str:
        return self._pair(f"tablerow p in {self.value()} cols: 2", "endtablerow", depth)

    def case(self, depth: int) -> str:
        body = (
            f"{{% when {self.value()}, {self.value()} %}}{self.block(depth)}{{% else %}}{self.block(depth)}"
        )
        return f"{{% case {self.value()} %}}{body}{{% endcase %}}"

    def branch(self, depth: int) -> str:
        body = f"{self.block(depth)}{{% elsif {self.condition()} %}}{self.block(depth)}{{% else %}}{self.block(depth)}"
        return f"{{% if {self.condition()} %}}{body}{{% endif %}}"

    def loop(self, depth: int) -> str:
        options = self.random.choice(
            ["", " reversed", " limit: 3", f" offset: {self.value()}", f" limit: {self.value()}"]
        )
        inside = self.block(depth) + self.random.choice(["", "", "{% break %}", "{% continue %}"])
        return f"{{% for p in {self.value()}{options} %}}{inside}{{% endfor %}}"


NAMES = list(FILTERS)
FORBIDDEN = ["safe", "escapejs", "nofilter"]
NUMERIC = {"divided_by", "modulo", "slice", "truncate", "truncatewords", "number", "times", "plus", "minus"}
NAMED = {"map", "where", "reject", "find", "has", "sort_natural"}
ARGUMENTS = dict.fromkeys((*NUMERIC, *NAMED), 1) | dict.fromkeys(
    ("append", "prepend", "concat", "default", "date", "join", "split", "remove", "at_least", "at_most"), 1
)
ARGUMENTS |= {"replace": 2}
SNIPPETS = {
    "card": (Path("card.liquid"), "[{{ p.name }}{{ p }}{{ x }}]"),
    "loop": (Path("loop.liquid"), "{% render 'loop' %}{% render 'loop' %}"),
}


@pytest.fixture(autouse=True)
def _canary(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AIMWELL_CANARY", ENVIRONMENT)
    assert os.environ["AIMWELL_CANARY"] == ENVIRONMENT


def check(page: str) -> None:
    """Assert what holds of every page, whatever the template."""
    assert len(page.encode()) <= MOST_BYTES
    assert ENVIRONMENT not in page
    for sign in (
        "built-in method",
        "bound method",
        "<function",
        "function ",
        "class &#39;",
        "object at 0x",
        "ForLoop(",
    ):
        assert sign not in page, sign
    rest = ENTITY.sub("", WRITTEN_BY_LIQUID.sub("", page))
    assert not set("<>\"'") & set(rest), rest
    assert "&" not in rest, rest


def run(seeds: range) -> tuple[int, int]:
    """Fill a template per seed; return how many were filled and how many refused."""
    facts = admitted(FACTS)
    n_filled = n_refused = 0
    for seed in seeds:
        source = Grammar(seed).template()
        environment = SafeEnvironment(is_html=True, is_strict=seed % 8 == 0, snippets=SNIPPETS)
        counted = Run(currency="EUR")
        try:
            page = environment.parsed(source, name="html.liquid", path=Path("html.liquid")).fill(
                facts, counted
            )
        except (LiquidError, RecursionError):
            n_refused += 1
        else:
            check(page)
            assert counted.n_steps <= MOST_STEPS
            n_filled += 1
    return n_filled, n_refused


def test_hostile_templates_reach_nothing_and_unescape_nothing() -> None:
    n_filled, n_refused = run(range(2_000))
    assert n_filled + n_refused == 2_000
    assert n_filled > 400  # else it would say little


@pytest.mark.deep
def test_many_more_hostile_templates() -> None:
    n_filled, n_refused = run(range(10_000, 110_000))
    assert n_filled + n_refused == 100_000


def test_rubbish_is_read_or_refused_by_file_and_line(tmp_path: Path) -> None:
    """Whole templates through the front door, cut, doubled and mixed."""
    drawn = random.Random(24)
    for seed in range(200):
        sources = [Grammar(seed * 2 + k).template() for k in (0, 1)]
        cut = drawn.randrange(len(sources[0]) + 1)
        rubbish = "".join(drawn.choice("{%}|'\"<>&. \n-[]()") for _ in range(drawn.randrange(6)))
        source = sources[0][:cut] + rubbish + sources[1]
        place = written(tmp_path / str(seed), html=source, card="[{{ p.name }}]")
        problem, page = None, ""
        try:
            page = str(Template.read(place).render(FACTS, locale="zh-CN", is_strict=bool(seed % 2)).html)
        except UserError as exc:
            problem = exc
        assert ENVIRONMENT not in page
        if problem is not None:
            assert problem.code in ("template_wrong", "template_too_costly", "variable_unknown")
            assert Path(str(problem.values["file"])).name in ("html.liquid", "card.liquid")
            assert int(str(problem.values["line"])) >= 1
