"""What a demo is: where its data are, how its shop is set up, and what is offered to whom."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from aimwell.storage.engines import Engine

__all__ = ["Demo", "DemoOffer", "offers_file", "plan_file"]


@dataclass(frozen=True, kw_only=True)
class DemoOffer:
    """An offer of a demo; amounts in major units, as they stand in offers.toml."""

    offer_id: str
    name: str
    channel: str
    contact_cost: str
    incentive_cost: str
    stock: int | None = None
    segment: str | None = None
    category: str | None = None


@dataclass(frozen=True, kw_only=True)
class Demo:
    """A demo shop.

    Attributes
    ----------
    name, currency, country, time_zone
        Settings of the shop.
    files
        What is loaded.
    before_on, as_of_on, until_on
        Days of the first portraits, of the plan, and the end of what is known: the truth that the plan did not see.
    campaign, budget, channels
        The campaign's name, its budget in major units, and how many contacts each channel takes.
    offers
        Finds what can be offered, in the data where they say.
    """

    name: str
    currency: str
    country: str
    time_zone: str
    files: tuple[Path, ...]
    before_on: date
    as_of_on: date
    until_on: date
    campaign: str
    budget: str
    channels: Mapping[str, int]
    offers: Callable[[Engine], Sequence[DemoOffer]]


def offers_file(offers: Sequence[DemoOffer], *, currency: str) -> str:
    """Return the text of offers.toml."""
    lines = [
        "# What can be offered. Costs in major units; see `aimwell offers check`.",
        f'currency = "{currency}"',
    ]
    for offer in offers:
        lines += [
            "",
            "[[offers]]",
            f'id = "{offer.offer_id}"',
            f'name = "{offer.name}"',
            f'channel = "{offer.channel}"',
        ]
        lines += [f'contact_cost = "{offer.contact_cost}"', f'incentive_cost = "{offer.incentive_cost}"']
        lines += [f"stock = {offer.stock}"] if offer.stock is not None else []
        lines += [f'segment = "{offer.segment}"'] if offer.segment is not None else []
        lines += [f'category = "{offer.category}"'] if offer.category is not None else []
    return "\n".join(lines) + "\n"


def plan_file(demo: Demo) -> str:
    """Return the text of plan.toml."""
    capacities = "\n".join(f"{channel} = {capacity}" for channel, capacity in demo.channels.items())
    return f"""# What the campaign may spend and must keep to.
name = "{demo.campaign}"
currency = "{demo.currency}"
budget = "{demo.budget}"
horizon_days = 30
holdout_share = 0.1
salt = "{demo.campaign}"

# Share of orders with an offer that would not have been made without it. Assumed until the holdout has measured it.
[assumed_incrementality]
low = 0.05
mid = 0.15
high = 0.30

[channels]
{capacities}
"""
