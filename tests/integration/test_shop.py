"""A shop is a folder: made, opened, refused when it is newer, locked while somebody writes."""

from __future__ import annotations

from pathlib import Path

import pytest

from aimwell.intake.facts import FACTS
from aimwell.shop import FolderTaken, ShopMissing, ShopTooNew, init_shop, open_shop
from aimwell.storage.errors import AnotherWriter


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    init_shop(tmp_path / "shop", currency="EUR", time_zone="Europe/Berlin", country="DE")
    return tmp_path / "shop"


def test_a_new_shop_has_every_fact_table_and_its_settings(folder: Path) -> None:
    with open_shop(folder) as shop:
        assert set(FACTS) <= set(shop.lake.names())
        assert (shop.settings.currency, shop.settings.country) == ("EUR", "DE")


def test_making_it_again_changes_nothing(folder: Path) -> None:
    key = {p.name: p.read_bytes() for p in (folder / "keys").iterdir()}
    settings = (folder / "aimwell.toml").read_bytes()
    init_shop(folder)
    assert {p.name: p.read_bytes() for p in (folder / "keys").iterdir()} == key
    assert (folder / "aimwell.toml").read_bytes() == settings


def test_a_shop_can_be_copied(folder: Path, tmp_path: Path) -> None:
    folder.rename(tmp_path / "elsewhere")
    with open_shop(tmp_path / "elsewhere") as shop:
        assert shop.engine.rows(shop.lake.table("orders")) == []


def test_a_folder_without_a_shop_names_what_was_searched(tmp_path: Path) -> None:
    with pytest.raises(ShopMissing, match=r"aimwell\.toml was searched and not found"), open_shop(tmp_path):
        pass


def test_a_folder_with_other_things_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "letters.txt").write_text("dear")
    with pytest.raises(FolderTaken, match="holds no shop"):
        init_shop(tmp_path)
    assert [p.name for p in tmp_path.iterdir()] == ["letters.txt"]


def test_a_shop_of_a_newer_version_is_refused_and_untouched(folder: Path) -> None:
    path = folder / "aimwell.toml"
    path.write_text(path.read_text().replace("format = 1", "format = 2"))
    before = {p: p.stat().st_mtime_ns for p in folder.rglob("*")}
    with pytest.raises(
        ShopTooNew, match=r"layout version 2; this Aimwell knows up to 1.*Nothing was touched"
    ):
        open_shop(folder).__enter__()
    assert {p: p.stat().st_mtime_ns for p in folder.rglob("*")} == before


def test_a_second_writer_is_refused_while_readers_are_not(folder: Path) -> None:
    with open_shop(folder) as first, open_shop(folder) as second, first.writing():
        assert second.engine.rows(second.lake.table("orders")) == []
        with pytest.raises(AnotherWriter, match="Another Aimwell process is writing"), second.writing():
            pass
    with open_shop(folder) as third, third.writing():
        pass


def test_a_shop_opens_while_a_transaction_writes(folder: Path) -> None:
    with open_shop(folder) as first, first.database.begin(lock="vault"), open_shop(folder) as second:
        assert second.engine.rows(second.lake.table("orders")) == []


def test_a_relative_lake_is_in_the_shops_folder_wherever_one_stands(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    init_shop(tmp_path / "shop", lake_url="../shared/lake")
    monkeypatch.chdir("/")
    with open_shop(tmp_path / "shop") as shop:
        assert set(FACTS) <= set(shop.lake.names())
    assert (tmp_path / "shared" / "lake" / "orders").is_dir()
