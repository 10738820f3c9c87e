"""The careful readers: what is a row, on which line, and what is broken."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from aimwell.intake.formats.careful import csv_rows, json_rows, spaced_rows
from aimwell.intake.formats.model import Broken, Wire

WIRE = Wire(kind="csv", columns=("a", "b"), delimiter=",")


def read(text: str, reader=csv_rows, wire=WIRE):
    return list(reader([(f"{line}\n", True) for line in text.splitlines()], wire))


def test_rows_carry_the_line_they_start_on() -> None:
    # Line 3 holds a cell of two lines, so the next row is on line 5; line 6 is blank and no row.
    assert read('a,b\n1,2\n3,"x\ny"\n5,6\n\n7,8') == [
        (2, ["1", "2"]),
        (3, ["3", "x\ny"]),
        (5, ["5", "6"]),
        (7, ["7", "8"]),
    ]


def test_broken_lines_are_set_aside_and_the_rest_goes_on() -> None:
    assert read("a,b\n1,2\n3\n4,5,6\n7,8") == [
        (2, ["1", "2"]),
        Broken(line_no=3, reason="wrong_cell_count", text="3"),
        Broken(line_no=4, reason="wrong_cell_count", text="4,5,6"),
        (5, ["7", "8"]),
    ]


def test_a_stray_quote_costs_its_own_line_only() -> None:
    good = "\n".join(f"{i},{i}" for i in range(4, 400))
    found = read(f'a,b\n1,2\n3,"x\n{good}')
    assert found[1] == Broken(line_no=3, reason="unclosed_quote", text='3,"x')
    assert found[2] == (4, ["4", "4"])
    assert len(found) == 2 + 396


def test_a_stray_quote_that_another_closes_costs_its_own_line_only() -> None:
    assert read('a,b\n1,"x\n2,3\n4,"y"') == [
        Broken(line_no=2, reason="unclosed_quote", text='1,"x'),
        (3, ["2", "3"]),
        (4, ["4", "y"]),
    ]


def test_empty_cells_behind_the_last_column_do_not_matter() -> None:
    assert read("a,b\n1,2,,") == [(2, ["1", "2"])]


def test_a_line_that_does_not_decode_is_broken() -> None:
    assert list(csv_rows([("a,b\n", True), ("1,?\n", False), ("3,4\n", True)], WIRE)) == [
        Broken(line_no=2, reason="wrong_encoding", text="1,?"),
        (3, ["3", "4"]),
    ]


def test_json_lines_keep_their_digits() -> None:
    wire = Wire(kind="jsonl", columns=("id", "who.mail", "tags"), header_lines=0)
    text = '{"id": 12345678901234567890.10, "who": {"mail": "a@b.cn"}, "tags": [1, "x"]}\n[1]\n{"id": tru\n{"id": null}'
    assert read(text, json_rows, wire) == [
        (1, ["12345678901234567890.10", "a@b.cn", '["1", "x"]']),
        Broken(line_no=2, reason="not_json", text="[1]"),
        Broken(line_no=3, reason="not_json", text='{"id": tru'),
        (4, [None, None, None]),
    ]


def test_deep_json_is_broken_not_a_crash() -> None:
    wire = Wire(kind="jsonl", columns=("id",), header_lines=0)
    assert read("[" * 100_000, json_rows, wire)[0].reason == "not_json"


def test_spaces_set_cells_apart() -> None:
    wire = Wire(kind="spaces", columns=("a", "b"), delimiter=" ", header_lines=0)
    assert read("  1   2.50 \n3", spaced_rows, wire) == [
        (1, ["1", "2.50"]),
        Broken(line_no=2, reason="wrong_cell_count", text="3"),
    ]


@given(st.lists(st.text(alphabet='ab,"\n ', max_size=12), max_size=40))
def test_every_line_is_a_row_or_broken_or_blank_once(lines: list[str]) -> None:
    physical = [line for text in lines for line in (text.split("\n") or [""])]
    found = list(csv_rows([("a,b\n", True), *((f"{line}\n", True) for line in physical)], WIRE))
    starts = [f.line_no if isinstance(f, Broken) else f[0] for f in found]
    assert starts == sorted(set(starts))
    covered = set()
    for read_, start in zip(found, starts, strict=True):
        n_lines = 1 if isinstance(read_, Broken) else 1 + sum((cell or "").count("\n") for cell in read_[1])
        covered |= set(range(start, start + n_lines))
    missed = [line for i, line in enumerate(physical, start=2) if i not in covered]
    assert not any(line.strip() for line in missed)
