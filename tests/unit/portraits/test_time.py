"""Two promises about time: what comes later changes no portrait of the past, and folding equals building anew.

The expressions are compiled once and run again and again over tables that hypothesis fills.
"""

from datetime import datetime, timedelta

import ibis
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from aimwell.intake.facts import FACTS
from aimwell.people.model import Facts
from aimwell.people.tables import holding
from aimwell.portraits.model import StateMark
from aimwell.portraits.specs import STATE
from aimwell.portraits.tables.change import TIMES, changed_people
from aimwell.portraits.tables.portrait import ingredients, portrait
from aimwell.portraits.tables.state import person_state
from aimwell.portraits.traits import BUILT_IN

T0, T1 = datetime(2024, 6, 1), datetime(2024, 6, 8)
K0, K1 = datetime(2024, 6, 2), datetime(2024, 6, 9)
SINCE = StateMark(as_of=T0, known_at=K0, category_depth=2)
UNTIL = StateMark(as_of=T1, known_at=K1, category_depth=2)

_days = st.integers(-400, 20).map(lambda d: T0 + timedelta(days=d, hours=d % 24))
_known = st.sampled_from([K0 - timedelta(days=9), K0, K0 + timedelta(days=1), K1, K1 + timedelta(days=1)])
_row = {
    "person_id": st.sampled_from([1, 2, 3, None]),
    "known_at": _known,
    "superseded_at": st.none() | _known,
}
_products = ["p1", "p2", "p3", None]
_BUYERS = {"o1": 1, "o2": 2, "o3": 3, "o4": None}  # a load writes an order and its lines under one person


def _of_its_buyer(row):
    return row | {"person_id": _BUYERS[row["order_id"]]}


ROWS = {
    "orders": st.fixed_dictionaries(
        _row
        | {
            "order_id": st.sampled_from(list(_BUYERS)),
            "ordered_at": _days,
            "items_minor": st.integers(0, 999),
            "status": st.sampled_from(["completed", "cancelled", None]),
            "channel": st.sampled_from(["web", "store", None]),
        }
    ).map(_of_its_buyer),
    "order_lines": st.fixed_dictionaries(
        _row
        | {
            "order_id": st.sampled_from(list(_BUYERS)),
            "ordered_at": _days,
            "product_id": st.sampled_from(_products),
            "net_minor": st.integers(0, 999),
            "quantity": st.integers(1, 3),
        }
    ).map(_of_its_buyer),
    "events": st.fixed_dictionaries(
        _row
        | {
            "name": st.sampled_from(["Product Viewed", "Product Added", "Products Searched", "Other"]),
            "occurred_at": _days,
        }
    ),
    "refunds": st.fixed_dictionaries(_row | {"refunded_at": _days, "amount_minor": st.integers(1, 99)}),
    "customers": st.fixed_dictionaries(
        _row | {"created_at": st.none() | _days, "region": st.sampled_from(["A", None])}
    ),
    "cases": st.fixed_dictionaries(_row | {"opened_at": _days, "closed_at": st.none() | _days}),
}
WORLD = st.fixed_dictionaries({name: st.lists(rows, max_size=8) for name, rows in ROWS.items()})
SHELVES = [
    {"product_id": "p1", "category": "A > B > C", "brand": "x"},
    {"product_id": "p2", "category": "A > D", "brand": "y"},
    {"product_id": "p3", "category": None, "brand": "x"},
]
relaxed = settings(max_examples=20, deadline=None, suppress_health_check=list(HealthCheck))


class World:
    """Fact tables in an engine, filled anew for each example."""

    def __init__(self, engine, fact_rows):
        self.backend, self.fact_rows = engine.backend, fact_rows
        self.tables = {
            name: self.backend.create_table(f"world_{name}", schema=spec.schema, temp=True)
            for name, spec in FACTS.items()
        }

    def facts(self, *, known_at):
        return Facts(**{name: holding(rows, known_at=known_at) for name, rows in self.tables.items()})

    def compiled(self, expr):
        return str(self.backend.compile(expr))

    def run(self, sql, world):
        for name in FACTS:
            rows = self.fact_rows(name, world.get(name, SHELVES if name == "products" else []))
            self.backend.con.execute(f"delete from world_{name}")
            self.backend.con.register("incoming", rows)
            self.backend.con.execute(f"insert into world_{name} select * from incoming")
            self.backend.con.unregister("incoming")
        return self.backend.con.execute(sql).to_arrow_table()


@pytest.fixture(scope="module")
def world(one_engine, fact_rows):
    return World(one_engine, fact_rows)


def _bytes(table: pa.Table) -> bytes:
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, table.schema) as stream:
        stream.write_table(table.combine_chunks())
    return sink.getvalue().to_pybytes()


@pytest.fixture(scope="module")
def portraits_of_the_past(world):
    facts = world.facts(known_at=K0)
    people = ingredients(person_state(facts, as_of=T0, category_depth=2), facts, as_of=T0)
    return world.compiled(portrait(people, book=BUILT_IN, as_of=T0).order_by("person_id"))


def _as_known_then(name, rows):
    """Leave out what was not known at K0, or had not happened by T0, and forget what was superseded only later."""
    time = {**TIMES, "refunds": "refunded_at", "cases": "opened_at", "customers": "created_at"}[name]
    past = [r for r in rows if r["known_at"] <= K0 and (r[time] is None or r[time] < T0)]
    return [
        r | {"superseded_at": r["superseded_at"] if r["superseded_at"] and r["superseded_at"] <= K0 else None}
        for r in past
    ]


@relaxed
@given(WORLD)
def test_later_and_late_known_facts_leave_a_portrait_as_it_was(world, portraits_of_the_past, rows):
    then = {name: _as_known_then(name, some) for name, some in rows.items()}
    assert _bytes(world.run(portraits_of_the_past, rows)) == _bytes(world.run(portraits_of_the_past, then))


def _comparable(state):
    """Return a state with its lists in a fixed order."""
    sort = {name: state[name].sort() for name, dtype in STATE.schema.items() if dtype.is_array()}
    return state.mutate(**sort).order_by("person_id")


@pytest.fixture(scope="module")
def folded_and_built(world):
    old = person_state(world.facts(known_at=K0), as_of=T0, category_depth=2)
    touched = changed_people({name: world.tables[name] for name in TIMES}, since=SINCE, until=UNTIL)
    now = world.facts(known_at=K1)
    seen = Facts(
        **{
            name: getattr(now, name).semi_join(touched, "person_id") if name in TIMES else getattr(now, name)
            for name in FACTS
        }
    )
    new = person_state(seen, as_of=T1, category_depth=2)
    folded = ibis.union(old.anti_join(touched, "person_id"), new)
    built = person_state(now, as_of=T1, category_depth=2)
    return world.compiled(_comparable(folded)), world.compiled(_comparable(built))


@relaxed
@given(WORLD)
def test_a_folded_state_equals_one_built_anew(world, folded_and_built, rows):
    folded, built = folded_and_built
    assert world.run(folded, rows).equals(world.run(built, rows))
