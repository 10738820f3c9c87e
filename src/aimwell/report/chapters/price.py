"""Prices: how sales answered to them, product by product, and how sure that is."""

from __future__ import annotations

from aimwell.base.words import text
from aimwell.report.chapters.voice import Voice
from aimwell.report.charts.bars import Span, spans
from aimwell.report.charts.theme import Scale
from aimwell.report.model import PriceView
from aimwell.report.page.blocks import Block, Chapter, Figure, Figures, Grid, Note, Picture

__all__ = ["price_chapter"]


def price_chapter(price: PriceView | None, *, voice: Voice) -> Chapter:
    """Return the chapter of prices; without a model the sentence that says how to fit one."""
    blocks: list[Block] = []
    if price is None:
        blocks.append(
            voice.missing(
                text(
                    "No price model was fitted yet: `aimwell predict fit price`, then `aimwell price show PRODUCT`."
                )
            )
        )
    else:
        blocks.append(_figures(price, voice=voice))
        blocks += [_picture(price, voice=voice)] if price.products else []
        blocks += [_rivals(price, voice=voice)] if price.rivals else []
        blocks += [Note(text=note) for note in price.notes]
    return Chapter(
        anchor="price",
        title=voice.say(text("What do prices do?")),
        lead=voice.say(
            text(
                "When a price moved, sales answered. An elasticity of -2 means: one per cent dearer, two per cent fewer sold. Products with "
                "few moves borrow from their category."
            )
        ),
        blocks=tuple(blocks),
    )


def _figures(price: PriceView, *, voice: Voice) -> Figures:
    return Figures(
        figures=(
            Figure(
                label=voice.say(text("Usual elasticity")),
                value=voice.words.number(price.usual, decimals=2),
                note=voice.say(text("the product in the middle of {n}"), n=voice.number(price.n_products)),
            ),
            Figure(
                label=voice.say(text("A marked discount adds")),
                value=voice.percent(price.promotion_lift),
                note=voice.say(text("units, at the same price")),
            ),
            Figure(
                label=voice.say(text("Price moves seen")),
                value=voice.number(price.n_moves),
                note=voice.say(text("weeks of a product, more than a tenth off the usual price")),
            ),
        )
    )


def _picture(price: PriceView, *, voice: Voice) -> Picture:
    scale = Scale(
        title=voice.say(text("Elasticity, with its 80% interval")),
        read=lambda value: voice.words.number(value, decimals=1),
    )
    dearest = sum(one.elasticity > -1 for one in price.products)
    return voice.picture(
        lambda width: spans(
            [
                Span(label=one.name, low=one.low, high=one.high, point=one.elasticity)
                for one in price.products
            ],
            amounts=scale,
            width=width,
        ),
        title=voice.say(text("The products that sell for most, and how they answer to price")),
        see=voice.say(
            text(
                "{n} of these {all} products bring more money when they are dearer: their elasticity is above -1."
            ),
            n=voice.number(dearest),
            all=voice.number(len(price.products)),
        ),
        do=voice.say(
            text(
                "Discount where the point lies far to the left and the bar is short; elsewhere a discount is given away. `aimwell price "
                "show` tells what a price would bring."
            )
        ),
    )


def _rivals(price: PriceView, *, voice: Voice) -> Grid:
    def read(value: float) -> str:
        return voice.words.number(value, decimals=3)

    return Grid(
        title=voice.say(text("How far off on weeks not seen before, log units (smaller is better)")),
        headings=(
            voice.say(text("Way to predict")),
            voice.say(text("All weeks")),
            voice.say(text("Weeks whose price had moved")),
        ),
        rows=tuple(
            (
                voice.say(text("{name} (chosen)"), name=one.name) if one.is_model else one.name,
                read(one.rmse),
                read(one.moved_rmse),
            )
            for one in price.rivals
        ),
    )
