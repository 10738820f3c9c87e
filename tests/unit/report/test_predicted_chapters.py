"""Chapters of predictions, from drawn views: what the figures, pictures and tables say, in both languages."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

import pytest

from aimwell.base.words import Words
from aimwell.report.chapters.affinity import affinity_chapter
from aimwell.report.chapters.demand import demand_chapter
from aimwell.report.chapters.price import price_chapter
from aimwell.report.chapters.repeat import repeat_chapter
from aimwell.report.chapters.voice import Voice
from aimwell.report.model import (
    AffinityRival,
    AffinityView,
    DemandDay,
    DemandRival,
    DemandView,
    NeedCount,
    PriceRival,
    PriceView,
    ProductResponse,
    RepeatRival,
    RepeatView,
    Tenth,
)
from aimwell.report.page.blocks import Chapter, Figures, Grid, Note, Picture

VOICE = Voice(Words("en"), "EUR")

REPEAT = RepeatView(
    n_scored=200,
    within_30=50.4,
    silent=20.0,
    origin_on=date(2025, 3, 1),
    tenths=(Tenth(said=0.3, came=0.1), Tenth(said=0.8, came=0.9)),
    rivals=(
        RepeatRival(name="this model", is_model=True, auc=0.8123, log_loss=0.4),
        RepeatRival(name="recency", is_model=False, auc=0.7, log_loss=None),
    ),
    notes=("Mind this.",),
)
AFFINITY = AffinityView(
    k=10,
    n_people=1_000,
    repeat_rate=0.4,
    rivals=(
        AffinityRival(
            name="Blend", is_model=True, recall=0.135, ndcg=0.2, repeat_recall=0.33, explore_recall=0.001
        ),
    ),
    needs=(NeedCount(category="Tea > Green", n_people=12), NeedCount(category="Cups", n_people=3)),
    notes=(),
)
DEMAND = DemandView(
    n_products=2,
    days=tuple(
        DemandDay(on=date(2025, 1, 30) + timedelta(days=n), units=10 + n, low=5, high=20, revenue_minor=1_000)
        for n in range(3)
    ),
    rivals=(DemandRival(name="combined", is_model=True, product=0.8, category=0.7, total=0.9),),
    notes=(),
)
PRICE = PriceView(
    n_products=5,
    n_moves=40,
    usual=-1.5,
    promotion_lift=0.2,
    products=(
        ProductResponse(name="Tea p1", elasticity=-2.0, low=-3.0, high=-1.0),
        ProductResponse(name="Cup p2", elasticity=-0.5, low=-0.9, high=-0.1),
    ),
    rivals=(PriceRival(name="Each product alone", is_model=False, rmse=0.7, moved_rmse=0.8),),
    notes=(),
)


def block(chapter: Chapter, kind: type) -> object:
    return next(one for one in chapter.blocks if isinstance(one, kind))


def test_repeat_counts_people_and_says_how_far_groups_were_off() -> None:
    chapter = repeat_chapter(REPEAT, voice=VOICE)
    figures = block(chapter, Figures)
    assert [one.value for one in figures.figures] == ["50", "20"]
    assert figures.figures[0].note == "25% of 200 customers"
    assert "a group was 15% off" in block(chapter, Picture).see
    assert block(chapter, Grid).rows[1] == ("recency", "0.700", "–")
    assert [one.text for one in chapter.blocks if isinstance(one, Note)] == ["Mind this."]


def test_affinity_names_the_commonest_need() -> None:
    chapter = affinity_chapter(AFFINITY, voice=VOICE)
    assert block(chapter, Grid).rows[0] == ("Blend (chosen)", "13.5%", "33.0%", "0.1%", "0.200")
    assert block(chapter, Picture).see.startswith("Tea > Green comes first for 12 customers")


def test_demand_adds_days_up_and_names_the_peak() -> None:
    chapter = demand_chapter(DEMAND, voice=VOICE)
    assert [one.value for one in block(chapter, Figures).figures] == ["33", "€30.00", "2"]  # 10 + 11 + 12
    assert block(chapter, Picture).see == "Most is expected on Feb 1, 2025: 12 units (5 to 20)."


def test_flat_demand_has_no_peak() -> None:
    flat = replace(
        DEMAND, days=tuple(replace(day, units=10.0 + 0.01 * n) for n, day in enumerate(DEMAND.days))
    )
    assert (
        block(demand_chapter(flat, voice=VOICE), Picture).see
        == "All days are expected to be alike: about 10 units."
    )


def test_price_counts_products_that_bring_more_when_dearer() -> None:
    chapter = price_chapter(PRICE, voice=VOICE)
    assert block(chapter, Picture).see.startswith("1 of these 2 products")
    assert [one.value for one in block(chapter, Figures).figures] == ["-1.50", "20%", "40"]


@pytest.mark.parametrize(
    ("chapter_of", "view"),
    [
        (repeat_chapter, REPEAT),
        (affinity_chapter, AFFINITY),
        (demand_chapter, DEMAND),
        (price_chapter, PRICE),
    ],
)
def test_chapters_speak_chinese_and_say_what_is_missing(chapter_of, view) -> None:
    chinese = Voice(Words("zh"), "CNY")
    assert any("\u4e00" <= letter <= "\u9fff" for letter in chapter_of(view, voice=chinese).lead)
    missing = chapter_of(None, voice=VOICE).blocks[0]
    assert missing.tone == "missing"
    assert "aimwell predict fit" in missing.text
