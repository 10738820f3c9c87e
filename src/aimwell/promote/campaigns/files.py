"""Reads campaign files, strictly: an unknown key or a doubtful value is refused with its place and a way on."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from aimwell.base.allowed import allowed
from aimwell.base.clock import utc_time
from aimwell.base.money import minor_units
from aimwell.base.words import Sentence, text
from aimwell.promote.campaigns.content import campaign_path, known_campaigns
from aimwell.promote.campaigns.errors import CampaignMissing
from aimwell.promote.campaigns.model import Definition, Schedule
from aimwell.promote.measure.arms import ArmShares
from aimwell.promote.measure.model import OfferTerms
from aimwell.promote.plan.errors import BadKey, BadValue, NotToml
from aimwell.promote.plan.files import EffectsTable, Key, Money, Name, campaign_from, offers_from
from aimwell.promote.plan.model import Campaign, Offer
from aimwell.trust.consent.model import Purpose

__all__ = ["ROTATION_BEGAN_AT", "read_definition"]

ROTATION_BEGAN_AT = datetime(2025, 1, 1)  # noqa: DTZ001  # naive UTC; all shop-wide holdouts are counted from here

Share = Annotated[float, Field(ge=0.0, le=0.9)]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid")


class _Arms(_Strict):
    holdout: Share = 0.1
    random: Share = 0.0
    business_as_usual: Share = 0.0
    global_holdout: Share = 0.05
    business_as_usual_offer: Key | None = None


class _Explore(_Strict):
    share: Annotated[float, Field(ge=0.0, le=0.5)] | None = None


class _Show(_Strict):
    bought: Annotated[bool, Field(strict=True)] = False


class _Schedule(_Strict):
    not_before: datetime | None = None
    days: Annotated[int, Field(ge=1, le=60, strict=True)] = 7


class _Terms(_Strict):
    coupon_code: Name | None = None
    extra_cost: Money = Decimal(0)


class _File(_Strict):
    title: Name
    purpose: Purpose = "marketing"
    template: Key
    segment: Name | None = None
    traits: Annotated[list[Name], Field(max_length=50)] = Field(default_factory=list)
    plan: dict[str, Any]
    offers: list[dict[str, Any]]
    arms: _Arms = Field(default_factory=_Arms)
    effects: EffectsTable = Field(default_factory=EffectsTable)
    explore: _Explore = Field(default_factory=_Explore)
    show: _Show = Field(default_factory=_Show)
    schedule: _Schedule = Field(default_factory=_Schedule)
    terms: dict[Key, _Terms] = Field(default_factory=dict)


def read_definition(folder: Path, name: str, *, currency: str, time_zone: str) -> Definition:
    """Return a campaign of a shop as its file says it.

    Parameters
    ----------
    folder
        The shop's folder; the file is `campaigns/<name>.toml` in it.
    name
        The campaign's.
    currency
        The shop's; amounts are in it.
    time_zone
        The shop's IANA zone; moments in the file are on its wall clock.

    Raises
    ------
    CampaignMissing, NotToml, BadKey, BadValue, SharesWrong
        With the file, the key, the value and what is allowed.
    """
    path = campaign_path(folder, name)
    if not path.is_file():
        known = ", ".join(known_campaigns(folder)) or "-"
        raise CampaignMissing(name=name, path=path, known=known)
    try:
        data = tomllib.loads(path.read_text(encoding="utf-8-sig"), parse_float=Decimal)
        given = _File.model_validate(data)
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as exc:
        raise NotToml(path=str(path), detail=str(exc)) from exc
    except ValidationError as exc:
        raise _translated(exc, path=str(path)) from exc
    offers = _offers(given, path=str(path), currency=currency)
    return Definition(
        name=name,
        title=given.title,
        purpose=given.purpose,
        template=given.template,
        segment=given.segment,
        offers=offers,
        plan=_plan(given, offers, path=str(path), name=name, currency=currency),
        arms=_shares(given.arms),
        business_as_usual=_usual(given.arms, offers, path=str(path)),
        schedule=_schedule(given.schedule, time_zone=time_zone),
        traits=tuple(given.traits),
        terms=_terms(given.terms, offers, path=str(path), currency=currency),
        explore_share=given.explore.share,
        shows_bought=given.show.bought,
    )


def _plan(given: _File, offers: tuple[Offer, ...], *, path: str, name: str, currency: str) -> Campaign:
    """Return budget and limits; salt, name and holdout are the round's, and the plan's reader checks everything else."""
    own = {"name": name, "currency": currency, "salt": name, "holdout_share": 0}
    told = {"effects": given.effects.model_dump()} | given.plan | own
    return campaign_from(told, offers=offers, path=f"{path} [plan]", currency=currency)


def _offers(given: _File, *, path: str, currency: str) -> tuple[Offer, ...]:
    """Return the offers; those that say nothing of who may get them are for the campaign's segment."""
    wanted = [
        offer
        | ({"segment": given.segment} if given.segment and not {"segment", "rule"} & offer.keys() else {})
        for offer in given.offers
    ]
    return offers_from({"currency": currency, "offers": wanted}, path=path, currency=currency)


