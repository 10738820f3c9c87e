"""`aimwell manners` and `aimwell suppress` on a shop folder."""

from __future__ import annotations

import json
from datetime import datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from aimwell.base.clock import FixedClock
from aimwell.cli.main import main
from aimwell.promote.gate.model import Mute
from aimwell.promote.gate.service import open_gate
from aimwell.shop import init_shop, open_shop
from aimwell.trust.consent.ledger import ConsentLedger
from aimwell.trust.consent.model import ConsentEvent
from aimwell.trust.consent.policies import read_policies

MANNERS = """
wash_out_days = 30
exempt_people = [77]

[all]
caps = ["1 per day"]
quiet_hours = []

[channels.sms]
quiet_hours = ["00:00-23:59"]
weekdays = ["mon", "tue"]
holidays = true
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A shop in Berlin with one person, who has an e-mail, a phone, and consented to e-mails."""
    folder = tmp_path_factory.mktemp("shop") / "toys"
    init_shop(folder, currency="EUR", time_zone="Europe/Berlin", country="DE")
    (folder / "manners.toml").write_text(MANNERS, "utf-8")
    arrival = {"source": "shop", "account_key": "ann", "account_key_kind": "id"}
    arrival |= {"email": "ann@mail.com", "phone": "+49 151 12345678"}
    with open_shop(folder, clock=FixedClock(datetime(2025, 6, 1))) as shop:
        [batch] = list(shop.vault.admit([pa.RecordBatch.from_pylist([arrival])]))
        ledger = ConsentLedger(database=shop.database, policies=read_policies())
        event = ConsentEvent(
            person_id=batch["person_id"][0].as_py(),
            contact_point="",
            channel="email",
            purpose="marketing",
            act="grant",
            source="shop",
            notice="1",
            at=datetime(2025, 1, 1),
        )
        ledger.record([event])
    return folder


def run(*arguments: str) -> int:
    with pytest.raises(SystemExit) as caught:
        main(list(arguments))
    return int(caught.value.code or 0)


def shown(capsys: pytest.CaptureFixture[str], *arguments: str) -> Any:
    assert run(*arguments, "--format", "json") == 0
    return json.loads(capsys.readouterr().out)


def test_show_says_what_was_understood(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    shop = ("--shop", str(folder))
    days = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
    assert shown(capsys, "manners", "show", *shop) == [
        {"channel": "all", "caps": ["all 1 per day"], "quiet_hours": [], "weekdays": days, "holidays": False},
        {
            "channel": "sms",
            "caps": [],
            "quiet_hours": ["00:00-23:59"],
            "weekdays": days[:2],
            "holidays": True,
        },
    ]
    assert run("manners", "show", *shop) == 0
    captured = capsys.readouterr()
    assert "all 1 per day" in captured.out
    assert "Mon Tue" in captured.out
    assert "After a complaint nothing for 30 days. 1 people are exempt" in captured.err


def test_check_suppress_and_lift(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    shop = ("--shop", str(folder))
    [email, sms] = shown(capsys, "manners", "check", "ann@mail.com", *shop)
    assert (email["channel"], email["may"], email["caps"]) == ("email", True, {"all 1 per day": "0 of 1"})
    assert (sms["channel"], sms["may"], sms["reasons"][0]) == ("sms", False, "no_consent")

    for spelling in (("--email", "ANN@mail.com "), ("--phone", "0151 12345678")):
        assert run("suppress", "add", *spelling, *shop) == 0
        assert "Suppressed." in capsys.readouterr().err
    assert run("manners", "check", "ann", *shop) == 0
    assert capsys.readouterr().out.count("Suppressed by hand.") == 2
    listed = shown(capsys, "suppress", "list", *shop)
    assert [(one["person_id"], one["reason"], one["source"]) for one in listed] == [
        (None, "manual", "hand")
    ] * 2
    assert "ann" not in json.dumps(listed)
    assert run("suppress", "list", *shop) == 0
    assert "by hand" in capsys.readouterr().out

    assert run("suppress", "lift", "--email", "ann@mail.com", "--reason", "complaint", *shop) == 0
    assert "0 suppressions lifted" in capsys.readouterr().err
    assert run("suppress", "lift", "--email", "ann@mail.com", *shop) == 0
    assert "1 suppressions lifted" in capsys.readouterr().err
    assert run("suppress", "lift", "--phone", "0151 12345678", *shop) == 0
    capsys.readouterr()

    assert run("suppress", "add", "--email", "ann@mail.com", "--reason", "complaint", *shop) == 0
    capsys.readouterr()
    arguments = ("manners", "check", "ann", "--channel", "push", *shop)
    [push] = shown(capsys, *arguments, "--region", "DE", "--zone", "Asia/Tokyo")
    assert "wash_out" in push["reasons"]  # also on other channels
    assert run("suppress", "lift", "--email", "ann@mail.com", *shop) == 0
    capsys.readouterr()

    assert run("suppress", "add", "--person", "ann", *shop) == 0
    capsys.readouterr()
    [push] = shown(capsys, *arguments)
    assert push["reasons"][0] == "suppressed_manual"
    assert run("suppress", "lift", "--person", "ann", *shop) == 0
    assert "1 suppressions lifted" in capsys.readouterr().err
    assert shown(capsys, "suppress", "list", *shop) == []


def test_an_address_that_nobody_has_can_be_suppressed(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    shop = ("--shop", str(folder))
    assert run("suppress", "add", "--email", "new@mail.com", "--reason", "complaint", *shop) == 0
    capsys.readouterr()
    [one] = shown(capsys, "suppress", "list", *shop)
    assert (one["person_id"], one["reason"]) == (None, "complaint")
    assert run("suppress", "lift", "--email", "new@mail.com", *shop) == 0


@pytest.mark.parametrize(
    "given", [(), ("--email", "a@b.com", "--person", "ann"), ("--email", "no address"), ("--phone", "12")]
)
def test_whom_a_suppression_is_about_must_be_clear(
    folder: Path, given: tuple[str, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    assert run("suppress", "add", *given, "--shop", str(folder)) == 1
    assert "Say whom" in capsys.readouterr().err


def test_a_person_who_waits_is_told_until_when(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with open_shop(folder) as shop:
        [known] = shop.vault.accounts_named("ann")
        gate = open_gate(database=shop.database, folder=folder, time_zone="UTC", country="DE")
        far, once = datetime(2100, 1, 1, 12), datetime(2025, 1, 1)
        gate.mute([Mute(person_id=known.person_id, case_id="c", from_at=once, until=far)])
    arguments = ("manners", "check", "ann", "--channel", "email", "--shop", str(folder))
    assert run(*arguments) == 0
    said = capsys.readouterr().out
    assert "2100-01-01 13:00" in said  # in Berlin
    assert "A case of this person is open." in said
    assert run(*arguments, "--zone", "Asia/Shanghai") == 0
    assert "2100-01-01 20:00" in capsys.readouterr().out


def test_files_that_cannot_be_understood_are_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    init_shop(tmp_path / "shop")
    (tmp_path / "shop" / "manners.toml").write_text("quiet = 1", "utf-8")
    assert run("manners", "show", "--shop", str(tmp_path / "shop")) == 1
    assert "unknown key `quiet`" in capsys.readouterr().err
