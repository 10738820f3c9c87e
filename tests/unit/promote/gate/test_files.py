"""manners.toml: what is understood, and what is refused in which words."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from aimwell.base.words import Words
from aimwell.promote.gate.errors import MannersBadKey, MannersBadValue, MannersNotToml
from aimwell.promote.gate.files import read_manners
from aimwell.promote.gate.model import ALL, Cap, Hours, Manners, Span

EVERY_DAY = frozenset(range(7))
NIGHT = Span(start=21 * 60, end=8 * 60)
DEFAULT = Manners(
    time_zone="Asia/Shanghai",
    country="CN",
    caps=(
        Cap(of=ALL, limit=1, length=1, unit="day"),
        Cap(of=ALL, limit=3, length=7, unit="day"),
        Cap(of=ALL, limit=8, length=1, unit="month"),
    ),
    hours=Hours(quiet=(NIGHT,), weekdays=EVERY_DAY, keeps_holidays=False),
    wash_out_days=90,
)

FULL = """
days_off = [2025-06-18, 2025-12-24]
wash_out_days = 30
exempt_people = [9007199254740993]

[all]
caps = ["2 per day", "4 per 7 days", "1 per 30 minutes", "10 per 2 months"]
quiet_hours = ["20:30-09:00", "12:00-14:00"]
weekdays = ["fri", "mon"]
holidays = true

[channels.sms]
caps = ["1 per week", "1 per hour"]
quiet_hours = []

