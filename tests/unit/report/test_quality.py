"""The chapter on the data: what it says in each language."""

from __future__ import annotations

import pytest

from aimwell.base.words import Language, Words
from aimwell.report.chapters.quality import quality_chapter
from aimwell.report.chapters.voice import Voice
from aimwell.report.model import Coverage, Quality

COVERAGE = Coverage(
    n_orders=1_000,
    n_anonymous_orders=0,
    n_cancelled_orders=12,
    n_lines=3_000,
    n_costed_lines=0,
    n_known_product_lines=0,
    sales_minor=100_000,
    costed_sales_minor=0,
    n_refunds=3,
    refunded_minor=5_000,
)


@pytest.mark.parametrize(
    ("language", "lead"),
    [
        (
            "en",
            "1,000 orders and 3,000 order lines of goods stand behind this report. "
            "Cancelled orders (12) are left out; €50.00 went back in 3 refunds.",
        ),
        (
            "zh",
            "本报告基于 1,000 个订单、3,000 条商品订单行。已取消的订单（12 个）不计入；退款 3 笔，共 €50.00。",
        ),
    ],
)
def test_the_two_sentences_at_the_head_are_joined_as_the_language_joins_them(
    language: Language, lead: str
) -> None:
    voice = Voice(Words(language), "EUR")
    quality = Quality(coverage=COVERAGE, books=(), reasons=())
    assert quality_chapter(quality, margin_rate=0.3, voice=voice).lead == lead
