"""`aimwell people explain | link | unlink`, from the keyboard to the lake."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from aimwell.cli.main import main
from aimwell.people.service import link_accounts
from aimwell.shop import init_shop, open_shop
from aimwell.trust.vault import ADMITTED, ARRIVALS


@pytest.fixture
def shop_folder(tmp_path: Path) -> Path:
    folder = tmp_path / "shop"
    init_shop(folder)
    rows = [
        {"source": "shop", "account_key": key, "account_key_kind": "id", "email": email, "phone": phone}
        for key, email, phone in [
            ("c1", "ann@mail.com", "13812345678"),
            ("c2", "ann@mail.com", None),
            ("c3", "bob@mail.com", None),
        ]
    ]
    with open_shop(folder) as shop:
        arrivals = pa.RecordBatch.from_pylist([dict.fromkeys(ARRIVALS.names) | row for row in rows], ARRIVALS)
        list(shop.vault.admit([arrivals]))
        link_accounts(lake=shop.lake, database=shop.database, vault=shop.vault, now=shop.clock.now())
    return folder


@pytest.fixture
def people(shop_folder: Path) -> list[int]:
    with open_shop(shop_folder) as shop:
        table = pa.Table.from_batches(
            shop.vault.admit(
                [
                    pa.RecordBatch.from_pylist(
                        [
                            {"source": "shop", "account_key": key, "account_key_kind": "id"}
                            for key in ("c1", "c2", "c3")
                        ]
                    )
                ]
            ),
            ADMITTED,
        )
    return [int(person_id) for person_id in table["person_id"].to_pylist()]


def run(shop_folder: Path, *arguments: str) -> int:
    with pytest.raises(SystemExit) as ended:
        main(["people", *arguments, "--shop", str(shop_folder)])
    return int(ended.value.code or 0)


def explained(shop_folder: Path, capsys: pytest.CaptureFixture[str], *arguments: str) -> list[dict[str, Any]]:
    assert run(shop_folder, "explain", *arguments, "--format", "json") == 0
    found: list[dict[str, Any]] = json.loads(capsys.readouterr().out)
    return found


@pytest.mark.parametrize("named", ["--email=ANN@mail.com", "--phone=+86 138 1234 5678", "--account=c2"])
def test_a_person_is_found_by_what_people_know(
    shop_folder: Path, people: list[int], named: str, capsys: pytest.CaptureFixture[str]
) -> None:
    (one,) = explained(shop_folder, capsys, named)
    assert one["canonical_id"] == people[0]
    assert [member["account_id"] for member in one["members"]] == ["c1", "c2"]
    assert [member["evidence"] for member in one["members"]] == [None, "email"]


def test_tables_show_no_identifier(
    shop_folder: Path, people: list[int], capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(shop_folder, "unlink", str(people[1])) == 0
    assert run(shop_folder, "explain", str(people[0]), "--lang", "en") == 0
    shown = capsys.readouterr()
    assert "c1" in shown.out
    assert "two people" in shown.out
    assert "1 ended" in shown.err
    assert "mail.com" not in shown.out + shown.err


def test_linking_and_unlinking(
    shop_folder: Path, people: list[int], capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(shop_folder, "link", str(people[2]), str(people[1]), "--format", "json") == 0
    assert json.loads(capsys.readouterr().out) == {"n_linked": 2, "n_added": 1, "n_ended": 0}
    assert len(explained(shop_folder, capsys, str(people[2]))[0]["members"]) == 3
    assert run(shop_folder, "unlink", str(people[2]), "--from", str(people[1])) == 0
    capsys.readouterr()
    assert [
        member["account_id"] for member in explained(shop_folder, capsys, str(people[2]))[0]["members"]
    ] == ["c3"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["explain"], "Name one person"),
        (["explain", "1", "--email=ann@mail.com"], "Name one person"),
        (["explain", "--email=nobody@mail.com"], "Nobody in this shop"),
        (["explain", "--account=c9"], "Nobody in this shop"),
        (["explain", "1"], "There is no person 1"),
        (["link", "1", "1"], "cannot be linked to itself"),
        (["unlink", "1"], "is not linked"),
    ],
)
def test_what_is_wrong_is_said(
    shop_folder: Path, arguments: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(shop_folder, *arguments, "--lang", "en") == 1
    assert message in " ".join(capsys.readouterr().err.split())
