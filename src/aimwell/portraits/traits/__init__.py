"""The built-in traits, one file per group, as one book."""

from __future__ import annotations

from aimwell.portraits.model import TraitBook
from aimwell.portraits.traits.aftercare import RETURNS, SERVICE
from aimwell.portraits.traits.basket import BASKET
from aimwell.portraits.traits.browsing import BROWSING
from aimwell.portraits.traits.contact import CONTACT
from aimwell.portraits.traits.frequency import FREQUENCY
from aimwell.portraits.traits.habits import HABITS
from aimwell.portraits.traits.lifecycle import LIFECYCLE
from aimwell.portraits.traits.loyalty import LOYALTY
from aimwell.portraits.traits.money import MONEY
from aimwell.portraits.traits.price import PRICE
from aimwell.portraits.traits.recency import RECENCY
from aimwell.portraits.traits.rhythm import RHYTHM
from aimwell.portraits.traits.tastes import TASTES
from aimwell.portraits.traits.tenure import TENURE

__all__ = ["BUILT_IN"]

BUILT_IN = TraitBook(
    (
        *RECENCY,
        *FREQUENCY,
        *MONEY,
        *TENURE,
        *RHYTHM,
        *BASKET,
        *PRICE,
        *TASTES,
        *LOYALTY,
        *HABITS,
        *BROWSING,
        *RETURNS,
        *SERVICE,
        *CONTACT,
        *LIFECYCLE,
    )
)
