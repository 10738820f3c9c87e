"""A small shop with people, addresses and consent, and a channel that only remembers."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

import pyarrow as pa
import pytest

from aimwell.promote.channels.model import Delivery, Message
from aimwell.promote.gate.gate import Gate
from aimwell.promote.gate.model import Cap, Hours, Manners
from aimwell.promote.outbox.model import Entry, Pace, Parcel, Point, message_id_of
from aimwell.promote.outbox.sender import Sender
from aimwell.promote.outbox.service import queue
from aimwell.storage.database import Database
from aimwell.trust.consent.ledger import ConsentLedger
from aimwell.trust.consent.model import ConsentEvent
from aimwell.trust.consent.policies import read_policies
from aimwell.trust.vault import ARRIVALS, Vault

NOW = datetime(2025, 3, 3, 10)
CAMPAIGN = "spring-1"


@dataclass
class MovingClock:
    """A clock that moves when somebody sleeps, and when a test says so."""

    moment: datetime = NOW

    def now(self) -> datetime:
        return self.moment

    def sleep(self, seconds: float) -> None:
        self.moment += timedelta(seconds=seconds)


@dataclass
class Recorder:
    """A channel that answers as it is told: by address, else "sent"."""

    name: str = "mail"
    kind: str = "email"
    rate_per_second: float | None = None
    answers: dict[str, list[str]] = field(default_factory=dict)
    sent: list[Message] = field(default_factory=list)
    batches: list[int] = field(default_factory=list)
    before: Callable[[Message], None] = lambda message: None

    def send(self, messages: Sequence[Message]) -> Iterator[Delivery]:
        self.batches.append(len(messages))
        for message in messages:
            self.before(message)
            told = self.answers.get(message.address)
            outcome = told.pop(0) if told else "sent"
            if outcome != "deferred":
                self.sent.append(message)
            yield Delivery(message_id=message.message_id, outcome=outcome, detail=f"250 {outcome}")

    def close(self) -> None:
        pass


def plain(parcels: Sequence[Parcel]) -> dict[str, Message | str]:
    return {
        p.entry.message_id: Message(
            message_id=p.entry.message_id,
            person_id=p.entry.person_id,
            campaign_id=p.entry.campaign_id,
            offer_id=p.entry.offer_id,
            channel=p.entry.channel,
            address=p.point.address,
            subject="Hello",
            text="Hello",
            html=None,
        )
        for p in parcels
    }


@dataclass(kw_only=True)
class World:
    database: Database
    vault: Vault
    ledger: ConsentLedger
    clock: MovingClock
    manners: Manners
    channel: Recorder
    people: dict[str, int]
    pace: Pace = field(default_factory=Pace)

    @property
    def gate(self) -> Gate:
        return Gate(database=self.database, ledger=self.ledger, manners=self.manners)

    def directory(self, person_ids: Sequence[int], kind: str) -> dict[int, list[Point]]:
        found = self.vault.contact_points(person_ids, "email")
        return {
            p: [Point(token=one.token, address=one.value) for one in points] for p, points in found.items()
        }

    def sender(self, channel: Recorder | None = None) -> Sender:
        used = channel or self.channel
        return Sender(
            database=self.database,
            gate=self.gate,
            ledger=self.ledger,
            channels={used.name: used},
            directory=self.directory,
            composer=plain,
            clock=self.clock,
            sleep=self.clock.sleep,
            pace=self.pace,
        )

    def entry(self, name: str, *, offer_id: str | None = "tea", channel: str = "mail") -> Entry:
        person_id = self.people[name]
        return Entry(
            message_id=message_id_of(CAMPAIGN, person_id, offer_id),
            campaign_id=CAMPAIGN,
            person_id=person_id,
            offer_id=offer_id,
            channel=channel,
            purpose="marketing",
            region="CN",
        )

    def queue(self, *entries: Entry, not_before: datetime | None = None, days: float = 7) -> None:
        queue(
            CAMPAIGN,
            [entries],
            database=self.database,
            now=self.clock.now(),
            expires_at=self.clock.now() + timedelta(days=days),
            not_before=not_before,
        )

    def say(self, name: str, act: str, *, address: str | None = None) -> None:
        token = self.vault.point_tokens("email", [address or f"{name}@shop.cn"])[0]
        self.ledger.record(
            [
                ConsentEvent(
                    person_id=self.people[name],
                    contact_point=str(token),
                    channel="email",
                    purpose="marketing",
                    act=act,
                    source="test",
                    notice="1",
                    at=self.clock.now(),
                )
            ]
        )

    def reached(self) -> list[str]:
        return [message.address for message in self.channel.sent]


def admit(vault: Vault, addresses: dict[str, str]) -> dict[str, int]:
    rows = [
        {"source": "web", "account_key": name, "account_key_kind": "id", "email": address}
        for name, address in addresses.items()
    ]
    batch = pa.RecordBatch.from_pylist(rows, schema=ARRIVALS)
    ids = [row for found in vault.admit([batch]) for row in found.to_pylist()]
    return {row["account_key"]: row["person_id"] for row in ids}


@pytest.fixture
def make_world(database: Database, keys: Path) -> Callable[..., World]:
    def make(*names: str, addresses: dict[str, str] | None = None, caps: tuple[Cap, ...] = ()) -> World:
        vault = Vault(database=database, keys=keys, country="CN")
        given = addresses or {name: f"{name}@shop.cn" for name in names}
        people = admit(vault, given)
        ledger = ConsentLedger(database=database, policies=read_policies())
        clock = MovingClock()
        manners = Manners(time_zone="Asia/Shanghai", country="CN", caps=caps, hours=Hours())
        world = World(
            database=database,
            vault=vault,
            ledger=ledger,
            clock=clock,
            manners=manners,
            channel=Recorder(),
            people=people,
        )
        for name, address in given.items():
            world.say(name, "grant", address=address)
        return world

    return make
