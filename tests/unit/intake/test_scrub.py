"""The last gate before the lake."""

from __future__ import annotations

import pytest

from aimwell.intake.tables.scrub import scrubbed

pytestmark = pytest.mark.both_engines


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("Gift for jane@example.co.uk now", "Gift for  now"),
        ("call +44 20 7946 0958", "call"),
        ("13812345678", None),
        ("SET OF 3 CAKE TINS", "SET OF 3 CAKE TINS"),
        ("EAN 4006381333931", "EAN 4006381333931"),
        ("2017-01-02 03:04", "2017-01-02 03:04"),
    ],
)
def test_identifiers_do_not_pass(column, values, text, kept) -> None:
    assert values(scrubbed(column([text]))) == [kept]
