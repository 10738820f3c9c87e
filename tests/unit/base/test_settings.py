"""Settings: flag > environment > file > default; a wrong value names every place searched."""

from __future__ import annotations

from pathlib import Path

import pytest

from aimwell.base.settings import SettingInvalid, SettingsFileUnreadable, read_settings


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "aimwell.toml").write_text('currency = "EUR"\ncountry = "DE"\nmargin_rate = 0.4\n')
    return tmp_path


def test_a_flag_wins_over_environment_file_and_default(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AIMWELL_CURRENCY", "USD")
    monkeypatch.setenv("AIMWELL_COUNTRY", "US")
    settings = read_settings(folder, flags={"currency": "GBP", "country": None})
    assert settings.currency == "GBP"  # flag
    assert settings.country == "US"  # environment
    assert settings.margin_rate == 0.4  # file
    assert settings.time_zone == "Asia/Shanghai"  # default


def test_without_a_file_there_are_defaults(tmp_path: Path) -> None:
    assert read_settings(tmp_path, flags={}).currency == "CNY"


@pytest.mark.parametrize(
    ("line", "key"),
    [
        ('currency = "EURO"', "currency"),
        ('time_zone = "Berlin"', "time_zone"),
        ("margin_rate = 1.5", "margin_rate"),
        ('memory_limit = "lots"', "memory_limit"),
        ('colour = "red"', "colour"),
    ],
)
def test_a_wrong_value_names_every_place_searched(tmp_path: Path, line: str, key: str) -> None:
    (tmp_path / "aimwell.toml").write_text(line)
    with pytest.raises(SettingInvalid) as caught:
        read_settings(tmp_path, flags={})
    message = str(caught.value)
    assert f"`{key}`" in message
    searched = (
        f"the command's flags, AIMWELL_{key.upper()}, {tmp_path / 'aimwell.toml'}, the built-in default"
    )
    assert searched in message


@pytest.mark.parametrize(
    ("url", "is_usable"),
    [
        ("local[4]", True),
        ("spark://one:7077,two:7077", True),
        ("sc://[::1]:15002/;user_id=ann", True),
        ("k8s://https://host:443", True),
        ("spark://host", False),
        ("sc://host:abc", False),
        ("sc://host:1/path", False),
        ("mesos://host:5050", False),
    ],
)
def test_a_place_of_spark_has_a_host_and_a_port(tmp_path: Path, url: str, is_usable: bool) -> None:
    if is_usable:
        assert read_settings(tmp_path, flags={"spark_url": url}).spark_url == url
        return
    with pytest.raises(SettingInvalid, match=r"spark://host:7077"):
        read_settings(tmp_path, flags={"spark_url": url})


def test_a_wrong_database_url_is_not_repeated(tmp_path: Path) -> None:
    with pytest.raises(SettingInvalid) as caught:
        read_settings(tmp_path, flags={"database_url": ["postgresql://u:secret@h/db"]})
    assert "secret" not in str(caught.value)


def test_a_file_that_is_not_toml_is_named(tmp_path: Path) -> None:
    (tmp_path / "aimwell.toml").write_text("currency = ")
    with pytest.raises(SettingsFileUnreadable, match=r"aimwell\.toml is not readable as TOML"):
        read_settings(tmp_path, flags={})
