"""Boils facts down to the sums of each arm, day by day."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import ibis.expr.types as ir
import numpy as np

from aimwell.people.model import Facts
from aimwell.promote.measure.errors import TermsMissing
from aimwell.promote.measure.model import Measured
from aimwell.promote.measure.sums import ArmSums, Floats
from aimwell.promote.measure.tables import profit
from aimwell.promote.measure.tables.sums import paths, people_sums, profit_sums
from aimwell.storage.engines import Engine

__all__ = ["YEAR_DAYS", "Gathered", "gather"]

YEAR_DAYS = 365


@dataclass(frozen=True, kw_only=True)
class Gathered:
    """What the engine holds ready of one comparison, while it is made.

    Attributes
    ----------
    engine
        Runs the expressions.
    entries, moved
        People with their earlier profit, and result of `tables.sums.paths`.
    sold, made
        Orders and contacts of these people.
    started_at, as_of
        Day 0 is the UTC day of `started_at`; facts count up to `as_of`.
    befores
        Columns of earlier profit.
    """

    engine: Engine
    entries: ir.Table
    moved: ir.Table
    sold: ir.Table
    made: ir.Table
    started_at: datetime
    as_of: datetime
    befores: tuple[str, ...]

    @property
    def n_days(self) -> int:
        """How many UTC days have begun since the first decision."""
        last = self.as_of - timedelta(microseconds=1)
        return (last.date() - self.started_at.date()).days + 1

    def look_at(self, day: int) -> datetime:
        """Return the moment up to which the look at the end of a day counts facts."""
        midnight = datetime.combine(self.started_at.date(), datetime.min.time())
        return min(midnight + timedelta(days=day + 1), self.as_of)

    def sums(self, *, slices: ir.Table | None = None) -> dict[tuple[str | None, str], ArmSums]:
        """Return the sums by slice and arm; without slices there is one, None.

        Parameters
        ----------
        slices
            person_id, offer_id: people count in each slice that they are in.
        """
        people, moved, by = self.entries, self.moved, ["arm"]
        if slices is not None:
            named = slices.select("person_id", "offer_id").distinct()
            people, moved = people.inner_join(named, "person_id"), moved.inner_join(named, "person_id")
            by = ["offer_id", "arm"]
        counted = self.engine.rows(
            people_sums(people, by=by, started_at=self.started_at, befores=self.befores)
        )
        brought = self.engine.rows(profit_sums(moved, by=by, befores=self.befores))
        keys = sorted({(row.get("offer_id"), row["arm"]) for row in counted}, key=str)
        return {key: self._arm(key, counted, brought) for key in keys}

    def _arm(
        self, key: tuple[str | None, str], counted: list[dict[str, Any]], brought: list[dict[str, Any]]
    ) -> ArmSums:
        def cumulated(rows: list[dict[str, Any]], column: str) -> Floats:
            added = np.zeros(self.n_days)
            for row in rows:
                if (row.get("offer_id"), row["arm"]) == key:
                    added[row["day"]] += float(row[column])
            return np.asarray(np.cumsum(added), dtype=np.float64)

        k = range(len(self.befores))
        products = [[cumulated(counted, f"product_{min(i, j)}_{max(i, j)}") for j in k] for i in k]
        return ArmSums(
            n_people=cumulated(counted, "n_people"),
            n_buyers=cumulated(brought, "n_buyers"),
            profit=cumulated(brought, "profit"),
            profit_squared=cumulated(brought, "square"),
            before=np.stack([cumulated(counted, f"sum_{i}") for i in k], axis=-1),
            before_squared=np.moveaxis(np.array(products), -1, 0),
            profit_before=np.stack([cumulated(brought, f"cross_{i}") for i in k], axis=-1),
        )


@contextmanager
def gather(
    found: ir.Table,
    facts: Facts,
    *,
    engine: Engine,
    campaigns: Sequence[Measured],
    margin_rate: float,
    window_days: int,
    cap_minor: int | None,
    started_at: datetime,
    as_of: datetime,
) -> Iterator[Gathered]:
    """Hold ready what people brought, while the block runs.

    Parameters
    ----------
    found
        One row per person, columns of `tables.people.campaign_entries`.
    facts
        The shop's facts.
    campaigns
        Whose contacts cost something.
    window_days
        Earlier profit is that of so many days, and of a year.

    Raises
    ------
    TermsMissing
        If an offer of these campaigns was sent whose terms are not given.
    """
    with ExitStack() as stack:

        def stage(expr: ir.Table) -> ir.Table:
            return stack.enter_context(engine.stage(expr))

        people = stage(found)
        sold = stage(profit.sales(facts, people, as_of=as_of, margin_rate=margin_rate))
        back = stage(profit.returned(facts, people, sold=sold, as_of=as_of, margin_rate=margin_rate))
        made = stage(_contacts(facts, people, campaigns=campaigns, as_of=as_of))
        _check_terms(made, engine=engine, campaigns=campaigns)
        windows = (window_days,) if window_days >= YEAR_DAYS else (window_days, YEAR_DAYS)
        entries = stage(profit.earlier(people, sold=sold, back=back, windows_days=windows))
        flowed = profit.flows(entries, sold=sold, back=back, made=made, used=profit.uses(made, sold))
        yield Gathered(
            engine=engine,
            entries=entries,
            moved=stage(paths(entries, flowed, started_at=started_at, cap_minor=cap_minor)),
            sold=sold,
            made=made,
            started_at=started_at,
            as_of=as_of,
            befores=tuple(f"before_{k}" for k in range(1, len(windows) + 1)),
        )


def _contacts(facts: Facts, people: ir.Table, *, campaigns: Sequence[Measured], as_of: datetime) -> ir.Table:
    ids = [campaign.campaign_id for campaign in campaigns]
    touches = facts.touches.filter(facts.touches.campaign_id.isin(ids)).semi_join(people, "person_id")
    return profit.contacts(touches, profit.terms_table(campaigns), as_of=as_of)


def _check_terms(made: ir.Table, *, engine: Engine, campaigns: Sequence[Measured]) -> None:
    unknown = made.filter(made.contact_milli.isnull()).select("campaign_id", "offer_id").distinct()
    for row in engine.rows(unknown.order_by("campaign_id", "offer_id").limit(1)):
        known = next(c.terms for c in campaigns if c.campaign_id == row["campaign_id"])
        raise TermsMissing(**row, known=", ".join(sorted(one.offer_id for one in known)) or "–")
