"""A campaign from recipe to result: planned, approved, sent, explained, and refused where it must be."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import ibis
import pyarrow as pa
import pytest

from aimwell.base.words import Words
from aimwell.intake.facts import TOUCHES
from aimwell.predict.affinity.tables.scores import AFFINITY_SCORES
from aimwell.promote.campaigns.errors import (
    ApproverSame,
    ChangedSincePlan,
    NobodyReached,
    NoPublicUrl,
    NotNow,
    RoundOpen,
)
from aimwell.promote.campaigns.replay import Decision, replay
from aimwell.promote.campaigns.service.asking import why
from aimwell.promote.campaigns.service.life import (
    approve,
    contacts_of,
    decisions_of,
    list_campaigns,
    pause,
    resume,
    send,
    status,
    stop,
)
from aimwell.promote.campaigns.service.measuring import measure_round, power_of
from aimwell.promote.campaigns.service.planning import plan_round
from aimwell.promote.campaigns.service.rehearsing import rehearse
from aimwell.promote.campaigns.service.showing import products_shown
from aimwell.promote.measure.arms import ARMS
from aimwell.promote.outbox.errors import ChannelMissing
from aimwell.promote.plan.records import SETTLED
from aimwell.promote.plan.service import read_plan
from aimwell.promote.plan.service.settling import settled_for
from aimwell.trust.consent.model import ConsentEvent

from ..outbox.conftest import Recorder
from .conftest import N_PEOPLE, NO_CONSENT, NOW, OpenTools, address


def test_from_plan_to_result(tools: OpenTools, mail: Recorder, ready_shop: tuple[Path, list[int]]) -> None:
    without = set(ready_shop[1][-NO_CONSENT:])
    with tools() as t:
        assert status("winback", tools=t).state == "draft"
        planned = plan_round("winback", tools=t, actor="ann")
        assert sum(planned.arms.values()) == N_PEOPLE
        contacts = t.lake.engine.rows(contacts_of(planned.round, lake=t.lake))
        treated = [row for row in contacts if row["arm"] == "treatment"]
        assert len(treated) == planned.plan.certificate.n_contacts > 20
        assert not {row["person_id"] for row in contacts} & without
        rehearsed = rehearse("winback", tools=t)
        assert sum(rehearsed.counts.values()) == len(treated)
        assert rehearsed.samples.keys() == {row["offer_id"] for row in treated}
        assert power_of(planned.round, tools=t).campaign_id == "winback-1"
        assert mail.sent == []

        approve("winback", tools=t, actor="bob")
        done = send("winback", tools=t, actor="bob")
        assert (done.state, done.counts["sent"]) == ("done", len(treated))
        assert {message.person_id for message in mail.sent} == {row["person_id"] for row in treated}
        first = mail.sent[0]
        assert first.unsubscribe_url is not None
        assert first.unsubscribe_url.startswith("https://mail.tee.example/u/")
        assert first.unsubscribe_url in str(first.html)
        assert Counter("好久不见" in str(m.subject) for m in mail.sent)[True] > 3  # those whose locale is zh
        acts = [(act.act, act.actor) for act in status("winback", tools=t).acts]
        assert acts == [("planned", "ann"), ("approved", "bob"), ("queued", "bob")]
    with tools(now=NOW + timedelta(days=40)) as t:
        assert measure_round("winback", tools=t).campaign_id == "winback-1"


def test_products_are_each_persons_own_and_the_same_in_rehearsal_message_and_explanation(
    launched: OpenTools, mail: Recorder, ready_shop: tuple[Path, list[int]]
) -> None:
    place = {person: n for n, person in enumerate(ready_shop[1])}
    with launched() as t:
        found = status("winback", tools=t).round
        assert found is not None
        samples = rehearse("winback", tools=t).samples.values()
        send("winback", tools=t, actor="bob")
        lines = t.lake.engine.rows(t.lake.table("order_lines").select("person_id", "product_id").distinct())
        bought = {(row["person_id"], row["product_id"]) for row in lines}
        shown = {
            row["person_id"]: row["product_ids"]
            for row in t.lake.engine.rows(products_shown(found, lake=t.lake))
        }
        sent = {message.person_id: str(message.html) for message in mail.sent}
        for (
            one
        ) in samples:  # the links differ: they hold the contact point, which a rehearsal does not ask for
            assert str(one.html).partition("</ul>")[0] == sent[one.person_id].partition("</ul>")[0]
        assert shown.keys() > sent.keys()  # who is held out would have been shown some too
        for person, html in sent.items():
            assert len(shown[person]) == 6
            assert not {(person, one) for one in shown[person]} & bought
            own = {f"P{4 * (place[person] % 3) + n}" for n in range(4)}
            n_own = len({one for one in own if (person, one) not in bought})
            assert set(shown[person][:n_own]) <= own  # the own shelf first
            for one in shown[person][:3]:  # as many as the template shows
                assert f"Tea &lt;{one[1:]}&gt;" in html
        person = next(iter(sent))
        told = why(person, "winback", tools=t)
        names = tuple(f"Tea <{one[1:]}>" for one in shown[person])
        assert list(told.products.values()) == [names]
        said = [
            one.said(Words("en", "Europe/Berlin"))
            for one in told.sentences(words=Words("en", "Europe/Berlin"))
        ]
        assert any(one.startswith("Shown with ") and names[0] in one for one in said)
    assert len({tuple(one) for one in shown.values()}) > 3


def test_slots_hold_what_each_person_is_predicted_to_want(tools: OpenTools) -> None:
    """Everybody's list is P11, then P5; lists as of a moment after the portraits would not be looked at."""
    with tools() as t:
        as_of = NOW - timedelta(days=30)
        everybody = t.lake.engine.rows(t.lake.table("customers").select("person_id"))
        rows = [
            dict.fromkeys(AFFINITY_SCORES.schema)
            | {"person_id": row["person_id"], "rank": rank, "product_id": one, "score": 0.5, "as_of": as_of}
            for row in everybody
            for rank, one in enumerate(("P11", "P5"), start=1)
        ]
        table = pa.Table.from_pylist(rows, schema=AFFINITY_SCORES.schema.to_pyarrow())
        t.lake.overwrite(AFFINITY_SCORES, ibis.memtable(table))
        planned = plan_round("winback", tools=t, actor="ann")
        lines = t.lake.engine.rows(t.lake.table("order_lines").select("person_id", "product_id").distinct())
        bought = {(row["person_id"], row["product_id"]) for row in lines}
        shown = t.lake.engine.rows(products_shown(planned.round, lake=t.lake))
    assert len(shown) > 20
    for row in shown:
        new = [one for one in ("P11", "P5") if (row["person_id"], one) not in bought]
        assert row["product_ids"][: len(new)] == new
        assert len(row["product_ids"]) == 6  # filled up with best sellers


