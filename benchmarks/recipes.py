"""Every recipe tried in the simulator: who is found, what goes out, what it earns by measurement and in truth.

    PEOPLE=20000 SEED=5 python benchmarks/recipes.py

One simulated gift shop, a year old. All recipes are planned, approved and sent (into files) on one morning, by the commands; the
world is played on with the messages that really went out; what came is loaded, and each campaign measured. `holdout` is raised from
the recipes' tenth to a half, because of so few people a tenth shows nothing. The default runs for minutes.
"""

from __future__ import annotations

import csv
import io
import json
import os
import re
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pyarrow.parquet as pq

from aimwell.base.clock import FixedClock
from aimwell.cli.main import main as aimwell
from aimwell.promote.campaigns.service.life import decisions_of, round_of
from aimwell.promote.outbox.service import sent_to
from aimwell.shop import init_shop, open_shop
from aimwell.trust.consent.model import ConsentEvent

RECIPES = ("welcome", "cart", "replenish", "winback", "post_purchase", "vip", "new_product")
DISCOUNTS = {"comeback_voucher": 0.15, "cart_shipping": 0.1, "welcome_gift": 0.1, "vip_gift": 0.15}
BEGAN_ON = date(2024, 1, 1)
HISTORY_DAYS, PLAYED_DAYS, MEASURED_DAYS = 366, 60, 46  # the longest horizon of a recipe is 45 days
MORNING = datetime(2025, 1, 1, 9)  # UTC: the first day that is not history


@dataclass(frozen=True, kw_only=True)
class Tried:
    """One recipe: messages sent, people compared, profit per person of the arm by measurement (interval) and in truth."""

    recipe: str
    n_sent: int
    n_treated: int
    n_held_out: int
    n_sent_to_held_out: int
    verdict: str
    low: float | None
    effect: float | None
    high: float | None
    true_effect: float

    @property
    def is_covered(self) -> bool:
        """Whether the interval, if there is one, holds the true effect."""
        return self.low is None or self.high is None or self.low <= self.true_effect <= self.high


@contextmanager
def clock_at(moment: datetime) -> Iterator[None]:
    """Let the commands believe that it is this moment."""
    with patch("aimwell.shop.SystemClock", lambda: FixedClock(moment)):
        yield


def run(*arguments: str) -> str:
    """Run a command; return what it printed."""
    out, err = io.StringIO(), io.StringIO()
    with redirect_stdout(out), redirect_stderr(err):
        try:
            aimwell(list(arguments))
        except SystemExit as ended:
            if ended.code:
                raise RuntimeError(f"{arguments}: {out.getvalue()}{err.getvalue()}") from ended
    return out.getvalue()


def make_shop(place: Path, *, people: int, seed: int) -> Path:
    """Make a simulated shop with portraits, values, everybody's consent to e-mail, and a campaign from every recipe."""
    folder, where = place / "shop", ("--shop", str(place / "shop"))
    init_shop(folder, currency="USD", time_zone="UTC", country="US", name="Gifts")
    with (folder / "aimwell.toml").open("a") as file:
        file.write('\npublic_url = "https://mail.gifts.example"\n')
    (folder / "channels.toml").write_text(
        '[channels.email]\ntype = "file"\nkind = "email"\nfolder = "outgoing"\n'
    )
    (folder / "manners.toml").write_text('[all]\nquiet_hours = []\ncaps = ["7 per day"]\n')
    world = ("--people", str(people), "--products", "300", "--seed", str(seed))
    days = ("--days", str(HISTORY_DAYS), "--start-on", str(BEGAN_ON))
    with clock_at(MORNING - timedelta(hours=1)):  # what is known at a moment was loaded before it
        run("simulate", "shop", "--truth", str(place / "truth"), *world, *days, *where)
    with clock_at(MORNING):
        for recipe in RECIPES:
            run("campaign", "new", recipe, "--recipe", recipe, *where)
            path = folder / "campaigns" / f"{recipe}.toml"
            path.write_text(re.sub(r"(?m)^(holdout = )0\.1\b", r"\g<1>0.5", path.read_text("utf-8")), "utf-8")
        for command in (("portrait", "build"), ("predict", "fit", "value"), ("predict", "score", "value")):
            run(*command, *where)
        agree(folder)
    return folder


def agree(folder: Path) -> None:
    """Record that everybody agreed to marketing by e-mail a month ago."""
    with open_shop(folder) as shop:
        people = shop.engine.rows(shop.lake.table("customers").select("person_id").distinct())
        shop.ledger.record(
            ConsentEvent(
                person_id=row["person_id"],
                contact_point="",
                channel="email",
                purpose="marketing",
                act="grant",
                source="simulated",
                notice="1",
                at=MORNING - timedelta(days=30),
            )
            for row in people
        )


