"""Giving and taking back, on both databases: at once, whatever the clocks said, and without naming an address."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path

import pyarrow as pa
import pytest

from aimwell.storage.database import Database
from aimwell.trust.consent import ALL, Asked, Claim, ConsentEvent, ConsentLedger, read_policies
from aimwell.trust.consent.errors import ConsentEventInvalid
from aimwell.trust.consent.service import (
    OPTIONAL,
    Choice,
    Said,
    choices,
    choose,
    grant,
    revealed_proof,
    sealed_proof,
    unsubscribe,
    withdraw,
)
from aimwell.trust.vault import Vault
from aimwell.trust.vault.errors import Tampered

NOW = datetime(2026, 6, 1, 12)
SAID = Said(source="one-click", proof="link of campaign spring")


@pytest.fixture
def ann(vault: Vault) -> int:
    return person(vault, "c1", email="ann@mail.com", phone="13812345678")


def person(vault: Vault, key: str, **identifiers: str) -> int:
    row = {"source": "shop", "account_key": key, "account_key_kind": "id", **identifiers}
    (batch,) = vault.admit([pa.RecordBatch.from_pylist([row])])
    return int(batch.column("person_id")[0].as_py())


def claim(person_id: int, **changes: str) -> Claim:
    told = {"channel": "email", "purpose": "marketing", "campaign_id": "spring"} | changes
    return Claim(person_id=person_id, **told)  # type: ignore[arg-type]


def token(vault: Vault, email: str = "ann@mail.com") -> str:
    (found,) = vault.point_tokens("email", [email])
    assert found is not None
    return found


def reason(
    ledger: ConsentLedger, person_id: int, point: str, *, channel: str = "email", purpose: str = "marketing"
) -> str:
    asked = Asked(person_id=person_id, contact_point=point, channel=channel, purpose=purpose)  # type: ignore[arg-type]
    with ledger.database.read() as connection:
        return ledger.standings(connection, [asked], now=NOW)[0].reason


def given(
    ledger: ConsentLedger, person_id: int, point: str, *, hours: int = -1, channel: str = "email"
) -> None:
    ledger.record(
        [
            ConsentEvent(
                person_id=person_id,
                contact_point=point,
                channel=channel,  # type: ignore[arg-type]
                purpose="marketing",
                act="grant",
                source="till",
                notice="",
                at=NOW + timedelta(hours=hours),
            )
        ]
    )


def test_one_click_ends_it_for_the_address_whoever_has_it(
    ledger: ConsentLedger, vault: Vault, ann: int
) -> None:
    bob = person(vault, "c2", email="ANN@mail.com")
    given(ledger, bob, token(vault))  # Ann herself never spoke of the address
    assert reason(ledger, ann, token(vault)) == "granted"
    assert (
        unsubscribe(claim(ann), said=SAID, ledger=ledger, vault=vault, now=NOW) == 2
    )  # the channel, the address
    for who in (ann, bob):
        assert reason(ledger, who, token(vault)) == "withdrawn"
    assert reason(ledger, ann, "a point to come") == "withdrawn"
    assert reason(ledger, ann, token(vault), purpose="transactional") == "not_needed"
    assert [event.proof for event in ledger.history(ann)][-1] == "link of campaign spring"


def test_twice_is_once(ledger: ConsentLedger, vault: Vault, ann: int) -> None:
    given(ledger, ann, token(vault))
    unsubscribe(claim(ann), said=SAID, ledger=ledger, vault=vault, now=NOW)
    later = NOW + timedelta(days=1)
    assert unsubscribe(claim(ann), said=SAID, ledger=ledger, vault=vault, now=later) == 0
    grant(ann, channel="email", purpose="marketing", said=SAID, ledger=ledger, now=later)
    assert unsubscribe(claim(ann), said=SAID, ledger=ledger, vault=vault, now=later) == 2


def test_it_works_for_somebody_who_is_gone(ledger: ConsentLedger, vault: Vault, ann: int) -> None:
    point = token(vault)
    given(ledger, ann, point)
    vault.forget(ann)
    told = Claim(**vars(claim(ann)) | {"contact_point": point})
    assert unsubscribe(told, said=SAID, ledger=ledger, vault=vault, now=NOW) == 2
    assert reason(ledger, ann, point) == "withdrawn"
    assert unsubscribe(claim(99), said=SAID, ledger=ledger, vault=vault, now=NOW) == 1  # never was here


def test_the_address_of_the_message_is_covered_though_another_account_brought_it(
    ledger: ConsentLedger, vault: Vault, ann: int
) -> None:
    other = person(vault, "c2", email="other@mail.com")
    point = token(vault, "other@mail.com")
    given(ledger, other, point)
    told = Claim(**vars(claim(ann)) | {"contact_point": point})
    unsubscribe(told, said=SAID, ledger=ledger, vault=vault, now=NOW)
    assert reason(ledger, other, point) == "withdrawn"


def test_a_grant_from_a_clock_that_was_ahead_does_not_come_back(
    ledger: ConsentLedger, vault: Vault, ann: int
) -> None:
    given(ledger, ann, token(vault), hours=48)
    unsubscribe(claim(ann), said=SAID, ledger=ledger, vault=vault, now=NOW)
    asked = Asked(person_id=ann, contact_point=token(vault), channel="email", purpose="marketing")
    for hours in (0, 48, 1000):
        with ledger.database.read() as connection:
            (standing,) = ledger.standings(connection, [asked], now=NOW + timedelta(hours=hours))
        assert standing.reason == "withdrawn"


def test_everything_means_every_channel_and_purpose_but_orders(
    ledger: ConsentLedger, vault: Vault, ann: int
) -> None:
    given(ledger, ann, token(vault))
    given(ledger, ann, "wechat-1", channel="wechat")
    withdraw(ann, channel=ALL, purposes=OPTIONAL, said=SAID, ledger=ledger, vault=vault, now=NOW)
    for channel, point in (("email", token(vault)), ("wechat", "wechat-1"), ("push", ALL), ("sms", "new")):
        assert reason(ledger, ann, point, channel=channel) == "withdrawn"
    assert reason(ledger, ann, ALL, channel=ALL, purpose="sharing") == "withdrawn"
    assert reason(ledger, ann, token(vault), purpose="transactional") == "not_needed"
    stranger = person(vault, "c9", email="ann@mail.com")  # has the same address
    assert reason(ledger, stranger, token(vault)) == "withdrawn"


def test_a_grant_can_be_of_one_address_and_end_by_itself(
    ledger: ConsentLedger, vault: Vault, ann: int
) -> None:
    end = NOW + timedelta(days=1)
    n_recorded = grant(
        ann,
        channel="email",
        purpose="marketing",
        said=SAID,
        ledger=ledger,
        now=NOW,
        contact_point=token(vault),
        expires_at=end,
    )
    assert n_recorded == 1
    assert reason(ledger, ann, token(vault)) == "granted"
    assert reason(ledger, ann, "another") == "no_consent"
    assert ledger.history(ann)[0].expires_at == end
    with pytest.raises(ConsentEventInvalid):
        grant(ann, channel="email", purpose="marketing", said=SAID, ledger=ledger, now=NOW, expires_at=NOW)


def test_the_preference_centre_shows_what_was_ever_said_and_no_more(
    ledger: ConsentLedger, vault: Vault, ann: int
) -> None:
    def shown() -> dict[tuple[str, str], bool]:
        found = choices(claim(ann), ledger=ledger, vault=vault, now=NOW)
        return {(one.channel, one.purpose): one.is_on for one in found}

    # The vault knows a phone, and the page does not tell. Whoever has a link may object to being profiled.
    assert shown() == {("email", "marketing"): False, ("", "personalisation"): True}
    given(ledger, ann, token(vault))
    given(ledger, ann, ALL, channel="sms")
    grant(ann, channel=ALL, purpose="sharing", said=SAID, ledger=ledger, now=NOW)
    lines = {
        ("email", "marketing"): True,
        ("sms", "marketing"): True,
        ("", "sharing"): True,
        ("", "personalisation"): True,
    }
    assert shown() == lines
    withdraw(ann, channel=ALL, purposes=OPTIONAL, said=SAID, ledger=ledger, vault=vault, now=NOW)
    assert shown() == dict.fromkeys(lines, False) | {("", "analytics"): False}


def test_choosing_changes_what_was_shown_and_nothing_else(
    ledger: ConsentLedger, vault: Vault, ann: int
) -> None:
    given(ledger, ann, token(vault))
    given(ledger, ann, ALL, channel="sms")

    def chosen(*wanted: tuple[str, bool]) -> list[str]:
        before = len(ledger.history(ann))
        lines = [Choice(channel=c, purpose="marketing", is_on=is_on) for c, is_on in wanted]  # type: ignore[arg-type]
        choose(claim(ann), lines, said=SAID, ledger=ledger, vault=vault, now=NOW)
        return sorted(f"{event.act} {event.channel}" for event in ledger.history(ann)[before:])

    assert chosen(("email", True), ("sms", True)) == []
    assert chosen(("push", True)) == []  # was not shown: no consent can be slipped in
    assert chosen(("email", False), ("sms", True)) == ["withdraw email", "withdraw email"]
    assert reason(ledger, ann, token(vault)) == "withdrawn"
    assert reason(ledger, ann, ALL, channel="sms") == "granted"
    assert chosen(("email", True)) == ["grant email"]
    assert reason(ledger, ann, token(vault)) == "granted"
    assert chosen(("push", False)) == []


def test_proofs_from_outside_are_sealed(ledger: ConsentLedger, vault: Vault) -> None:
    sealed = sealed_proof("card signed by ann@mail.com", vault=vault)
    assert "ann" not in sealed
    assert revealed_proof(sealed, vault=vault) == "card signed by ann@mail.com"
    assert sealed_proof("", vault=vault) == ""
    assert revealed_proof("link of campaign spring", vault=vault) == "link of campaign spring"
    with pytest.raises(Tampered):
        revealed_proof(sealed[:-8] + "AAAAAAA=", vault=vault)


def test_no_identifier_lies_on_the_disk(tmp_path: Path, keys: Path) -> None:
    database = Database.open(f"sqlite:///{tmp_path / 'a.db'}")
    database.upgrade()
    vault = Vault(database=database, keys=keys, country="CN")
    ledger = ConsentLedger(database=database, policies=read_policies())
    ann = person(vault, "c1", email="planted.person@mailbox-canary.com")
    proof = sealed_proof("planted.person@mailbox-canary.com said yes", vault=vault)
    grant(
        ann,
        channel="email",
        purpose="marketing",
        said=Said(source="till-canary", proof=proof),
        ledger=ledger,
        now=NOW,
    )
    unsubscribe(claim(ann), said=SAID, ledger=ledger, vault=vault, now=NOW)
    database.close()
    written = b"".join(path.read_bytes() for path in tmp_path.glob("a.db*"))
    assert b"till-canary" in written  # the search looks at the right bytes
    assert b"planted" not in written
    assert b"mailbox-canary" not in written
