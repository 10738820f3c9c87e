from datetime import datetime

import pytest

from aimwell.portraits.errors import FileUnreadable, FormulaWrong, RuleWrong, TraitTwice, TraitUnknown
from aimwell.portraits.model import TraitBook, trait
from aimwell.portraits.own import formula, load_trait_module, parse_traits, read_traits
from aimwell.portraits.tables.measured import measured
from aimwell.portraits.tables.portrait import ingredients, portrait
from aimwell.portraits.tables.state import person_state
from aimwell.portraits.traits import BUILT_IN

pytestmark = pytest.mark.both_engines

DECEMBER, MAY = datetime(2024, 12, 5), datetime(2024, 5, 5)
TOML = """
[traits.tea_spend_90d]
meaning = "Spent on tea in 90 days."
unit = "minor"
facts = "order_lines"
measure = "sum"
column = "net_minor"
within_days = 90
where = [{ column = "category", op = "contains", value = "Tea" }]

[traits.tea_share]
meaning = "Share of all spend that went to tea."
facts = "order_lines"
measure = "share"
column = "net_minor"
where = [{ column = "category", op = "eq", value = "Food > Tea > Green" }]

[traits.last_coupon]
meaning = "Coupon of the last order that had one."
facts = "orders"
measure = "last"
column = "coupon_code"

[traits.mean_line]
meaning = "Mean line."
facts = "order_lines"
measure = "mean"
column = "net_minor"

[traits.tea_per_order]
meaning = "Tea per order."
formula = "-abs(min(tea_spend_90d, 500)) / (n_orders - 2) * 2"
"""


@pytest.fixture
def tea_shop(facts):
    return facts(
        orders=[
            {"person_id": 1, "order_id": "a", "ordered_at": DECEMBER, "coupon_code": None},
            {"person_id": 1, "order_id": "b", "ordered_at": MAY, "coupon_code": "MAY"},
            {"person_id": 1, "order_id": "c", "ordered_at": MAY, "coupon_code": "APRIL"},
            {"person_id": 2, "order_id": "d", "ordered_at": MAY},
            {"person_id": 2, "order_id": "e", "ordered_at": MAY},
        ],
        order_lines=[
            {"person_id": 1, "order_id": "a", "ordered_at": DECEMBER, "product_id": "tea", "net_minor": 600},
            {"person_id": 1, "order_id": "b", "ordered_at": MAY, "product_id": "tea", "net_minor": 300},
            {"person_id": 1, "order_id": "b", "ordered_at": MAY, "product_id": "cup", "net_minor": 300},
        ],
        products=[
            {"product_id": "tea", "category": "Food > Tea > Green"},
            {"product_id": "cup", "category": "Home > Cups"},
        ],
    )


def test_own_traits_are_columns_of_the_portrait(tea_shop, one_engine, as_of, tmp_path):
    (tmp_path / "traits.toml").write_text(TOML)
    own = read_traits(tmp_path / "traits.toml", book=BUILT_IN)
    state = person_state(tea_shop, as_of=as_of, category_depth=2)
    table = portrait(
        ingredients(state, tea_shop, as_of=as_of),
        book=BUILT_IN.extended(own.traits),
        as_of=as_of,
        own=measured(tea_shop, own.measures, as_of=as_of),
    )
    rows = {row["person_id"]: row for row in one_engine.rows(table)}
    names = [one.name for one in own.traits]
    # person 1: tea 600 in December; 900 of 1200 ever; two coupons of one moment, the greater stays; (600+300+300)/3
    # and -min(600, 500) / (3 - 2) * 2
    assert [rows[1][name] for name in names] == [600, 0.75, "MAY", 400.0, -1000.0]
    # person 2 has no lines; two orders, so the formula divides by 0
    assert [rows[2][name] for name in names] == [0, None, None, None, None]


@pytest.mark.parametrize(
    "written",
    [
        "__import__('os').system('true')",
        "n_orders.real",
        "n_orders ** 9",
        "n_orders if n_orders else 1",
        "[n_orders]",
        "'text'",
        "True",
        "rfm_segment + 1",
        "min(n_orders)",
        "max(n_orders, n_orders, key=n_orders)",
        "lambda: 1",
        "n_orders; n_orders",
        "(" * 300,
        "1" * 501,
        "-" * 60 + "n_orders",
        "1e300",
    ],
)
def test_a_formula_is_arithmetic_and_nothing_else(written):
    with pytest.raises(FormulaWrong):
        formula(written, book=BUILT_IN)


def test_a_formula_over_an_unknown_trait_names_the_nearest():
    with pytest.raises(TraitUnknown, match="n_orders"):
        formula("n_order * 2", book=BUILT_IN)


@pytest.mark.parametrize(
    ("definition", "message"),
    [
        ({"facts": "events"}, "meaning"),
        ({"meaning": "A.", "facts": "secrets"}, "cases, events, order_lines"),
        ({"meaning": "A.", "facts": "orders", "measure": "median"}, "count, last, max"),
        ({"meaning": "A.", "facts": "orders", "measure": "sum", "column": "status"}, "items_minor"),
        ({"meaning": "A.", "facts": "orders", "column": "items_minor"}, "count counts rows"),
        ({"meaning": "A.", "facts": "orders", "sql": "select 1"}, "sql"),
        ({"meaning": "A.", "formula": "n_orders", "facts": "orders"}, "not both"),
        ({"meaning": "A.", "formula": "n_orders", "unit": "kg"}, "days, orders"),
    ],
)
def test_a_wrong_definition_is_refused_with_its_place(definition, message):
    with pytest.raises(RuleWrong, match=message) as refused:
        parse_traits({"traits": {"x": definition}}, book=BUILT_IN)
    assert "traits.x" in str(refused.value)


def test_a_trait_cannot_take_the_name_of_another():
    with pytest.raises(TraitTwice, match="n_orders"):
        parse_traits({"traits": {"n_orders": {"meaning": "A.", "facts": "orders"}}}, book=BUILT_IN)


def test_a_file_that_is_not_toml_is_refused(tmp_path):
    (tmp_path / "traits.toml").write_text("[traits")
    with pytest.raises(FileUnreadable, match=r"traits\.toml"):
        read_traits(tmp_path / "traits.toml", book=BUILT_IN)


def test_a_decorated_function_is_a_trait(tea_shop, one_engine, as_of):
    @trait(name="is_loyal", dtype="boolean", meaning="Often here.", sources=("orders",))
    def is_loyal(people):
        return people.n_orders > 2

    state = person_state(tea_shop, as_of=as_of, category_depth=2)
    book = TraitBook((BUILT_IN["n_orders"], is_loyal))
    rows = one_engine.rows(portrait(ingredients(state, tea_shop, as_of=as_of), book=book, as_of=as_of))
    assert {row["person_id"]: row["is_loyal"] for row in rows} == {1: True, 2: False}


def test_traits_of_a_python_file_are_loaded_when_the_caller_says_so(tmp_path):
    path = tmp_path / "ours.py"
    path.write_text(
        "from aimwell.portraits.model import trait\n"
        "@trait(name='x', dtype='int64', meaning='A.', sources=('orders',))\n"
        "def x(people):\n    return people.n_orders\n"
    )
    assert [one.name for one in load_trait_module(path)] == ["x"]
    with pytest.raises(FileUnreadable):
        load_trait_module(tmp_path / "none.py")