def send_and_play(place: Path, folder: Path) -> None:
    """Send every campaign on one morning, and live the days after it."""
    where = ("--shop", str(folder))
    with clock_at(MORNING):
        for recipe in RECIPES:
            run("campaign", "plan", recipe, "--as", "ann", *where)
            run("campaign", "approve", recipe, "--as", "bob", *where)
            run("campaign", "send", recipe, "--as", "bob", *where)
    deals = place / "deals.toml"
    deals.write_text("".join(_deal(offer_id) for offer_id in _offers(folder)))
    rounds = [word for recipe in RECIPES for word in ("--campaign", f"{recipe}-1")]
    played = ("--truth", str(place / "truth"), "--deals", str(deals), "--days", str(PLAYED_DAYS))
    with clock_at(MORNING + timedelta(days=PLAYED_DAYS)):
        run("simulate", "play", *played, *rounds, *where)


def tried(place: Path, folder: Path) -> list[Tried]:
    """Measure every campaign, and put the truth beside it."""
    effects = pq.read_table(next((place / "truth").glob("effects-*.parquet"))).to_pylist()
    as_of = (MORNING + timedelta(days=MEASURED_DAYS)).date()
    found = []
    with clock_at(MORNING + timedelta(days=PLAYED_DAYS + 1)):
        for recipe in RECIPES:
            told = run(
                "campaign",
                "measure",
                recipe,
                "--as-of",
                str(as_of),
                "--format",
                "json",
                "--shop",
                str(folder),
            )
            found.append(_compared(recipe, folder, json.loads(told), effects))
    return found


def _compared(recipe: str, folder: Path, measured: dict[str, Any], effects: list[dict[str, Any]]) -> Tried:
    with open_shop(folder) as shop, shop.campaigns() as tools:
        receipts = decisions_of(round_of(recipe, tools=tools), lake=shop.lake)
        part = shop.engine.rows(receipts.filter(receipts.is_part).select("person_id", "arm"))
        customers = shop.engine.rows(shop.lake.table("customers").select("account_id", "person_id"))
        sent = sent_to(f"{recipe}-1", database=shop.database) or []
    arms = {row["person_id"]: row["arm"] for row in part}
    people = {row["account_id"]: row["person_id"] for row in customers}
    own = set(_offers(folder, recipe))
    treated = [
        one for one in effects if one["offer_id"] in own and arms.get(people[one["account"]]) == "treatment"
    ]
    n_treated = sum(arm == "treatment" for arm in arms.values())
    result = measured["result"]
    interval = result["looks"][-1]["interval"] or {"low": None, "high": None}
    return Tried(
        recipe=recipe,
        n_sent=len(sent),
        n_treated=n_treated,
        n_held_out=sum(arm == "holdout" for arm in arms.values()),
        n_sent_to_held_out=sum(
            arms.get(person) in ("holdout", "global_holdout", "resting") for person, _ in sent
        ),
        verdict=result["verdict"],
        low=interval["low"],
        effect=result["looks"][-1]["effect_minor"],
        high=interval["high"],
        true_effect=sum(one["expected_effect_minor"] for one in treated) / max(1, n_treated),
    )


def _offers(folder: Path, *recipes: str) -> list[str]:
    written = [(folder / "campaigns" / f"{one}.toml").read_text("utf-8") for one in recipes or RECIPES]
    return [found for text in written for found in re.findall(r'(?m)^id = "(\w+)"', text)]


def _deal(offer_id: str) -> str:
    rate = DISCOUNTS.get(offer_id, 0.0)
    return f'[[deals]]\noffer_id = "{offer_id}"\nchannel = "email"\ndiscount_rate = {rate}\ncontact_cost = "0.01"\n'


def main() -> None:
    """Try the recipes and print a table."""
    people, seed = int(os.environ.get("PEOPLE", "20000")), int(os.environ.get("SEED", "5"))
    with tempfile.TemporaryDirectory(prefix="recipes-") as scratch:
        place = Path(scratch)
        folder = make_shop(place, people=people, seed=seed)
        send_and_play(place, folder)
        found = tried(place, folder)
    writer = csv.writer(sys.stdout, delimiter="\t")
    writer.writerow([*Tried.__dataclass_fields__, "is_covered"])
    for one in found:
        writer.writerow([*(_shown(value) for value in vars(one).values()), one.is_covered])


def _shown(value: object) -> object:
    return f"{value:.2f}" if isinstance(value, float) else value


if __name__ == "__main__":
    main()
