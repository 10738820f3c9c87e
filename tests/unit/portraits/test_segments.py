import json

import pytest

from aimwell.portraits.errors import FileUnreadable, RuleTooLarge, RuleWrong, SegmentUnknown, TraitUnknown
from aimwell.portraits.segments import BUILT_IN_SEGMENTS, parse_rule, read_segments
from aimwell.portraits.segments.model import AllOf, TraitTest
from aimwell.portraits.traits import BUILT_IN


def _parse(raw):
    return parse_rule(raw, book=BUILT_IN, where="segments.x.rule")


def test_an_unknown_trait_is_named_with_its_nearest():
    with pytest.raises(TraitUnknown, match=r"no trait `n_order`\. The nearest names: .*n_orders"):
        _parse({"trait": "n_order", "op": "gt", "value": 1})


@pytest.mark.parametrize(
    ("raw", "message"),
    [
        (
            {"trait": "n_orders", "op": "like", "value": 1},
            r"segments.x.rule.op: 'like' is not usable; allowed: between",
        ),
        ({"trait": "n_orders", "op": "gt", "value": "1"}, r"value: '1' is not usable; allowed: a number"),
        ({"trait": "n_orders", "op": "gt", "value": True}, r"value: True is not usable; allowed: a number"),
        ({"trait": "n_orders", "op": "between", "value": [1]}, "a list of two values"),
        ({"trait": "n_orders", "op": "in", "value": []}, "a list of values"),
        ({"trait": "next_expected_on", "op": "lt", "value": "31/02/2024"}, "a date such as 2017-10-01"),
        ({"trait": "n_orders", "op": "gt", "value": 1, "sql": "x"}, "'sql'"),
        ({"all": [], "any": []}, "'all', 'any'"),
        ({"all": []}, "a list of rules"),
        ({}, "trait, facts, all, any, not"),
        ({"facts": "customers", "op": "gt", "value": 1}, "cases, events"),
        (
            {
                "facts": "events",
                "where": [{"column": "person_id", "op": "eq", "value": 1}],
                "op": "gt",
                "value": 1,
            },
            "person_id",
        ),
        ({"facts": "events", "measure": "mean", "op": "gt", "value": 1}, "measure|column"),
        ({"facts": "orders", "within_days": 0, "op": "gt", "value": 1}, "a whole number from 1"),
    ],
)
def test_what_is_wrong_is_said_with_place_value_and_choice(raw, message):
    with pytest.raises(RuleWrong, match=message):
        _parse(raw)


def test_deep_rules_are_refused():
    rule = {"trait": "n_orders", "op": "gt", "value": 1}
    for _ in range(8):
        rule = {"not": rule}
    with pytest.raises(RuleTooLarge, match="9 levels; at most 8"):
        _parse(rule)


def test_long_rules_are_refused():
    part = {"trait": "n_orders", "op": "gt", "value": 1}
    with pytest.raises(RuleTooLarge, match="parts; at most 200"):
        _parse({"all": [{"any": [part] * 150}, {"any": [part] * 150}]})


def test_segments_of_a_shop_are_read_from_toml_or_json(tmp_path):
    toml = tmp_path / "segments.toml"
    toml.write_text(
        """
        [segments.lapsed_tea_lovers]
        meaning = "Loved tea, gone for 90 days."
        rule.all = [
            { trait = "top_categories", op = "contains", value = "Tea" },
            { trait = "days_since_last_order", op = "gt", value = 90 },
        ]
        """
    )
    (segment,) = read_segments(toml, book=BUILT_IN)
    assert isinstance(segment.rule, AllOf)
    json_file = tmp_path / "segments.json"
    rule = {
        "all": [
            {"trait": "top_categories", "op": "contains", "value": "Tea"},
            {"trait": "days_since_last_order", "op": "gt", "value": 90},
        ]
    }
    json_file.write_text(
        json.dumps({"segments": {"lapsed_tea_lovers": {"meaning": segment.meaning, "rule": rule}}})
    )
    assert read_segments(json_file, book=BUILT_IN) == (segment,)
    assert read_segments(tmp_path / "none.toml", book=BUILT_IN) == ()


@pytest.mark.parametrize("written", [b"[segments", b"\xff\xfe", b"segments = 3"])
def test_a_broken_file_is_refused(tmp_path, written):
    path = tmp_path / "segments.toml"
    path.write_bytes(written)
    with pytest.raises((FileUnreadable, RuleWrong)):
        read_segments(path, book=BUILT_IN)


def test_a_shops_own_segment_stands_before_a_built_in_one():
    own = parse_rule({"trait": "n_orders", "op": "ge", "value": 9}, book=BUILT_IN, where="x")
    segment = type(BUILT_IN_SEGMENTS["rfm_champion"])(name="rfm_champion", meaning="Ours.", rule=own)
    book = BUILT_IN_SEGMENTS.extended([segment])
    assert book["rfm_champion"] is segment
    assert isinstance(book["value_top"].rule, TraitTest)
    assert len(list(book)) == len(list(BUILT_IN_SEGMENTS))


def test_an_unknown_segment_is_named_with_its_nearest():
    with pytest.raises(SegmentUnknown, match="rfm_champion"):
        BUILT_IN_SEGMENTS["champions"]
