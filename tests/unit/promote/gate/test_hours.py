"""Hours on people's wall clocks: through changes of the clock, over holidays, against a scan of every minute."""

from __future__ import annotations

from datetime import date, datetime, timedelta, tzinfo

import pytest
from dateutil import tz
from hypothesis import given, settings
from hypothesis import strategies as st

from aimwell.promote.gate.hours import Place, closed, has_holidays, next_open, whole_minute
from aimwell.promote.gate.model import Hours, Span

LONDON = Place(zone="Europe/London", region="GB")
NEW_YORK = Place(zone="America/New_York", region="US")
SHANGHAI = Place(zone="Asia/Shanghai", region="CN")
WORKDAYS = frozenset(range(5))


def span(shown: str) -> Span:
    ends = [int(part[:2]) * 60 + int(part[3:]) for part in shown.split("-")]
    return Span(start=ends[0], end=ends[1])


def hours(*quiet: str, weekdays: frozenset[int] = frozenset(range(7)), keeps: bool = False) -> Hours:
    return Hours(quiet=tuple(map(span, quiet)), weekdays=weekdays, keeps_holidays=keeps)


NIGHT = hours("21:00-08:00")


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text)


@pytest.mark.parametrize(
    ("place", "at", "is_quiet"),
    [
        # Summer in London is UTC+1: 21:00 there is 20:00 UTC; in winter it is 21:00 UTC.
        (LONDON, "2025-07-01T19:59:59.999999", False),
        (LONDON, "2025-07-01T20:00", True),
        (LONDON, "2025-01-10T20:59", False),
        (LONDON, "2025-01-10T21:00", True),
        (LONDON, "2025-01-10T07:59:59", True),
        (LONDON, "2025-01-10T08:00", False),
        # Shanghai is UTC+8 all the year: 21:00 there is 13:00 UTC, 08:00 is 00:00 UTC.
        (SHANGHAI, "2025-07-01T12:59", False),
        (SHANGHAI, "2025-07-01T13:00", True),
        (SHANGHAI, "2025-07-01T23:59", True),
        (SHANGHAI, "2025-07-02T00:00", False),
        # New York, summer UTC-4, winter UTC-5.
        (NEW_YORK, "2025-07-02T00:59", False),
        (NEW_YORK, "2025-07-02T01:00", True),
        (NEW_YORK, "2025-01-02T01:00", False),
        (NEW_YORK, "2025-01-02T02:00", True),
    ],
)
def test_quiet_hours_are_on_the_persons_clock(place: Place, at: str, is_quiet: bool) -> None:
    assert closed(utc(at), hours=NIGHT, place=place) == (("quiet_hours",) if is_quiet else ())


