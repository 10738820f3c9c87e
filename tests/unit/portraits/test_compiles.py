"""Every public expression compiles for DuckDB and for Spark."""

from datetime import datetime

import ibis
import pytest

from aimwell.people.tables import ALIASES
from aimwell.portraits.measures import parse_measure
from aimwell.portraits.model import StateMark
from aimwell.portraits.own import parse_traits
from aimwell.portraits.segments import BUILT_IN_SEGMENTS, members, membership, parse_rule
from aimwell.portraits.specs import STATE
from aimwell.portraits.tables import change, compare
from aimwell.portraits.tables.measured import measured
from aimwell.portraits.tables.portrait import ingredients, portrait
from aimwell.portraits.tables.state import person_state
from aimwell.portraits.traits import BUILT_IN

T, K = datetime(2025, 1, 1), datetime(2025, 1, 2)
SINCE, UNTIL = (StateMark(as_of=day, known_at=day, category_depth=2) for day in (T, K))
OWN = {
    "traits": {
        "mean_tea": {
            "meaning": "Mean.",
            "facts": "order_lines",
            "measure": "mean",
            "column": "net_minor",
            "within_days": 90,
            "where": [{"column": "category", "op": "contains", "value": "Tea"}],
        },
        "last_view": {"meaning": "Last.", "facts": "events", "measure": "last", "column": "product_id"},
        "ratio": {"meaning": "Ratio.", "formula": "max(mean_tea, 1.5) / -n_orders"},
    }
}
RULE = {
    "any": [
        {"trait": "last_ordered_at", "op": "between", "value": ["2024-01-01", "2024-06-01"]},
        {"trait": "top_categories", "op": "contains", "value": "Tea"},
        {"not": {"facts": "orders", "measure": "sum", "column": "items_minor", "op": "gt", "value": 2.5}},
    ]
}


@pytest.fixture(scope="module")
def expressions(unbound):
    facts = unbound
    state = ibis.table(STATE.schema, name="portrait_state")
    aliases = ibis.table(ALIASES.schema, name="aliases")
    own = parse_traits(OWN, book=BUILT_IN)
    book = BUILT_IN.extended(own.traits)
    people = ingredients(state, facts, as_of=T)
    portraits = portrait(people, book=book, as_of=T, own=measured(facts, own.measures, as_of=T))
    short = ibis.table(portraits.schema(), name="portraits")
    raw = {name: getattr(facts, name) for name in change.TIMES}
    rule = parse_rule(RULE, book=book, where="rule")
    seen = facts.events.select("person_id")
    return {
        "person_state": person_state(facts, as_of=T, category_depth=2),
        "portrait": portraits,
        "changed_people": change.changed_people(raw, since=SINCE, until=UNTIL),
        "latest_known": change.latest_known(raw, known_at=K),
        "moved_products": change.moved_products(facts.products, since=SINCE, until=UNTIL, category_depth=2),
        "relinked": change.relinked(aliases, since=SINCE, until=UNTIL),
        "resolved": change.resolved(seen, aliases, known_at=K),
        "members": members(short, facts, rule, as_of=T),
        "membership": membership(short, facts, tuple(BUILT_IN_SEGMENTS), as_of=T),
        "tenths": compare.tenths(short, ["n_orders"]),
        "bin_counts": compare.bin_counts(short, edges={"n_orders": [1.0, 2.0]}, named=["region"]),
        "stage_moves": compare.stage_moves(short, short.view(), stage="aipl_stage"),
        "numbered": compare.numbered(short),
        "means": compare.means(short, ["n_orders"]),
    }


@pytest.mark.parametrize("dialect", ["duckdb", "pyspark"])
def test_everything_compiles(expressions, dialect):
    for name, expression in expressions.items():
        assert (
            str(ibis.to_sql(expression, dialect=dialect)).lstrip("( ").upper().startswith(("SELECT", "WITH"))
        ), name


def test_each_fact_table_is_read_once_for_all_measures_of_it(unbound):
    wanted = {f"m{i}": parse_measure({"facts": "events", "within_days": i + 1}, where="m") for i in range(20)}
    (table,) = measured(unbound, wanted, as_of=T)
    assert str(ibis.to_sql(table, dialect="duckdb")).count('FROM "events"') == 1


def test_lines_and_events_are_read_once_for_a_state(unbound):
    sql = str(ibis.to_sql(person_state(unbound, as_of=T, category_depth=2), dialect="duckdb"))
    assert (sql.count('FROM "order_lines"'), sql.count('FROM "events"')) == (1, 1)
