"""What the law of a region asks for, as data: which purposes need consent, and from which age a person gives it alone.

All policies of a region hold at once, and the strictest decides; where the region is not known, all policies there are.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from aimwell.base.allowed import allowed
from aimwell.base.words import Sentence, text
from aimwell.trust.consent.errors import PolicyInvalid
from aimwell.trust.consent.model import CHANNELS, ChannelKind, Purpose, Scope

__all__ = ["Demand", "Need", "Policies", "Policy", "PolicyRule", "read_policies", "youngest_age"]

Need = Literal["none", "opt_out", "consent"]

_STRICTNESS: dict[Need, int] = {"none": 0, "opt_out": 1, "consent": 2}
_EVERYWHERE = "*"
_REGION = re.compile(r"[A-Z]{2}(-[A-Z0-9]{1,3})?")

_Region = Annotated[str, Field(pattern=r"^([A-Z]{2}(-[A-Z0-9]{1,3})?|\*)$")]
_Age = Annotated[int, Field(ge=1, le=21)]


class PolicyRule(BaseModel):
    """What one policy asks for some purposes.

    Attributes
    ----------
    purposes, channels
        What it is about.
    needs
        "consent"; "opt_out": lawful until the person objects; "none".
    consent_below_age
        Below this age "consent", whatever `needs` says.
    parent_below_age, parent_below_age_in
        Below this age only a parent's consent counts; of the regions where it differs, theirs.
    references
        Articles, for people.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    purposes: Annotated[tuple[Purpose, ...], Field(min_length=1)]
    channels: tuple[ChannelKind, ...] = CHANNELS
    needs: Need
    consent_below_age: _Age | None = None
    parent_below_age: _Age | None = None
    parent_below_age_in: dict[_Region, _Age] = {}
    references: Annotated[tuple[str, ...], Field(min_length=1)]

    def covers(self, purpose: Purpose, channel: Scope) -> bool:
        """Say whether it is about this purpose and channel; what has no channel is covered by every rule."""
        return purpose in self.purposes and (not channel or channel in self.channels)

    def need(self, age: int | None) -> Need:
        """Return what is needed of a person of this age."""
        is_young = age is not None and self.consent_below_age is not None and age < self.consent_below_age
        return "consent" if is_young else self.needs

    def parent_ages(self, region: str | None) -> tuple[int, ...]:
        """Return below which ages a parent decides: one for a region, all there are where it is not known."""
        general = () if self.parent_below_age is None else (self.parent_below_age,)
        if region is None:
            return (*general, *self.parent_below_age_in.values())
        own = self.parent_below_age_in.get(region, self.parent_below_age_in.get(region.partition("-")[0]))
        return general if own is None else (own,)


class Policy(BaseModel):
    """One law, or one rule of the house: where it holds and what it asks."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str
    title: str
    regions: Annotated[tuple[_Region, ...], Field(min_length=1)]
    rules: Annotated[tuple[PolicyRule, ...], Field(min_length=1)]

    def names(self, region: str) -> bool:
        """Say whether this policy is about the region: itself, what it is a part of, or what may be a part of it."""
        return any(
            region == own or region.startswith(f"{own}-") or own.startswith(f"{region}-")
            for own in self.regions
        )

    @property
    def is_everywhere(self) -> bool:
        """Whether it holds in all regions."""
        return _EVERYWHERE in self.regions


@dataclass(frozen=True, kw_only=True)
class Demand:
    """What all policies together ask in one case.

    Attributes
    ----------
    needs, rule
        The most that one of them needs, and which.
    is_too_young, age_rule
        Whether a parent has to consent, and by which rule.
    is_region_decisive
        Too young in some regions, old enough in others, and the region is not known.
    """

    needs: Need
    rule: str
    is_too_young: bool
    age_rule: str
    is_region_decisive: bool


@dataclass(frozen=True)
class Policies:
    """The policies that hold, asked together."""

    policies: tuple[Policy, ...]

    def demand(self, *, region: str | None, purpose: Purpose, channel: Scope, age: int | None) -> Demand:
        """Return what is asked for one purpose.

        Parameters
        ----------
        region
            ISO 3166 code; what no policy knows counts as unknown, and then all policies hold.
        channel
            `ALL` for purposes without a channel.
        age
            Years that the person surely has; None: not known, and no age is asked.
        """
        known = region if region is not None and self.knows(region) else None
        rules = [
            (f"{policy.name}.{purpose}", rule)
            for policy in self.policies
            if known is None or policy.is_everywhere or policy.names(known)
            for rule in policy.rules
            if rule.covers(purpose, channel)
        ]
        # a purpose that no policy speaks of is one that nobody has allowed
        needs, name = max(
            ((rule.need(age), name) for name, rule in rules),
            key=lambda found: _STRICTNESS[found[0]],
            default=("consent", f"none.{purpose}"),
        )
        ages = [(limit, name) for name, rule in rules for limit in rule.parent_ages(known)]
        limit, age_name = max(ages, default=(0, name))
        return Demand(
            needs=needs,
            rule=name,
            is_too_young=age is not None and age < limit,
            age_rule=age_name,
            is_region_decisive=known is None
            and age is not None
            and min(ages, default=(0, ""))[0] <= age < limit,
        )

    def knows(self, region: str) -> bool:
        """Say whether some law here is about this region."""
        return _REGION.fullmatch(region) is not None and any(policy.names(region) for policy in self.policies)


def youngest_age(birth_year: int, *, year: int) -> int:
    """Return the years that somebody born in a year surely has in another: the birthday may be yet to come.

    >>> youngest_age(2010, year=2026)
    15
    """
    return year - birth_year - 1


def read_policies(folder: Path | None = None) -> Policies:
    """Return the bundled policies and those of a shop, which can only ask for more.

    Parameters
    ----------
    folder
        A folder of TOML files like the bundled ones; None, or a folder that is not there: none.

    Raises
    ------
    PolicyInvalid
        If a file is no TOML, or says something that no policy can say.
    """
    bundled = resources.files("aimwell.trust.consent") / "policies"
    texts = {file.name: file.read_text("utf-8") for file in bundled.iterdir() if file.name.endswith(".toml")}
    # named laws before the rule of the house: of two that ask the same, the law is the one to name
    names = sorted(texts, key=lambda name: (name == "house.toml", name))
    own = sorted(folder.glob("*.toml")) if folder is not None else []
    return Policies(
        (
            *(_policy(texts[name], path=name, name=name.removesuffix(".toml")) for name in names),
            *(_policy(_utf8(path), path=str(path), name=f"own:{path.stem}") for path in own),
        )
    )


def _utf8(path: Path) -> str:
    try:
        return path.read_text("utf-8-sig")
    except UnicodeDecodeError as exc:
        raise PolicyInvalid(path=path, where="file", value=exc.reason, allowed="UTF-8") from exc


def _policy(toml: str, *, path: str, name: str) -> Policy:
    try:
        return Policy.model_validate({"name": name} | tomllib.loads(toml))
    except tomllib.TOMLDecodeError as exc:
        raise PolicyInvalid(path=path, where="file", value=exc, allowed="TOML") from exc
    except ValidationError as exc:
        first = exc.errors(include_url=False)[0]
        value = Sentence(text("missing")) if first["type"] == "missing" else repr(first["input"])
        raise PolicyInvalid(
            path=path, where=_place(first["loc"]), value=value, allowed=allowed(first)
        ) from exc


def _place(loc: Iterable[int | str]) -> str:
    return "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in loc).lstrip(".")
