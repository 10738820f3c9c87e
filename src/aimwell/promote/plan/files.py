"""Reads `offers.toml` and `plan.toml`, strictly: an unknown key or a doubtful value is refused with its place and a way on.

Money stands in major units, as people write it: `"2500.00"`, `2500`, or `0.045` for a text message.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Annotated, Any, TypeVar

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from aimwell.base.allowed import allowed
from aimwell.base.money import is_known_currency, minor_units
from aimwell.base.words import Sentence, text
from aimwell.promote.plan.assumed import Incrementality, RangeSource
from aimwell.promote.plan.errors import BadKey, BadValue, NotToml, PlanFileMissing
from aimwell.promote.plan.model import (
    MILLI,
    Campaign,
    EffectRule,
    EffectSource,
    Incentives,
    Limit,
    LimitKind,
    Offer,
    Uncertain,
)

__all__ = ["campaign_from", "offers_from", "read_campaign", "read_offers"]


_AMOUNT = Sentence(text('an amount of money in major units, such as 2500 or "0.045"'))


def _decimal(value: object) -> Decimal:
    """Take 2500, 0.045 or "0.045" as the exact decimal it shows."""
    if isinstance(value, bool) or not isinstance(value, int | str | Decimal):
        raise ValueError(_AMOUNT)
    try:
        amount = Decimal(value)
    except InvalidOperation as exc:
        raise ValueError(_AMOUNT) from exc
    if not amount.is_finite() or amount < 0:
        raise ValueError(Sentence(text("an amount of money, 0 or more")))
    return amount


Money = Annotated[Decimal, BeforeValidator(_decimal)]
Rate = Annotated[float, Field(ge=0.0, le=1.0)]
Count = Annotated[int, Field(ge=0, strict=True)]
Key = Annotated[str, Field(pattern=r"^[A-Za-z0-9_.-]{1,64}$")]
Name = Annotated[str, Field(min_length=1, max_length=200)]


Model = TypeVar("Model", bound=BaseModel)


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid")


class _Offer(_Strict):
    id: Key
    name: Name
    channel: Key
    contact_cost: Money = Decimal(0)
    incentive_cost: Money = Decimal(0)
    margin_rate: Rate | None = None
    stock: Count | None = None
    segment: Name | None = None
    rule: dict[str, Any] | None = None
    category: Name | None = None
    discount_rate: Annotated[float, Field(gt=0.0, lt=1.0)] | None = None
    product: Name | None = None


class _Offers(_Strict):
    currency: str
    offers: Annotated[list[_Offer], Field(min_length=1, max_length=200)]


class _Limit(_Strict):
    offer: Key | None = None
    segment: Name | None = None
    minimum: Count | None = None
    maximum: Count | None = None
    exactly: Count | None = None


class _Incrementality(_Strict):
    source: RangeSource = "stated"
    low: Rate | None = None
    mid: Rate | None = None
    high: Rate | None = None


class EffectsTable(_Strict):
    """The table `[effects]` of a plan or campaign file."""

    source: EffectSource = "measured"
    rule: Uncertain = "mean"
    confidence: Annotated[float, Field(ge=0.5, lt=1.0)] = 0.8
    incentives: Incentives = "in_the_books"


class _Campaign(_Strict):
    name: Name
    currency: str
    budget: Money
    horizon_days: Annotated[int, Field(ge=1, le=366, strict=True)] = 30
    contacts_per_person: Annotated[int, Field(ge=1, le=10, strict=True)] = 1
    holdout_share: Annotated[float, Field(ge=0.0, le=0.9)] = 0.1
    salt: Name
    assumed_incrementality: _Incrementality
    channels: dict[Key, Count] = Field(default_factory=dict)
    limits: list[_Limit] = Field(default_factory=list)
    effects: EffectsTable = Field(default_factory=EffectsTable)


def read_offers(path: Path, *, currency: str) -> tuple[Offer, ...]:
    """Return the offers of a file; amounts must be in the shop's currency.

    Raises
    ------
    PlanFileMissing, NotToml, BadKey, BadValue
        With the file, the key, the value and what is allowed.
    """
    return offers_from(_toml(path), path=str(path), currency=currency)


def read_campaign(path: Path, *, offers: tuple[Offer, ...], currency: str) -> Campaign:
    """Return the campaign of a file, in the shop's currency; its limits may name these offers and their channels only.

    Raises
    ------
    PlanFileMissing, NotToml, BadKey, BadValue
        With the file, the key, the value and what is allowed.
    """
    return campaign_from(_toml(path), offers=offers, path=str(path), currency=currency)


def offers_from(data: Mapping[str, Any], *, path: str, currency: str) -> tuple[Offer, ...]:
    """Return the offers of a parsed file; `path` names it in errors."""
    given = _parsed(_Offers, data, path=path)
    _check_currency(given.currency, path=path, shop=currency)
    seen: set[str] = set()
    for place, offer in enumerate(given.offers):
        if offer.id in seen:
            once = Sentence(text("each id once"))
            raise BadValue(path=path, key=f"offers[{place}].id", value=offer.id, allowed=once)
        if offer.segment is not None and offer.rule is not None:
            one = Sentence(text("a segment or a rule, not both"))
            given_too = Sentence(text("given too"))
            raise BadValue(path=path, key=f"offers[{place}].rule", value=given_too, allowed=one)
        seen.add(offer.id)
    return tuple(
        _offer(offer, place=f"offers[{place}]", currency=given.currency, path=path)
        for place, offer in enumerate(given.offers)
    )


def _offer(given: _Offer, *, place: str, currency: str, path: str) -> Offer:
    contact, incentive = (
        _exact(cost, currency, per_minor=per_minor, key=f"{place}.{name}", path=path)
        for name, cost, per_minor in (
            ("contact_cost", given.contact_cost, MILLI),
            ("incentive_cost", given.incentive_cost, 1),
        )
    )
    return Offer(
        offer_id=given.id,
        name=given.name,
        channel=given.channel,
        contact_milli=contact,
        incentive_minor=incentive,
        margin_rate=given.margin_rate,
        stock=given.stock,
        segment=given.segment,
        rule=given.rule,
        category=given.category,
        discount_rate=given.discount_rate,
        product=given.product,
    )


def campaign_from(
    data: Mapping[str, Any], *, offers: tuple[Offer, ...], path: str, currency: str
) -> Campaign:
    """Return the campaign of a parsed file; `path` names it in errors."""
    given = _parsed(_Campaign, data, path=path)
    _check_currency(given.currency, path=path, shop=currency)
    budget_minor = _exact(given.budget, given.currency, per_minor=1, key="budget", path=path)
    if budget_minor == 0:
        above = Sentence(text("more than {gt}"), {"gt": 0})
        raise BadValue(path=path, key="budget", value=str(given.budget), allowed=above)
    channels = sorted({o.channel for o in offers})
    for channel in given.channels:
        if channel not in channels:
            raise BadValue(path=path, key="channels", value=channel, allowed=", ".join(channels))
    return Campaign(
        name=given.name,
        currency=given.currency,
        budget_minor=budget_minor,
        horizon_days=given.horizon_days,
        incrementality=_stated(given.assumed_incrementality, path=path),
        salt=given.salt,
        contacts_per_person=given.contacts_per_person,
        holdout_share=given.holdout_share,
        channel_capacities=dict(given.channels),
        limits=_limits(given.limits, offers=offers, path=path),
        effects=EffectRule(**given.effects.model_dump()),
        range_source=given.assumed_incrementality.source,
    )


def _stated(given: _Incrementality, *, path: str) -> Incrementality | None:
    """Return the range that the file states; it may leave all of it out where past prices are to say it."""
    ends = {"low": given.low, "mid": given.mid, "high": given.high}
    known = {name: end for name, end in ends.items() if end is not None}
    if not known and given.source == "prices":
        return None
    for name in ends.keys() - known.keys():
        number = Sentence(
            text("low, mid and high, each 0 to 1; or none of them with {source}"),
            {"source": 'source = "prices"'},
        )
        raise BadValue(
            path=path, key=f"assumed_incrementality.{name}", value=Sentence(text("missing")), allowed=number
        )
    made = Incrementality(**known)
    if not made.low <= made.mid <= made.high:
        value = f"{made.low}, {made.mid}, {made.high}"
        raise BadValue(path=path, key="assumed_incrementality", value=value, allowed="low <= mid <= high")
    return made


def _limits(given: list[_Limit], *, offers: tuple[Offer, ...], path: str) -> tuple[Limit, ...]:
    known = [o.offer_id for o in offers]
    limits: dict[str, Limit] = {}
    for place, limit in enumerate(given):
        key = f"limits[{place}]"
        if limit.offer is None and limit.segment is None:
            raise BadValue(
                path=path,
                key=key,
                value=Sentence(text("without offer and segment")),
                allowed=Sentence(text("an offer, a segment, or both")),
            )
        if limit.offer is not None and limit.offer not in known:
            raise BadValue(path=path, key=f"{key}.offer", value=limit.offer, allowed=", ".join(known))
        minimum, maximum = _ends(limit, key=key, path=path)
        made = Limit(
            key=_limit_key(limit),
            kind=_limit_kind(limit),
            offer_ids=() if limit.offer is None else (limit.offer,),
            segment=limit.segment,
            minimum=minimum,
            maximum=maximum,
        )
        if made.key in limits:
            once = Sentence(text("one limit for each offer and segment"))
            raise BadValue(path=path, key=key, value=made.key, allowed=once)
        limits[made.key] = made
    return tuple(limits.values())


def _ends(limit: _Limit, *, key: str, path: str) -> tuple[int, int | None]:
    if limit.exactly is not None:
        if limit.minimum is not None or limit.maximum is not None:
            alone = Sentence(text("exactly alone, or minimum and maximum"))
            raise BadValue(path=path, key=f"{key}.exactly", value=limit.exactly, allowed=alone)
        return limit.exactly, limit.exactly
    if limit.minimum is None and limit.maximum is None:
        ends = Sentence(text("minimum, maximum or exactly"))
        raise BadValue(path=path, key=key, value=Sentence(text("without a number")), allowed=ends)
    minimum = limit.minimum or 0
    if limit.maximum is not None and minimum > limit.maximum:
        most = Sentence(text("at most the maximum, {maximum}"), {"maximum": limit.maximum})
        raise BadValue(path=path, key=f"{key}.minimum", value=minimum, allowed=most)
    return minimum, limit.maximum


def _limit_kind(limit: _Limit) -> LimitKind:
    if limit.offer is None:
        return "segment"
    return "offer" if limit.segment is None else "offer_segment"


def _limit_key(limit: _Limit) -> str:
    if limit.offer is None:
        return f"segment {limit.segment}"
    return f"offer {limit.offer}" if limit.segment is None else f"offer {limit.offer} in {limit.segment}"


def _toml(path: Path) -> dict[str, Any]:
    if not path.is_file():
        raise PlanFileMissing(path=str(path))
    try:
        return tomllib.loads(path.read_text(encoding="utf-8-sig"), parse_float=Decimal)
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as exc:
        raise NotToml(path=str(path), detail=str(exc)) from exc


def _parsed(kind: type[Model], data: Mapping[str, Any], *, path: str) -> Model:
    try:
        return kind.model_validate(data)
    except ValidationError as exc:
        raise _translated(exc, path=path) from exc


def _translated(exc: ValidationError, *, path: str) -> BadKey | BadValue:
    found = exc.errors(include_url=False)
    # a misspelt key also leaves the right one missing: the misspelling is the news
    first = next((one for one in found if one["type"] == "extra_forbidden"), found[0])
    key = _place(first["loc"])
    if first["type"] == "extra_forbidden":
        return BadKey(path=path, key=key, allowed=", ".join(_allowed_keys(first["loc"])))
    value = Sentence(text("missing")) if first["type"] == "missing" else repr(first["input"])
    return BadValue(path=path, key=key, value=value, allowed=allowed(first))


def _place(loc: tuple[int | str, ...]) -> str:
    """Return where in the file, as people point at it: offers[2].stock."""
    return "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in loc).lstrip(".")


def _allowed_keys(loc: tuple[int | str, ...]) -> list[str]:
    names = [step for step in loc[:-1] if isinstance(step, str)]
    parts: dict[str, type[BaseModel]] = {
        "offers": _Offer,
        "limits": _Limit,
        "assumed_incrementality": _Incrementality,
        "effects": EffectsTable,
    }
    if names and names[-1] in parts:
        return sorted(parts[names[-1]].model_fields)
    root = _Campaign if loc[-1] not in _Offers.model_fields and "offers" not in names else _Offers
    return sorted(root.model_fields)


def _check_currency(currency: str, *, path: str, shop: str) -> None:
    if not is_known_currency(currency):
        code = Sentence(text("an ISO 4217 code, such as EUR or CNY"))
        raise BadValue(path=path, key="currency", value=currency, allowed=code)
    if currency != shop:
        own = Sentence(text("the shop's own, {shop}"), {"shop": shop})
        raise BadValue(path=path, key="currency", value=currency, allowed=own)


def _exact(amount: Decimal, currency: str, *, per_minor: int, key: str, path: str) -> int:
    """Return major units as whole minor units (or thousandths), or refuse what does not come out whole."""
    scaled = amount * minor_units(currency) * per_minor
    if scaled != scaled.to_integral_value():
        smallest = Decimal(1) / (minor_units(currency) * per_minor)
        whole = text("whole multiples of {smallest} {currency}")
        multiples = Sentence(whole, {"smallest": smallest, "currency": currency})
        raise BadValue(path=path, key=key, value=str(amount), allowed=multiples)
    return int(scaled)
