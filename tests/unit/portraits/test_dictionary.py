from pathlib import Path

from aimwell.base.words import Words
from aimwell.portraits.dictionary import traits_page
from aimwell.portraits.service import trait_dictionary
from aimwell.portraits.traits import BUILT_IN
from aimwell.predict.traits import PREDICTED

PAGE = Path(__file__).parents[3] / "docs" / "reference" / "traits.md"


def test_the_page_in_the_docs_is_the_dictionary():
    assert PAGE.read_text("utf-8") == traits_page(BUILT_IN.extended(PREDICTED), words=Words("en"))


def test_the_dictionary_says_meaning_unit_grain_and_sources():
    row = next(r for r in trait_dictionary(book=BUILT_IN) if r["name"] == "mean_gap_days")
    assert row == {
        "name": "mean_gap_days",
        "group": "rhythm",
        "type": "float64",
        "unit": "days",
        "meaning": "Mean days between order days; empty with fewer than two.",
        "grain": "person",
        "sources": "orders",
    }
