"""The page: escaped, self-contained, structured; and what chapters say without their inputs."""

from __future__ import annotations

import re
from html.parser import HTMLParser

import pytest
from markupsafe import Markup

from aimwell.base.words import Sentence, Words
from aimwell.report.chapters.campaigns import campaigns_chapter
from aimwell.report.chapters.lifecycle import lifecycle_chapter
from aimwell.report.chapters.plan import plan_chapter
from aimwell.report.chapters.segments import segments_chapter
from aimwell.report.chapters.survey import survey_chapter
from aimwell.report.chapters.value import value_chapter
from aimwell.report.chapters.voice import Voice
from aimwell.report.charts.theme import Drawing
from aimwell.report.model import (
    BudgetPoint,
    CampaignsView,
    CampaignView,
    LimitUse,
    LookView,
    OfferChoice,
    PlanView,
)
from aimwell.report.page.blocks import Chapter, Figure, Figures, Grid, Note, Page, Picture
from aimwell.report.page.render import render

VOICE = Voice(Words("en"), "EUR")
DRAWING = Drawing(wide=Markup("<svg></svg>"), narrow=Markup("<svg></svg>"))
_EVIL = "<script>alert(1)</script> & `x<y`"


def page(*chapters: Chapter, shop_name: str = "Tea & Cup") -> Page:
    return Page(
        language="en",
        shop_name=shop_name,
        title="Customer report",
        subtitle="Up to today",
        contents="Contents",
        see="What you see",
        do="What to do",
        figures=(Figure(label="Sales", value="€10", note="all"),),
        chapters=chapters,
        closing=("The end.",),
    )


def chapter(*blocks: Figures | Picture | Grid | Note) -> Chapter:
    return Chapter(anchor="one", title="One", lead="Lead", blocks=blocks)


