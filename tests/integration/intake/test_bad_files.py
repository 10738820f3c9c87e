"""Files that cannot be loaded: one clear message each, and nothing half-written."""

from __future__ import annotations

import gzip
import io
import zipfile

import pytest

from aimwell.base.errors import UserError
from aimwell.intake import errors
from aimwell.intake.service import load_files, quarantine_show

GOOD = "order_id,customer_id,date,total\n1,ann,2024-01-05,10.00\n"


def _truncated_gzip() -> bytes:
    return gzip.compress(("order_id,customer_id,date,total\n" + "1,ann,2024-01-05,10.00\n" * 5000).encode())[
        :-20
    ]


def _truncated_zip() -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("orders.csv", GOOD)
    return buffer.getvalue()[:-30]


@pytest.mark.parametrize(
    ("name", "content", "error", "message"),
    [
        ("empty.csv", b"", errors.FileEmpty, "empty.csv is empty"),
        ("blank.csv", b"\n\n  \n", errors.FileEmpty, "blank.csv is empty"),
        ("header.csv", b"order_id,customer_id,date,total\n", errors.HeaderOnly, r"has a header \(4 columns\) and no rows"),
        ("wide.csv", ",".join(f"c{i}" for i in range(10_000)).encode() + b"\n", errors.TooManyColumns, "10000 columns; at most 2000"),
        ("photo.png", b"\x89PNG\r\n\x1a\n" + b"\x00\x01\x02\x03" * 100, errors.NotText, "neither text nor a format"),
        ("cut.csv.gz", _truncated_gzip(), errors.PackedFileBroken, "truncated, damaged or has a password"),
        ("cut.zip", _truncated_zip(), errors.PackedFileBroken, "truncated, damaged or has a password"),
        ("not_a.xlsx", b"PK\x03\x04 but no zip", errors.PackedFileBroken, "truncated, damaged"),
        ("not_a.parquet", b"PAR1 but no parquet", errors.NotReadableAs, "looks like Parquet"),
        ("old.xls", b"\xd0\xcf\x11\xe0 but no workbook", errors.NotReadableAs, "looks like XLSX"),
        ("unknown.csv", b"alpha,beta\n1,2\n", errors.UnknownFile, "its columns are alpha, beta. Run `aimwell inspect"),
        (
            "dates.csv",
            b"order_id,customer_id,date,total\n1,ann,01/02/2024,10.00\n",
            errors.AmbiguousDates,
            "such as 01/02/2024 that can be day/month or month/day",
        ),
    ],
)  # fmt: skip
def test_one_clear_message(desk, load, write, held, name, content, error, message) -> None:
    with pytest.raises(error, match=message) as caught:
        load(write(name, content), desk)
    assert isinstance(caught.value, UserError)
    assert held("orders", "order_id") == []
    assert not list(desk.scratch.iterdir())


def test_a_missing_file_is_named(desk, load, tmp_path) -> None:
    with pytest.raises(errors.FileMissing, match=r"There is no file .*nope\.csv"):
        load(tmp_path / "nope.csv", desk)


def test_a_stated_encoding_that_does_not_fit(desk, load, write) -> None:
    mapping = write(
        "m.toml",
        'source = "x"\ngrain = "order"\n[reading]\nencoding = "utf-8"\n[orders]\nordered_at = "日期"\ntotal = "金额"\n',
    )
    path = write("orders.csv", "日期,金额\n2024-01-05,张\n".encode("gb18030"))
    with pytest.raises(errors.WrongEncoding, match=r"orders\.csv is not valid utf-8"):
        load(path, desk, mapping=mapping)


def test_one_bad_file_stops_all_before_the_first_is_written(desk, write, held) -> None:
    with pytest.raises(errors.UnknownFile):
        load_files([write("good.csv", GOOD), write("bad.csv", "x,y\n1,2\n")], desk=desk)
    assert held("orders", "order_id") == []


def test_bad_rows_wait_each_for_its_own_reason_and_the_others_are_stored(desk, load, write, held) -> None:
    bad = {
        "2,ann,2024-02-31,10.00,CNY": "bad_date",
        "3,ann,,10.00,CNY": "missing_date",
        "4,ann,2024-01-05,=SUM(A1:A9),CNY": "bad_number",
        ",ann,2024-01-05,10.00,CNY": "missing_order_id",
        "1.23457E+17,ann,2024-01-05,10.00,CNY": "id_rounded_by_excel",
        "5,ann,2024-01-05,10.00,XYQ": "unknown_currency",
        "6,ann,2024-01-05,10.00,EUR": "no_rate",
        "7,ann,2024-01-05": "wrong_cell_count",
        '8,"ann,2024-01-05,10.00,CNY': "unclosed_quote",
    }
    rows = [
        "order_id,customer_id,date,total,currency",
        "1,ann,2024-01-05,10.00,CNY",
        *bad,
        "9,bob,2024-01-06,5.00,CNY",
    ]
    report = load(write("orders.csv", "\n".join(rows)), desk)
    assert vars(report.books) == {"n_received": 11, "n_stored": 2, "n_duplicate": 0, "n_quarantined": 9}
    assert held("orders", "order_id") == [{"order_id": "1"}, {"order_id": "9"}]
    waiting = quarantine_show(database=desk.database, vault=desk.vault)
    assert [(row.line_no, row.reason) for row in waiting] == list(enumerate(bad.values(), start=3))
    assert waiting[0].cells["date"] == "2024-02-31"
    assert waiting[-1].text == '8,"ann,2024-01-05,10.00,CNY'


def test_a_negative_price_waits(desk, load, write) -> None:
    rows = "order_id,sku,qty,price,date,customer_id\n1,a,1,5.00,2024-01-05,ann\n2,b,1,-5.00,2024-01-05,ann\n"
    assert load(write("lines.csv", rows), desk).reasons == {"negative_price": 1}


def test_an_order_is_stored_whole_or_not_at_all(desk, load, write, held) -> None:
    rows = "order_id,sku,qty,price,date,customer_id\n1,a,1,5.00,2024-01-05,ann\n1,b,x,5.00,2024-01-05,ann\n2,c,1,1.00,2024-01-05,ann\n"
    report = load(write("lines.csv", rows), desk)
    assert report.reasons == {"bad_number": 1, "order_incomplete": 1}
    assert held("order_lines", "order_id", "product_id") == [{"order_id": "2", "product_id": "c"}]