@pytest.mark.parametrize(
    ("place", "rules", "at", "opens_at"),
    [
        # London, night before Sunday 2025-03-30 (clocks forward at 01:00 UTC): 08:00 is 07:00 UTC, a day earlier it was 08:00.
        (LONDON, NIGHT, "2025-03-29T02:00", "2025-03-29T08:00"),
        (LONDON, NIGHT, "2025-03-29T22:00", "2025-03-30T07:00"),
        (LONDON, NIGHT, "2025-10-25T22:00", "2025-10-26T08:00"),  # and back
        # 01:30 does not exist that night: 00:59 is followed by 02:00, which is 01:00 UTC.
        (LONDON, hours("22:00-01:30"), "2025-03-29T23:00", "2025-03-30T01:00"),
        # 01:30 comes twice on 2025-10-26: at 00:30 and at 01:30 UTC, and from 01:00 (UTC) on it is quiet again.
        (LONDON, hours("22:00-01:30"), "2025-10-25T23:00", "2025-10-26T00:30"),
        (LONDON, hours("22:00-01:30"), "2025-10-26T01:10", "2025-10-26T01:30"),
        # New York goes forward on 2025-03-09 at 07:00 UTC (02:00 -> 03:00) and back on 2025-11-02 at 06:00 UTC.
        (NEW_YORK, hours("20:00-02:15"), "2025-03-09T03:00", "2025-03-09T07:00"),
        (NEW_YORK, NIGHT, "2025-03-09T03:00", "2025-03-09T12:00"),
        (NEW_YORK, NIGHT, "2025-03-08T03:00", "2025-03-08T13:00"),
        (NEW_YORK, hours("20:00-01:45"), "2025-11-02T03:00", "2025-11-02T05:45"),
        (NEW_YORK, hours("20:00-01:45"), "2025-11-02T06:00", "2025-11-02T06:45"),
        # Seconds count up to the next whole minute.
        (SHANGHAI, NIGHT, "2025-02-01T23:59:00.000001", "2025-02-02T00:00"),
        (SHANGHAI, hours("12:00-12:01"), "2025-02-01T04:00:30", "2025-02-01T04:01"),
        # Two spans that touch, and a lunch.
        (SHANGHAI, hours("21:00-00:00", "00:00-09:00", "12:00-14:00"), "2025-02-01T13:30", "2025-02-02T01:00"),
        (SHANGHAI, hours("21:00-00:00", "00:00-09:00", "12:00-14:00"), "2025-02-02T04:00", "2025-02-02T06:00"),
        # Saturday 2025-02-01 in Shanghai begins at 16:00 UTC on Friday; Monday likewise.
        (SHANGHAI, hours(weekdays=WORKDAYS), "2025-01-31T16:00", "2025-02-02T16:00"),
        # 2024-02-29 is a Thursday.
        (SHANGHAI, hours("00:00-08:00", weekdays=frozenset({3})), "2024-02-23T00:00", "2024-02-29T00:00"),
        # Spring Festival 2025: Jan 28 to 31 are holidays, Saturday and Sunday follow, Feb 3 and 4 are days off in lieu.
        (SHANGHAI, hours("21:00-08:00", weekdays=WORKDAYS, keeps=True), "2025-01-27T14:00", "2025-02-05T00:00"),
        (SHANGHAI, hours("21:00-08:00", weekdays=WORKDAYS), "2025-01-27T14:00", "2025-01-28T00:00"),
    ],
)  # fmt: skip
def test_the_first_open_minute(place: Place, rules: Hours, at: str, opens_at: str) -> None:
    assert next_open(utc(at), hours=rules, place=place) == utc(opens_at)


def test_an_open_moment_opens_at_its_next_whole_minute() -> None:
    assert next_open(utc("2025-02-01T04:00"), hours=NIGHT, place=SHANGHAI) == utc("2025-02-01T04:00")
    assert next_open(utc("2025-02-01T04:00:01"), hours=NIGHT, place=SHANGHAI) == utc("2025-02-01T04:01")


def test_a_day_that_does_not_come_within_400_days_gives_none() -> None:
    days_off = frozenset(date(2025, 1, 1) + timedelta(days=n) for n in range(420))
    place = Place(zone="UTC", region="GB", days_off=days_off)
    assert next_open(utc("2025-01-01T00:00"), hours=hours(keeps=True), place=place) is None
    assert next_open(utc("2025-02-01T00:00"), hours=hours(keeps=True), place=place) == utc("2026-02-25T00:00")


def test_a_clock_put_back_over_midnight_comes_to_a_day_again() -> None:
    # Lebanon put the clock back on 2024-10-27 from 00:00 to 23:00 of the 26th (21:00 UTC): 23:30 came twice.
    place = Place(zone="Asia/Beirut", region="LB")
    rules = hours("21:00-23:30")
    assert next_open(utc("2024-10-26T19:00"), hours=rules, place=place) == utc("2024-10-26T20:30")
    assert next_open(utc("2024-10-26T21:00"), hours=rules, place=place) == utc("2024-10-26T21:30")
    # Saturday ends at 21:00 UTC, but only for no time at all: it is Saturday for an hour more.
    sundays = hours(weekdays=frozenset({6}))
    assert next_open(utc("2024-10-26T20:00"), hours=sundays, place=place) == utc("2024-10-26T22:00")


@pytest.mark.parametrize(
    ("region", "day", "is_holiday"),
    [
        ("DE", "2025-10-03", True),
        ("DE", "2025-01-06", False),
        ("DE-BY", "2025-01-06", True),  # Epiphany, in Bavaria
        ("DE-XX", "2025-10-03", True),  # no such part: the country's
        ("US-CA", "2025-07-04", True),
        ("GB", "2025-10-03", False),
        ("CN", "2024-02-29", False),
    ],
)
def test_holidays_are_those_of_the_country_or_its_part(region: str, day: str, is_holiday: bool) -> None:
    place = Place(zone="UTC", region=region)
    found = closed(utc(day), hours=hours(keeps=True), place=place)
    assert found == (("holiday",) if is_holiday else ())


