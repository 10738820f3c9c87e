"""What people hands to the wings above: the facts of a shop, person by person."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

import ibis.expr.types as ir

__all__ = ["Decision", "Facts", "Verdict"]


@dataclass(frozen=True, kw_only=True)
class Facts:
    """The fact tables as they hold at one moment: one row per grain, linked accounts under one `person_id`.

    Columns are those of `aimwell.intake.facts`. Test orders and their lines are left out.
    """

    orders: ir.Table
    order_lines: ir.Table
    products: ir.Table
    events: ir.Table
    customers: ir.Table
    refunds: ir.Table
    cases: ir.Table
    costs: ir.Table
    touches: ir.Table


Verdict = Literal["same", "apart", "open"]


@dataclass(frozen=True, kw_only=True)
class Decision:
    """What somebody decided about two people: one person ("same"), two ("apart"), or up to the evidence again ("open").

    `person_id` is the smaller of the two ids; `decision_no` is given when it is written down.
    """

    decision_no: int = 0
    person_id: int
    other_id: int
    verdict: Verdict
    decided_at: datetime
