"""Guarantee 12: a sender that is killed again and again skips nobody, repeats little, and writes to nobody without consent."""

from __future__ import annotations

import random
import socket
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from email import message_from_bytes
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.controller import Controller

from aimwell.base.clock import SystemClock
from aimwell.promote.outbox.model import Entry, Pace, message_id_of
from aimwell.promote.outbox.service import progress_of, queue
from aimwell.storage.database import Database
from aimwell.trust.consent.ledger import ConsentLedger
from aimwell.trust.consent.model import ConsentEvent
from aimwell.trust.consent.policies import read_policies
from aimwell.trust.vault import Vault

from .conftest import admit

AGREED_AT = datetime(2025, 1, 1)
CAMPAIGN = "spring-1"
SCRIPT = Path(__file__).with_name("crash_sender.py")


class Sink:
    """A mail server on loopback that keeps who got which Message-ID, in order."""

    def __init__(self) -> None:
        self.taken: list[tuple[str, str]] = []

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:
        message_id = message_from_bytes(envelope.content)["Message-ID"]
        self.taken.append((envelope.rcpt_tos[0], message_id))
        return "250 OK"


@pytest.fixture
def sink() -> Iterator[tuple[Sink, int]]:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    sink = Sink()
    controller = Controller(sink, hostname="127.0.0.1", port=port)
    controller.start()
    yield sink, port
    controller.stop()


def fill(database: Database, keys: Path, *, n_people: int) -> tuple[set[str], set[str]]:
    """Queue a message for everybody; of ten people one never agreed, of twenty one withdraws. Return who may and who may not."""
    vault = Vault(database=database, keys=keys, country="CN")
    ledger = ConsentLedger(database=database, policies=read_policies())
    names = [f"p{number:05}@shop.cn" for number in range(n_people)]
    people = admit(vault, {name: name for name in names})
    tokens = dict(zip(names, vault.point_tokens("email", names), strict=True))

    def said(name: str, act: str, at: datetime) -> ConsentEvent:
        return ConsentEvent(
            person_id=people[name],
            contact_point=str(tokens[name]),
            channel="email",
            purpose="marketing",
            act=act,
            source="test",
            notice="1",
            at=at,
        )

    agreed = [name for number, name in enumerate(names) if number % 10]
    withdrew = [name for number, name in enumerate(names) if number % 20 == 1]
    ledger.record(said(name, "grant", AGREED_AT) for name in agreed)
    entries = [
        Entry(
            message_id=message_id_of(CAMPAIGN, people[name], "tea"),
            campaign_id=CAMPAIGN,
            person_id=people[name],
            offer_id="tea",
            channel="mail",
            purpose="marketing",
            region="CN",
        )
        for name in names
    ]
    now = SystemClock().now()
    queue(CAMPAIGN, [entries], database=database, now=now, expires_at=now + timedelta(days=2))
    ledger.record(said(name, "withdraw", AGREED_AT + timedelta(days=1)) for name in withdrew)
    may = set(agreed) - set(withdrew)
    return may, set(names) - may


def started(database: Database, keys: Path, port: int) -> subprocess.Popen[bytes]:
    url = database.url.render_as_string(hide_password=False).replace("+psycopg", "").replace("+pysqlite", "")
    return subprocess.Popen([sys.executable, str(SCRIPT), url, str(keys), str(port), CAMPAIGN])


@contextmanager
def running_senders(
    n_senders: int, start: Callable[[], subprocess.Popen[bytes]]
) -> Iterator[list[subprocess.Popen[bytes]]]:
    """Start senders; whatever happens in the block, none of them outlives it."""
    running = [start() for _ in range(n_senders)]
    try:
        yield running
    finally:
        for process in running:
            process.kill()
            process.wait()


def send_with_kills(
    database: Database, keys: Path, sink: tuple[Sink, int], *, n_people: int, n_kills: int, n_senders: int
) -> None:
    seed = 12
    rng = random.Random(seed)
    may, may_not = fill(database, keys, n_people=n_people)
    server, port = sink
    began_at = time.monotonic()
    with running_senders(n_senders, lambda: started(database, keys, port)) as running:
        for threshold in sorted(rng.sample(range(1, int(len(may) * 0.97)), n_kills)):
            while len(server.taken) < threshold:
                time.sleep(0.001)
            time.sleep(rng.random() * 0.05)  # anywhere in the work on a batch
            victim = running.pop(0)
            victim.kill()
            victim.wait()
            running.append(started(database, keys, port))
        for process in running:
            assert process.wait(timeout=600) == 0
    seconds = time.monotonic() - began_at

    ids: dict[str, set[str]] = {}
    for address, message_id in server.taken:
        ids.setdefault(address, set()).add(message_id)
    times = Counter(address for address, _ in server.taken)
    n_repeats = sum(times.values()) - len(times)
    n_skipped, n_without = len(may - ids.keys()), len(may_not & ids.keys())
    print(
        f"seed {seed}, {database.dialect}, {n_senders} sender(s): {n_people} people, {len(may)} with consent, {n_kills} kills; "
        f"skipped {n_skipped}, repeated {n_repeats}, without consent {n_without}, {seconds:.0f} s"
    )
    assert n_skipped == 0
    assert n_without == 0
    assert n_repeats <= n_kills * Pace().window
    assert all(len(found) == 1 for found in ids.values())  # a repeat has the same Message-ID
    done = progress_of(CAMPAIGN, database=database)
    assert (done.state, done.counts["sent"], done.counts["skipped"]) == ("done", len(may), len(may_not))


def test_kill_9_skips_nobody_and_repeats_little(
    database: Database, keys: Path, sink: tuple[Sink, int]
) -> None:
    if database.dialect == "sqlite":
        send_with_kills(database, keys, sink, n_people=1_500, n_kills=6, n_senders=1)
    else:
        send_with_kills(database, keys, sink, n_people=900, n_kills=4, n_senders=3)


@pytest.mark.deep
def test_kill_9_at_full_size(database: Database, keys: Path, sink: tuple[Sink, int]) -> None:
    n_senders = 1 if database.dialect == "sqlite" else 3
    send_with_kills(database, keys, sink, n_people=20_000, n_kills=25, n_senders=n_senders)