def test_all_that_is_in_the_way_is_named() -> None:
    rules = hours("21:00-08:00", weekdays=frozenset({0}), keeps=True)
    place = Place(zone="Europe/Berlin", region="DE")
    assert closed(utc("2025-10-03T04:00"), hours=rules, place=place) == ("holiday", "weekday", "quiet_hours")


def test_a_place_takes_from_the_shop_what_is_not_known() -> None:
    shop = Place(zone="Asia/Shanghai", region="CN", days_off=frozenset({date(2025, 6, 18)}))
    assert shop.of(None, None) == shop
    assert shop.of("Mars/Olympus", "Bavaria") == shop
    assert shop.of("Europe/Berlin", "DE-BY") == Place(
        zone="Europe/Berlin", region="DE-BY", days_off=shop.days_off
    )


def test_days_off_are_kept_where_holidays_are() -> None:
    place = Place(zone="UTC", region="CN", days_off=frozenset({date(2025, 6, 18)}))
    assert closed(utc("2025-06-18T12:00"), hours=hours(keeps=True), place=place) == ("holiday",)
    assert closed(utc("2025-06-18T12:00"), hours=hours(), place=place) == ()


def test_countries_whose_holidays_are_known() -> None:
    assert has_holidays("CN")
    assert has_holidays("US-CA")
    assert not has_holidays("XX")
    assert not has_holidays("")


def test_whole_minutes() -> None:
    assert whole_minute(utc("2025-01-01T00:00")) == utc("2025-01-01T00:00")
    assert whole_minute(utc("2025-01-01T00:00:00.000001")) == utc("2025-01-01T00:01")


# -- against a scan of every minute, on the clocks of another library -------------------------------------------------

MINUTE = timedelta(minutes=1)
CHANGES = {  # a day on which the clock is changed, UTC
    "Europe/London": ("2025-03-30", "2025-10-26"),
    "America/New_York": ("2025-03-09", "2025-11-02"),
    "Asia/Shanghai": ("2024-02-29",),
    "Australia/Lord_Howe": ("2025-04-06", "2025-10-05"),  # by half an hour
    "Asia/Beirut": ("2024-10-26", "2025-03-30"),
    "America/Havana": ("2024-11-03", "2025-03-09"),  # at midnight
}


def is_open_by_scan(
    at: datetime, *, zone: tzinfo, quiet: list[tuple[int, int]], weekdays: frozenset[int]
) -> bool:
    local = at.replace(tzinfo=tz.UTC).astimezone(zone)
    minute = local.hour * 60 + local.minute
    for start, end in quiet:
        length = (end - start) % 1440
        if (minute - start) % 1440 < length:
            return False
    return local.weekday() in weekdays


@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_the_first_open_minute_is_that_of_a_scan(data: st.DataObject) -> None:
    zone = data.draw(st.sampled_from(sorted(CHANGES)), label="zone")
    day = datetime.fromisoformat(data.draw(st.sampled_from(CHANGES[zone]), label="day"))
    at = day + data.draw(st.integers(-1440, 2880), label="minutes") * MINUTE
    ends = st.integers(0, 1439)
    drawn = data.draw(
        st.lists(st.tuples(ends, ends).filter(lambda s: s[0] != s[1]), max_size=3), label="quiet"
    )
    weekdays = data.draw(st.frozensets(st.integers(0, 6), min_size=5), label="weekdays")
    rules = Hours(quiet=tuple(Span(start=a, end=b) for a, b in drawn), weekdays=weekdays)

    found = next_open(at, hours=rules, place=Place(zone=zone, region="GB"))

    scanned = (at + n * MINUTE for n in range(4 * 1440))
    clock = tz.gettz(zone)
    assert clock is not None
    expected = next(
        (m for m in scanned if is_open_by_scan(m, zone=clock, quiet=drawn, weekdays=weekdays)), None
    )
    if expected is not None:
        assert found == expected
    else:
        assert found is None or found >= at + 4 * 1440 * MINUTE
