"""Says why nobody can get an offer, before a plan says only that nobody can."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import ibis.expr.types as ir

from aimwell.base.words import Sentence, text
from aimwell.promote.campaigns.errors import NobodyReached
from aimwell.promote.campaigns.explain import obstacle
from aimwell.promote.plan.model import Offer
from aimwell.storage.engines import Engine

__all__ = ["check_anybody"]


def check_anybody(reachable: ir.Table, offers: Sequence[Offer], *, engine: Engine) -> None:
    """Refuse a round in which the gate lets an offer go to none of those for whom it is meant.

    Parameters
    ----------
    reachable
        Result of `tables.reachable`: `meant_k`, `way_k`, `can_<offer_id>`.
    offers
        All offers, in the order of k.
    engine
        Counts.

    Raises
    ------
    NobodyReached
        If the gate has something against everybody who is meant.
    """
    for k, offer in enumerate(offers):
        meant = reachable.filter(reachable[f"meant_{k}"])
        way = meant[f"way_{k}"].name("way")
        counts = {row["way"]: int(row["n"]) for row in engine.rows(meant.group_by(way).agg(n=meant.count()))}
        if counts and "" not in counts:  # of an offer that is meant for nobody the plan speaks
            raise NobodyReached(offer_id=offer.offer_id, n=sum(counts.values()), reasons=_reasons(counts))


def _reasons(counts: dict[str, int]) -> Sentence:
    """Return the commonest obstacle in words, with how many people it stops; one person may have several."""
    by_code: Counter[str] = Counter()
    for codes, n in counts.items():
        by_code.update(dict.fromkeys(codes.split(","), n))
    code, n = by_code.most_common(1)[0]
    return Sentence(text("{n} of them: {reason}"), {"n": n, "reason": obstacle(code)})
