"""Random and hostile segment rules: one SELECT over allowed tables, values bound, the same people as a Python evaluator.

The evaluator below shares no code with the compiler. `make deep` runs twenty thousand rules.
"""

import random
from datetime import date, datetime, timedelta

import pytest
import sqlglot
from sqlglot import exp

from aimwell.base.errors import UserError
from aimwell.base.words import Words
from aimwell.portraits.model import Trait, TraitBook
from aimwell.portraits.segments import members, parse_rule

AS_OF = datetime(2025, 1, 1)
HOSTILE = [
    "'; drop table portraits; --",
    '" or 1=1 --',
    "\\' union select * from secrets",
    "%_",
    "{{7*7}}",
    "$(reboot)",
    "x' || (select 1) || '",
    "中文'引号",
    "/* */",
]
TYPES = {
    "n_orders": "int64",
    "rate": "float64",
    "stage": "string",
    "is_new": "boolean",
    "joined_on": "date",
    "seen_at": "timestamp",
    "tags": "array<string>",
}
WORDS = ["a", "b", "ab", "", *HOSTILE]


def _trait(name, dtype):
    return Trait(name=name, group="own", dtype=dtype, meaning="A.", sources=("orders",), of=lambda p: p[name])


BOOK = TraitBook(tuple(_trait(name, dtype) for name, dtype in TYPES.items()))


def _value(rng, kind):
    if kind == "int64":
        return rng.randint(-1, 4)
    if kind == "float64":
        return rng.choice([0.0, 0.5, 1.5, 2, -1])
    if kind == "boolean":
        return rng.random() < 0.5
    if kind == "date":
        return date(2024, 12, rng.randint(1, 5))
    if kind == "timestamp":
        return datetime(2024, 12, rng.randint(1, 5))
    return rng.choice(WORDS)


def _comparison(rng, kind):
    one = kind.removeprefix("array<").removesuffix(">")
    ops = ["contains", "is_null"] if one != kind else ["eq", "ne", "is_null"]
    if kind not in ("boolean", "array<string>"):
        ops += ["lt", "le", "gt", "ge", "between", "in"]
    if kind == "string":
        ops += ["contains"]
    op = rng.choice(ops)
    if op == "is_null":
        return {"op": op, "value": rng.random() < 0.5}
    if op == "between":
        return {"op": op, "value": [_value(rng, one), _value(rng, one)]}
    if op == "in":
        return {"op": op, "value": [_value(rng, one) for _ in range(rng.randint(1, 4))]}
    return {"op": op, "value": _value(rng, one)}


FACT_COLUMNS = {
    "orders": {"items_minor": "int64", "status": "string", "channel": "string"},
    "events": {"name": "string", "device": "string"},
    "order_lines": {"net_minor": "int64", "product_id": "string", "category": "string"},
}


def _rule(rng, depth=0):
    kind = rng.choice(["trait", "trait", "facts", "all", "any", "not"] if depth < 4 else ["trait", "facts"])
    if kind == "trait":
        name = rng.choice(list(TYPES))
        return {"trait": name} | _comparison(rng, TYPES[name])
    if kind == "facts":
        name = rng.choice(list(FACT_COLUMNS))
        columns = FACT_COLUMNS[name]
        where = [
            {"column": c} | _comparison(rng, columns[c]) for c in rng.sample(list(columns), rng.randint(0, 2))
        ]
        rule = {
            "facts": name,
            "where": where,
            "op": rng.choice(["eq", "ge", "lt"]),
            "value": rng.randint(0, 3),
        }
        if rng.random() < 0.7:
            rule["within_days"] = rng.choice([1, 5, 30])
        money = [c for c in columns if c.endswith("_minor")]
        if money and rng.random() < 0.4:
            rule |= {"measure": "sum", "column": money[0]}
        return rule
    if kind == "not":
        return {"not": _rule(rng, depth + 1)}
    return {kind: [_rule(rng, depth + 1) for _ in range(rng.randint(1, 3))]}


# -- the evaluator --------------------------------------------------------------------------------------------------


def _meets(value, comparison):
    op, wanted = comparison["op"], comparison["value"]
    if op == "is_null":
        return (value is None) == wanted
    if value is None:
        return False
    return {
        "eq": lambda: value == wanted,
        "ne": lambda: value != wanted,
        "lt": lambda: value < wanted,
        "le": lambda: value <= wanted,
        "gt": lambda: value > wanted,
        "ge": lambda: value >= wanted,
        "between": lambda: wanted[0] <= value <= wanted[1],
        "in": lambda: value in wanted,
        "contains": lambda: wanted in value,
    }[op]()


def _is_in(rule, person, world):
    if "all" in rule:
        return all(_is_in(one, person, world) for one in rule["all"])
    if "any" in rule:
        return any(_is_in(one, person, world) for one in rule["any"])
    if "not" in rule:
        return not _is_in(rule["not"], person, world)
    if "trait" in rule:
        return _meets(person[rule["trait"]], rule)
    time = "occurred_at" if rule["facts"] == "events" else "ordered_at"
    start = AS_OF - timedelta(days=rule.get("within_days", 100_000))
    rows = [
        row
        for row in world[rule["facts"]]
        if row["person_id"] == person["person_id"]
        and start <= row[time] < AS_OF
        and all(_meets(row.get(c["column"]), c) for c in rule["where"])
    ]
    found = sum(row[rule["column"]] for row in rows) if rule.get("measure") == "sum" else len(rows)
    return _meets(found, rule)


# -- the world ------------------------------------------------------------------------------------------------------


