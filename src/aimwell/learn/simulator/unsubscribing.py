"""What simulated people who unsubscribe do in the shop: they take their consent back, and a campaign contacts them no more.

An unsubscription is no secret: the shop sees it happen. So it goes into the shop's consent ledger as everybody's does, while
what the contact did to the person stays in the folder of the truth.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import pyarrow as pa
import pyarrow.compute as pc

from aimwell.learn.simulator.mappings import SOURCE
from aimwell.learn.simulator.model import Deal
from aimwell.trust.consent.ledger import ConsentLedger
from aimwell.trust.consent.model import CHANNELS, ChannelKind, Purpose
from aimwell.trust.consent.service import Said, withdraw
from aimwell.trust.vault import Vault

__all__ = ["withdraw_unsubscribed"]

_PURPOSES: tuple[Purpose, ...] = ("marketing",)
_SAID = Said(source="simulated", proof="unsubscribed from a simulated contact")


def withdraw_unsubscribed(
    effects: pa.Table, deals: Sequence[Deal], *, ledger: ConsentLedger, vault: Vault, now: datetime
) -> int:
    """Withdraw the consent to marketing of everybody whom a contact made unsubscribe, for its channel; returns how many people.

    Parameters
    ----------
    effects
        account, offer_id, is_unsubscribed: a row per contact.
    deals
        Tell the channel of each offer.
    ledger, vault
        The shop's; the vault finds the people behind the accounts.
    now
        Naive UTC.
    """
    channels: dict[str, ChannelKind] = {
        deal.offer_id: next(kind for kind in CHANNELS if kind == deal.channel) for deal in deals
    }
    gone = effects.filter(pc.field("is_unsubscribed")).select(["account", "offer_id"])
    if not gone.num_rows:
        return 0
    n = gone.num_rows
    keys = gone["account"].cast(pa.string()).combine_chunks()
    arrivals = pa.table({"source": [SOURCE] * n, "account_key": keys, "account_key_kind": ["id"] * n})
    admitted = pa.Table.from_batches(vault.admit(arrivals.to_batches()))
    pairs = zip(admitted["person_id"].to_pylist(), gone["offer_id"].to_pylist(), strict=True)
    withdrawn = sorted({(person_id, channels[offer_id]) for person_id, offer_id in pairs})
    for person_id, channel in withdrawn:
        withdraw(
            person_id,
            channel=channel,
            purposes=_PURPOSES,
            said=_SAID,
            ledger=ledger,
            vault=vault,
            now=now,
        )
    return len({person_id for person_id, _ in withdrawn})
