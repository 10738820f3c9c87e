"""How each step last ended, in the database: so that a build that was cut off goes on where it was."""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa

from aimwell.build.model import DonePart, State

__all__ = ["METADATA", "ended", "last_ends"]

METADATA = sa.MetaData()

# One row per step: how it last ended.
STEPS = sa.Table(
    "build_steps",
    METADATA,
    sa.Column("step", sa.Text, primary_key=True),
    sa.Column("state", sa.Text, nullable=False),
    sa.Column("fingerprint", sa.Text, nullable=False),
    sa.Column("as_of", sa.DateTime, nullable=False),
    sa.Column("ended_at", sa.DateTime, nullable=False),
)


def last_ends(connection: sa.Connection) -> dict[str, DonePart]:
    """Return how each step last ended."""
    rows = connection.execute(sa.select(STEPS.c.step, STEPS.c.state, STEPS.c.fingerprint)).all()
    return {step: DonePart(state=state, fingerprint=fingerprint) for step, state, fingerprint in rows}


def ended(
    connection: sa.Connection, step: str, *, state: State, fingerprint: str, as_of: datetime, now: datetime
) -> None:
    """Write down how a step ended."""
    connection.execute(sa.delete(STEPS).where(STEPS.c.step == step))
    values = {"step": step, "state": state, "fingerprint": fingerprint, "as_of": as_of, "ended_at": now}
    connection.execute(sa.insert(STEPS).values(**values))
