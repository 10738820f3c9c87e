"""No identifier of a loaded file stands anywhere in the shop's files: not raw, not folded, not encoded."""

from __future__ import annotations

import base64
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from aimwell.intake.service import load_files, quarantine_show

PLANTED = {
    "e-mail": "Ann.Planted@Mail.co.uk",
    "phone": "+44 20 7946 0958",
    "mobile": "13912345678",
    "name": "Annabel Plantedname",
    "street": "12 Planted Street",
    "nickname": "种下的小白兔88",
    "chinese name": "张种下",
    "chinese address": "浙江省杭州市种下路9号",
    "e-mail in a note": "note.planted@mail.com",
    "e-mail in a product name": "gift.planted@mail.com",
    "e-mail in a bad row": "bad.planted@mail.com",
    "e-mail in a broken line": "broken.planted@mail.com",
}


def spellings(value: str) -> set[bytes]:
    """Return a value as bytes in the ways it may hide."""
    found: set[bytes] = set()
    for text in {value, value.lower(), value.upper(), value.replace(" ", "")}:
        raw = text.encode()
        found |= {
            raw,
            text.encode("utf-16-le"),
            text.encode("utf-16-be"),
            text.encode("gb18030"),
            raw.hex().encode(),
        }
        # Inside a longer text, base64 depends on what stands before: three alignments, without their ragged ends.
        found |= {base64.b64encode(b"\0" * shift + raw)[4 if shift else 0 : -4] for shift in range(3)}
    return found


def contents(folder: Path) -> Iterator[tuple[Path, bytes]]:
    """Yield every file as it is, and Parquet and SQLite also decoded."""
    for path in folder.rglob("*"):
        if not path.is_file():
            continue
        yield path, path.read_bytes()
        if path.suffix == ".parquet":
            yield path, str(pq.ParquetFile(path).read().to_pylist()).encode()
        if path.suffix == ".db":
            with sqlite3.connect(path) as connection:
                tables = [
                    name
                    for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")
                ]
                for table in tables:
                    rows = connection.execute(f'SELECT * FROM "{table}"').fetchall()
                    yield (
                        path,
                        b"\n".join(
                            v if isinstance(v, bytes) else str(v).encode() for row in rows for v in row
                        ),
                    )
            connection.close()


def seen(folder: Path) -> set[str]:
    """Return which planted identifiers stand in some file under a folder."""
    searched = {what: spellings(value) for what, value in PLANTED.items()}
    return {
        what
        for _, data in contents(folder)
        for what, forms in searched.items()
        if any(form in data for form in forms)
    }


@pytest.fixture
def files(write, export) -> list[Path]:
    """Return two exports full of identifiers."""
    shopify = {
        "Name": "#1001", "Email": PLANTED["e-mail"], "Phone": PLANTED["phone"], "Financial Status": "paid", "Currency": "CNY",
        "Subtotal": "10.00", "Total": "10.00", "Created at": "2024-06-01 10:00:00 +0100", "Lineitem quantity": "1",
        "Lineitem name": f"Card for {PLANTED['e-mail in a product name']}", "Lineitem price": "10.00", "Lineitem sku": "M1",
        "Billing Name": PLANTED["name"], "Billing Street": PLANTED["street"], "Notes": PLANTED["e-mail in a note"],
    }  # fmt: skip
    bad = shopify | {"Name": "#1002", "Email": PLANTED["e-mail in a bad row"], "Total": "ten"}
    taobao = {
        "订单编号": "2001", "买家会员名": PLANTED["nickname"], "买家应付货款": "100.00", "买家应付邮费": "8.00", "买家实际支付金额": "108.00",
        "订单状态": "交易成功", "收货人姓名": PLANTED["chinese name"], "收货地址": PLANTED["chinese address"],
        "联系手机": PLANTED["mobile"], "订单创建时间": "2024-05-01 00:30:00", "买家留言": PLANTED["e-mail in a note"],
    }  # fmt: skip
    broken = f"1003,{PLANTED['e-mail in a broken line']}\n"
    return [
        write("shopify.csv", export("shopify_orders_export", shopify, bad) + broken),
        write("taobao.csv", export("taobao_tmall_ExportOrderList", taobao).encode("gb18030")),
    ]


def test_identifiers_stay_in_the_vault(desk, files, tmp_path) -> None:
    assert seen(tmp_path / "in") == set(PLANTED)  # the search does find them where they are
    report = load_files(files, desk=desk)
    assert (report.books.n_stored, report.books.n_quarantined) == (2, 2)
    for path in files:
        path.unlink()
    assert seen(tmp_path) == set()
    assert len(desk.vault.find_people("email", "ann.planted@mail.co.uk")) == 1
    waiting = quarantine_show(database=desk.database, vault=desk.vault)
    assert waiting[0].cells["Email"] == PLANTED["e-mail in a bad row"]  # and whoever may, can still see them


def test_the_search_decodes_parquet(tmp_path) -> None:
    columns = {"mail": [PLANTED["e-mail"]] * 3, "name": [PLANTED["name"].lower()] * 3}
    pq.write_table(pa.table(columns), tmp_path / "leak.parquet", compression="zstd")
    assert seen(tmp_path) == {"e-mail", "name"}


def test_what_a_killed_load_left_behind_goes_first(desk, files) -> None:
    leftover = desk.scratch / "intake-killed" / "rows.parquet"
    leftover.parent.mkdir(parents=True)
    leftover.write_text(PLANTED["e-mail"])
    load_files(files, desk=desk)
    assert not leftover.exists()
