"""The outbox and its sender on both databases: every message is decided once, and nobody is written to who may not be."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

import pytest

from aimwell.promote.channels.model import Message
from aimwell.promote.gate.model import Cap, Hours, Manners, Span
from aimwell.promote.outbox import rows
from aimwell.promote.outbox.errors import ChannelMissing, NotQueued, RunEnded, SenderBusy
from aimwell.promote.outbox.model import Pace
from aimwell.promote.outbox.service import pause, progress_of, receipts, resume, stop
from aimwell.promote.outbox.turns import taken_turn
from aimwell.storage.database import Database

from .conftest import CAMPAIGN, NOW, Recorder, World

Make = Callable[..., World]


def outcomes(world: World, name: str) -> list[tuple[str, tuple[str, ...]]]:
    told = receipts(CAMPAIGN, person_id=world.people[name], database=world.database)
    return [(one.outcome, one.reasons) for one in told]


def test_everybody_gets_one_message_and_a_receipt(make_world: Make) -> None:
    world = make_world("ann", "bob")
    world.queue(world.entry("ann"), world.entry("bob"))
    world.queue(world.entry("ann"))  # again: there already
    done = world.sender().run(CAMPAIGN)
    assert (done.state, done.counts["sent"], done.n_left) == ("done", 2, 0)
    assert sorted(world.reached()) == ["ann@shop.cn", "bob@shop.cn"]
    one = receipts(CAMPAIGN, person_id=world.people["ann"], database=world.database)[0]
    assert (one.outcome, one.n_attempts, one.consent_reason) == ("sent", 1, "granted")
    assert one.consent_proof is not None
    assert world.sender().run(CAMPAIGN).counts["sent"] == 2  # once more: nothing to do
    assert len(world.channel.sent) == 2


def test_the_outbox_holds_no_address(make_world: Make) -> None:
    world = make_world("ann")
    world.queue(world.entry("ann"))
    world.sender().run(CAMPAIGN)
    with world.database.read() as connection:
        for table in rows.METADATA.sorted_tables:
            for row in connection.execute(table.select()):
                assert "ann@" not in repr(tuple(row))
    assert "ann@" not in repr(world.directory([world.people["ann"]], "email"))


def test_who_withdraws_between_plan_and_send_gets_nothing(make_world: Make) -> None:
    world = make_world("ann", "bob")
    world.queue(world.entry("ann"), world.entry("bob"))
    world.clock.sleep(60)
    world.say("ann", "withdraw")
    done = world.sender().run(CAMPAIGN)
    assert world.reached() == ["bob@shop.cn"]
    assert (done.counts["sent"], done.counts["skipped"]) == (1, 1)
    assert outcomes(world, "ann") == [("skipped", ("withdrawn",))]


def test_who_withdraws_while_others_are_sent_to_gets_nothing(make_world: Make) -> None:
    names = [f"p{number:02}" for number in range(30)]
    world = make_world(*names)
    world.queue(*(world.entry(name) for name in names))
    world.pace = Pace(window=10)
    withdrawn = []

    def on_the_way(message: Message) -> None:
        world.clock.sleep(0.01)
        if len(world.channel.sent) == 15:  # in the second of three batches, all others withdraw
            gone = {m.address for m in world.channel.sent} | {message.address}
            for name in names:
                if f"{name}@shop.cn" not in gone:
                    world.say(name, "withdraw")
                    withdrawn.append(name)

    world.channel.before = on_the_way
    done = world.sender().run(CAMPAIGN)
    assert len(withdrawn) == 14
    assert done.counts["sent"] == 20  # the batch that was being handed over, and no other
    assert done.counts["skipped"] == 10


def test_two_people_with_one_address_get_one_message(make_world: Make) -> None:
    both = {"ann": "home@shop.cn", "bob": "Home@Shop.cn"}
    world = make_world(addresses=both)
    world.queue(world.entry("ann"), world.entry("bob"))
    done = world.sender().run(CAMPAIGN)
    assert world.reached() == ["home@shop.cn"]
    assert (done.counts["sent"], done.counts["skipped"]) == (1, 1)
    told = sorted(outcomes(world, "ann") + outcomes(world, "bob"))
    assert told == [("sent", ()), ("skipped", ("duplicate_address",))]


def test_two_offers_to_one_person_both_go(make_world: Make) -> None:
    world = make_world("ann")
    world.queue(world.entry("ann", offer_id="tea"), world.entry("ann", offer_id="mug"))
    assert world.sender().run(CAMPAIGN).counts["sent"] == 2


def test_a_cap_puts_the_second_message_off_until_it_frees_up(make_world: Make) -> None:
    world = make_world("ann", caps=(Cap(of="email", limit=1, length=1, unit="day"),))
    world.queue(world.entry("ann", offer_id="tea"), world.entry("ann", offer_id="mug"))
    first = world.sender().run(CAMPAIGN)
    assert (first.state, first.counts["sent"], first.counts["queued"]) == ("sending", 1, 1)
    assert first.next_due_at == NOW + timedelta(days=1)
    assert outcomes(world, "ann")[-1][0] == "not_yet"
    last = world.sender().run(CAMPAIGN, until=NOW + timedelta(days=2))
    assert (last.state, last.counts["sent"]) == ("done", 2)
    assert world.clock.now() >= NOW + timedelta(days=1)


def test_what_could_only_go_after_the_end_is_skipped(make_world: Make) -> None:
    world = make_world("ann", caps=(Cap(of="email", limit=1, length=1, unit="day"),))
    world.queue(world.entry("ann", offer_id="tea"), world.entry("ann", offer_id="mug"), days=0.5)
    done = world.sender().run(CAMPAIGN)
    assert (done.state, done.counts["sent"], done.counts["skipped"]) == ("done", 1, 1)
    assert outcomes(world, "ann")[-1][1][-1] == "too_late"


def test_quiet_hours_put_off_and_the_end_of_the_campaign_ends_waiting(make_world: Make) -> None:
    world = make_world("ann", "bob")
    quiet = Hours(quiet=(Span(start=0, end=23 * 60),))  # 10:00 UTC is 18:00 in Shanghai: quiet until 23:00
    world.manners = Manners(time_zone="Asia/Shanghai", country="CN", hours=quiet)
    world.queue(world.entry("ann"))
    waiting = world.sender().run(CAMPAIGN)
    assert waiting.next_due_at == datetime(2025, 3, 3, 15)
    world.clock.moment = NOW + timedelta(days=8)
    over = world.sender().run(CAMPAIGN)
    assert (over.state, over.counts["skipped"]) == ("done", 1)
    assert outcomes(world, "ann")[-1] == ("skipped", ("too_late",))


def test_failures_are_tried_again_with_longer_and_longer_waits_until_dead(make_world: Make) -> None:
    world = make_world("ann", "bob", "cem")
    world.pace = Pace(most_attempts=4)
    world.channel.answers = {
        "ann@shop.cn": ["deferred", "unknown", "sent"],
        "bob@shop.cn": ["refused"],
        "cem@shop.cn": ["deferred"] * 9,
    }
    world.queue(*(world.entry(name) for name in ("ann", "bob", "cem")))
    done = world.sender().run(CAMPAIGN, until=NOW + timedelta(days=1))
    assert (done.counts["sent"], done.counts["refused"], done.counts["dead"]) == (1, 1, 1)
    assert [outcome for outcome, _ in outcomes(world, "ann")] == ["deferred", "unknown", "sent"]
    assert [outcome for outcome, _ in outcomes(world, "cem")] == ["deferred", "deferred", "deferred", "dead"]
    ids = {m.message_id for m in world.channel.sent if m.address == "ann@shop.cn"}
    assert len(ids) == 1  # the repeat after `unknown` carries the same id
    # waits of 30, 60 and 120 s, each times 0.5 .. 1.5, and up to a second of sleep
    waited = (world.clock.now() - NOW).total_seconds()
    assert 0.5 * 210 <= waited <= 1.5 * 210 + 3


def test_what_did_not_go_out_does_not_count_for_a_cap(make_world: Make) -> None:
    world = make_world("ann", caps=(Cap(of="email", limit=1, length=1, unit="day"),))
    world.channel.answers = {"ann@shop.cn": ["refused"]}
    world.queue(world.entry("ann", offer_id="tea"))
    world.sender().run(CAMPAIGN)
    world.queue(world.entry("ann", offer_id="mug"))
    with world.database.begin() as connection:
        rows.set_run(connection, CAMPAIGN, state="queued", now=NOW)
    assert world.sender().run(CAMPAIGN).counts["sent"] == 1


def test_a_server_that_is_down_is_left_alone_for_a_while(make_world: Make) -> None:
    names = [f"p{number:02}" for number in range(40)]
    world = make_world(*names)
    world.pace = Pace(window=10, down_after=10)
    world.channel.answers = {f"{name}@shop.cn": ["deferred"] for name in names}
    world.queue(*(world.entry(name) for name in names))
    waiting = world.sender().run(CAMPAIGN)
    assert world.channel.batches == [10]  # not one batch after the other
    assert (waiting.counts["queued"], waiting.counts["sent"]) == (40, 0)
    for told in world.channel.answers.values():
        told.clear()
    assert world.sender().run(CAMPAIGN, until=NOW + timedelta(days=1)).counts["sent"] == 40


def test_pause_resume_and_stop_are_seen_before_the_next_hand_over(make_world: Make) -> None:
    names = [f"p{number:02}" for number in range(40)]
    world = make_world(*names)
    world.pace = Pace(window=10)
    world.queue(*(world.entry(name) for name in names))
    acts = {5: pause, 15: stop}

    def act(message: Message) -> None:
        wanted = acts.pop(len(world.channel.sent), None)
        if wanted:
            wanted(CAMPAIGN, database=world.database, now=world.clock.now())

    world.channel.before = act
    paused = world.sender().run(CAMPAIGN)
    assert (paused.state, paused.counts["sent"], paused.counts["queued"]) == ("paused", 10, 30)
    assert world.sender().run(CAMPAIGN).counts["sent"] == 10  # a paused one is not sent
    assert resume(CAMPAIGN, database=world.database, now=NOW).state == "queued"
    stopped = world.sender().run(CAMPAIGN)
    assert (stopped.state, stopped.counts["sent"], stopped.counts["stopped"]) == ("stopped", 20, 20)
    with pytest.raises(RunEnded, match="is stopped"):
        resume(CAMPAIGN, database=world.database, now=NOW)
    told = [outcomes(world, name)[-1][0] for name in names]
    assert (told.count("sent"), told.count("stopped")) == (20, 20)


def test_stop_between_take_and_hand_over_sends_nothing(make_world: Make) -> None:
    world = make_world("ann")
    world.queue(world.entry("ann"))
    sender = world.sender()
    compose = sender.composer

    def stopping(parcels: object) -> object:
        stop(CAMPAIGN, database=world.database, now=NOW)
        return compose(parcels)

    sender.composer = stopping
    done = sender.run(CAMPAIGN)
    assert (done.state, done.counts["stopped"], world.channel.sent) == ("stopped", 1, [])


def test_the_rate_of_a_channel_is_kept(make_world: Make) -> None:
    names = [f"p{number:02}" for number in range(60)]
    world = make_world(*names)
    world.channel.rate_per_second = 2.0
    world.queue(*(world.entry(name) for name in names))
    assert world.sender().run(CAMPAIGN).counts["sent"] == 60
    assert world.channel.batches == [20, 20, 20]  # 10 s at 2 per second
    assert 20 <= (world.clock.now() - NOW).total_seconds() <= 22  # the last batch needs no wait after it


def test_a_slow_channel_gets_small_batches(make_world: Make) -> None:
    names = [f"p{number:03}" for number in range(120)]
    world = make_world(*names)
    world.channel.before = lambda message: world.clock.sleep(2.0)
    world.queue(*(world.entry(name) for name in names))
    assert world.sender().run(CAMPAIGN).counts["sent"] == 120
    assert world.channel.batches[0] == 50
    assert max(world.channel.batches[1:]) == 5  # 10 s at 2 s each


@pytest.mark.parametrize("jump", [timedelta(hours=-5), timedelta(hours=5)], ids=["back", "ahead"])
def test_a_clock_that_jumps_skips_and_repeats_nobody(make_world: Make, jump: timedelta) -> None:
    names = [f"p{number:02}" for number in range(30)]
    world = make_world(*names)
    world.clock.moment += timedelta(hours=6)  # what was agreed to stays in the past
    world.pace = Pace(window=10)
    world.channel.rate_per_second = 1.0
    world.channel.answers = {"p03@shop.cn": ["deferred", "sent"]}
    world.queue(*(world.entry(name) for name in names))

    left = [jump]

    def jumps(message: Message) -> None:
        if len(world.channel.sent) == 12 and left:  # once: before a message that is put off, too
            world.clock.moment += left.pop()

    world.channel.before = jumps
    done = world.sender().run(CAMPAIGN, until=NOW + timedelta(days=2))
    assert (done.state, done.counts["sent"]) == ("done", 30)
    assert sorted(world.reached()) == [f"{name}@shop.cn" for name in names]


def test_nothing_goes_before_its_time(make_world: Make) -> None:
    world = make_world("ann")
    world.queue(world.entry("ann"), not_before=NOW + timedelta(hours=2))
    assert world.sender().run(CAMPAIGN).counts["queued"] == 1
    assert world.sender().run(CAMPAIGN, until=NOW + timedelta(hours=3)).counts["sent"] == 1
    assert world.clock.now() >= NOW + timedelta(hours=2)


def test_who_has_no_address_is_skipped_and_told_so(make_world: Make) -> None:
    world = make_world(addresses={"ann": "ann@shop.cn", "bob": "nobody"})
    world.queue(world.entry("ann"), world.entry("bob"))
    assert world.sender().run(CAMPAIGN).counts["skipped"] == 1
    assert outcomes(world, "bob") == [("skipped", ("no_address",))]


def test_a_message_that_cannot_be_written_is_skipped_with_the_reason(make_world: Make) -> None:
    world = make_world("ann")
    world.queue(world.entry("ann"))
    sender = world.sender()
    sender.composer = lambda parcels: {p.entry.message_id: "template_failed" for p in parcels}
    assert sender.run(CAMPAIGN).counts["skipped"] == 1
    assert outcomes(world, "ann") == [("skipped", ("template_failed",))]


def test_what_a_dead_sender_left_in_flight_is_sent_again_under_the_same_id(make_world: Make) -> None:
    world = make_world("ann", "bob", caps=(Cap(of="email", limit=1, length=7, unit="day"),))
    world.queue(world.entry("ann"), world.entry("bob"))

    class Killed(BaseException):
        pass

    def kill(message: Message) -> None:
        if world.channel.sent:
            raise Killed

    world.channel.before = kill
    sender = world.sender()
    sender._flush = lambda records, channel: NOW  # nothing more is written down, as if by kill -9
    with pytest.raises(Killed):
        sender.run(CAMPAIGN)
    assert progress_of(CAMPAIGN, database=world.database).counts["sending"] == 2
    world.channel.before = lambda message: None
    done = world.sender().run(CAMPAIGN)
    assert (done.state, done.counts["sent"]) == ("done", 2)
    ids = [message.message_id for message in world.channel.sent]
    assert (len(ids), len(set(ids))) == (3, 2)  # one twice, with its id; the cap did not stand in its way


def test_what_a_dead_sender_left_in_flight_is_stopped_with_the_rest(make_world: Make) -> None:
    world = make_world("ann", "bob")
    world.queue(world.entry("ann"), world.entry("bob"))
    with world.database.begin() as connection:
        rows.put_in_flight(connection, [world.entry("ann").message_id], sender_no=999)
    stopped = stop(CAMPAIGN, database=world.database, now=NOW)
    assert (stopped.counts["stopped"], stopped.n_left) == (2, 0)
    assert outcomes(world, "ann") == outcomes(world, "bob") == [("stopped", ())]


def test_messages_for_a_channel_that_is_not_set_up_wait(make_world: Make) -> None:
    world = make_world("ann")
    with pytest.raises(NotQueued, match=CAMPAIGN):
        world.sender().run(CAMPAIGN)
    world.queue(world.entry("ann", channel="pigeon"))
    with pytest.raises(ChannelMissing, match=r"no channel `pigeon`; it has: mail"):
        world.sender().run(CAMPAIGN)
    assert progress_of(CAMPAIGN, database=world.database).counts["queued"] == 1


def test_a_second_sender_waits_on_sqlite_and_helps_on_postgresql(make_world: Make) -> None:
    names = [f"p{number:02}" for number in range(40)]
    world = make_world(*names)
    world.pace = Pace(window=10)
    world.queue(*(world.entry(name) for name in names))
    beside = Recorder()

    def another(message: Message) -> None:
        world.channel.before = lambda message: None
        world.sender(beside).run(CAMPAIGN)

    world.channel.before = another
    if world.database.dialect == "sqlite":
        with pytest.raises(SenderBusy, match="one sender works at a time"):
            world.sender().run(CAMPAIGN)
        return
    done = world.sender().run(CAMPAIGN)
    # the first had ten in flight, the other sent the rest and took nothing of the living one's
    assert (done.counts["sent"], len(world.channel.sent), len(beside.sent)) == (40, 10, 30)


def test_a_turn_shows_who_lives(database: Database) -> None:
    with taken_turn(database, now=NOW) as mine:
        mine.check()
        if database.dialect == "postgresql":
            with taken_turn(database, now=NOW) as other, database.begin() as connection:
                assert mine.dead(connection, [mine.sender_no, other.sender_no]) == []
        with database.begin() as connection:
            assert mine.dead(connection, [mine.sender_no, mine.sender_no + 9]) == [mine.sender_no + 9]
