"""A world loaded into a real shop, and played on there, through the same door as everybody's files."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

import ibis
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import typer

from aimwell.cli import consent, simulate
from aimwell.cli.face import Face, share_options
from aimwell.cli.load import desk_of
from aimwell.intake.facts import TOUCHES
from aimwell.learn.simulator.campaigns import contacts_of
from aimwell.learn.simulator.errors import TouchesUnusable
from aimwell.learn.simulator.loading import fill_shop, load_written
from aimwell.learn.simulator.model import Deal, Dirt
from aimwell.learn.simulator.presets import gift_shop
from aimwell.learn.simulator.saving import TruthFolder
from aimwell.learn.simulator.unsubscribing import withdraw_unsubscribed
from aimwell.learn.simulator.world import World
from aimwell.shop import Shop, init_shop, open_shop
from aimwell.trust.consent.model import Asked, ConsentEvent

FACTS = ("orders", "order_lines", "events", "customers", "products", "refunds", "cases")


def run(*arguments: str) -> int:
    app = typer.Typer(pretty_exceptions_enable=False)
    app.callback()(lambda: None)
    simulate.register(app)
    consent.register(app)
    share_options(app)
    with pytest.raises(SystemExit) as caught:
        typer.main.get_command(app).main(list(arguments), obj=Face())
    return int(caught.value.code or 0)


def held(shop: Shop, name: str) -> list[dict[str, object]]:
    table = shop.lake.table(name)
    return shop.engine.rows(table.filter(table.superseded_at.isnull()))


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, TruthFolder]:
    """Fill a shop with four months of 1,500 people, with dirt."""
    place = tmp_path_factory.mktemp("filled")
    init_shop(place / "shop", currency="USD", time_zone="America/New_York", country="US")
    truth = TruthFolder.make(place / "truth", apart_from=place / "shop")
    dirt = Dirt(duplicate_rate=0.03, late_rate=0.05, clock_rate=0.01, test_rate=0.02)
    world = World(gift_shop(people=1_500, products=200, days=120, spare_days=120, dirt=dirt), 3)
    with open_shop(place / "shop") as shop:
        report = fill_shop(world, desk=desk_of(shop), truth=truth)
    assert report.books.is_balanced
    assert report.books.n_quarantined == 0
    kept = json.loads((truth.path / "world.json").read_text())["facts"]
    assert report.books.n_duplicate == kept["dirt"]["duplicates"] > 0
    assert report.books.n_received == sum(n for name, n in kept["rows"].items() if name != "cases")
    return place, truth


def test_the_lake_holds_the_world(filled: tuple[Path, TruthFolder]) -> None:
    place, truth = filled
    known = truth.people()["account"].to_pylist()
    with open_shop(place / "shop") as shop:
        rows = {name: held(shop, name) for name in FACTS}
    orders, lines = rows["orders"], rows["order_lines"]
    by_order: dict[object, int] = {}
    for line in lines:
        by_order[line["order_id"]] = by_order.get(line["order_id"], 0) + int(str(line["net_minor"]))
    assert {o["order_id"]: o["items_minor"] for o in orders} == by_order
    tests = [o for o in orders if o["is_test"]]
    assert {o["account_id"] for o in tests} == {"tester"}
    assert {str(o["order_id"])[0] for o in tests} == {"T"}
    assert {o["account_id"] for o in orders if not o["is_test"]} <= set(
        known
    )  # keys stay: the truth finds them again
    assert all(line["cost_minor"] is not None for line in lines)
    assert rows["refunds"]
    assert rows["cases"]
    assert {c["account_id"] for c in rows["cases"]} <= set(known)
    assert {c["person_id"] for c in rows["cases"]} <= {c["person_id"] for c in rows["customers"]}
    assert any(e["account_id"] is None for e in rows["events"])
    assert {e["device"] for e in rows["events"]} == {"mobile", "desktop", "tablet"}
    attributes = [dict(c["attributes"]) for c in rows["customers"] if c["attributes"]]  # type: ignore[call-overload]
    assert {a["accepts_email_marketing"] for a in attributes} == {"yes", "no"}


def test_no_address_is_in_the_lake(filled: tuple[Path, TruthFolder]) -> None:
    place, _ = filled
    with open_shop(place / "shop") as shop:
        texts = json.dumps([held(shop, name) for name in FACTS], default=str)
    assert "mail.simulated" not in texts.lower()
    assert " 555 " not in texts
    assert not [p for p in (place / "shop" / "tmp").rglob("*") if p.is_file()]  # the files went with the load


def test_loading_again_changes_nothing(filled: tuple[Path, TruthFolder], tmp_path: Path) -> None:
    place, truth = filled
    again = TruthFolder.make(tmp_path / "truth", apart_from=place / "shop")
    with open_shop(place / "shop") as shop:
        before = {name: len(held(shop, name)) for name in FACTS}
        report = fill_shop(truth.world(), desk=desk_of(shop), truth=again)
        assert {name: len(held(shop, name)) for name in FACTS} == before
    assert {file.state for file in report.files} == {"repeat"}


def test_csv_files_and_a_filled_shop_are_the_same(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    size = ["--people", "300", "--days", "60", "--products", "50", "--seed", "5", "--start-on", "2024-01-01"]
    for name in ("by_files", "filled"):
        init_shop(tmp_path / name, currency="USD", time_zone="America/New_York", country="US")
    files, truth = str(tmp_path / "files"), str(tmp_path / "truth")
    assert run("simulate", "files", files, "--truth", truth, "--file-format", "csv", *size) == 0
    assert run("simulate", "shop", "--truth", truth + "2", "--shop", str(tmp_path / "filled"), *size) == 0
    kinds = ("customers", "products", "order_lines", "events")
    customers = str(tmp_path / "files" / "customers.csv")
    capsys.readouterr()
    # `simulate shop` has taken down all that the file of customers says of consent
    assert run("consent", "import", customers, "--shop", str(tmp_path / "filled"), "--format", "json") == 0
    (report,) = json.loads(capsys.readouterr().out)
    books = report["books"]
    assert books["n_recorded"] == 0
    assert books["n_repeated"] > 300
    with open_shop(tmp_path / "by_files") as shop:
        paths = [(kind, tmp_path / "files" / f"{kind}.csv") for kind in kinds]
        report = load_written(paths, tmp_path / "files" / "cases.csv", desk=desk_of(shop))
        by_files = {name: strip(held(shop, name)) for name in FACTS}
    with open_shop(tmp_path / "filled") as shop:
        filled = {name: strip(held(shop, name)) for name in FACTS}
    assert report.books.n_quarantined == 0
    assert by_files == filled
    assert all(filled[name] for name in FACTS if name != "cases")


def strip(rows: list[dict[str, object]]) -> list[str]:
    """Return rows as sorted texts, without what differs from shop to shop."""
    own = {"person_id", "known_at", "load_id", "superseded_at"}
    return sorted(
        str({name: value for name, value in sorted(row.items()) if name not in own}) for row in rows
    )


def test_a_campaign_is_played_in_the_shop(
    filled: tuple[Path, TruthFolder], capsys: pytest.CaptureFixture[str]
) -> None:
    place, truth = filled
    accounts = truth.people()["account"].to_pylist()
    (place / "deals.toml").write_text(
        '[[deals]]\noffer_id = "ten"\nchannel = "email"\ndiscount_rate = 0.1\ncontact_cost = "0.01"\n'
    )
    touches = "".join(f"{account},ten,2024-04-30 14:00:00\n" for account in accounts[:900])
    (place / "touches.csv").write_text("account,offer_id,at\n" + touches)
    with open_shop(place / "shop") as shop:
        before = {str(o["order_id"]) for o in held(shop, "orders")}
    words = (
        "simulate",
        "play",
        "--truth",
        str(truth.path),
        "--deals",
        str(place / "deals.toml"),
        "--days",
        "30",
    )
    shared = ("--shop", str(place / "shop"), "--format", "json")
    assert run(*words, "--touches", str(place / "touches.csv"), *shared) == 0
    (row,) = json.loads(capsys.readouterr().out)
    assert (row["offer_id"], row["n_contacts"]) == ("ten", 900)
    assert 0.4 < row["delivered"] < 0.8
    effects = pq.read_table(truth.path / "effects-00120.parquet")
    assert row["effect_minor"] == pytest.approx(float(np.mean(effects["expected_effect_minor"].to_numpy())))
    with open_shop(place / "shop") as shop:
        orders = held(shop, "orders")
        names = {str(e["name"]) for e in held(shop, "events")}
    new = [o for o in orders if str(o["order_id"]) not in before]
    assert len(new) > 30
    assert min(o["ordered_at"] for o in new) >= datetime(2024, 4, 30, 4)  # type: ignore[type-var]
    assert {"Email Opened", "Email Link Clicked"} <= names
    assert {o["coupon_code"] for o in new} == {None, "SAVE10"}
    # the world goes on from here: these days are lived
    assert truth.lived_until() == 150
    with pytest.raises(Exception, match="150 … 179"):
        run(*words, "--touches", str(place / "touches.csv"), *shared)


def test_the_contacts_of_a_campaign_are_found_in_the_lake(
    filled: tuple[Path, TruthFolder], lake_rows: Callable[..., object]
) -> None:
    place, _ = filled
    at = datetime(2024, 5, 30, 14)
    with open_shop(place / "shop") as shop:
        some = held(shop, "customers")[:3]
        lake_rows(
            shop, [(c["person_id"], offer) for c, offer in zip(some, ("ten", None, "ten"), strict=True)]
        )
        found = contacts_of(shop.lake, database=shop.database, campaign="may", at=at).to_pylist()
        people = {c["account_id"]: c["person_id"] for c in held(shop, "customers")}
    assert {(row["offer_id"], row["at"]) for row in found} == {("ten", at)}
    assert {people[row["account"]] for row in found} == {some[0]["person_id"], some[2]["person_id"]}


@pytest.fixture
def lake_rows() -> Callable[..., object]:
    """Append touches of a campaign "may"."""

    def add(shop: Shop, chosen: list[tuple[int, str | None]]) -> None:
        now = datetime(2024, 5, 29)
        schema = TOUCHES.schema.to_pyarrow()
        rows = [
            dict.fromkeys(schema.names)
            | {
                "campaign_id": "may",
                "person_id": person,
                "offer_id": offer,
                "arm": "treatment",
                "propensity": 0.9,
            }
            | {"decided_at": now, "known_at": now, "source": "campaign", "load_id": "x"}
            for person, offer in chosen
        ]
        shop.lake.append(TOUCHES, ibis.memtable(pa.Table.from_pylist(rows, schema=schema)))

    return add


def test_a_campaign_that_contacted_nobody_is_not_played(filled: tuple[Path, TruthFolder]) -> None:
    with (
        open_shop(filled[0] / "shop") as shop,
        pytest.raises(TouchesUnusable, match=r"--campaign .* is june"),
    ):
        contacts_of(shop.lake, database=shop.database, campaign="june", at=datetime(2024, 5, 30, 14))


def test_who_unsubscribes_takes_the_consent_back_and_no_other(filled: tuple[Path, TruthFolder]) -> None:
    now = datetime(2024, 6, 1)
    deals = (
        Deal(offer_id="ten", channel="email", contact_milli=0),
        Deal(offer_id="text", channel="sms", contact_milli=0),
    )
    with open_shop(filled[0] / "shop") as shop:
        some = held(shop, "customers")[:4]
        shop.ledger.record(
            ConsentEvent(
                person_id=int(str(one["person_id"])),
                contact_point="",
                channel="email",
                purpose="marketing",
                act="grant",
                source="test",
                notice="",
                at=datetime(2024, 1, 1),
            )
            for one in some
        )
        effects = pa.table(
            {
                "account": [one["account_id"] for one in some],
                "offer_id": ["ten", "ten", "text", "ten"],
                "is_unsubscribed": [True, False, True, False],
            }
        )
        told = {"ledger": shop.ledger, "vault": shop.vault, "now": now}
        assert withdraw_unsubscribed(effects, deals, **told) == 2
        assert withdraw_unsubscribed(effects.slice(1, 1), deals, **told) == 0
        asked = [
            Asked(
                person_id=int(str(one["person_id"])), contact_point="", channel="email", purpose="marketing"
            )
            for one in some
        ]
        with shop.database.read() as connection:
            standings = shop.ledger.standings(connection, asked, now=now)
    assert [one.reason for one in standings] == ["withdrawn", "granted", "granted", "granted"]
