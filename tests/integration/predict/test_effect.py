"""Effect from touches in a lake to a plan: fit, score, measured choices, exploration, and the value of another plan."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

import ibis
import numpy as np
import pytest
from scipy.stats import spearmanr

from aimwell.base.clock import FixedClock
from aimwell.base.words import Words
from aimwell.intake.facts import FACTS
from aimwell.portraits.service import build_portraits
from aimwell.predict.effect.card import EffectCard
from aimwell.predict.effect.card_text import card_markdown
from aimwell.predict.effect.service import fit_effect, read_card, score_effect
from aimwell.predict.effect.service.gather import gather
from aimwell.predict.effect.tables.scores import EFFECT_SCORES
from aimwell.predict.model import Abstention, ModelMissing
from aimwell.promote.plan.model import Offer
from aimwell.promote.policy.errors import EffectsMissing, NeverTried, TooFewMatches
from aimwell.promote.policy.service import (
    explore_people,
    known_chances,
    measured_effects,
    value_of_plan,
)
from aimwell.storage.engines import Engine
from aimwell.storage.lake.lake import Lake

from .effect_shop import AS_OF, HORIZON_DAYS, MARGIN_RATE, PORTRAITS_AT, N, fill, person_id

pytestmark = pytest.mark.both_engines

SETTINGS = {"margin_rate": MARGIN_RATE, "horizon_days": HORIZON_DAYS}
CLOCK = FixedClock(datetime(2025, 7, 15, 6))
TEA = Offer(
    offer_id="tea", name="Tea", channel="mail", contact_milli=5_000, incentive_minor=0, margin_rate=None
)


@dataclass(frozen=True)
class Shop:
    lake: Lake
    n_orders: np.ndarray
    card: EffectCard


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory, open_engine: Callable[[Path], Engine]) -> Iterator[Shop]:
    folder = tmp_path_factory.mktemp("effect")
    engine = open_engine(folder / "engine")
    lake = Lake(folder / "lake", engine=engine)
    n_orders = fill(lake)
    known_at = datetime(
        2026, 1, 1
    )  # portraits that know of what the campaign brought: nothing may be learned from them
    build_portraits(lake=lake, as_of=datetime(2025, 7, 10), known_at=known_at, built_at=known_at)
    card = fit_effect(lake=lake, clock=CLOCK, as_of=AS_OF, **SETTINGS)
    assert isinstance(card, EffectCard)
    score_effect(lake=lake, as_of=PORTRAITS_AT)
    yield Shop(lake=lake, n_orders=n_orders, card=card)
    engine.close()


def test_the_mean_and_the_difference_are_found(shop: Shop) -> None:
    """Of those with five orders or more, .8 buy, and 3,000 x .5 margin more comes of each: 1,200 for them, 0 for the others."""
    share = (shop.n_orders >= 5).mean()
    offer = shop.card.offers[0]
    assert (offer.offer_id, offer.n_treated + offer.n_control, offer.n_campaigns) == ("tea", N, 1)
    low, high = offer.mean.interval(0.999)
    assert low < 1_200 * share < high
    assert offer.is_usable
    rows = shop.lake.engine.arrow(shop.lake.table(EFFECT_SCORES.name).order_by("person_id"))
    assert rows.num_rows == N
    order = np.argsort([person_id(k) for k in range(N)])
    gains = rows["effect_minor"].to_numpy()
    loyal = (shop.n_orders >= 5)[order]
    assert gains[loyal].mean() == pytest.approx(1_200, rel=0.25)
    assert abs(gains[~loyal].mean()) < 250
    assert spearmanr(gains, shop.n_orders[order]).statistic > 0.6


def test_portraits_are_those_before_the_decision(shop: Shop) -> None:
    """Orders after the decision are in no feature: the number of orders is the one before."""
    found = gather(lake=shop.lake, as_of=AS_OF, **SETTINGS)
    assert found is not None
    columns = [feature.column for feature in found.encoding.features if feature.kind in ("number", "log")]
    place = columns.index("n_orders")
    experiment = found.offers["tea"].experiment
    known = np.sort(shop.n_orders).astype(float)
    numbers = [f for f in found.encoding.features if f.kind in ("number", "log")]
    seen = experiment.features[:, list(found.encoding.features).index(numbers[place])]
    if numbers[place].kind == "log":
        seen = np.exp(seen) - 1
    assert np.sort(seen) == pytest.approx(known)


def test_the_same_data_give_the_same_model_and_the_card_says_all(shop: Shop) -> None:
    again = fit_effect(lake=shop.lake, clock=CLOCK, as_of=AS_OF, **SETTINGS)
    assert isinstance(again, EffectCard)
    assert again.model_id == shop.card.model_id
    kept = read_card(lake=shop.lake)
    assert json.dumps(kept.as_data(), sort_keys=True) == json.dumps(shop.card.as_data(), sort_keys=True)
    page = card_markdown(kept, words=Words(), currency="EUR")
    assert page.startswith(f"# Effect model {kept.model_id}")
    assert "Average effect per person" in page
    assert "DR-learner, linear" in page


def test_too_little_is_declined_in_words(shop: Shop) -> None:
    early = fit_effect(lake=shop.lake, clock=CLOCK, as_of=PORTRAITS_AT, **SETTINGS)
    assert isinstance(early, Abstention)
    assert early.code == "no_experiment"
    assert "none was left to chance" in str(early.reason)


def test_few_decisions_are_declined_with_their_number(tmp_path: Path, engine: Engine) -> None:
    lake = Lake(tmp_path / "few", engine=engine)
    fill(lake)
    few = lake.table("touches").filter(lambda t: (t.offer_id == "tea") | (t.person_id % 20 == 0))
    lake.overwrite(FACTS["touches"], few)
    n_control = engine.rows(few.agg(n=few.count(where=few.offer_id.isnull())))[0]["n"]
    found = fit_effect(lake=lake, clock=CLOCK, as_of=AS_OF, **SETTINGS)
    assert isinstance(found, Abstention)
    assert found.code == "too_few_decisions"
    assert f"{n_control} were left without it by chance; it takes at least 200" in str(found.reason)


def test_where_all_are_alike_the_card_says_so(tmp_path: Path, engine: Engine) -> None:
    lake = Lake(tmp_path / "alike", engine=engine)
    fill(lake, difference_minor=0)
    card = fit_effect(lake=lake, clock=CLOCK, as_of=AS_OF, **SETTINGS)
    assert isinstance(card, EffectCard)
    notes = " ".join(str(note) for note in card.notes())
    assert "no usable difference between people" in notes
    score_effect(lake=lake)
    scores = lake.table(EFFECT_SCORES.name)
    spread = engine.rows(scores.agg(low=scores.effect_minor.min(), high=scores.effect_minor.max()))[0]
    assert spread["low"] == spread["high"] == pytest.approx(card.offers[0].mean.value)
    with pytest.raises(ModelMissing):
        score_effect(lake=lake, model_id="nobody")


def test_a_plan_takes_the_effects_and_misses_offers_never_scored(shop: Shop) -> None:
    rows = shop.lake.engine.arrow(measured_effects(lake=shop.lake, offers=[TEA]))
    assert rows.column_names == ["person_id", "offer_id", "use_prob", "gain_minor"]
    assert rows["use_prob"].to_numpy().mean() == pytest.approx(0.8, abs=0.05)
    mug = Offer(**{**vars(TEA), "offer_id": "mug"})
    with pytest.raises(EffectsMissing, match="mug"):
        measured_effects(lake=shop.lake, offers=[TEA, mug])


def test_explorers_are_logged_learned_from_and_tell_what_another_plan_would_have_brought(shop: Shop) -> None:
    """Explorers of 1 July; by chance alone they bring what they bring. Their log says what treating nobody would have brought."""
    at = datetime(2025, 7, 1)
    given = {"lake": shop.lake, "offers": [TEA], "campaign_id": "explore-7", "decided_at": at, "salt": "x"}
    found = explore_people(budget_minor=10_000, **given)
    again = explore_people(budget_minor=10_000, **given)
    assert 2_000 < found.n_people < N  # contacts of 5 for most of them
    assert found.expected_cost_minor <= 10_000
    assert found.n_contacts > found.n_people / 3
    assert again.rows.equals(found.rows)
    touches = shop.lake.table(FACTS["touches"].name)
    logged = touches.filter(touches.campaign_id == "explore-7")
    assert shop.lake.engine.rows(logged.agg(n=logged.count()))[0]["n"] == found.n_people
    chances = known_chances(lake=shop.lake)
    assert chances is not None
    sums = chances.group_by("campaign_id", "person_id").agg(total=chances.propensity.sum())
    ends = shop.lake.engine.rows(sums.agg(low=sums.total.min(), high=sums.total.max(), n=sums.count()))[0]
    assert (ends["low"], ends["high"], ends["n"]) == (pytest.approx(1), pytest.approx(1), found.n_people)

    asked = {
        "lake": shop.lake,
        "campaign_id": "explore-7",
        "as_of": at + timedelta(days=15),
        "horizon_days": 14,
        "margin_rate": MARGIN_RATE,
    }
    nobody = ibis.memtable({"person_id": [0], "offer_id": ["tea"]})
    value = value_of_plan(nobody, offers=[TEA], **asked)
    assert value.doubly_robust.value == pytest.approx(0, abs=5 * max(value.doubly_robust.se, 1.0))
    everybody = found.rows.select(["person_id"]).append_column("offer_id", [["tea"] * found.n_people])
    contacted = value_of_plan(ibis.memtable(everybody), offers=[TEA], **asked)
    # nobody ordered in these two weeks: all that a contact changes is its cost of 5
    assert contacted.ips.value - value.ips.value == pytest.approx(-5, abs=1.5)
    mug = Offer(**{**vars(TEA), "offer_id": "mug"})
    never = ibis.memtable(everybody.set_column(1, "offer_id", [["mug"] * found.n_people]))
    with pytest.raises(NeverTried):
        value_of_plan(never, offers=[TEA, mug], **asked)
    with pytest.raises(TooFewMatches):
        value_of_plan(nobody, offers=[TEA], **asked | {"campaign_id": "unknown"})
