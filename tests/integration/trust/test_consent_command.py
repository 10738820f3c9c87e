"""`aimwell consent ...`, from the keyboard to the ledger, with real headers."""

from __future__ import annotations

import csv
import json
from importlib import resources
from pathlib import Path
from typing import Any

import pytest

from aimwell.cli.main import main
from aimwell.shop import init_shop, open_shop

HEADER = json.loads((resources.files("aimwell.intake.presets") / "headers.json").read_text("utf-8"))
SHOPIFY = (
    ",".join(HEADER["shopify_customers_export"])
    + """
Ann,Lee,ann@mail.com,yes,,,,,,,Germany,DE,,+4915112345678,no,10,1,,,no
Bob,Ray,bob@mail.com,no,,,,,,,China,CN,,,,0,0,,,no
Cat,Ng,noreply@mail.com,yes,,,,,,,China,CN,,,,0,0,,,no
broken,row
"""
)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    init_shop(tmp_path / "shop", language="en")
    return tmp_path / "shop"


@pytest.fixture
def export(tmp_path: Path) -> Path:
    path = tmp_path / "customers_export.csv"
    path.write_text(SHOPIFY, "utf-8")
    return path


def run(folder: Path, *arguments: str) -> int:
    with pytest.raises(SystemExit) as ended:
        main(["consent", *arguments, "--shop", str(folder)])
    return int(ended.value.code or 0)


def shown(folder: Path, capsys: pytest.CaptureFixture[str], *arguments: str) -> Any:
    capsys.readouterr()
    assert run(folder, *arguments, "--format", "json") == 0
    return json.loads(capsys.readouterr().out)


