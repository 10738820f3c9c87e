"""What people hands to the wings above, and what it knows about links between accounts."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

import ibis.expr.types as ir

__all__ = ["Decision", "Explanation", "Facts", "LinkChanges", "Member", "Verdict"]

Verdict = Literal["same", "apart"]


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


@dataclass(frozen=True, kw_only=True)
class Decision:
    """What somebody decided about two people: they are one ("same") or two ("apart").

    `person_id` is the smaller of the two ids; `decision_no` is given when it is written down, and grows.
    """

    decision_no: int = 0
    person_id: int
    other_id: int
    verdict: Verdict
    decided_at: datetime


@dataclass(frozen=True, kw_only=True)
class LinkChanges:
    """What a look at all evidence changed."""

    n_linked: int  # people now known as another
    n_added: int
    n_ended: int


@dataclass(frozen=True, kw_only=True)
class Member:
    """One account of a person. `evidence` and `linked_at` are null for the account that all others point to."""

    person_id: int
    source: str
    account_id: str
    evidence: str | None
    linked_at: datetime | None


@dataclass(frozen=True, kw_only=True)
class Explanation:
    """Why some accounts are one person: the accounts, oldest first, and what was decided by hand."""

    canonical_id: int
    members: tuple[Member, ...]
    decisions: tuple[Decision, ...]
