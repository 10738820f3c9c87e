"""The facts that a template may look at, and nothing else: plain values, copied, so that no object of the program is in reach."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal

from aimwell.base.errors import InternalError
from aimwell.base.words import text

__all__ = ["FactUnfit", "admitted", "facts_for", "first_name"]

_DEEPEST = 8
_MOST_VALUES = 5_000
_LONGEST_TEXT = 20_000
_HAN = re.compile(r"[\u3400-\u9fff\uac00-\ud7a3\u3040-\u30ff]")
_WEB = re.compile(r"https?://[^\s\"'<>]+", re.IGNORECASE)


class FactUnfit(InternalError):
    """A template was to be given something that is not a plain value."""

    code = "fact_unfit"
    template = text(
        "A template was to be given {what} at `{place}`; allowed are texts, numbers, dates, lists and tables."
    )


def admitted(facts: Mapping[str, object]) -> dict[str, object]:
    """Return a copy of the facts of plain values: texts, numbers, booleans, dates, None, lists and tables of these.

    What is named `url`, or ends in `_url`, and is no web address becomes None: in a link it could be a script.

    Raises
    ------
    FactUnfit
        If there is anything else, or too much of it.
    """
    copier = _Copier()
    return {str(name): copier.copy(value, place=str(name), depth=0) for name, value in facts.items()}


class _Copier:
    """Copies values and counts them."""

    def __init__(self) -> None:
        self._n_values = 0

    def copy(self, value: object, *, place: str, depth: int) -> object:
        self._n_values += 1
        if depth > _DEEPEST or self._n_values > _MOST_VALUES:
            raise FactUnfit(what=f"more than {_MOST_VALUES} values or {_DEEPEST} levels", place=place)
        if isinstance(value, str):
            return self._text(value, place=place)
        if value is None or isinstance(value, bool | int | float | datetime | date):
            return value
        if isinstance(value, Decimal):
            return int(value) if value == value.to_integral_value() else float(value)
        if isinstance(value, Mapping):
            return {str(k): self.copy(v, place=f"{place}.{k}", depth=depth + 1) for k, v in value.items()}
        if isinstance(value, list | tuple):
            return [self.copy(one, place=f"{place}[{n}]", depth=depth + 1) for n, one in enumerate(value)]
        raise FactUnfit(what=type(value).__name__, place=place)

    def _text(self, value: str, *, place: str) -> str | None:
        name = place.rpartition(".")[2]
        if (name == "url" or name.endswith("_url")) and not _WEB.fullmatch(value):
            return None
        return str.__str__(value)[:_LONGEST_TEXT]


def facts_for(
    *,
    traits: Mapping[str, object],
    name: str | None,
    shop: Mapping[str, object],
    offer: Mapping[str, object] | None = None,
    products: Sequence[Mapping[str, object]] = (),
    unsubscribe_url: str | None = None,
    preferences_url: str | None = None,
) -> dict[str, object]:
    """Return the facts of one message, as `Template.render` takes them; the names are those of docs/content.md.

    Parameters
    ----------
    traits
        The person's portrait; None where a trait has no value.
    name
        The person's name as the vault holds it.
    shop
        name, currency (ISO 4217), and what else templates are to say of the shop, such as postal_address.
    offer
        What is offered: id, name, and whatever the offer's file says; None where the message offers nothing.
    products
        One table per slot: id, name, category, brand, price_minor, currency, url, image_url.
    """
    person = dict(traits) | {"name": name, "first_name": first_name(name)}
    return {
        "person": person,
        "offer": dict(offer or {"id": None, "name": None}),
        "products": [dict(product) for product in products],
        "shop": dict(shop),
        "unsubscribe_url": unsubscribe_url,
        "preferences_url": preferences_url,
    }


def first_name(name: str | None) -> str | None:
    """Return how a person is greeted: the first word of a name, the whole of a Chinese, Japanese or Korean one.

    Examples
    --------
    >>> first_name("Ann Lee"), first_name("李安娜"), first_name(" ")
    ('Ann', '李安娜', None)
    """
    if name is None or not name.strip():
        return None
    return name.strip() if _HAN.search(name) else name.split()[0]