def _shares(given: _Arms) -> ArmShares:
    return ArmShares(
        treatment=round(1.0 - given.holdout - given.random - given.business_as_usual, 9),
        holdout=given.holdout,
        random=given.random,
        business_as_usual=given.business_as_usual,
        global_holdout=given.global_holdout,
        salt="arms",
        global_salt="shop",
        rotation_began_at=ROTATION_BEGAN_AT,
    )


def _usual(given: _Arms, offers: tuple[Offer, ...], *, path: str) -> str | None:
    offer_id, known = given.business_as_usual_offer, [offer.offer_id for offer in offers]
    if offer_id is not None and offer_id not in known:
        key = "arms.business_as_usual_offer"
        raise BadValue(path=path, key=key, value=offer_id, allowed=", ".join(known))
    return offer_id


def _schedule(given: _Schedule, *, time_zone: str) -> Schedule:
    local = given.not_before
    if local is None:
        return Schedule(days=given.days)
    if local.tzinfo is not None:
        return Schedule(not_before=local.astimezone(UTC).replace(tzinfo=None), days=given.days)
    return Schedule(not_before=utc_time(local, time_zone), days=given.days)


def _terms(
    given: Mapping[str, _Terms], offers: tuple[Offer, ...], *, path: str, currency: str
) -> tuple[OfferTerms, ...]:
    known = [offer.offer_id for offer in offers]
    for offer_id in given:
        if offer_id not in known:
            raise BadValue(path=path, key="terms", value=offer_id, allowed=", ".join(known))
    return tuple(
        OfferTerms(
            offer_id=offer.offer_id,
            contact_milli=offer.contact_milli,
            incentive_minor=round(one.extra_cost * minor_units(currency)),
            coupon_code=one.coupon_code,
        )
        for offer in offers
        for one in (given.get(offer.offer_id, _Terms()),)
    )


def _translated(exc: ValidationError, *, path: str) -> BadKey | BadValue:
    found = exc.errors(include_url=False)
    # a misspelt key also leaves the right one missing: the misspelling is the news
    first = next((one for one in found if one["type"] == "extra_forbidden"), found[0])
    key = ".".join(str(step) for step in first["loc"])
    if first["type"] == "extra_forbidden":
        parts: dict[int | str, type[BaseModel]] = {
            "arms": _Arms,
            "effects": EffectsTable,
            "explore": _Explore,
            "schedule": _Schedule,
            "terms": _Terms,
        }
        model = parts.get(first["loc"][0], _File) if len(first["loc"]) > 1 else _File
        return BadKey(path=path, key=key, allowed=", ".join(sorted(model.model_fields)))
    value = Sentence(text("missing")) if first["type"] == "missing" else repr(first["input"])
    return BadValue(path=path, key=key, value=value, allowed=allowed(first))
