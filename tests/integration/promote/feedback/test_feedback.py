"""What came back acts: bounces and complaints, once each, and nothing that may be forged."""

from __future__ import annotations

import base64
from dataclasses import replace
from datetime import timedelta
from typing import Literal

import pytest

from aimwell.promote.channels.feedback import Feedback
from aimwell.promote.feedback.model import Report
from aimwell.promote.feedback.service import came_back, kept_aside
from aimwell.promote.outbox.model import message_id_of
from aimwell.promote.outbox.service import queue

from ..outbox.conftest import CAMPAIGN
from .conftest import Sent, mail_report
from .mails import bounce, complaint


def test_a_bounce_for_good_suppresses_the_address_and_stands_in_the_receipts(sent: Sent) -> None:
    books = sent.take(bounce(sent.message_id("ann"), "ann@shop.cn"))
    assert (books.n_read, books.n_applied, books.n_repeated, books.n_aside) == (1, 1, 0, 0)
    assert sent.suppressed() == {sent.token("ann"): "hard_bounce"}
    assert sent.outcomes("ann") == ["sent", "bounced"]
    assert sent.outcomes("bob") == ["sent"]
    assert came_back(CAMPAIGN, database=sent.world.database) == {"bounced": 1}
    last = sent.world.database
    with last.read() as connection:
        assert "ann@shop.cn" not in str(list(connection.exec_driver_sql("select * from outbox_feedback")))


def test_the_next_message_to_an_address_that_bounced_is_skipped(sent: Sent) -> None:
    sent.take(bounce(sent.message_id("ann"), "ann@shop.cn"))
    world = sent.world
    entry = replace(
        world.entry("ann"), campaign_id="may", message_id=message_id_of("may", world.people["ann"], "tea")
    )
    now = world.clock.now()
    queue("may", [[entry]], database=world.database, now=now, expires_at=now + timedelta(days=3))
    assert world.sender().run("may").counts["skipped"] == 1


def test_soft_bounces_and_delays_only_count(sent: Sent) -> None:
    told = [
        bounce(
            sent.message_id("ann"), "ann@shop.cn", status="4.2.2", date=f"Mon, {day} Mar 2025 12:00:00 +0000"
        )
        for day in (3, 4, 5)
    ]
    late = bounce(sent.message_id("bob"), "bob@shop.cn", status="4.4.1", action="delayed")
    books = sent.take(*told, late)
    assert dict(books.applied) == {"soft_bounced": 3, "delayed": 1}
    assert sent.outcomes("ann") == ["sent", *["soft_bounced"] * 3]
    assert sent.suppressed() == {}
    assert came_back(CAMPAIGN, database=sent.world.database) == {"delayed": 1, "soft_bounced": 1}  # messages


def test_a_complaint_suppresses_and_withdraws_with_source_and_proof(sent: Sent) -> None:
    sent.take(complaint(sent.message_id("bob"), "bob@shop.cn"))
    assert sent.suppressed() == {sent.token("bob"): "complaint"}
    assert sent.outcomes("bob") == ["sent", "complained"]
    acts = sent.world.ledger.history(sent.world.people["bob"])
    withdrawn = [one for one in acts if one.act == "withdraw"]
    assert {(one.contact_point, one.channel, one.purpose) for one in withdrawn} == {
        ("", "email", "marketing"),
        (sent.token("bob"), "email", "marketing"),
    }
    assert {one.source for one in withdrawn} == {"complaint"}
    assert {one.proof for one in withdrawn} == {f"mail about message {sent.message_id('bob')}"}


def test_the_same_reports_again_change_nothing(sent: Sent) -> None:
    told = [
        bounce(sent.message_id("ann"), "ann@shop.cn"),
        complaint(sent.message_id("bob"), "bob@shop.cn"),
        bounce(sent.message_id("cem"), "cem@shop.cn", status="4.2.2"),
        b"Subject: holidays\n\nI am away.",
    ]
    first = sent.take(*told, told[0])
    assert (first.n_read, first.n_applied, first.n_repeated, first.n_aside) == (5, 3, 1, 1)
    sent.world.gate.lift(now=sent.world.clock.now(), contact_point=sent.token("ann"))
    n_acts = len(sent.world.ledger.history(sent.world.people["bob"]))
    again = sent.take(*told)
    assert (again.n_read, again.n_applied, again.n_repeated, again.n_aside) == (4, 0, 4, 0)
    assert (
        sent.token("ann") not in sent.suppressed()
    )  # lifted by hand since: an old report does not undo that
    assert len(sent.world.ledger.history(sent.world.people["bob"])) == n_acts
    assert [sent.outcomes(name) for name in ("ann", "bob", "cem")] == [
        ["sent", "bounced"],
        ["sent", "complained"],
        ["sent", "soft_bounced"],
    ]