def test_everybody_has_a_touch_or_is_no_part_of_it(launched: OpenTools, mail: Recorder) -> None:
    with launched() as t:
        assert not t.lake.engine.rows(t.lake.table(TOUCHES.name).limit(1))  # it may still be planned anew
        mail.answers = {address(number): ["deferred"] * 2 for number in range(N_PEOPLE)}
        send("winback", tools=t, actor="bob")
        approved = status("winback", tools=t).round
        assert approved is not None
        receipts = t.lake.engine.rows(decisions_of(approved, lake=t.lake))
        touches = t.lake.engine.rows(t.lake.table(TOUCHES.name))
        assert {row["person_id"] for row in touches} == {r["person_id"] for r in receipts if r["is_part"]}
        assert len(receipts) == N_PEOPLE
        arms = {row["person_id"]: row["arm"] for row in receipts}
        assert all(arms[row["person_id"]] == row["arm"] for row in touches)
        left = [row for row in touches if row["arm"] in ("holdout", "global_holdout")]
        assert left
        assert all(row["offer_id"] is None for row in left)
        send("winback", tools=t, actor="bob")  # again: logged once
        assert len(t.lake.engine.rows(t.lake.table(TOUCHES.name))) == len(touches)
    assert mail.sent == []


@pytest.mark.parametrize("budget", ["800.00", "0.30"], ids=["ample", "tight"])
def test_every_decision_is_replayed_to_the_same(tools: OpenTools, folder: Path, budget: str) -> None:
    path = folder / "campaigns" / "winback.toml"
    path.write_text(path.read_text().replace('budget = "800.00"', f'budget = "{budget}"'))
    with tools() as t:
        plan_round("winback", tools=t, actor="ann")
        approve("winback", tools=t, actor="bob")
        found = status("winback", tools=t).round
        assert found is not None
        certificate = read_plan(lake=t.lake, plan_id=found.plan_id).certificate
        chosen: dict[int, list[str]] = {}
        for row in t.lake.engine.rows(contacts_of(found, lake=t.lake)):
            chosen.setdefault(row["person_id"], []).append(row["offer_id"])
        table = t.lake.table(SETTLED.name)
        mine = t.lake.engine.rows(table.filter(table.plan_id == found.plan_id).select("person_id"))
        settled = {
            row["person_id"]: settled_for(row["person_id"], lake=t.lake, certificate=certificate)
            for row in mine
        }
        replayed = [
            (
                row["arm"],
                replay(made, terms=found.terms, certificate=certificate, settled=settled.get(made.person_id)),
            )
            for row in t.lake.engine.rows(decisions_of(found, lake=t.lake))
            for made in (Decision.of(row, chosen=chosen.get(row["person_id"], [])),)
        ]
    verdicts = Counter(one.verdict for _, one in replayed)
    assert verdicts["different"] == 0
    gap = certificate.bound_milli - certificate.value_milli
    missed = sum(one.missed_milli for arm, one in replayed if arm == "treatment")
    assert (
        0 <= missed <= gap
    )  # what all at the edge miss together is no more than what the certificate admits
    assert verdicts["same"] == N_PEOPLE
    n_settled = sum(one.is_settled for _, one in replayed)
    if budget == "800.00":
        assert n_settled == 0
    else:
        assert certificate.budget_price > 0
        assert 0 < n_settled < 0.1 * N_PEOPLE


