"""Small worlds."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from aimwell.learn.simulator.model import Deal
from aimwell.learn.simulator.presets import PRESETS
from aimwell.learn.simulator.world import World

DEALS = (
    Deal(offer_id="news", channel="email", contact_milli=1_000),
    Deal(offer_id="twenty", channel="email", discount_rate=0.2, contact_milli=1_000),
    Deal(offer_id="shelf", channel="sms", discount_rate=0.15, category=3, contact_milli=5_000),
)


@pytest.fixture(scope="session")
def deals() -> tuple[Deal, ...]:
    """News, 20% off everything, 15% off shelf 3."""
    return DEALS


@pytest.fixture(scope="session")
def world() -> Callable[..., World]:
    """Make a world of 2,000 people of a gift shop, or of what is said."""

    def made(like: str = "gift-shop", *, seed: int = 1, **changes: Any) -> World:
        return World(
            PRESETS[like](**{"people": 2_000, "days": 120, "spare_days": 90, "products": 300} | changes), seed
        )

    return made
