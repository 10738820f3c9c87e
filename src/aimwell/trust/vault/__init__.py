"""The vault: identifiers enter at the door and stay here, encrypted; everything else knows random ids only."""

from aimwell.trust.vault.keys import ShopKey, create_shop_key, read_shop_key
from aimwell.trust.vault.model import (
    ADMITTED,
    ARRIVALS,
    EVIDENCE,
    Account,
    ContactPoint,
    Identifier,
    MatchedKind,
)
from aimwell.trust.vault.vault import Vault

__all__ = [
    "ADMITTED",
    "ARRIVALS",
    "EVIDENCE",
    "Account",
    "ContactPoint",
    "Identifier",
    "MatchedKind",
    "ShopKey",
    "Vault",
    "create_shop_key",
    "read_shop_key",
]