class _Tags(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.seen: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.append(tag)
        if tag not in ("meta", "br"):
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def test_every_text_is_escaped() -> None:
    grid = Grid(title=_EVIL, headings=(_EVIL, "N"), rows=((_EVIL, "1"),))
    picture = Picture(title=_EVIL, drawing=DRAWING, see=_EVIL, do=_EVIL)
    html = render(page(chapter(grid, picture, Note(text=_EVIL)), shop_name=_EVIL))
    assert "<script" not in html
    assert "&lt;script&gt;alert(1)&lt;/script&gt; &amp; <code>x&lt;y</code>" in html


def test_the_page_is_well_formed_and_has_a_table_of_contents() -> None:
    html = render(page(chapter(Figures(figures=(Figure(label="a", value="1"),)), Note(text="b"))))
    tags = _Tags()
    tags.feed(html)
    assert tags.open == []
    assert html.startswith("<!doctype html>")
    assert '<html lang="en">' in html
    assert '<a href="#one">One</a>' in html
    assert 'id="one"' in html
    assert tags.seen.count("h1") == 1


def test_nothing_is_asked_from_outside() -> None:
    html = render(page(chapter(Picture(title="t", drawing=DRAWING, see="s", do="d"))))
    assert "<script" not in html
    assert "<link" not in html
    assert re.findall(r"(?:src|href)=\"(?!#)", html) == []
    assert "@import" not in html
    assert "url(" not in html


def test_numbers_stand_right_and_texts_left() -> None:
    html = render(
        page(chapter(Grid(title="t", headings=("a", "b", "c"), rows=(("x", "y", "1"),), n_texts=2)))
    )
    assert '<th scope="row">x</th>' in html
    assert "<td>y</td>" in html
    assert '<td class="n">1</td>' in html


@pytest.mark.parametrize(
    ("made", "command"),
    [
        (lifecycle_chapter((), voice=VOICE), "aimwell portrait build --as-of DATE"),
        (segments_chapter((), examples=(), voice=VOICE), "aimwell portrait build"),
        (value_chapter(None, voice=VOICE), "aimwell predict fit value"),
        (plan_chapter(None, voice=VOICE), "aimwell plan"),
        (survey_chapter(None, voice=VOICE), "aimwell portrait build"),
    ],
)
def test_a_chapter_without_its_inputs_names_the_command_that_makes_them(made: Chapter, command: str) -> None:
    (note,) = made.blocks
    assert isinstance(note, Note)
    assert note.tone == "missing"
    assert command in note.text


PLAN = PlanView(
    name="Spring",
    budget_minor=10_000,
    cost_minor=9_990.5,
    profit_minor=25_000.25,
    low_minor=4_000,
    high_minor=41_000,
    basis="Assumed 0.25.",
    n_contacts=700,
    n_held_out=90,
    budget_gain=0.75,
    gap_rate=0.00012,
    is_proven_best=False,
    offers=(
        OfferChoice(offer_id="tea", channel="mail", n_people=700, cost_minor=9_990.5, profit_minor=25_000.25),
    ),
    limits=(
        LimitUse(
            kind="channel",
            name="mail",
            segment=None,
            use=700,
            minimum=0,
            maximum=700,
            binds="maximum",
            gain_minor=12.5,
        ),
        LimitUse(
            kind="offer", name="tea", segment=None, use=700, minimum=5, maximum=None, binds=None, gain_minor=0
        ),
    ),
    curve=(
        BudgetPoint(budget_minor=5_000, profit_minor=18_000),
        BudgetPoint(budget_minor=10_000, profit_minor=25_000),
    ),
)


def test_a_plan_on_assumed_effects_says_so_before_any_number() -> None:
    ground, figures, *_ = plan_chapter(PLAN, voice=VOICE).blocks
    assert isinstance(ground, Note)
    assert ground.tone == "assumption"
    assert "Assumed, not measured" in ground.text
    assert "90 people are deliberately left alone" in ground.text
    assert isinstance(figures, Figures)
    assert figures.figures[0].value == "€250"
    assert figures.figures[0].note == "€40.00 to €410, depending on the assumption"


def test_a_plan_says_what_binds_and_what_one_more_would_earn() -> None:
    blocks = plan_chapter(PLAN, voice=VOICE).blocks
    limits = next(b for b in blocks if isinstance(b, Grid) and b.headings[0] == "Limit")
    assert limits.rows == (
        ("Budget", "at most so many", "€99.90", "€100.00", "€0.75"),  # 9,990.5 cents, rounded to even
        ("Capacity of channel mail", "at most so many", "700", "700", "€0.12"),
        ("Offer tea", "–", "700", "5 or more", "€0.00"),
    )
    curve = next(b for b in blocks if isinstance(b, Picture))
    assert "a further €1.00 is expected to earn €0.75" in curve.do


def test_the_certificate_is_told_in_words() -> None:
    (*_, note) = plan_chapter(PLAN, voice=VOICE).blocks
    assert isinstance(note, Note)
    assert "can earn more than 0.012% above this one" in note.text
    assert "aimwell plan verify" in note.text


def test_columns_of_money_agree_on_cents() -> None:
    assert VOICE.moneys([123_456, 50, None]) == ["€1,235", "€0", "–"]
    assert VOICE.moneys([12_345, 50]) == ["€123.45", "€0.50"]


def _campaign(name: str, *, is_measured: bool) -> CampaignView:
    looks = (
        LookView(day=0, total_minor=0.0, low_minor=None, high_minor=None),
        LookView(day=1, total_minor=900.0, low_minor=-300.0, high_minor=2_100.0),
    )
    return CampaignView(
        campaign_id=name,
        n_people=900 if is_measured else None,
        n_against=100 if is_measured else None,
        answer=Sentence("Earned something."),
        looks=looks if is_measured else (),
    )


def test_without_campaigns_the_chapter_says_how_to_make_one() -> None:
    (note,) = campaigns_chapter(CampaignsView(rounds=(), together=()), voice=VOICE).blocks
    assert isinstance(note, Note)
    assert "aimwell campaign new" in note.text


def test_the_newest_measured_campaign_is_drawn_and_all_are_listed() -> None:
    rounds = (_campaign("tea-2", is_measured=False), _campaign("tea-1", is_measured=True))
    view = CampaignsView(rounds=rounds, together=(Sentence("All together."),))
    note, grid, picture = campaigns_chapter(view, voice=VOICE).blocks
    assert isinstance(note, Note)
    assert note.text == "All together."
    assert isinstance(grid, Grid)
    assert grid.rows == (
        ("tea-2", "Earned something.", "–", "–"),
        ("tea-1", "Earned something.", "900", "100"),
    )
    assert isinstance(picture, Picture)
    assert picture.title == "tea-1, day by day"