def test_why_is_told_in_words(launched: OpenTools) -> None:
    expected = {"treatment": "Chosen: ", "holdout": "Would have got: ", "global_holdout": "shop-wide holdout"}
    words = Words("en", "Europe/Berlin")
    with launched() as t:
        send("winback", tools=t, actor="bob")
        found = status("winback", tools=t).round
        assert found is not None
        for arm, outcome in expected.items():
            source = decisions_of if arm == "global_holdout" else contacts_of
            table = source(found, lake=t.lake)
            row = t.lake.engine.rows(table.filter(table.arm == arm).order_by("person_id").limit(1))[0]
            reasons = why(row["person_id"], "winback", tools=t).sentences(words=words)
            told = "\n".join(one.said(words) for one in reasons)
            assert "Decided on" in told
            assert "price of budget was" in told or arm == "global_holdout"
            assert outcome in told
            assert ("handed over" in told) == (arm == "treatment")
            assert ("act number" in told) == (arm == "treatment")
            assert told.endswith("the same decision.")


def test_a_sealed_last_step_that_was_changed_is_not_believed(tools: OpenTools, folder: Path) -> None:
    path = folder / "campaigns" / "winback.toml"
    path.write_text(path.read_text().replace('budget = "800.00"', 'budget = "0.30"'))
    with tools() as t:
        planned = plan_round("winback", tools=t, actor="ann")
        table, plan_id = t.lake.table(SETTLED.name), planned.plan.plan_id
        person = t.lake.engine.rows(table.filter(table.plan_id == plan_id).limit(1))[0]["person_id"]
        told = why(person, "winback", tools=t)
        assert (told.replay.verdict, told.replay.is_settled) == ("same", True)
        assert "its sealed last step" in str(told.sentences(words=Words())[-1])
        t.lake.append(
            SETTLED, ibis.memtable([{"plan_id": plan_id, "person_id": 1, "offer_id": "comeback_news"}])
        )
        told = why(person, "winback", tools=t)
        assert (told.replay.verdict, told.replay.is_settled) == ("different", False)


