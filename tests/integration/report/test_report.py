"""The report of a small shop: everything shown, nothing leaked, one file or none."""

from __future__ import annotations

import re
from datetime import date, datetime
from pathlib import Path

import pytest

from aimwell.base.progress import Silent
from aimwell.base.words import Words
from aimwell.cli.main import main
from aimwell.report.errors import NothingToReport, ReportFolderMissing
from aimwell.report.model import Report, Written
from aimwell.report.service import gather, report_moment, write_report
from aimwell.shop import init_shop, open_shop

AS_OF = datetime(2024, 7, 1)
SECRET = "ann@example.org"


def written(shop: object, out: Path, as_of: datetime = AS_OF) -> Written:
    return write_report(**vars(shop), words=Words("en"), as_of=as_of, out=out)


def gathered(shop: object, as_of: datetime = AS_OF) -> Report:
    return gather(**vars(shop), words=Words("en"), as_of=as_of, known_at=None, progress=Silent())


PREDICTED = ("repeat", "affinity", "demand", "price")  # not fitted in these shops


@pytest.fixture(scope="module")
def full_html(full_shop: object, tmp_path_factory: pytest.TempPathFactory) -> str:
    return written(full_shop, tmp_path_factory.mktemp("out") / "report.html").path.read_text("utf-8")


def test_a_full_shop_has_every_chapter(full_html: str) -> None:
    assert re.findall(r'<section id="(\w+)"', full_html) == [
        "shop",
        "cohorts",
        "lifecycle",
        "concentration",
        "segments",
        "value",
        *PREDICTED,
        "plan",
        "campaigns",
        "survey",
        "quality",
    ]
    chapters = dict(re.findall(r'<section id="(\w+)"(.*?)</section>', full_html, re.DOTALL))
    missing = {name for name, chapter in chapters.items() if 'class="note missing"' in chapter}
    assert missing == {*PREDICTED, "campaigns"}


def test_every_picture_has_a_sentence_to_see_and_one_to_do(full_html: str) -> None:
    figures = full_html.split("<figure>")[1:]
    assert len(figures) >= 11
    for figure in figures:
        assert re.search(r"<h4>What you see</h4><p>[^<]{20,}", figure)
        assert re.search(r"<h4>What to do</h4><p>[^<]{20,}", figure)


def test_the_file_is_self_contained_and_small(full_html: str) -> None:
    addresses = set(re.findall(r"https?://[^\"' )<]+", full_html))
    assert addresses <= {"http://www.w3.org/2000/svg", "http://www.w3.org/1999/xlink"}
    assert "<script" not in full_html
    assert "<link" not in full_html
    assert len(full_html.encode()) < 3_000_000


def test_drawings_share_no_ids(full_html: str) -> None:
    ids = re.findall(r'\bid="([^"]+)"', full_html)
    assert len(ids) == len(set(ids))


def test_nothing_personal_is_on_the_page(full_html: str) -> None:
    assert SECRET not in full_html
    assert "till:" not in full_html  # account ids
    assert "Tea &lt;House&gt; &amp; Co" in full_html


def test_the_plan_repeats_what_it_assumes(full_html: str) -> None:
    chapter = full_html.split('<section id="plan"')[1].split("</section>")[0]
    assert "Assumed, not measured" in chapter
    assert "Certificate" in chapter


def test_numbers_agree_with_each_other(full_shop: object) -> None:
    report = gathered(full_shop)
    totals, shop = report.shop.totals, report.shop
    # AS_OF is 02:00 in Berlin: July is not complete, orders of that morning belong to no complete month
    assert sum(month.n_orders for month in shop.months) <= totals.n_orders
    assert sum(hour.n_orders for hour in shop.hours) == totals.n_orders
    assert shop.concentration.n_people == totals.n_people
    assert sum(c.n_people for c in shop.cohorts.cells if c.age == 0) == totals.n_people
    assert totals.n_anonymous_orders == 19
    assert report.quality.coverage.n_orders == totals.n_orders
    assert sum(segment.n_people for segment in report.people.segments) == totals.n_people
    assert report.value is not None
    assert report.value.n_scored == totals.n_people
    assert [d.is_backtest for d in report.value.deciles] == [False, True]


def test_the_flow_and_the_plan_come_from_their_wings(full_shop: object) -> None:
    report = gathered(full_shop)
    aipl, rfm = report.people.flows
    assert (aipl.lifecycle, rfm.lifecycle) == ("aipl", "rfm")
    assert (aipl.before_on, aipl.after_on) == (date(2024, 4, 1), date(2024, 7, 1))
    assert sum(link.n_people for link in aipl.links) == report.shop.totals.n_people
    assert report.plan is not None
    assert report.plan.name == "Summer"
    assert sum(offer.n_people for offer in report.plan.offers) == report.plan.n_contacts
    assert report.plan.low_minor is not None
    assert report.plan.low_minor <= report.plan.profit_minor


def test_what_came_later_does_not_change_an_earlier_report(full_shop: object) -> None:
    early = gathered(full_shop, as_of=datetime(2024, 1, 1))
    assert early.shop.totals.last_ordered_at < datetime(2024, 1, 1)
    assert early.people.segments == ()  # no portraits that old
    assert early.plan is None
    assert early.value is None


def test_a_bare_shop_says_which_commands_are_missing(bare_shop: object, tmp_path: Path) -> None:
    html = written(bare_shop, tmp_path / "r.html").path.read_text("utf-8")
    assert html.count('class="note missing"') == 7 + len(PREDICTED)
    for command in (
        "aimwell portrait build",
        "aimwell predict fit value",
        *(f"aimwell predict fit {family}" for family in PREDICTED),
        "aimwell plan make",
        "aimwell load FILE",
    ):
        assert f"<code>{command}" in html


def test_the_same_shop_gives_the_same_file(bare_shop: object, tmp_path: Path) -> None:
    one, two = (written(bare_shop, tmp_path / name).path.read_bytes() for name in ("a.html", "b.html"))
    assert one == two


def test_an_old_report_stays_when_the_new_one_fails(bare_shop: object, tmp_path: Path) -> None:
    out = tmp_path / "report.html"
    out.write_text("old")
    with pytest.raises(NothingToReport, match="no orders before Jan 1, 2001"):
        written(bare_shop, out, as_of=datetime(2001, 1, 1))
    assert out.read_text() == "old"
    assert list(tmp_path.iterdir()) == [out]


def test_a_folder_that_is_not_there_is_named(bare_shop: object, tmp_path: Path) -> None:
    with pytest.raises(ReportFolderMissing, match="nowhere"):
        written(bare_shop, tmp_path / "nowhere" / "report.html")
    with pytest.raises(ReportFolderMissing):
        written(bare_shop, tmp_path)


def test_the_best_moment_is_that_of_the_newest_portraits(full_shop: object, bare_shop: object) -> None:
    now = datetime(2026, 1, 1)
    assert report_moment(lake=vars(full_shop)["lake"], now=now) == AS_OF
    assert report_moment(lake=vars(bare_shop)["lake"], now=now) == now


def test_the_command_without_orders_fails_with_one_message(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    init_shop(tmp_path / "shop")
    with pytest.raises(SystemExit) as caught:
        main(["report", "--shop", str(tmp_path / "shop")])
    assert caught.value.code == 1
    assert "aimwell load FILE" in capsys.readouterr().err.replace("\n", " ")
    with open_shop(tmp_path / "shop") as shop:
        assert not (shop.folder / "report.html").exists()
