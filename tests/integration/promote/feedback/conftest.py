"""The small shop of the outbox's tests, with some messages sent, and an intake for what comes back."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from hashlib import sha256

import pytest

from aimwell.promote.channels.errors import FeedbackUnreadable
from aimwell.promote.channels.feedback import Feedback, read_report
from aimwell.promote.feedback.model import Books, Report
from aimwell.promote.feedback.service import Intake
from aimwell.promote.outbox.service import receipts

from ..outbox.conftest import CAMPAIGN, World, make_world

__all__ = ["Sent", "mail_report", "make_world", "sent"]


def mail_report(raw: bytes) -> Report:
    feedback: Feedback | None
    try:
        feedback = read_report(raw)
    except FeedbackUnreadable:
        feedback = None
    return Report(source="mail", digest=sha256(raw).hexdigest(), feedback=feedback)


@dataclass(kw_only=True)
class Sent:
    """Ann, Bob and Cem got a message each."""

    world: World

    @property
    def intake(self) -> Intake:
        world = self.world
        return Intake(
            database=world.database,
            gate=world.gate,
            ledger=world.ledger,
            vault=world.vault,
            kinds={"mail": "email"},
        )

    def take(self, *raw: bytes) -> Books:
        return self.intake.take([mail_report(one) for one in raw], now=self.world.clock.now())

    def outcomes(self, name: str) -> list[str]:
        found = receipts(CAMPAIGN, person_id=self.world.people[name], database=self.world.database)
        return [one.outcome for one in found]

    def suppressed(self) -> dict[str, str]:
        """Return reason by contact point."""
        return {one.contact_point: one.reason for one in self.world.gate.suppressions(limit=100)}

    def token(self, name: str) -> str:
        return str(self.world.vault.point_tokens("email", [f"{name}@shop.cn"])[0])

    def message_id(self, name: str) -> str:
        return self.world.entry(name).message_id


@pytest.fixture
def sent(make_world: Callable[..., World]) -> Sent:
    world = make_world("ann", "bob", "cem", "dan")
    world.queue(*(world.entry(name) for name in ("ann", "bob", "cem")))
    world.sender().run(CAMPAIGN)
    return Sent(world=world)