def test_a_receipt_that_was_changed_is_found_out(launched: OpenTools) -> None:
    with launched() as t:
        found = status("winback", tools=t).round
        assert found is not None
        table = contacts_of(found, lake=t.lake)
        row = t.lake.engine.rows(table.filter(table.arm == "treatment").limit(1))[0]
        seen = why(row["person_id"], "winback", tools=t)
        nothing = replace(seen.decision, chosen=())
        assert replay(nothing, terms=found.terms, certificate=seen.certificate).verdict == "different"
        elsewhere = replace(seen.decision, arm="holdout")
        assert replay(elsewhere, terms=found.terms, certificate=seen.certificate).verdict == "different"


def test_a_second_person_approves_where_the_shop_says_so(tools: OpenTools) -> None:
    with tools(second_approver=True) as t:
        plan_round("winback", tools=t, actor="ann")
        with pytest.raises(ApproverSame, match="planned by ann"):
            approve("winback", tools=t, actor="ann")
        with pytest.raises(NotNow, match="is planned"):
            send("winback", tools=t, actor="ann")
        assert approve("winback", tools=t, actor="bob").approved_by == "bob"
        assert (
            approve("winback", tools=t, actor="cem").approved_by == "bob"
        )  # two who approve: the first counts


def test_a_campaign_that_was_changed_after_approval_is_refused(
    tools: OpenTools, folder: Path, mail: Recorder
) -> None:
    with tools() as t:
        plan_round("winback", tools=t, actor="ann")
        for file in ("campaigns/winback.toml", "content/winback/en/html.liquid"):
            before = (folder / file).read_text()
            (folder / file).write_text(before.replace("voucher", "coupon"))
            with pytest.raises(ChangedSincePlan, match=file):
                approve("winback", tools=t, actor="bob")
            (folder / file).write_text(before)
        approve("winback", tools=t, actor="bob")
        (folder / "content/winback/en/added.liquid").write_text("new")
        with pytest.raises(ChangedSincePlan, match=r"added\.liquid"):
            send("winback", tools=t, actor="bob")
    assert mail.sent == []


def test_planning_again_takes_back_the_approval(launched: OpenTools) -> None:
    with launched(now=NOW + timedelta(hours=1)) as t:
        again = plan_round("winback", tools=t, actor="ann")
        assert again.round.campaign_id == "winback-1"
        with pytest.raises(NotNow):
            send("winback", tools=t, actor="bob")
        n_contacts = len(t.lake.engine.rows(contacts_of(again.round, lake=t.lake)))
        assert n_contacts == len(
            {r["person_id"] for r in t.lake.engine.rows(contacts_of(again.round, lake=t.lake))}
        )


def test_the_next_round_comes_after_the_last_is_over(launched: OpenTools, mail: Recorder) -> None:
    with launched() as t:
        mail.answers = {address(number): ["deferred"] for number in range(N_PEOPLE)}
        assert send("winback", tools=t, actor="bob").n_left > 0
        with pytest.raises(RoundOpen, match="winback-1"):
            plan_round("winback", tools=t, actor="ann")
        assert pause("winback", tools=t, actor="ann").state == "paused"
        with pytest.raises(NotNow, match="is paused"):
            send("winback", tools=t, actor="bob")
        assert resume("winback", tools=t, actor="ann").state == "queued"
        assert stop("winback", tools=t, actor="ann").counts["queued"] == 0
        assert plan_round("winback", tools=t, actor="ann").round.campaign_id == "winback-2"
        assert [(one.name, one.state) for one in list_campaigns(tools=t)] == [("winback", "planned")]
        told = why(
            t.lake.engine.rows(t.lake.table("campaign_decisions").limit(1))[0]["person_id"],
            "winback-1",
            tools=t,
        )
        assert told.round.campaign_id == "winback-1"