def _person(rng, person_id):
    row = {"person_id": person_id}
    for name, kind in TYPES.items():
        one = kind.removeprefix("array<").removesuffix(">")
        value = [_value(rng, one) for _ in range(rng.randint(0, 3))] if one != kind else _value(rng, one)
        row[name] = None if rng.random() < 0.2 else value
    return row


def _fact(rng, name, i):
    time = "occurred_at" if name == "events" else "ordered_at"
    row = {
        "person_id": rng.randint(1, 25),
        time: AS_OF - timedelta(hours=rng.randint(-24, 900)),
        "order_id": f"o{i}",
    }
    for column, kind in FACT_COLUMNS[name].items():
        if column != "category":
            row[column] = _value(rng, kind)
    return row


@pytest.fixture(scope="module")
def world():
    rng = random.Random(1)
    rows = {name: [_fact(rng, name, i) for i in range(80)] for name in FACT_COLUMNS}
    rows["orders"] = [r | {"status": rng.choice(["paid", "completed"])} for r in rows["orders"]]
    rows["order_lines"] = [r | {"order_id": f"line{i}"} for i, r in enumerate(rows["order_lines"])]
    shelf = {word: f"Shelf {i} > {word}" for i, word in enumerate(WORDS)}
    for row in rows["order_lines"]:
        row["category"] = shelf[row["product_id"]]
    products = [{"product_id": word, "category": path} for word, path in shelf.items()]
    return {"people": [_person(rng, i) for i in range(1, 31)], "products": products} | rows


@pytest.fixture(scope="module")
def tables(world, facts, one_engine):
    """Keep the world in the engine: portraits and facts as plain tables."""
    backend = one_engine.backend
    import ibis

    shop = facts(**{name: world[name] for name in (*FACT_COLUMNS, "products")})
    kept = {
        name: backend.create_table(name, getattr(shop, name), temp=True)
        for name in (*FACT_COLUMNS, "products")
    }
    schema = ibis.schema({"person_id": "int64", **TYPES})
    portraits = backend.create_table("portraits", ibis.memtable(world["people"], schema=schema), temp=True)
    return portraits, type(shop)(
        **{name: kept.get(name, getattr(shop, name)) for name in shop.__dataclass_fields__}
    )


def _check(raw, *, world, tables, engine):
    portraits, shop = tables
    rule = parse_rule(raw, book=BOOK, where="rule")
    sql = str(engine.backend.compile(members(portraits, shop, rule, as_of=AS_OF).select("person_id")))
    statements = sqlglot.parse(sql, read="duckdb")
    assert len(statements) == 1
    assert isinstance(statements[0], exp.Select)
    ctes = {cte.alias for cte in statements[0].find_all(exp.CTE)}
    assert {t.name for t in statements[0].find_all(exp.Table)} - ctes <= {
        "portraits",
        "products",
        *FACT_COLUMNS,
    }
    found = {row[0] for row in engine.backend.con.execute(sql).fetchall()}
    assert found == {p["person_id"] for p in world["people"] if _is_in(raw, p, world)}, raw


@pytest.mark.parametrize("seed", range(6))
def test_random_rules(seed, world, tables, one_engine):
    rng = random.Random(seed)
    for _ in range(75):
        _check(_rule(rng), world=world, tables=tables, engine=one_engine)


@pytest.mark.deep
@pytest.mark.parametrize("seed", range(100, 140))
def test_many_random_rules(seed, world, tables, one_engine):
    rng = random.Random(seed)
    for _ in range(500):
        _check(_rule(rng), world=world, tables=tables, engine=one_engine)


def _spoilt(rng, rule):
    """Return a rule with one part replaced by something that does not belong there."""
    junk = [
        None,
        [],
        {},
        7,
        "x",
        *HOSTILE,
        {"trait": HOSTILE[0]},
        [[[]]],
        float("nan"),
        "\x00",
        "\ud800",
        2**70,
        {"sql": "select 1"},
    ]
    spoilt = dict(rule)
    key = rng.choice([*spoilt, "op", "extra"])
    spoilt[key] = rng.choice(junk)
    return spoilt


def test_spoilt_rules_are_refused_with_a_message_or_mean_what_they_say(world, tables, one_engine):
    rng = random.Random(5)
    n_refused = 0
    for _ in range(300):
        raw = _spoilt(rng, _rule(rng))
        try:
            parse_rule(raw, book=BOOK, where="rule")
        except UserError:
            n_refused += 1
        else:
            _check(
                {"where": [], **raw} if "facts" in raw else raw, world=world, tables=tables, engine=one_engine
            )
    assert n_refused > 200


@pytest.mark.parametrize(
    ("rule", "told"),
    [
        ({"trait": "n_orders", "op": "eq", "value": "many"}, "test.value 处的值 'many' 不可用；允许：数字。"),
        ({"all": 3}, "test.all 处的值 3 不可用；允许：规则列表。"),
        (
            {"trait": "n_orders", "op": "in", "value": list(range(1001))},
            "test.value 处的规则过大：1001 个值，最多允许 1000。请拆分为多条规则。",
        ),
        (
            {"facts": "orders", "op": "ge", "value": 1, "within_days": 0},
            "test.within_days 处的值 0 不可用；允许：1 到 36500 的整数。",
        ),
    ],
)
def test_a_refusal_is_chinese_to_the_last_word(rule, told):
    with pytest.raises(UserError) as caught:
        parse_rule(rule, book=BOOK, where="test")
    assert caught.value.said(Words("zh")) == told
