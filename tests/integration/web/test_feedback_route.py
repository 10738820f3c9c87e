"""What providers post: signed reports are taken in, everything else is turned away within limits and told nothing."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest

from aimwell.promote.channels.signing import WebhookSecret, signed_headers
from aimwell.promote.feedback.service import Intake, came_back
from aimwell.promote.gate.gate import Gate
from aimwell.promote.gate.model import Manners
from aimwell.promote.outbox import rows
from aimwell.promote.outbox.model import AT_ONCE, Entry
from aimwell.storage.errors import AnotherWriter
from aimwell.web.public import FEEDBACK_PATH, Hearing, build_app
from aimwell.web.public.feedback import CALLS, LONGEST, WRONG_CALLS

from .conftest import Client, Site

SECRET = WebhookSecret(b"k" * 32)


@pytest.fixture
def client(site: Site) -> Client:
    """The pages of a shop that has sent Ann the message m1."""
    entry = Entry(
        message_id="m1",
        campaign_id="spring",
        person_id=site.ann,
        offer_id=None,
        channel="mail",
        purpose="marketing",
    )
    database = site.ledger.database
    with database.begin() as connection:
        rows.add_entries(connection, [entry], due_at=AT_ONCE)
        rows.address_entries(connection, {"m1": site.point})
    gate = Gate(database=database, ledger=site.ledger, manners=Manners(time_zone="UTC", country="DE"))
    intake = Intake(
        database=database, gate=gate, ledger=site.ledger, vault=site.vault, kinds={"mail": "email"}
    )
    app = build_app(
        ledger=site.ledger,
        vault=site.vault,
        clock=site.clock,
        shop_name="Tea",
        language="en",
        hearing=Hearing(intake=intake, secrets=[SECRET]),
    )
    return Client(app)


def told(kind: str = "message.complained", **data: object) -> bytes:
    whole = {"type": kind, "timestamp": "2026-06-01T12:00:00Z", "data": {"message_id": "m1"} | data}
    return json.dumps(whole).encode()


def post(client: Client, site: Site, body: bytes, *, secret: WebhookSecret = SECRET) -> Any:
    headers = signed_headers(secret, message_id="evt_1", now=site.clock.now(), body=body)
    return client.post(FEEDBACK_PATH, content=body, headers=headers)


def test_a_signed_complaint_withdraws_at_once_and_once(site: Site, client: Client) -> None:
    assert site.reason() == "granted"
    assert post(client, site, told()).status_code == 204
    assert site.reason() == "withdrawn"
    n_acts = len(site.ledger.history(site.ann))
    assert post(client, site, told()).status_code == 204
    assert len(site.ledger.history(site.ann)) == n_acts
    assert came_back("spring", database=site.ledger.database) == {"complained": 1}


def test_what_is_not_signed_changes_nothing(site: Site, client: Client) -> None:
    assert client.post(FEEDBACK_PATH, content=told()).status_code == 401
    assert post(client, site, told(), secret=WebhookSecret(b"x" * 32)).status_code == 401
    body = told()
    headers = signed_headers(SECRET, message_id="evt_1", now=site.clock.now(), body=body)
    assert client.post(FEEDBACK_PATH, content=body + b" ", headers=headers).status_code == 401
    site.clock.moment += timedelta(minutes=6)  # an old one, replayed
    assert client.post(FEEDBACK_PATH, content=body, headers=headers).status_code == 401
    assert site.reason() == "granted"


def test_the_answer_does_not_tell_which_messages_there_are(site: Site, client: Client) -> None:
    ours = post(client, site, told("message.delivered"))
    theirs = post(client, site, told("message.delivered", message_id="m2"))
    assert (ours.status_code, ours.content) == (theirs.status_code, theirs.content) == (204, b"")


@pytest.mark.parametrize("body", [b"", b"[]", b"\xff" * 100, told("message.opened"), told(message_id="a b")])
def test_what_is_signed_and_not_readable_is_refused(site: Site, client: Client, body: bytes) -> None:
    answer = post(client, site, body)
    assert (answer.status_code, answer.json()) == (400, {"error": "feedback_unreadable"})


def test_there_are_limits_on_size_and_rate(site: Site, client: Client) -> None:
    assert post(client, site, told(detail="x" * LONGEST)).status_code == 413
    for _ in range(WRONG_CALLS):
        assert client.post(FEEDBACK_PATH, content=b"{}").status_code == 401
    refused = client.post(FEEDBACK_PATH, content=b"{}")
    assert (refused.status_code, refused.headers["retry-after"]) == (429, "3")
    assert post(client, site, told()).status_code == 204  # the provider is not shut out by others


def test_signed_calls_have_a_limit_too(site: Site, client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("aimwell.web.public.limits.Limiter.wait_seconds", lambda *_, **__: 60 / CALLS)
    answer = post(client, site, told())
    assert (answer.status_code, answer.headers["retry-after"]) == (429, "1")
    assert site.reason() == "granted"


def test_a_busy_database_asks_the_provider_to_come_again(
    site: Site, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    def busy(*_: object, **__: object) -> None:
        raise AnotherWriter(what="the database")

    with monkeypatch.context() as patch:
        patch.setattr(Intake, "take", busy)
        assert post(client, site, told()).status_code == 503
    assert post(client, site, told()).status_code == 204


def test_a_shop_without_a_secret_has_no_such_route(site: Site) -> None:
    assert post(site.client(), site, told()).status_code == 404


def test_looking_is_no_reporting(client: Client) -> None:
    assert client.get(FEEDBACK_PATH).status_code == 405
