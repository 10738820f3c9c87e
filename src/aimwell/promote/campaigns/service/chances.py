"""All chances that were ever written down, for whoever learns from them."""

from __future__ import annotations

import ibis
import ibis.expr.types as ir

from aimwell.promote.campaigns.records import CONTACTS, DECISIONS
from aimwell.promote.campaigns.service.measuring import sent_rounds
from aimwell.promote.policy.chances import chances_of_random, chances_of_rounds
from aimwell.promote.policy.service import known_chances
from aimwell.storage.database import Database
from aimwell.storage.lake.lake import Lake

__all__ = ["logged_chances"]


def logged_chances(*, lake: Lake, database: Database) -> ir.Table | None:
    """Return the chances of explorers, plans and rounds of campaigns, as `predict.effect` learns from them; None: none."""
    parts = [known_chances(lake=lake)]
    if lake.has_table(CONTACTS.name) and lake.has_table(DECISIONS.name):
        decisions = lake.table(DECISIONS.name)
        parts.append(chances_of_rounds(lake.table(CONTACTS.name), decisions))
        by_lot = {
            one.campaign_id: one.terms.offer_ids for one in sent_rounds(database) if one.terms.arms.random > 0
        }
        parts.append(chances_of_random(decisions, by_lot) if by_lot else None)
    found = [part for part in parts if part is not None]
    return ibis.union(*found) if len(found) > 1 else (found[0] if found else None)
