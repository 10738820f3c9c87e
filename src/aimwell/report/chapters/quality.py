"""Data quality: what the numbers of this report can bear."""

from __future__ import annotations

from aimwell.base.words import SENTENCES, text
from aimwell.intake.reasons import REASONS
from aimwell.report.chapters.voice import Voice
from aimwell.report.charts.bars import share_bars
from aimwell.report.model import Coverage, Quality
from aimwell.report.page.blocks import Block, Chapter, Grid, Picture

__all__ = ["quality_chapter"]


def quality_chapter(quality: Quality, *, margin_rate: float, voice: Voice) -> Chapter:
    """Return the chapter of coverage, books and quarantine; `margin_rate` stands in where a cost is unknown."""
    blocks: list[Block] = [_coverage(quality.coverage, margin_rate=margin_rate, voice=voice)]
    blocks.append(_books(quality, voice=voice) if quality.books else _no_books(voice))
    if quality.reasons:
        blocks.append(_reasons(quality, voice=voice))
    return Chapter(
        anchor="quality",
        title=voice.say(text("How good are the data?")),
        lead=_lead(quality.coverage, voice=voice),
        blocks=tuple(blocks),
    )


def _coverage(coverage: Coverage, *, margin_rate: float, voice: Voice) -> Picture:
    known_rate = 1 - coverage.n_anonymous_orders / max(coverage.n_orders, 1)
    costed_rate = coverage.costed_sales_minor / coverage.sales_minor if coverage.sales_minor else 0.0
    shelved_rate = coverage.n_known_product_lines / max(coverage.n_lines, 1)
    rates = {
        voice.say(text("Orders with a known customer")): known_rate,
        voice.say(text("Lines whose product has a category")): shelved_rate,
        voice.say(text("Sales with a known cost")): costed_rate,
    }
    shares = voice.rates(text("Share that is known"))
    if known_rate < 0.7:
        do = text(
            "Ask for an account or a phone number at the till: orders without a customer cannot be planned for."
        )
    elif costed_rate < 0.5:
        do = text(
            "Add your purchase costs to the product file: until then every margin here is sales times {margin_rate}."
        )
    elif shelved_rate < 0.7:
        do = text("Give your products categories: tastes and offers by category need them.")
    else:
        do = text("The data carry this report. Keep the files coming in the same shape.")
    return voice.picture(
        lambda width: share_bars([*rates], [*rates.values()], shares=shares, width=width),
        title=voice.say(text("How much is known")),
        see=voice.say(
            text(
                "{known_rate} of the orders have a known customer. The cost is known for {costed_rate} of the sales; elsewhere "
                "the margin is taken as {margin_rate} of sales."
            ),
            known_rate=voice.percent(known_rate),
            costed_rate=voice.percent(costed_rate),
            margin_rate=voice.words.percent(margin_rate),
        ),
        do=voice.say(do, margin_rate=voice.words.percent(margin_rate)),
    )


def _lead(coverage: Coverage, *, voice: Voice) -> str:
    behind = voice.say(
        text("{n_orders} orders and {n_lines} order lines of goods stand behind this report."),
        n_orders=voice.number(coverage.n_orders),
        n_lines=voice.number(coverage.n_lines),
    )
    if not coverage.n_cancelled_orders and not coverage.n_refunds:
        return behind
    gone = voice.say(
        text("Cancelled orders ({n_cancelled}) are left out; {refunded} went back in {n_refunds} refunds."),
        n_cancelled=voice.number(coverage.n_cancelled_orders),
        refunded=voice.money(coverage.refunded_minor),
        n_refunds=voice.number(coverage.n_refunds),
    )
    return voice.words.joined((behind, gone), joint=SENTENCES)


def _no_books(voice: Voice) -> Block:
    return voice.missing(
        text("No file was loaded through Aimwell yet, so there are no books: `aimwell load FILE`.")
    )


def _books(quality: Quality, *, voice: Voice) -> Grid:
    return Grid(
        title=voice.say(text("The books: every row received is stored, a duplicate, or in quarantine")),
        headings=(
            voice.say(text("Source")),
            voice.say(text("Files")),
            voice.say(text("Rows received")),
            voice.say(text("Stored")),
            voice.say(text("Duplicates")),
            voice.say(text("In quarantine")),
        ),
        rows=tuple(
            (
                books.source,
                *(
                    voice.number(n)
                    for n in (
                        books.n_files,
                        books.n_received,
                        books.n_stored,
                        books.n_duplicate,
                        books.n_quarantined,
                    )
                ),
            )
            for books in quality.books
        ),
    )


def _reasons(quality: Quality, *, voice: Voice) -> Grid:
    return Grid(
        title=voice.say(text("Why rows wait in quarantine; look at them with `aimwell quarantine list`")),
        headings=(
            voice.say(text("Source")),
            voice.say(text("Reason")),
            voice.say(text("Column")),
            voice.say(text("Rows")),
        ),
        rows=tuple(
            (
                r.source,
                voice.say(REASONS.get(r.reason, r.reason)),
                r.detail or "–",
                voice.number(r.n_rows),
            )
            for r in quality.reasons
        ),
        n_texts=3,
    )
