"""The mapping language: one TOML document per kind of file, the same for bundled presets and a user's own.

A cell rule says where a value comes from. The short forms are a column name, or a list of names of which the first that
is not empty counts; the long form is a table, described at `Cell`.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal, Self
from zoneinfo import available_timezones

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, field_validator, model_validator

from aimwell.base.money import is_known_currency
from aimwell.base.words import Sentence, text
from aimwell.intake.formats.model import Encoding, Kind

__all__ = [
    "AccountKind",
    "Cell",
    "Condition",
    "CustomerMap",
    "DateOrder",
    "EventMap",
    "Grain",
    "LineMap",
    "Mapping",
    "OrderMap",
    "ProductMap",
    "Reading",
    "RefundMap",
    "Rule",
    "Who",
]

Grain = Literal["line", "order", "product", "customer", "event", "link", "ignored"]
DateOrder = Literal["auto", "ymd", "dmy", "mdy"]
AccountKind = Literal["id", "email", "phone", "nickname"]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Cell(_Strict):
    """Where one value comes from.

    Attributes
    ----------
    columns
        Columns of the file; the first that is there and not empty counts.
    value
        What to take where all columns are empty, or where none is named.
    sum
        Amounts that are added; a name with a leading `-` is subtracted. Empty cells count as nothing.
    times
        Two numbers that are multiplied.
    join, by
        Texts put together, with this between them.
    words
        What the file's words mean: word to canonical word, or the name of a bundled vocabulary. Case does not matter;
        `*` stands for all others.
    strip
        A text that is cut off in front, such as `#`.
    is_optional
        The file may lack all of the columns.
    """

    columns: tuple[str, ...] = ()
    value: str | None = None
    sum: tuple[str, ...] = ()
    times: tuple[str, ...] = ()
    join: tuple[str, ...] = ()
    by: str = " "
    words: dict[str, str] | str | None = None
    strip: str = ""
    is_optional: bool = False

    @property
    def named(self) -> tuple[str, ...]:
        """All column names that the rule mentions."""
        return self.columns + tuple(name.removeprefix("-") for name in self.sum) + self.times + self.join

    @model_validator(mode="before")
    @classmethod
    def _short_form(cls, given: Any) -> Any:
        if isinstance(given, str):
            return {"columns": (given,)}
        if isinstance(given, list):
            return {"columns": given}
        if isinstance(given, dict) and "column" in given:
            return {"columns": (given["column"],)} | {k: v for k, v in given.items() if k != "column"}
        return given

    @model_validator(mode="after")
    def _says_something(self) -> Self:
        if not (self.named or self.value is not None):
            raise ValueError(Sentence(text("a rule with a column or a value")))
        return self


class Condition(_Strict):
    """True of a row where its cell passes every test that is given."""

    columns: tuple[str, ...] = Field(alias="column")
    is_in: tuple[str, ...] = ()
    starts_with: str | None = None
    contains: str | None = None
    matches: str | None = None  # a regular expression, searched
    below: int | None = None
    above: int | None = None
    is_empty: bool | None = None

    @model_validator(mode="before")
    @classmethod
    def _one_column(cls, given: Any) -> Any:
        if isinstance(given, dict) and isinstance(given.get("column"), str):
            return given | {"column": (given["column"],)}
        return given


def _listed(given: Any) -> Any:
    return [given] if isinstance(given, dict) else given


Rule = Annotated[tuple[Condition, ...], BeforeValidator(_listed)]
"""Conditions of which any one is enough."""


class Reading(_Strict):
    """How cells are to be read; what is left out is seen from the file or taken from the shop."""

    zone: str | None = None  # IANA name of the wall clock in the file; default: the shop's
    currency: str | None = None  # of amounts without a currency cell; default: the shop's
    dates: DateOrder = "auto"
    decimal: Literal["auto", ".", ","] = "auto"
    encoding: Encoding | None = None
    delimiter: str | None = Field(default=None, min_length=1, max_length=1)

    @field_validator("zone")
    @classmethod
    def _zone_exists(cls, zone: str | None) -> str | None:
        if zone is not None and zone not in available_timezones():
            raise ValueError(Sentence(text("an IANA time zone, such as Europe/London or Asia/Shanghai")))
        return zone

    @field_validator("currency")
    @classmethod
    def _currency_exists(cls, currency: str | None) -> str | None:
        if currency is not None and not is_known_currency(currency):
            raise ValueError(Sentence(text("an ISO 4217 code, such as EUR or CNY")))
        return currency


class Who(_Strict):
    """Whose row it is. All of these go to the vault; the lake sees ids only."""

    account: Cell | None = None
    account_kind: AccountKind = "id"
    email: Cell | None = None
    phone: Cell | None = None
    name: Cell | None = None
    address: Cell | None = None
    device: Cell | None = None


class OrderMap(_Strict):
    """Cells of an order. `order_id` left out: each row is an order of its own, named by account and moment."""

    order_id: Cell | None = None
    ordered_at: Cell | None = None  # left out: lines of orders that another file brings
    currency: Cell | None = None
    status: Cell | None = None
    channel: Cell | None = None
    device: Cell | None = None
    items: Cell | None = None
    discount: Cell | None = None
    shipping: Cell | None = None
    tax: Cell | None = None
    total: Cell | None = None
    n_lines: Cell | None = None
    coupon_code: Cell | None = None
    seller_id: Cell | None = None
    cancelled_when: Rule = ()
    test_when: Rule = ()


class LineMap(_Strict):
    """Cells of an order line. `net` left out: quantity times price."""

    line_id: Cell | None = None
    product_id: Cell
    quantity: Cell | None = None
    price: Cell | None = None
    net: Cell | None = None
    discount: Cell | None = None
    cost: Cell | None = None
    coupon_code: Cell | None = None
    shipping: Cell | None = None  # summed into the order's where the order itself states none
    tax: Cell | None = None
    is_priced_before_discount: bool = False  # `price` or `net` still holds what `discount` takes off
    fee_when: Rule = ()
    return_when: Rule = ()  # the row is a return or cancellation: a refund of its amount, not a line


class RefundMap(_Strict):
    """Cells of a refund that an order or line row tells of; a row without an amount tells of none."""

    amount: Cell
    per: Literal["row", "order"] = (
        "row"  # "order": the amount is the whole order's, on one or all of its rows
    )
    refunded_at: Cell | None = None  # left out or empty: when it was ordered
    reason: Cell | None = None
    when: Rule = ()


class ProductMap(_Strict):
    """Cells of a product."""

    product_id: Cell
    name: Cell | None = None
    category: Cell | None = None
    brand: Cell | None = None
    price: Cell | None = None
    cost: Cell | None = None
    attributes: dict[str, Cell] = {}


class CustomerMap(_Strict):
    """Coarse facts of a customer; nothing that tells who it is."""

    created_at: Cell | None = None
    region: Cell | None = None
    locale: Cell | None = None
    attributes: dict[str, Cell] = {}


class EventMap(_Strict):
    """Cells of an event. `message_id` left out: made of who, what and when."""

    message_id: Cell | None = None
    name: Cell
    occurred_at: Cell
    session_id: Cell | None = None
    product_id: Cell | None = None
    channel: Cell | None = None
    device: Cell | None = None
    properties: dict[str, Cell] = {}


class Mapping(_Strict):
    """One kind of file.

    Attributes
    ----------
    name
        Of the preset, or of the user's file.
    title
        What people call this export.
    source
        Scope of its order and account ids; files of one platform share it.
    grain
        What one row is. "link": tells which account a key of another file stands for; "ignored": nothing to keep.
    recognise
        Columns that only this export has together; a name of `a|b` is either.
    kind
        Only files written in this way.
    """

    name: str = ""
    title: str = ""
    source: str = Field(pattern=r"^[a-z0-9_-]{1,60}$")
    grain: Grain
    recognise: tuple[str, ...] = ()
    kind: Kind | None = None
    reading: Reading = Reading()
    who: Who = Who()
    orders: OrderMap = OrderMap()
    lines: LineMap | None = None
    refunds: RefundMap | None = None
    products: ProductMap | None = None
    customers: CustomerMap | None = None
    events: EventMap | None = None
    link: Cell | None = None  # grain "link": the key; `who.account` is the account it stands for

    @model_validator(mode="after")
    def _has_what_its_grain_needs(self) -> Self:
        needed = {
            "line": ("lines", self.lines and self.orders.order_id),
            "order": ("orders.ordered_at", self.orders.ordered_at),
            "product": ("products", self.products),
            "customer": ("who.account", self.who.account),
            "event": ("events", self.events),
            "link": ("link and who.account", self.link and self.who.account),
        }
        what, found = needed.get(self.grain, ("", True))
        if not found:
            raise ValueError(
                Sentence(text("with grain `{grain}` also {what}"), {"grain": self.grain, "what": what})
            )
        return self

    def cells(self) -> dict[str, Cell]:
        """Return every cell rule by its dotted name, such as `orders.total`."""
        return dict(_cells_of(self, prefix=""))


def _cells_of(part: BaseModel, *, prefix: str) -> list[tuple[str, Cell]]:
    found: list[tuple[str, Cell]] = []
    for name in type(part).model_fields:
        value = getattr(part, name)
        if isinstance(value, Cell):
            found.append((f"{prefix}{name}", value))
        elif isinstance(value, dict):
            found += [
                (f"{prefix}{name}.{key}", cell) for key, cell in value.items() if isinstance(cell, Cell)
            ]
        elif isinstance(value, BaseModel):
            found += _cells_of(value, prefix=f"{prefix}{name}.")
    return found