[channels.letters-de]
weekdays = ["sun"]
holidays = false
"""


def read(folder: Path, toml: str, *, country: str = "CN") -> Manners:
    path = folder / "manners.toml"
    path.write_text(toml, "utf-8")
    return read_manners(path, time_zone="Asia/Shanghai", country=country)


def test_no_file_gives_the_default(tmp_path: Path) -> None:
    found = read_manners(tmp_path / "manners.toml", time_zone="Asia/Shanghai", country="CN")
    assert found == DEFAULT


@pytest.mark.parametrize("toml", ["", "\ufeff", "[all]", "[channels.sms]"])
def test_what_a_file_does_not_say_is_the_default(tmp_path: Path, toml: str) -> None:
    found = read(tmp_path, toml)
    assert (found.caps, found.hours, found.wash_out_days) == (DEFAULT.caps, DEFAULT.hours, 90)
    assert found.hours_for("sms", "sms") == DEFAULT.hours


def test_everything_that_can_be_said(tmp_path: Path) -> None:
    quiet = (Span(start=20 * 60 + 30, end=9 * 60), Span(start=12 * 60, end=14 * 60))
    assert read(tmp_path, FULL) == Manners(
        time_zone="Asia/Shanghai",
        country="CN",
        caps=(
            Cap(of=ALL, limit=2, length=1, unit="day"),
            Cap(of=ALL, limit=4, length=7, unit="day"),
            Cap(of=ALL, limit=1, length=30, unit="minute"),
            Cap(of=ALL, limit=10, length=2, unit="month"),
            Cap(of="sms", limit=1, length=1, unit="week"),
            Cap(of="sms", limit=1, length=1, unit="hour"),
        ),
        hours=Hours(quiet=quiet, weekdays=frozenset({0, 4}), keeps_holidays=True),
        hours_of={
            "sms": Hours(quiet=(), weekdays=frozenset({0, 4}), keeps_holidays=True),
            "letters-de": Hours(quiet=quiet, weekdays=frozenset({6}), keeps_holidays=False),
        },
        days_off=frozenset({date(2025, 6, 18), date(2025, 12, 24)}),
        wash_out_days=30,
        exempt_people=frozenset({9007199254740993}),
    )


def test_nothing_is_kept_when_the_file_says_so(tmp_path: Path) -> None:
    found = read(tmp_path, "wash_out_days = 0\n[all]\ncaps = []\nquiet_hours = []")
    assert (found.caps, found.hours.quiet, found.wash_out_days) == ((), (), 0)


def test_a_span_may_end_at_midnight(tmp_path: Path) -> None:
    [span] = read(tmp_path, '[all]\nquiet_hours = ["21:00-00:00"]').hours.quiet
    assert span.shown == "21:00-00:00"
    assert span.covers(23 * 60 + 59)
    assert not span.covers(0)


@pytest.mark.parametrize(
    ("toml", "key", "allowed"),
    [
        ("quiet = 1", "quiet", "days_off, wash_out_days, exempt_people, all, channels"),
        ("[all]\ncap = []", "all.cap", "caps, quiet_hours, weekdays, holidays"),
        ("[channels.sms]\ncap = []", "channels.sms.cap", "caps, quiet_hours, weekdays, holidays"),
    ],
)
def test_an_unknown_key_is_refused(tmp_path: Path, toml: str, key: str, allowed: str) -> None:
    with pytest.raises(MannersBadKey) as caught:
        read(tmp_path, toml)
    assert (caught.value.values["key"], caught.value.values["allowed"]) == (key, allowed)


CAP_WORDS = 'a number of messages in a time from 1 minute to 12 months, such as "1 per day", "3 per 7 days" or "8 per month"'
SPAN_WORDS = 'a part of the day such as "21:00-08:00", not the whole of it'
LEFT = "parts of the day that leave some of it"


@pytest.mark.parametrize(
    ("toml", "key", "value", "allowed"),
    [
        ('[all]\ncaps = ["0 per day"]', "all.caps[0]", "'0 per day'", CAP_WORDS),
        ('[all]\ncaps = ["1 per day", "1 per 0 days"]', "all.caps[1]", "'1 per 0 days'", CAP_WORDS),
        ('[all]\ncaps = ["1 per year"]', "all.caps[0]", "'1 per year'", CAP_WORDS),
        ('[all]\ncaps = ["1 per 13 months"]', "all.caps[0]", "'1 per 13 months'", CAP_WORDS),
        ('[all]\ncaps = ["1 per 373 days"]', "all.caps[0]", "'1 per 373 days'", CAP_WORDS),
        ("[channels.sms]\ncaps = [3]", "channels.sms.caps[0]", "3", CAP_WORDS),
        ('[all]\nquiet_hours = ["21:00-21:00"]', "all.quiet_hours[0]", "'21:00-21:00'", SPAN_WORDS),
        ('[all]\nquiet_hours = ["21:00-24:00"]', "all.quiet_hours[0]", "'21:00-24:00'", SPAN_WORDS),
        ("[all]\nquiet_hours = [21]", "all.quiet_hours[0]", "21", SPAN_WORDS),
        ("[all]\nweekdays = []", "all.weekdays", "[]", "a list of at least 1"),
        ('[all]\nholidays = "yes"', "all.holidays", "'yes'", "true or false"),
        ("wash_out_days = -1", "wash_out_days", "-1", "0 or more"),
        ("exempt_people = [0]", "exempt_people[0]", "0", "1 or more"),
        ('days_off = ["2025-12-24"]', "days_off[0]", "'2025-12-24'", "a date such as 2025-12-24, without quotation marks"),
        ("days_off = [2025-12-24T00:00:00]", "days_off[0]", "2025-12-24 00:00:00", "a date such as 2025-12-24, without quotation marks"),
        ("[channels.all]", "channels", "all", "the table [all] for all channels together"),
        ('[all]\nquiet_hours = ["09:00-21:00", "21:00-09:00"]', "all.quiet_hours", "09:00-21:00, 21:00-09:00", LEFT),
        ('[channels.sms]\nquiet_hours = ["09:00-21:00", "20:00-09:00"]', "channels.sms.quiet_hours", "09:00-21:00, 20:00-09:00", LEFT),
    ],
)  # fmt: skip
def test_a_doubtful_value_is_refused(tmp_path: Path, toml: str, key: str, value: str, allowed: str) -> None:
    with pytest.raises(MannersBadValue) as caught:
        read(tmp_path, toml)
    found = caught.value.values
    assert (found["key"], found["value"], str(found["allowed"])) == (key, value, allowed)
    assert str(tmp_path / "manners.toml") in str(caught.value)


def test_the_longest_windows_are_allowed(tmp_path: Path) -> None:
    caps = read(tmp_path, '[all]\ncaps = ["1 per 12 months", "1 per 372 days"]').caps
    assert [cap.longest.days for cap in caps] == [372, 372]


@pytest.mark.parametrize("table", ["all", "channels.sms"])
def test_holidays_of_an_unknown_country_cannot_be_kept(tmp_path: Path, table: str) -> None:
    toml = f"[{table}]\nholidays = true"
    with pytest.raises(MannersBadValue, match="the holidays of the shop's country XX are not known"):
        read(tmp_path, toml, country="XX")
    assert read(tmp_path, toml.replace("true", "false"), country="XX").country == "XX"


@pytest.mark.parametrize("content", [b"[all\n", b"\xff\xfe"])
def test_what_is_no_toml_is_said(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "manners.toml"
    path.write_bytes(content)
    with pytest.raises(MannersNotToml, match="is not readable as TOML"):
        read_manners(path, time_zone="UTC", country="CN")


def test_errors_are_said_in_english_without_a_catalogue(tmp_path: Path) -> None:
    with pytest.raises(MannersBadValue) as caught:
        read(tmp_path, "wash_out_days = 1.5")
    assert caught.value.said(Words()).endswith("allowed: a whole number. Correct it and try again.")
