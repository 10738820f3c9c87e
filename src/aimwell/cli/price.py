"""`aimwell price show | hint`: how sales answer to price, all products or one with its curve; and what that hints at for an offer."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import typer

from aimwell.base.words import text
from aimwell.cli.face import Column, Face, face_of
from aimwell.cli.products import named, product_columns
from aimwell.predict.price.discount import DiscountAnswer, answer_to
from aimwell.predict.price.errors import CategoryNotPriced, ProductNotPriced
from aimwell.predict.price.model import FAMILY, PriceModel
from aimwell.predict.price.response import SHORT_WARNINGS, WARNINGS, Response, Warned
from aimwell.predict.service import read_model

__all__ = ["register"]

_CURVE_ROWS = 9


def register(app: typer.Typer) -> None:
    """Add the commands to the root."""
    price = typer.Typer(help=text("How sales answer to price and promotion."), no_args_is_help=True)
    price.command(
        "show", help=text("Show the price response of the best sellers, or of one product with its curve.")
    )(show)
    price.command("hint", help=text("Hint at the assumed incrementality of a discount, from past prices."))(
        hint
    )
    app.add_typer(price, name="price")


def show(
    ctx: typer.Context,
    product_id: Annotated[str | None, typer.Argument(help=text("Product; all if not given."))] = None,
    limit: Annotated[
        int, typer.Option(min=1, help=text("So many products, those of most sales first."))
    ] = 20,
    chart: Annotated[
        Path | None,
        typer.Option(
            help=text("Draw expected units and profit over price into this .html, .svg or .png file.")
        ),
    ] = None,
) -> None:
    face = face_of(ctx)
    with face.open_shop() as shop:
        stored = read_model(FAMILY, lake=shop.lake)
        currency = shop.settings.currency
        model = PriceModel.from_data(stored.body)
        if product_id is not None and product_id not in model.products:
            raise ProductNotPriced(model_id=stored.model_id, product_id=product_id)
        chosen = _best_sellers(model, limit) if product_id is None else [model.products[product_id]]
        rows = named((_row(one, face) for one in chosen), lake=shop.lake)
    if product_id is None:
        face.show_rows(rows, _columns(rows, face), currency=currency)
        return
    _show_one(chosen[0], rows, face, currency=currency)
    if chart is not None:
        from aimwell.cli.price_chart import price_chart
        from aimwell.cli.survey_chart import write_chart

        write_chart(price_chart(chosen[0], words=face.words, currency=currency), chart)
        face.say(text("Wrote {path}."), path=chart)


def hint(
    ctx: typer.Context,
    discount: Annotated[
        float, typer.Option(min=0.01, max=0.95, help=text("Share that is taken off, such as 0.15."))
    ],
    product_id: Annotated[
        str | None, typer.Argument(help=text("Product; the category's if not given."))
    ] = None,
    category: Annotated[str, typer.Option(help=text("Category; the whole shop if not given."))] = "",
) -> None:
    face = face_of(ctx)
    with face.open_shop() as shop:
        stored = read_model(FAMILY, lake=shop.lake)
    model = PriceModel.from_data(stored.body)
    if product_id is not None and product_id not in model.products:
        raise ProductNotPriced(model_id=stored.model_id, product_id=product_id)
    answer = answer_to(discount, model, product_id=product_id, category=category)
    if answer is None:
        raise CategoryNotPriced(model_id=stored.model_id, category=category)
    face.show_rows(
        [asdict(answer) | {"discount": discount}],
        [
            Column("discount", text("Discount"), "percent"),
            Column("n_products", text("Products"), "number"),
            Column("n_seen", text("Seen that cheap"), "number"),
            Column("elasticity", text("Elasticity"), "decimal"),
            Column("low", text("Not sold otherwise, at least"), "percent"),
            Column("mid", text("Middle"), "percent"),
            Column("high", text("At most"), "percent"),
        ],
    )
    face.say(
        text(
            "A hint for an offer's assumed_incrementality, no proof: past prices were not set by chance, and an offer reaches people, not weeks. "
            "What a holdout measures counts instead."
        )
    )
    warned = model.products[product_id].warning if product_id is not None else _doubt(answer)
    if warned is not None:
        face.say(text("Warning: {warning}"), warning=face.words.say(WARNINGS[warned]))


def _best_sellers(model: PriceModel, limit: int) -> list[Response]:
    ranked = sorted(
        model.products.values(), key=lambda one: (-one.price_minor * one.weekly_units, one.product_id)
    )
    return ranked[:limit]


def _show_one(response: Response, rows: Sequence[dict[str, Any]], face: Face, *, currency: str) -> None:
    if face.output == "json":
        found = {"response": rows[0], "curve": _curve(response), "best": response.best_price()}
        face.show_json(found)
        return
    if face.output == "table":
        face.show_rows(rows, _columns(rows, face), currency=currency)
    face.show_rows(
        _curve(response),
        [
            Column("price_minor", text("Price"), "money"),
            Column("weekly_units", text("Units a week"), "decimal"),
            Column("low_units", text("At least (80%)"), "decimal"),
            Column("high_units", text("At most (80%)"), "decimal"),
            Column("profit_minor", text("Profit a week"), "money"),
        ],
        currency=currency,
    )
    if response.warning is not None:
        face.say(text("Warning: {warning}"), warning=face.words.say(WARNINGS[response.warning]))
    _say_best(response, face, currency=currency)


def _say_best(response: Response, face: Face, *, currency: str) -> None:
    best = response.best_price()
    if best is None:
        face.say(text("No price is advised for this product."))
        return
    said = face.words
    face.say(
        text(
            "Most profit within the prices that were seen: at {price} a week brings {gain} more than now (80% interval {low} to {high})."
        ),
        price=said.money(best.price_minor, currency),
        gain=said.money(best.gain_minor, currency),
        low=said.money(best.low_minor, currency),
        high=said.money(best.high_minor, currency),
    )
    if best.is_at_edge:
        face.say(text("That is the end of the range that was seen; what lies beyond is not known."))
    if not best.is_sure:
        face.say(text("The gain is not sure: the interval holds a loss. Try it on a part first."))
    if not response.has_cost:
        face.say(text("The cost of this product is not known; the shop's margin rate stands in for it."))


def _curve(response: Response) -> list[dict[str, Any]]:
    prices = response.prices()
    step = (len(prices) - 1) // (_CURVE_ROWS - 1)
    chosen = prices[::step]
    rows = []
    for price, profit in zip(chosen.tolist(), response.profit(chosen).tolist(), strict=True):
        factor = response.units_factor(response.price_minor, price)
        units = {"weekly_units": factor.value, "low_units": factor.low, "high_units": factor.high}
        rows.append(
            {"price_minor": price, "profit_minor": profit}
            | {name: value * response.weekly_units for name, value in units.items()}
        )
    return rows


def _row(one: Response, face: Face) -> dict[str, Any]:
    low, high = one.interval
    return {
        "product_id": one.product_id,
        "category": one.category,
        "elasticity": one.elasticity,
        "low": low,
        "high": high,
        "promotion_lift": one.lift,
        "n_weeks": one.n_weeks,
        "n_moves": one.n_moves,
        "shrinkage": one.shrinkage,
        "price_minor": one.price_minor,
        "weekly_units": one.weekly_units,
        "has_warning": one.warning is not None,
        "warning": _warning(one, face),
    }


def _columns(rows: Sequence[dict[str, Any]], face: Face) -> Sequence[Column]:
    shown = product_columns(rows, face=face)
    if face.output != "table" or len(shown) == 1:  # a screen has room for one of name and category
        shown.append(Column("category", text("Category")))
    return [
        *shown,
        Column("elasticity", text("Elasticity"), "decimal"),
        Column("low", text("At least (80%)"), "decimal"),
        Column("high", text("At most (80%)"), "decimal"),
        Column("promotion_lift", text("Promotion"), "decimal"),
        Column("n_weeks", text("Weeks"), "number"),
        Column("n_moves", text("Moved"), "number"),
        Column("shrinkage", text("From its category"), "percent"),
        Column("price_minor", text("Price"), "money"),
        Column("weekly_units", text("Units a week"), "decimal"),
        *([] if face.output == "table" else [Column("has_warning", text("Warning"))]),
        Column("warning", text("Warning")),
    ]


def _warning(one: Response, face: Face) -> str | None:
    """Return the code of a warning for programs, a few words for people."""
    if one.warning is None or face.output != "table":
        return one.warning
    return face.words.say(SHORT_WARNINGS[one.warning])


def _doubt(answer: DiscountAnswer) -> Warned | None:
    """Return what stands against the answer of several products; what is wrong with single ones `price show` says."""
    if answer.elasticity >= 0:
        return "positive"
    return "unsure" if answer.low == 0 else None
