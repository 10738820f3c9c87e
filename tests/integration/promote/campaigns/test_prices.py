"""A campaign whose assumed ranges come from past prices: planned by them, and told by `why`."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import pytest

from aimwell.base.words import Words
from aimwell.promote.campaigns.service.asking import why
from aimwell.promote.campaigns.service.planning import plan_round
from aimwell.promote.plan.errors import RangeUnknown

from ..conftest import keep_prices
from .conftest import OpenTools


@pytest.fixture
def by_prices(folder: Path) -> None:
    """The recipe's campaign, its range from past prices; each of its offers takes off a fifth."""
    path = folder / "campaigns" / "winback.toml"
    told = path.read_text("utf-8")
    start = told.index("assumed_incrementality")
    stated = told[start : told.index("\n", start)]
    told = told.replace(stated, 'assumed_incrementality = { source = "prices" }')
    path.write_text(told.replace("[[offers]]\n", "[[offers]]\ndiscount_rate = 0.2\n"), "utf-8")


@pytest.mark.usefixtures("by_prices")
def test_a_round_is_planned_by_past_prices_and_why_says_so(tools: OpenTools) -> None:
    with tools() as t:
        with pytest.raises(RangeUnknown, match="no price model was fitted"):
            plan_round("winback", tools=t, actor="ann")
        keep_prices(t.lake, as_of=datetime(2024, 12, 29), tea=-3.0)  # a day after the portraits
        with pytest.raises(RangeUnknown, match="no price model was fitted"):
            plan_round("winback", tools=t, actor="ann")
        model_id = keep_prices(t.lake, as_of=datetime(2024, 12, 1), tea=-2.0)
        planned = plan_round("winback", tools=t, actor="ann")
        assumed = planned.plan.certificate.assumed
        assert assumed
        for one in assumed.values():
            assert one.range.mid == pytest.approx(1 - 0.8**2)
            assert (one.prices.model_id, one.prices.scope) == (model_id, "shop")
        decided = t.lake.engine.rows(
            t.lake.table("campaign_decisions").filter(lambda d: d.arm == "treatment")
        )
        found = why(decided[0]["person_id"], "winback", tools=t)
        said = [one.said(Words("en")) for one in found.sentences(words=Words("en"))]
        assert any("at 20.0% off, past prices say that 36.0% of the orders" in one for one in said)
        assert found.replay.verdict == "same"
