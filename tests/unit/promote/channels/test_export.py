"""Files: formulas are texts, and a file is whole or not there."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from aimwell.promote.channels.errors import ChannelDown
from aimwell.promote.channels.export import ExportChannel, ExportFormat, spreadsheet_safe

from .messages import message


def channel(folder: Path, file_format: ExportFormat = "csv") -> ExportChannel:
    return ExportChannel(name="post", kind="post", folder=folder, file_format=file_format)


def read(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠"])
def test_a_cell_that_begins_a_formula_gets_a_quote_in_front(tmp_path: Path, start: str) -> None:
    what = message(subject=start + "1+1", params={"a": "x"})
    assert [d.outcome for d in channel(tmp_path).send([what])] == ["sent"]
    (path,) = tmp_path.iterdir()
    assert read(path)[0]["subject"] == f"'{start}1+1"


@given(st.text())
def test_no_cell_begins_a_formula(value: str) -> None:
    assert not spreadsheet_safe(value).startswith(("=", "+", "-", "@", "\t", "\r"))


def test_a_batch_is_one_file_with_a_row_per_message(tmp_path: Path) -> None:
    first = message(subject='Say "hi", 安娜\nnow', params={"名": "安"}, unsubscribe_url="https://s.example/u")
    second = message(message_id="m2", address="bob@shop.example", subject=None)
    unfit = message(message_id="m 3")
    found = [(d.message_id, d.outcome) for d in channel(tmp_path).send([first, unfit, second])]
    assert found == [("m1", "sent"), ("m 3", "refused"), ("m2", "sent")]
    (path,) = tmp_path.iterdir()
    rows = read(path)
    assert [row["message_id"] for row in rows] == ["m1", "m2"]
    assert rows[0]["subject"] == 'Say "hi", 安娜\nnow'
    assert json.loads(rows[0]["params"]) == {"名": "安"}
    assert rows[1]["subject"] == ""


def test_a_repeated_batch_replaces_its_own_file_and_another_does_not(tmp_path: Path) -> None:
    list(channel(tmp_path).send([message(), message(message_id="m2", address="b@c.example")]))
    list(channel(tmp_path).send([message(message_id="m2", address="b@c.example"), message()]))
    assert len(list(tmp_path.iterdir())) == 1
    list(channel(tmp_path).send([message(message_id="m4")]))
    assert len(list(tmp_path.iterdir())) == 2


def test_parquet_holds_the_values_as_they_are(tmp_path: Path) -> None:
    list(channel(tmp_path, "parquet").send([message(address="+86 138 0013 8000", offer_id=None)]))
    (path,) = tmp_path.glob("*.parquet")
    (row,) = pq.read_table(path).to_pylist()
    assert (row["address"], row["offer_id"], row["html"]) == ("+86 138 0013 8000", None, None)


def test_nothing_is_left_where_it_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "out").write_text("a file, not a folder")
    blocked = channel(tmp_path / "out")
    assert [d.outcome for d in blocked.send([message()])] == ["deferred"]
    with pytest.raises(ChannelDown):
        blocked.check()


def test_nobody_to_write_to_makes_no_file(tmp_path: Path) -> None:
    assert [d.outcome for d in channel(tmp_path).send([message(message_id="")])] == ["refused"]
    assert list(tmp_path.iterdir()) == []


def test_a_check_leaves_nothing_behind(tmp_path: Path) -> None:
    channel(tmp_path / "made").check()
    assert list((tmp_path / "made").iterdir()) == []
