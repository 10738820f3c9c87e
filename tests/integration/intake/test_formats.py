"""The same orders in every wire format give the same lake."""

from __future__ import annotations

import gzip
import io
import json
import zipfile
from datetime import datetime
from decimal import Decimal

import openpyxl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from aimwell.intake.service import inspect_file, quarantine_show

HEADER = ["订单号", "客户编号", "下单时间", "金额"]
ROWS = [
    ["1001", "c1", "2024-01-05 10:00:00", "1234.50"],
    ["1002", "c2", "2024-03-06 11:30:00", "8.00"],
    ["1003", "", "2024-03-07 00:00:00", "0.99"],
]
CSV = "\n".join(",".join(row) for row in [HEADER, *ROWS]) + "\n"


def _zipped(data: bytes) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("导出/orders.csv", data)
        archive.writestr("__MACOSX/._orders.csv", b"\x00\x05")
    return buffer.getvalue()


def _workbook() -> bytes:
    book = openpyxl.Workbook()
    sheet = book.active
    sheet.append(HEADER)
    for number, account, at, total in ROWS:
        sheet.append([int(number), account or None, datetime.fromisoformat(at), float(total)])
    buffer = io.BytesIO()
    book.save(buffer)
    return buffer.getvalue()


def _parquet() -> bytes:
    buffer = io.BytesIO()
    columns = list(zip(*ROWS, strict=True))
    table = pa.table(
        {
            HEADER[0]: pa.array([int(v) for v in columns[0]]),
            HEADER[1]: pa.array([v or None for v in columns[1]]),
            HEADER[2]: pa.array([datetime.fromisoformat(v) for v in columns[2]]),
            HEADER[3]: pa.array([float(v) for v in columns[3]]),
        }
    )
    pq.write_table(table, buffer)
    return buffer.getvalue()


def _json_lines() -> bytes:
    return "\n".join(
        json.dumps(dict(zip(HEADER, row, strict=True)), ensure_ascii=False) for row in ROWS
    ).encode()


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("utf8.csv", CSV.encode()),
        ("bom.csv", CSV.encode("utf-8-sig")),
        ("gb18030.csv", CSV.encode("gb18030")),
        ("utf16.csv", CSV.encode("utf-16")),
        ("crlf.csv", CSV.replace("\n", "\r\n").encode()),
        ("mac.csv", CSV.replace("\n", "\r").encode()),
        ("tabs.tsv", CSV.replace(",", "\t").encode()),
        ("semicolons.csv", CSV.replace(",", ";").replace("1234.50", "1.234,50").replace("8.00", "8,00").replace("0.99", "0,99").encode()),
        ("pipes.txt", CSV.replace(",", "|").encode()),
        ("quoted.csv", CSV.replace("1234.50", '"￥1,234.50"').encode()),
        ("excel_text.csv", CSV.replace("\n1001", '\n="1001"').encode()),
        ("broken_line.csv", (CSV + "oops\n").encode()),
        ("lines.jsonl", _json_lines()),
        ("book.xlsx", _workbook()),
        ("table.parquet", _parquet()),
        ("packed.csv.gz", gzip.compress(CSV.encode("gb18030"))),
        ("packed.zip", _zipped(CSV.encode())),
        ("packed.jsonl.gz", gzip.compress(_json_lines())),
    ],
)  # fmt: skip
def test_every_format_is_understood_alike(desk, write, name, data) -> None:
    (found,) = inspect_file(write(name, data), desk=desk)
    assert found.preset == "plain_orders"
    # The shop's wall clock is eight hours ahead of UTC.
    assert [
        (row["unit_id"], row["ordered_at"], row["total"], "account_key" in row) for row in found.rows
    ] == [
        ("1001", datetime(2024, 1, 5, 2), Decimal("1234.5"), True),
        ("1002", datetime(2024, 3, 6, 3, 30), Decimal("8"), True),
        ("1003", datetime(2024, 3, 6, 16), Decimal("0.99"), False),  # nobody is named: kept, anonymous
    ]


def test_formula_cells_give_what_excel_computed_last(desk, load, write) -> None:
    book = openpyxl.Workbook()
    book.active.append(HEADER)
    book.active.append([1, "c1", datetime(2024, 1, 5), "=1+1"])  # never computed: the file holds no value
    buffer = io.BytesIO()
    book.save(buffer)
    report = load(write("formula.xlsx", buffer.getvalue()), desk)
    assert report.books.n_received == 1  # the order is there; its total is not


def test_line_numbers_are_those_of_the_file(desk, load, write) -> None:
    rows = 'order_id,customer_id,date,total,note\n1,a,2024-01-05,5,"two\nlines"\n\n2,a,2024-01-05,x,\nbroken\n3,a,2024-01-05,y,\n'
    load(write("orders.csv", rows), desk)
    waiting = quarantine_show(database=desk.database, vault=desk.vault)
    assert [(row.line_no, row.reason) for row in waiting] == [
        (5, "bad_number"),
        (6, "wrong_cell_count"),
        (7, "bad_number"),
    ]


def test_a_dst_gap_moves_forward_and_stays_put(british, load, write, held) -> None:
    # London, 2024-03-31: 01:30 never was; 2024-10-27: 01:30 was twice.
    rows = "order_id,customer_id,date,total\n1,a,2024-03-31 01:30:00,1\n2,a,2024-06-01 12:00:00,1\n3,a,2024-10-27 01:30:00,1\n"
    load(write("orders.csv", rows), british)
    first, second, third = held("orders", "order_id", "ordered_at", "local_at")
    assert first["ordered_at"] == datetime(2024, 3, 31, 1, 30)
    assert first["local_at"] == datetime(2024, 3, 31, 2, 30)
    assert second["ordered_at"] == datetime(2024, 6, 1, 11)
    assert third["local_at"] == datetime(2024, 10, 27, 1, 30)