def test_a_shopify_export_gives_books_that_balance(
    folder: Path, export: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    refused = tmp_path / "refused.csv"
    (report,) = shown(folder, capsys, "import", str(export), "--refused", str(refused))
    assert report["preset"] == "shopify_customers"
    # 4 rows of 2 columns: Ann 2, Bob's no; Bob's and Cat's phone say nothing, Cat's e-mail reaches nobody, one row is broken
    assert report["books"] == {"n_read": 8, "n_recorded": 3, "n_repeated": 0, "n_refused": 5}
    assert report["reasons"] == {"not_a_row": 2, "no_state": 2, "unusable_address": 1}
    with refused.open(encoding="utf-8") as file:
        rows = [(row["line_no"], row["column"], row["reason"]) for row in csv.DictReader(file)]
    assert sorted(rows) == [
        ("3", "Accepts SMS Marketing", "no_state"),
        ("4", "Accepts Email Marketing", "unusable_address"),
        ("4", "Accepts SMS Marketing", "no_state"),
        ("5", "Accepts Email Marketing", "not_a_row"),
        ("5", "Accepts SMS Marketing", "not_a_row"),
    ]
    (again,) = shown(folder, capsys, "import", str(export))
    assert again["books"] == {"n_read": 8, "n_recorded": 0, "n_repeated": 3, "n_refused": 5}


def test_the_people_are_those_of_the_loaded_customers(
    folder: Path, export: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit):
        main(["load", str(export), "--shop", str(folder)])
    with open_shop(folder) as shop:
        before = shop.vault.find_people("email", "ann@mail.com")
    assert run(folder, "import", str(export)) == 0
    with open_shop(folder) as shop:
        assert shop.vault.find_people("email", "ann@mail.com") == before
    assert len(before) == 1


def test_the_books_read_well(folder: Path, export: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(folder, "import", str(export)) == 0
    said = capsys.readouterr()
    assert "Books of this import" in said.out
    assert "Shopify: customers" in said.out
    assert "customers_export.csv, line 4, Accepts Email Marketing: not recorded: a placeholder" in " ".join(
        said.err.split()
    )
    assert "mail.com" not in said.out + said.err


def test_many_refusals_are_counted_not_all_shown(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "a.csv"
    path.write_text("email,email_consent\n" + "noreply@mail.com,yes\n" * 30, "utf-8")
    assert run(folder, "import", str(path)) == 0
    said = " ".join(capsys.readouterr().err.split())
    assert said.count("not recorded:") == 20
    assert "30 in all were not recorded" in said


def test_what_a_person_said_is_shown_with_its_proof_and_without_the_address(
    folder: Path, export: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run(folder, "import", str(export))
    assert (
        run(folder, "grant", "ann@mail.com", "--channel", "sms", "--source", "till", "--proof", "card 12")
        == 0
    )
    acts = shown(folder, capsys, "show", "ann@mail.com")
    assert [(act["act"], act["channel"], act["source"]) for act in acts] == [
        ("grant", "email", "shopify"),
        ("deny", "sms", "shopify"),
        ("grant", "sms", "till"),
    ]
    assert acts[0]["proof"] == "customers_export.csv, line 2: Accepts Email Marketing = yes"
    assert acts[2]["proof"] == "card 12"
    assert run(folder, "show", "ann@mail.com") == 0
    table = capsys.readouterr().out
    assert "all" in table
    assert "mail.com" not in table


def test_granting_and_withdrawing(folder: Path, export: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run(folder, "import", str(export))
    bob = "bob@mail.com"
    granted = shown(folder, capsys, "grant", bob, "--channel", "email", "--address", "BOB@mail.com", "--expires", "2099-01-01", "--notice", "v2")  # fmt: skip
    assert granted == {"n_recorded": 1}
    last = shown(folder, capsys, "show", bob)[-1]
    assert (last["notice"], last["expires_at"]) == ("v2", "2098-12-31T16:00:00")  # midnight in Shanghai
    assert last["contact_point"] != ""
    assert shown(folder, capsys, "grant", bob, "--purpose", "sharing") == {"n_recorded": 1}
    assert shown(folder, capsys, "withdraw", bob, "--channel", "email", "--purpose", "marketing") == {
        "n_recorded": 2
    }
    assert run(folder, "withdraw", bob, "--channel", "email", "--purpose", "marketing") == 0
    assert "was so already" in capsys.readouterr().err
    assert run(folder, "withdraw", bob) == 0
    assert "takes effect at once" in capsys.readouterr().err
    assert {act["act"] for act in shown(folder, capsys, "show", bob)[-4:]} == {"withdraw"}


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (["grant", "ann@mail.com"], 2, "marketing and transactional need a channel"),
        (["grant", "ann@mail.com", "--purpose", "sharing", "--channel", "email"], 2, "need a channel"),
        (["grant", "ann@mail.com", "--channel", "fax"], 2, "fax"),
        (
            ["grant", "ann@mail.com", "--channel", "push", "--address", "x"],
            1,
            "no usable one for the channel push",
        ),
        (["grant", "ann@mail.com", "--channel", "email", "--address", "ann"], 1, "email: email, sms: phone"),
        (["grant", "ann@mail.com", "--channel", "email", "--expires", "2020-01-01"], 1, "expires_at"),
        (["show", "nobody@mail.com"], 1, "Nobody in this shop"),
        (["import", "none.csv"], 1, "none.csv"),
    ],
)
def test_what_is_wrong_is_said(
    folder: Path,
    export: Path,
    arguments: list[str],
    code: int,
    message: str,
    capsys: pytest.CaptureFixture[str],
) -> None:
    run(folder, "import", str(export))
    capsys.readouterr()
    assert run(folder, *arguments, "--lang", "en") == code
    assert message in " ".join(capsys.readouterr().err.replace("│", " ").split())


def test_an_unknown_file_is_refused_with_what_is_known(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "a.csv"
    path.write_text("email,colour\na@mail.com,red\n", "utf-8")
    assert run(folder, "import", str(path)) == 1
    assert "Known: consents, klaviyo_profiles, shopify_customers" in " ".join(capsys.readouterr().err.split())


def test_policies_are_shown_and_a_shops_own_among_them(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(folder, "policies") == 0
    table = capsys.readouterr().out
    assert "13–16" in table
    assert "GDPR art. 8(1)" in " ".join(table.replace("│", " ").split())
    (folder / "policies").mkdir()
    own = 'title = "Adults"\nregions = ["*"]\n[[rules]]\npurposes = ["marketing"]\nneeds = "consent"\nparent_below_age = 18\nreferences = ["us"]\n'
    (folder / "policies" / "adults.toml").write_text(own, "utf-8")
    assert shown(folder, capsys, "policies")[-1]["name"] == "own:adults"
    (folder / "policies" / "adults.toml").write_text("title =", "utf-8")
    assert run(folder, "show", "1") == 1
    assert run(folder, "policies") == 1
    assert "until then nothing is sent" in " ".join(capsys.readouterr().err.split())
