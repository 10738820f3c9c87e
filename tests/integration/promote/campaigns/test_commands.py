"""`aimwell campaign` and `aimwell why` on a shop folder, with a channel that writes files."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import pytest

from ..feedback.mails import bounce
from .conftest import run

CHANNELS = """
[channels.email]
type = "file"
kind = "email"
folder = "outgoing"
"""


def told(capsys: pytest.CaptureFixture[str]) -> tuple[str, str]:
    shown = capsys.readouterr()
    return shown.out, " ".join(shown.err.split())


def test_a_campaign_from_new_to_why(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    shop = ("--shop", str(folder))
    (folder / "channels.toml").write_text(CHANNELS)
    (folder / "manners.toml").write_text("[all]\nquiet_hours = []\n")
    capsys.readouterr()
    assert run("campaign", "new", "thanks", "--recipe", "post_purchase", *shop) == 0
    assert "Wrote campaigns/thanks.toml" in told(capsys)[1]
    assert run("campaign", "plan", "winback", "--as", "ann", *shop) == 0
    out, err = told(capsys)
    assert "holdout" in out
    assert "winback-1" in err
    assert "Effects are assumed, not measured" in err
    assert run("campaign", "send", "winback", *shop) == 1
    assert "is planned; for this it has to be approved" in told(capsys)[1]
    assert run("campaign", "approve", "winback", "--as", "bob", *shop) == 0
    assert run("campaign", "send", "winback", "--dry-run", *shop) == 0
    out, err = told(capsys)
    assert "may go" in out
    assert (
        "We have missed you" in err or "好久不见" in err
    )  # ids are random, and a quarter of the people read Chinese
    assert not (folder / "outgoing").exists()
    assert run("campaign", "send", "winback", "--as", "bob", *shop) == 0
    told(capsys)
    assert run("campaign", "status", "winback", "--format", "json", *shop) == 0
    status = json.loads(told(capsys)[0])
    assert (status["state"], status["planned_by"], status["approved_by"]) == ("done", "ann", "bob")
    with next((folder / "outgoing").iterdir()).open(newline="", encoding="utf-8-sig") as file:
        rows = list(csv.DictReader(file))
    assert rows
    assert run("campaign", "list", "--format", "json", *shop) == 0
    listed = {one["name"]: one for one in json.loads(told(capsys)[0])}
    assert listed["thanks"]["state"] == "draft"
    assert listed["winback"]["n_sent"] == status["counts"]["sent"] > 20
    assert run("campaign", "measure", "winback", *shop) == 0
    out, err = told(capsys)
    assert "held out" in out
    assert "Cannot tell" in err
    _check_why(folder, capsys)
    _check_feedback(folder, capsys, rows[0])
    _check_measuring(folder, capsys)


def _check_feedback(folder: Path, capsys: pytest.CaptureFixture[str], sent: dict[str, str]) -> None:
    shop, mail = ("--shop", str(folder)), folder / "bounce.eml"
    mail.write_bytes(bounce(sent["message_id"], sent["address"]))
    assert run("channels", "feedback", str(mail), *shop) == 0
    assert "1 read = 1 acted on + 0 known already + 0 set aside" in told(capsys)[1]
    mail.write_bytes(bounce("f" * 32, sent["address"]))
    assert run("channels", "feedback", str(mail), "--format", "json", *shop) == 0
    books = json.loads(told(capsys)[0])
    assert (books["n_read"], books["n_repeated"], books["aside"]) == (1, 0, {"unknown_message": 1})
    assert run("channels", "feedback", *shop) == 0
    assert "We sent no such message." in told(capsys)[0]
    assert run("campaign", "status", "winback", *shop) == 0
    assert "Came back for good: 1." in told(capsys)[1]
    assert run("why", sent["person_id"], "winback", *shop) == 0
    assert "came back for good (5.1.1 smtp; 550 no such user <address>)" in " ".join(told(capsys)[0].split())


def _check_why(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    shop = ("--shop", str(folder))
    assert run("why", "p001@kunde.de", "winback", *shop) == 0
    assert "the same decision" in told(capsys)[0]
    assert run("why", "p001@kunde.de", "winback", "--format", "json", *shop) == 0
    assert json.loads(told(capsys)[0])["replay"]["verdict"] == "same"
    assert run("why", "p001@kunde.de", "sommer", *shop) == 1
    assert "never planned" in told(capsys)[1]


def test_pause_resume_and_stop_before_anything_is_queued_are_refused(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    shop = ("--shop", str(folder))
    for verb in ("pause", "resume", "stop"):
        assert run("campaign", verb, "winback", *shop) == 1
        assert "never planned" in told(capsys)[1]
    assert run("campaign", "status", "winback", *shop) == 0
    assert "winback is draft" in told(capsys)[1]
    assert run("campaign", "new", "winback", "--recipe", "vip", *shop) == 1
    assert "is there already" in told(capsys)[1]


def _check_measuring(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Measuring needs no channel, tells of all campaigns together, draws, and stands in the report."""
    shop = ("--shop", str(folder))
    (folder / "channels.toml").write_text(
        '[channels.email]\ntype = "smtp"\nhost = "mail.example"\nfrom = "a@b.example"\nuser = "x"\npassword_env = "NOT_SET"\n'
    )
    chart = folder / "effect.svg"
    assert run("campaign", "measure", "winback", "--chart", str(chart), *shop) == 0
    assert "Days since the first decision" in chart.read_text("utf-8")
    told(capsys)
    assert run("campaign", "measure", "--lang", "zh", *shop) == 0
    assert "全店留出组" in told(capsys)[0]
    assert run("report", "--as-of", "2030-01-01", *shop) == 0
    assert "winback-1" in (folder / "report.html").read_text("utf-8")
