"""Sends a campaign over SMTP until it is done, or killed: database URL, folder of keys, port, campaign."""

from __future__ import annotations

import sys
import time
from pathlib import Path

from aimwell.base.clock import SystemClock
from aimwell.promote.channels.mail import MailFrom
from aimwell.promote.channels.model import Message
from aimwell.promote.channels.smtp import SmtpChannel, SmtpServer
from aimwell.promote.gate.gate import Gate
from aimwell.promote.gate.model import Cap, Manners
from aimwell.promote.outbox.model import Point
from aimwell.promote.outbox.sender import Sender
from aimwell.storage.database import Database
from aimwell.trust.consent.ledger import ConsentLedger
from aimwell.trust.consent.policies import read_policies
from aimwell.trust.vault import Vault


def main(url: str, keys: str, port: str, campaign_id: str) -> None:
    database, clock = Database.open(url), SystemClock()
    vault = Vault(database=database, keys=Path(keys), country="CN")
    ledger = ConsentLedger(database=database, policies=read_policies())
    # a cap of one: a message that comes back after a kill must not stand in its own way
    manners = Manners(time_zone="UTC", country="CN", caps=(Cap(of="email", limit=1, length=1, unit="week"),))
    channel = SmtpChannel(
        name="mail",
        server=SmtpServer(host="127.0.0.1", port=int(port), security="none"),
        sender=MailFrom(
            name="Shop", address="news@shop.cn", postal_address="1 Long Road", envelope="news@shop.cn"
        ),
        clock=clock,
    )
    sender = Sender(
        database=database,
        gate=Gate(database=database, ledger=ledger, manners=manners),
        ledger=ledger,
        channels={"mail": channel},
        directory=lambda people, kind: {
            person: [Point(token=one.token, address=one.value) for one in points]
            for person, points in vault.contact_points(people, "email").items()
        },
        composer=lambda parcels: {
            p.entry.message_id: Message(
                message_id=p.entry.message_id,
                person_id=p.entry.person_id,
                campaign_id=p.entry.campaign_id,
                offer_id=p.entry.offer_id,
                channel="mail",
                address=p.point.address,
                subject="Hello",
                text="Hello",
                html=None,
                unsubscribe_url="https://shop.cn/u/x",
            )
            for p in parcels
        },
        clock=clock,
        sleep=time.sleep,
    )
    while sender.run(campaign_id).n_left:  # what other senders have in flight may come back
        time.sleep(0.2)


if __name__ == "__main__":
    main(*sys.argv[1:])
