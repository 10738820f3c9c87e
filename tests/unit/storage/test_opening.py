"""Which engine a shop gets, and what is said when it cannot be had."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from aimwell.base.settings import SettingInvalid, read_settings
from aimwell.storage.engines.opening import open_engine
from aimwell.storage.errors import SparkMissing


def test_a_shop_runs_on_this_machine_unless_it_says_otherwise(tmp_path: Path) -> None:
    with open_engine(read_settings(tmp_path, flags={}), temp_folder=tmp_path) as engine:
        assert engine.name == "duckdb"


def test_a_missing_pyspark_is_said_with_what_installs_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in [
        name for name in sys.modules if name.startswith(("pyspark", "aimwell.storage.engines.spark"))
    ]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "pyspark", None)
    opened = open_engine(read_settings(tmp_path, flags={"engine": "spark"}), temp_folder=tmp_path)
    with pytest.raises(SparkMissing, match=r"`pyspark.* is not installed.*aimwell\[spark\]"), opened:
        pass


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("engine", "flink"),
        ("spark_url", "master:7077"),
        ("spark_url", "http://master:8080"),
        ("spark_options", {"executor.memory": "4g"}),
    ],
)
def test_settings_that_name_no_cluster_are_refused(tmp_path: Path, key: str, value: object) -> None:
    with pytest.raises(SettingInvalid, match=f"`{key}`"):
        read_settings(tmp_path, flags={key: value})


@pytest.mark.parametrize(
    "url",
    ["local", "local[2]", "local[*]", "yarn", "spark://a:7077,b:7077", "k8s://https://c:443", "sc://h:15002"],
)
def test_places_of_spark(tmp_path: Path, url: str) -> None:
    assert read_settings(tmp_path, flags={"spark_url": url}).spark_url == url


def test_options_of_the_store_are_secrets(tmp_path: Path) -> None:
    settings = read_settings(tmp_path, flags={"storage_options": {"AWS_SECRET_ACCESS_KEY": "hush"}})
    assert "hush" not in repr(settings)
    assert settings.revealed_storage_options == {"AWS_SECRET_ACCESS_KEY": "hush"}
