"""Market series: the bundled figures, growth, files with bad rows, and the forecast."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from aimwell.market.errors import BadSeriesFile, SeriesTaken, SeriesUnknown
from aimwell.market.files import read_series
from aimwell.market.forecast import forecast
from aimwell.market.model import Point, Series
from aimwell.market.service import BUNDLED, add_file, all_series, series_named


def series(*values: float, first: int = 2011, name: str = "tea") -> Series:
    points = tuple(Point(year=first + k, value=value, authority="office") for k, value in enumerate(values))
    return Series(name=name, unit="t", points=points)


def written(path: Path, *rows: str, header: str = "series,year,value,unit,authority") -> Path:
    path.write_text("\n".join([header, *rows]) + "\n", "utf-8")
    return path


def test_the_bundled_figures_are_those_of_the_authorities() -> None:
    found = all_series(None)
    volume = found["ecommerce_transaction_volume"].series
    assert {one.year: one.value for one in volume.points}[2018] == 31.63  # MOFCOM
    assert [one.year for one in volume.points if one.is_derived] == [2013, 2015]
    growth = {one.year: one for one in volume.growth()}
    assert growth[2014].rate == pytest.approx(0.594, abs=5e-4)  # NBS: +59.4 %
    assert growth[2016].rate == pytest.approx(0.198, abs=5e-4)  # MOFCOM: +19.8 %
    assert growth[2017].rate == pytest.approx(0.117, abs=5e-4)  # NBS: +11.7 %
    assert growth[2014].is_derived  # from the derived figure of 2013
    retail = found["online_retail_sales"].series
    assert 2015 not in {one.year for one in retail.points}


def test_growth_over_a_gap_is_per_year() -> None:
    gap = Series(
        name="tea",
        unit="t",
        points=(Point(year=2014, value=100, authority="a"), Point(year=2016, value=144, authority="a")),
    )
    assert [(one.year, one.since, one.rate) for one in gap.growth()] == [(2016, 2014, pytest.approx(0.2))]
    assert gap.compound_growth() == pytest.approx(0.2)  # 1.44 ** (1/2) - 1
    assert series(5.0).compound_growth() is None


def test_bad_rows_are_named_with_line_value_and_what_is_allowed(tmp_path: Path) -> None:
    path = written(
        tmp_path / "bad.csv",
        "tea,2019,12,t,office",
        "tea,2019,13,t,office",  # twice
        "tea,20x0,13,t,office",
        "tea,2021,-1,t,office",
        "tea,2022,14,kg,office",  # another unit
        "tea,2023,14,t,",
    )
    with pytest.raises(BadSeriesFile) as caught:
        read_series(path)
    said = str(caught.value)
    assert "Line 3: year is `2019`; allowed is a year such as 2018, each once in a series." in said
    assert "Line 4: year is `20x0`" in said
    assert "Line 5: value is `-1`; allowed is a number above 0." in said
    assert "Line 6: unit is `kg`; allowed is one unit in the whole series." in said
    assert "Line 7: authority is ``; allowed is a text." in said


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"series,year,value,unit\nx,2019,1,t\n", "authority"),
        (b"series,year,value,unit,authority\n", "no rows"),
        ("series,year,value,unit,authority\n茶,2019,1,吨,局\n".encode("gb18030"), "not UTF-8"),
    ],
)
def test_unreadable_files_are_refused(tmp_path: Path, content: bytes, told: str) -> None:
    path = tmp_path / "bad.csv"
    path.write_bytes(content)
    with pytest.raises(BadSeriesFile, match=told):
        read_series(path)


def test_added_files_stay_with_the_shop_and_may_replace_what_is_bundled(tmp_path: Path) -> None:
    shop = tmp_path / "shop"
    shop.mkdir()
    add_file(written(tmp_path / "tea.csv", "tea,2019,12,t,office"), shop_folder=shop)
    assert all_series(shop)["tea"].place == "tea.csv"
    with pytest.raises(SeriesTaken):
        add_file(written(tmp_path / "other.csv", "tea,2020,12,t,office"), shop_folder=shop)
    add_file(written(tmp_path / "tea.csv", "tea,2019,12,t,office", "tea,2020,13,t,office"), shop_folder=shop)
    assert len(all_series(shop)["tea"].series.points) == 2
    add_file(written(tmp_path / "newer.csv", "online_retail_sales,2019,10,x,y"), shop_folder=shop)
    assert all_series(shop)["online_retail_sales"].place == "newer.csv"
    assert all_series(None)["online_retail_sales"].place == BUNDLED
    with pytest.raises(SeriesUnknown, match="online_retail_sales"):
        series_named("coffee", among=all_series(None))


def test_steady_growth_is_foretold_as_steady() -> None:
    found = forecast(series(*(100 * 1.1**k for k in range(9))), until=2021)
    assert found is not None
    assert (found.method, found.n_tested) == ("steady", 5)
    assert [one.value for one in found.years] == pytest.approx([100 * 1.1**9, 100 * 1.1**10])


def test_fading_growth_is_foretold_as_fading_and_by_hand() -> None:
    growths = [0.4 * 0.8**k for k in range(8)]
    found = forecast(series(*np.exp(np.cumsum([0.0, *growths]))), until=2021)
    assert found is not None
    assert found.method == "fading"
    # the mean of the last two growths, faded once, then twice
    mean = (growths[-1] + growths[-2]) / 2
    assert found.years[0].year == 2020
    assert found.years[0].value == pytest.approx(math.exp(sum(growths) + 0.85 * mean))
    assert found.years[1].value == pytest.approx(math.exp(sum(growths) + (0.85 + 0.85**2) * mean))
    widths = [one.high / one.low for one in found.years]
    assert widths[1] > widths[0] > 1


def test_years_on_a_straight_line_are_no_test() -> None:
    retail = all_series(None)["online_retail_sales"].series
    found = forecast(retail, until=2020)
    assert found is not None
    assert (
        found.n_tested == 2
    )  # 2017 and 2018: of 2015 there is no figure, so neither it nor 2016 can be tried on


def test_too_few_years_give_no_forecast() -> None:
    assert forecast(series(1, 2, 3, 4, 5), until=2020) is None  # 4 growths: one year to try on


@given(st.lists(st.floats(0.5, 2.0), min_size=6, max_size=12), st.floats(0.1, 1000))
def test_the_unit_does_not_matter(growths: list[float], scale: float) -> None:
    values = np.cumprod([1.0, *growths])
    one, other = forecast(series(*values), until=2030), forecast(series(*(values * scale)), until=2030)
    assert one is not None
    assert other is not None
    assert [a.value * scale for a in one.years] == pytest.approx([b.value for b in other.years], rel=1e-6)
    assert all(a.low <= a.value <= a.high for a in one.years)
