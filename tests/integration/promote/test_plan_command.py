"""`aimwell plan` and `aimwell offers` on a shop folder, from portraits and values to the confirmed export."""

from __future__ import annotations

import json
from datetime import datetime
from pathlib import Path

import pytest

from aimwell.cli.main import main
from aimwell.shop import open_shop

from .conftest import keep_prices

OFFERS = """
currency = "EUR"
[[offers]]
id = "ten-off"
name = "10 % off"
channel = "app"
contact_cost = 0.002
incentive_cost = "0.80"

[[offers]]
id = "letter"
name = "A letter"
channel = "post"
contact_cost = "0.55"
stock = 20
"""

PLAN = """
name = "winter"
currency = "EUR"
budget = "30.00"
salt = "winter"
holdout_share = 0.2
assumed_incrementality = { low = 0.1, mid = 0.3, high = 0.5 }
[[limits]]
offer = "letter"
exactly = 5
"""


@pytest.fixture(scope="module")
def folder(drawn_shop: Path) -> Path:
    """The drawn shop, with portraits, values, offers and a campaign."""
    (drawn_shop / "offers.toml").write_text(OFFERS, "utf-8")
    (drawn_shop / "plan.toml").write_text(PLAN, "utf-8")
    for command in (("portrait", "build"), ("predict", "fit", "value"), ("predict", "score", "value")):
        assert run(*command, "--as-of", "2024-12-28", "--shop", str(drawn_shop)) == 0
    return drawn_shop


def run(*arguments: str) -> int:
    with pytest.raises(SystemExit) as caught:
        main(list(arguments))
    return int(caught.value.code or 0)


def test_make_show_curve_export_verify(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    shop = ("--shop", str(folder))
    assert run("offers", "check", *shop) == 0
    assert "A letter" in capsys.readouterr().out

    assert run("plan", "make", *shop) == 0
    shown = capsys.readouterr()
    words = " ".join(shown.err.split())
    assert "ten-off" in shown.out
    assert "Effects are assumed, not measured" in words
    assert "more budget would earn" in words
    assert "At the ends of the assumed range" in words

    assert run("plan", "show", "--format", "json", *shop) == 0
    told = json.loads(capsys.readouterr().out)
    plan_id = told["certificate"]["plan_id"]
    assert 0 <= told["gap"] < 0.01
    assert told["certificate"]["cost_milli"] <= 3_000_000
    assert next(x["use"] for x in told["certificate"]["limits"] if x["key"] == "offer letter") == 5
    assert run("plan", "show", "--people", "3", *shop) == 0
    assert "expected to earn" in " ".join(capsys.readouterr().out.replace("│", " ").split())

    assert run("plan", "list", "--format", "json", *shop) == 0
    assert [row["plan_id"] for row in json.loads(capsys.readouterr().out)] == [plan_id]
    assert run("plan", "curve", "--format", "json", *shop) == 0
    profits = [row["profit_minor"] for row in json.loads(capsys.readouterr().out)]
    assert profits == sorted(profits)

    assert run("plan", "export", "--out", str(tmp_path / "out"), *shop) == 0
    capsys.readouterr()
    assert run("plan", "verify", str(tmp_path / "out"), *shop) == 0
    assert capsys.readouterr().out.startswith(f"OK: plan {plan_id}")
    with (tmp_path / "out" / "effects.csv").open("a") as file:
        file.write("0,letter,1,1\n")
    assert run("plan", "verify", str(tmp_path / "out"), *shop) == 1
    assert capsys.readouterr().out.startswith("WRONG")


def test_ranges_from_past_prices_are_shown_planned_and_verified(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    offers, plan, out = tmp_path / "offers.toml", tmp_path / "plan.toml", tmp_path / "out"
    offers.write_text(OFFERS.replace('name = "10 % off"', 'name = "10 % off"\ndiscount_rate = 0.1'), "utf-8")
    plan.write_text(PLAN.replace("{ low", '{ source = "prices", low'), "utf-8")
    files = ("--offers", str(offers), "--plan", str(plan), "--shop", str(folder))
    assert run("offers", "check", "--format", "json", *files) == 0
    ten, letter = json.loads(capsys.readouterr().out)
    assert (ten["mid"], ten["source"], ten["why_not"]) == (0.3, "stated", "no_model")  # none is fitted yet
    with open_shop(folder) as shop:
        model_id = keep_prices(shop.lake, as_of=datetime(2024, 12, 1), tea=-2.0)
    assert run("offers", "check", "--format", "json", *files) == 0
    ten, letter = json.loads(capsys.readouterr().out)
    assert ten["mid"] == pytest.approx(1 - 0.9**2)
    assert (ten["source"], ten["price_model"], ten["why_not"]) == ("prices", model_id, None)
    assert (letter["low"], letter["source"], letter["why_not"]) == (0.1, "stated", "no_discount")
    assert run("offers", "check", *files) == 0
    assert "past prices" in " ".join(capsys.readouterr().out.replace("│", " ").split())

    assert run("plan", "make", *files) == 0
    words = " ".join(capsys.readouterr().err.split())
    assert "ten-off: at 10.0% off, past prices say that 19.0% of the orders" in words
    assert model_id in words
    assert "letter: past prices are not used, because the offer names no discount_rate" in words
    assert run("plan", "export", "--out", str(out), *files) == 0
    capsys.readouterr()
    assert run("plan", "verify", str(out), "--shop", str(folder)) == 0
    assert json.loads((out / "certificate.json").read_text("utf-8"))["assumed"]["ten-off"]["prices"]

    plan.write_text(PLAN.replace("low = 0.1, mid = 0.3, high = 0.5", 'source = "prices"'), "utf-8")
    assert run("plan", "make", *files) == 1
    told = " ".join(capsys.readouterr().err.split())
    assert "Offer `letter`" in told
    assert "names no discount_rate" in told


@pytest.mark.parametrize(
    ("day", "elasticity", "told"),
    [(2, 0.3, "More was sold when it was dearer"), (3, -0.5, "the interval holds zero"), (4, -2.0, None)],
)
def test_a_hint_for_many_products_warns_where_their_direction_is_in_doubt(
    folder: Path, capsys: pytest.CaptureFixture[str], day: int, elasticity: float, told: str | None
) -> None:
    with open_shop(folder) as shop:
        keep_prices(shop.lake, as_of=datetime(2024, 12, day), tea=elasticity)  # +- 0.5
    capsys.readouterr()
    assert run("price", "hint", "--discount", "0.2", "--shop", str(folder)) == 0
    said = " ".join(capsys.readouterr().err.split())
    assert (told in said) if told else ("Warning" not in said)


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ('budget = "30.00"', "budget = 0", "`budget` is 0; allowed: more than 0"),
        ("exactly = 5", "exactly = 21", "letter"),  # the stock is 20
        ('offer = "letter"', 'segment = "nobody such"\noffer = "letter"', "nobody such"),
        ('currency = "EUR"', 'currency = "USD"', "the shop's own, EUR"),
    ],
)
def test_what_cannot_be_planned_is_one_message_and_exit_code_1(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], old: str, new: str, told: str
) -> None:
    wrong = tmp_path / "plan.toml"
    assert old in PLAN
    wrong.write_text(PLAN.replace(old, new), "utf-8")
    assert run("plan", "make", "--plan", str(wrong), "--shop", str(folder)) == 1
    shown = capsys.readouterr()
    assert told in " ".join(shown.err.split())
    assert "Traceback" not in shown.err
    assert shown.out == ""