def test_who_withdraws_between_plan_and_send_is_skipped_with_a_receipt(
    launched: OpenTools, mail: Recorder
) -> None:
    with launched() as t:
        found = status("winback", tools=t).round
        assert found is not None
        table = contacts_of(found, lake=t.lake)
        person = t.lake.engine.rows(table.filter(table.arm == "treatment").limit(1))[0]["person_id"]
        t.ledger.record(
            [
                ConsentEvent(
                    person_id=person,
                    contact_point="",
                    channel="email",
                    purpose="marketing",
                    act="withdraw",
                    source="test",
                    notice="1",
                    at=NOW,
                )
            ]
        )
        assert send("winback", tools=t, actor="bob").counts["skipped"] == 1
        assert person not in {message.person_id for message in mail.sent}
        words = Words("en", "Europe/Berlin")
        told = " ".join(
            str(one.said(words)) for one in why(person, "winback", tools=t).sentences(words=words)
        )
        assert "not sent. The consent was withdrawn." in told


def test_arms_beside_the_plan_get_their_offers_and_the_plan_the_rest_of_the_budget(
    tools: OpenTools, folder: Path
) -> None:
    path = folder / "campaigns" / "winback.toml"
    arms = 'holdout = 0.1\nrandom = 0.3\nbusiness_as_usual = 0.3\nbusiness_as_usual_offer = "comeback_news"\n'
    path.write_text(path.read_text().replace("holdout = 0.2\n", arms, 1).replace("random = 0.0 ", "# "))
    with tools() as t:
        planned = plan_round("winback", tools=t, actor="ann")
        contacts = t.lake.engine.rows(contacts_of(planned.round, lake=t.lake))
        parts = [r for r in t.lake.engine.rows(decisions_of(planned.round, lake=t.lake)) if r["is_part"]]
        given = {arm: {r["person_id"]: r["offer_id"] for r in contacts if r["arm"] == arm} for arm in ARMS}
        dealt = {arm: {r["person_id"] for r in parts if r["arm"] == arm} for arm in ARMS}
        usual, drawn = given["business_as_usual"], given["random"]
        assert usual == dict.fromkeys(dealt["business_as_usual"], "comeback_news")
        assert drawn.keys() == dealt["random"]
        assert set(drawn.values()) == {"comeback_news", "comeback_voucher"}
        assert not given["global_holdout"]
        beside = sum(r["cost_milli"] for r in contacts if r["arm"] in ("random", "business_as_usual"))
        assert planned.plan.certificate.budget_minor == 80_000 + (-beside // 1000)
        approve("winback", tools=t, actor="bob")
        assert send("winback", tools=t, actor="bob").counts["sent"] == sum(
            len(given[arm]) for arm in ("treatment", "random", "business_as_usual")
        )
        for person in (*list(usual)[:2], *list(drawn)[:2]):
            assert why(person, "winback", tools=t).replay.verdict == "same"


def test_what_cannot_be_sent_is_said_before(tools: OpenTools, folder: Path) -> None:
    with tools(channels={}) as t, pytest.raises(ChannelMissing, match="`email`"):
        plan_round("winback", tools=t, actor="ann")
    with tools(public_url=None) as t, pytest.raises(NoPublicUrl, match="public_url"):
        plan_round("winback", tools=t, actor="ann")
    with tools() as t:
        plan_round("winback", tools=t, actor="ann")
        approve("winback", tools=t, actor="bob")
    with tools(public_url=None) as t, pytest.raises(NoPublicUrl, match="public_url"):
        send("winback", tools=t, actor="bob")
    path = folder / "campaigns" / "winback.toml"
    path.write_text(path.read_text("utf-8").replace('channel = "email"', 'channel = "sms"'), "utf-8")
    message = r"for \d+ people, and none of them may be contacted. \d+ of them: No address is known"
    by_sms = {"sms": Recorder(name="sms", kind="sms")}
    with tools(channels=by_sms) as t, pytest.raises(NobodyReached, match=message):
        plan_round("winback", tools=t, actor="ann")