def test_what_may_be_forged_is_set_aside_and_ends_nothing(sent: Sent) -> None:
    ann, dan = sent.message_id("ann"), sent.message_id("dan")
    told = {
        "no message of ours": (bounce("f" * 32, "ann@shop.cn"), "unknown_message"),
        "never queued": (complaint(dan, "dan@shop.cn"), "unknown_message"),
        "somebody else's address": (bounce(ann, "bob@shop.cn"), "other_address"),
        "an address of nobody": (complaint(ann, "root@localhost"), "other_address"),
        "no address": (complaint(ann, None), "no_address"),
        "no message id": (bounce("", "ann@shop.cn"), "no_message_id"),
        "no report": (b"\xff" * 5_000, "unreadable"),
    }
    for raw, aside in told.values():
        books = sent.take(raw)
        assert (books.n_read, books.n_applied, dict(books.aside)) == (1, 0, {aside: 1})
    assert sent.suppressed() == {}
    assert [one for one in sent.world.ledger.history(sent.world.people["ann"]) if one.act != "grant"] == []
    assert sent.outcomes("ann") == ["sent"]
    kept = [one.aside for one in kept_aside(database=sent.world.database)]
    # two of them claim the same complaint about ann's message: one row, with the last reason
    once = [aside for what, (_, aside) in told.items() if what != "an address of nobody"]
    assert sorted(kept) == sorted(once)


def test_a_forged_report_does_not_take_the_place_of_the_true_one(sent: Sent) -> None:
    ann = sent.message_id("ann")
    assert sent.take(bounce(ann, "eve@shop.cn")).n_aside == 1
    assert sent.take(bounce(ann, "ann@shop.cn")).n_applied == 1
    assert sent.take(bounce(ann, "eve@shop.cn")).n_repeated == 1
    assert sent.outcomes("ann") == ["sent", "bounced"]
    assert kept_aside(database=sent.world.database) == []


def test_addresses_are_compared_as_the_vault_reads_them(sent: Sent) -> None:
    assert sent.take(bounce(sent.message_id("ann"), "Ann@SHOP.cn")).n_applied == 1


def test_a_message_that_was_never_handed_over_cannot_bounce(sent: Sent) -> None:
    world = sent.world
    later = world.clock.now() + timedelta(days=1)
    entry = replace(
        world.entry("dan"), campaign_id="may", message_id=message_id_of("may", world.people["dan"], "tea")
    )
    queue(
        "may",
        [[entry]],
        database=world.database,
        now=world.clock.now(),
        expires_at=later + timedelta(days=3),
        not_before=later,
    )
    assert dict(sent.take(bounce(entry.message_id, "dan@shop.cn")).aside) == {"unknown_message": 1}


@pytest.mark.parametrize("kind", ["bounced", "complained"])
def test_a_signed_webhook_need_not_tell_the_address(
    sent: Sent, kind: Literal["bounced", "complained"]
) -> None:
    told = Feedback(
        kind=kind,
        message_id=sent.message_id("cem"),
        address=None,
        status=None,
        is_permanent=True,
        detail="",
        at=None,
    )
    report = Report(source="webhook", digest="0" * 64, feedback=told)
    books = sent.intake.take([report, report], now=sent.world.clock.now())
    assert (dict(books.applied), books.n_repeated) == ({kind: 1}, 1)
    assert set(sent.suppressed()) == {sent.token("cem")}


def test_cut_off_before_it_was_entered_the_same_report_does_the_same_again(
    sent: Sent, monkeypatch: pytest.MonkeyPatch
) -> None:
    report = mail_report(complaint(sent.message_id("ann"), "ann@shop.cn"))
    intake, now = sent.intake, sent.world.clock.now()
    with monkeypatch.context() as patch:
        patch.setattr("aimwell.promote.feedback.service.rows.enter", _killed)
        with pytest.raises(KeyboardInterrupt):
            intake.take([report], now=now)
    assert sent.suppressed() == {sent.token("ann"): "complaint"}
    assert sent.outcomes("ann") == ["sent"]
    n_acts = len(sent.world.ledger.history(sent.world.people["ann"]))
    assert intake.take([report], now=now).n_applied == 1
    assert len(sent.world.ledger.history(sent.world.people["ann"])) == n_acts
    assert sent.outcomes("ann") == ["sent", "complained"]


def _killed(*_: object, **__: object) -> bool:
    raise KeyboardInterrupt


def test_hundreds_of_hostile_mails_are_taken_in_without_acting(sent: Sent) -> None:
    ann = sent.message_id("ann")
    hostile = (
        [bounce(ann, f"victim{n}@else.example>, <ann@shop.cn") for n in range(200)]
        + [bounce(ann, base64.b64encode(bytes([n]) * 30).decode()) for n in range(200)]
        + [bounce(f"{ann}' or 1=1 --{n}", "ann@shop.cn") for n in range(200)]
    )
    books = sent.take(*hostile)
    assert books.n_read == 600 == books.n_applied + books.n_repeated + books.n_aside
    assert books.n_applied == 0
    assert sent.suppressed() == {}
