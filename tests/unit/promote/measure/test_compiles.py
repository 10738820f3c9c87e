"""All of measuring is expressions over unbound tables, and both engines' dialects can say them."""

from __future__ import annotations

from datetime import datetime

import ibis
import ibis.expr.types as ir
import pytest

from aimwell.intake.facts import FACTS
from aimwell.people.model import Facts
from aimwell.promote.measure.arms import ArmShares, assign, assignment_log
from aimwell.promote.measure.model import Measured, OfferTerms
from aimwell.promote.measure.tables import people as who
from aimwell.promote.measure.tables import profit, sums
from aimwell.promote.measure.tables.attribution import last_touch

START, AS_OF = datetime(2025, 3, 1), datetime(2025, 4, 1)
BEFORES = ("before_1", "before_2")
SHARES = ArmShares(
    treatment=0.8, holdout=0.2, salt="a", global_salt="b", rotation_began_at=datetime(2024, 6, 1)
)
CAMPAIGN = Measured(
    campaign_id="spring",
    currency="EUR",
    horizon_days=30,
    margin_rate=0.4,
    terms=(OfferTerms(offer_id="tea", incentive_minor=80, coupon_code="TEA"),),
)


def expressions() -> dict[str, ir.Table]:
    facts = Facts(**{name: ibis.table(spec.schema, name=name) for name, spec in FACTS.items()})
    entries = who.campaign_entries(facts.touches, campaign_id="spring", as_of=AS_OF, horizon_days=30)
    sold = profit.sales(facts, entries, as_of=AS_OF, margin_rate=0.4)
    back = profit.returned(facts, entries, sold=sold, as_of=AS_OF, margin_rate=0.4)
    made = profit.contacts(facts.touches, profit.terms_table((CAMPAIGN,)), as_of=AS_OF)
    earlier = profit.earlier(entries, sold=sold, back=back, windows_days=(30, 365))
    flowed = profit.flows(earlier, sold=sold, back=back, made=made, used=profit.uses(made, sold))
    moved = sums.paths(earlier, flowed, started_at=START, cap_minor=10_000)
    people = ibis.table({"person_id": "int64"}, name="people")
    dealt = assign(people, SHARES, campaign_id="spring", now=AS_OF)
    return {
        "people": sums.people_sums(earlier, by=["arm"], started_at=START, befores=BEFORES),
        "profit": sums.profit_sums(moved, by=["arm"], befores=BEFORES),
        "figures": sums.arm_figures(earlier, moved),
        "extremes": sums.extremes(moved, arm="holdout", befores=BEFORES),
        "powers": sums.power_sums(earlier, moved, center=1.0, slopes=dict.fromkeys(BEFORES, 0.5)),
        "attribution": last_touch(made, sold, campaign_id="spring", horizon_days=30),
        "log": assignment_log(dealt, None, campaign_id="spring", decided_at=START, load_id="1"),
        "everyone": who.global_entries(
            who.everyone(facts, as_of=AS_OF), shares=SHARES, period=1, began_at=START, until_at=AS_OF
        ),
        "pretended": who.pretended_entries(people, drawn_at=START, until_at=AS_OF),
    }


@pytest.mark.parametrize("dialect", ["duckdb", "pyspark"])
def test_every_expression_compiles(dialect: str) -> None:
    for name, expression in expressions().items():
        assert "SELECT" in str(ibis.to_sql(expression, dialect=dialect)), name
