"""Loading again: the same file, overlapping files, corrected files, and what waited in quarantine."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

import ibis
import pytest

from aimwell.intake import rows as books_rows
from aimwell.intake.errors import NotARow, QuarantineRowMissing
from aimwell.intake.service import load_files, quarantine_list, quarantine_replay, quarantine_show

HEADER = "order_id,sku,qty,price,date,customer_id\n"
JANUARY = HEADER + "1,a,1,5.00,2024-01-05,ann\n1,b,2,3.00,2024-01-05,ann\n2,a,1,5.00,2024-01-20,bob\n"


def test_the_same_file_is_a_no_op_that_says_so(desk, load, write) -> None:
    load(write("january.csv", JANUARY), desk)
    versions = {name: desk.lake.version(name) for name in desk.lake.names()}
    report = load(write("renamed.csv", JANUARY), desk)
    assert report.state == "repeat"
    assert report.first_loaded_at == datetime(2026, 1, 1, 0, 1)
    assert vars(report.books) == {"n_received": 3, "n_stored": 0, "n_duplicate": 3, "n_quarantined": 0}
    assert {name: desk.lake.version(name) for name in desk.lake.names()} == versions


def test_overlapping_exports_count_what_is_there(desk, load, write, held) -> None:
    load(write("january.csv", JANUARY), desk)
    report = load(write("winter.csv", JANUARY + "3,c,1,1.00,2024-02-01,ann\n"), desk)
    assert vars(report.books) == {"n_received": 4, "n_stored": 1, "n_duplicate": 3, "n_quarantined": 0}
    assert len(held("order_lines", "order_id", "line_no")) == 4


@pytest.mark.both_engines
def test_a_later_export_updates_the_order_and_keeps_the_past(desk, load, write, held) -> None:
    load(write("january.csv", JANUARY), desk)
    changed = (
        HEADER + "1,a,1,5.00,2024-01-05,ann\n2,a,1,4.00,2024-01-20,bob\n"
    )  # b was taken out of 1, 2 got cheaper
    report = load(write("january2.csv", changed), desk)
    assert (report.books.n_stored, report.books.n_duplicate) == (2, 0)
    assert held("order_lines", "order_id", "product_id", "net_minor") == [
        {"order_id": "1", "product_id": "a", "net_minor": 500},
        {"order_id": "2", "product_id": "a", "net_minor": 400},
    ]
    lines = desk.lake.table("order_lines")
    past = lines.filter(lines.superseded_at == datetime(2026, 1, 1, 0, 2))
    assert desk.engine.rows(past.aggregate(n=past.count(), net=past.net_minor.sum())) == [
        {"n": 3, "net": 500 + 600 + 500}
    ]


def test_an_empty_cell_does_not_erase_what_is_known(desk, load, write, held) -> None:
    header = "order_id,customer_id,date,total,status,coupon\n"
    load(write("a.csv", header + "1,ann,2024-01-05,5.00,paid,SPRING\n"), desk)
    load(write("b.csv", header + "1,ann,2024-01-05,5.00,completed,\n"), desk)
    assert held("orders", "status", "coupon_code") == [{"status": "completed", "coupon_code": "SPRING"}]


@pytest.mark.both_engines
def test_rows_that_come_twice_in_one_file(desk, load, write, held) -> None:
    rows = "order_id,customer_id,date,total,status\n1,ann,2024-01-05,5.00,paid\n1,ann,2024-01-05,5.00,completed\n"
    report = load(write("orders.csv", rows), desk)
    assert (report.books.n_stored, report.books.n_duplicate) == (1, 1)
    assert held("orders", "status") == [{"status": "completed"}]


def test_two_sources_keep_their_own_orders(desk, load, write, held) -> None:
    load(write("a.csv", JANUARY), desk, source="north")
    report = load(write("b.csv", JANUARY), desk, source="south")
    assert report.books.n_stored == 3
    assert len(held("orders", "source", "order_id")) == 4


def test_a_dry_run_judges_alike_and_writes_nothing(desk, load, write) -> None:
    load(write("january.csv", JANUARY), desk)
    before = {name: desk.lake.version(name) for name in desk.lake.names()}
    path = write("winter.csv", JANUARY + "3,c,1,1.00,2024-02-01,zoe\n4,c,x,1.00,2024-02-01,zoe\n")
    (tried,) = load_files([path], desk=desk, is_trial=True).files
    assert {name: desk.lake.version(name) for name in desk.lake.names()} == before
    with desk.database.read() as connection:
        assert len(books_rows.loads(connection)) == 1
    report = load(path, desk)
    assert (tried.state, tried.books, tried.reasons) == ("tried", report.books, report.reasons)


@pytest.mark.both_engines
def test_replay_stores_what_a_rate_makes_usable(desk, load, write, held) -> None:
    rows = "order_id,customer_id,date,total,currency\n1,a,2024-01-05,10.00,EUR\n2,a,2024-02-31,1.00,CNY\n3,a,2024-01-05\n"
    load(write("orders.csv", rows), desk)
    assert [
        (row["reason"], row["n_rows"], row["first_line_no"])
        for row in quarantine_list(database=desk.database)
    ] == [
        ("bad_date", 1, 3),
        ("no_rate", 1, 2),
        ("wrong_cell_count", 1, 4),
    ]
    spans = {"currency": ["EUR"], "since_on": ["2024-01-01"], "until_on": ["9999-12-31"], "rate": ["7.8"]}
    rates = ibis.memtable(spans).cast({"since_on": "date", "until_on": "date", "rate": "decimal(18, 8)"})
    replay = quarantine_replay(desk=replace(desk, rates=rates))
    assert vars(replay) == {
        "n_tried": 2,
        "n_stored": 1,
        "n_duplicate": 0,
        "n_still_quarantined": 1,
        "n_broken": 1,
    }
    assert held("orders", "order_id", "total_minor") == [{"order_id": "1", "total_minor": 7800}]
    with desk.database.read() as connection:
        (load_row,) = books_rows.loads(connection)
    assert (load_row.n_received, load_row.n_stored, load_row.n_quarantined) == (3, 1, 2)
    assert [row["reason"] for row in quarantine_list(database=desk.database)] == [
        "bad_date",
        "wrong_cell_count",
    ]


def test_replay_of_broken_lines_says_what_helps(desk, load, write) -> None:
    load(write("orders.csv", "order_id,customer_id,date,total\n1,a,2024-01-05,1\n2\n"), desk)
    with pytest.raises(NotARow, match="Mend them in the file"):
        quarantine_replay(desk=desk)


def test_an_unknown_number_is_named(desk) -> None:
    with pytest.raises(QuarantineRowMissing, match="no quarantined row 77"):
        quarantine_show(database=desk.database, vault=desk.vault, quarantine_id=77)
