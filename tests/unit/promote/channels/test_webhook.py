"""What an HTTP answer means for a message; real calls are in tests/integration/promote/channels."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from datetime import UTC, datetime

import pytest
import standardwebhooks

from aimwell.base.clock import FixedClock
from aimwell.promote.channels.model import Delivery
from aimwell.promote.channels.signing import WebhookSecret
from aimwell.promote.channels.webhook import WebhookChannel
from aimwell.trust.outbound import (
    AddressRefused,
    Answer,
    AnswerTooLarge,
    NoAnswer,
    NotReached,
    OutboundClient,
)

from .messages import message

NOW = datetime(2026, 3, 1, 12, 0, 0)
KEY = bytes(range(32))
AT_NOW = {"2026-03-01 12:00": "1772366400"}


class FakeClient(OutboundClient):
    """Answers with what it was given, in turn, and keeps what it was asked."""

    def __init__(self, *answers: Answer | Exception) -> None:
        self.answers = list(answers)
        self.asked: list[tuple[str, str, bytes, dict[str, str]]] = []

    def request(
        self, method: str, url: str, *, body: bytes = b"", headers: Mapping[str, str] | None = None
    ) -> Answer:
        self.asked.append((method, url, body, dict(headers or {})))
        answer = self.answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer


def answer(status: int, body: bytes = b"", **headers: str) -> Answer:
    return Answer(status=status, headers={k.replace("_", "-"): v for k, v in headers.items()}, body=body)


def channel(client: FakeClient) -> WebhookChannel:
    return WebhookChannel(
        name="sms",
        kind="sms",
        url="https://gateway.example/send",
        secret=WebhookSecret(KEY),
        client=client,
        clock=FixedClock(NOW),
    )


def sent(*answers: Answer | Exception, n_messages: int = 1) -> list[Delivery]:
    batch = [
        message(message_id=f"m{n}", person_id=n, address=f"1380013800{n}") for n in range(1, n_messages + 1)
    ]
    return list(channel(FakeClient(*answers)).send(batch))


def test_what_is_posted_is_documented_json_signed_as_standard_webhooks() -> None:
    client = FakeClient(answer(202, b'{"id": "gw-7"}'))
    what = message(
        channel="sms",
        address="+8613800138000",
        subject=None,
        text="您好",
        template_id="SMS_1",
        params={"name": "安娜"},
        unsubscribe_url="https://shop.example/u/1",
    )
    (delivery,) = channel(client).send([what])
    assert (delivery.outcome, delivery.provider_id) == ("sent", "gw-7")
    ((method, url, body, headers),) = client.asked
    assert (method, url, headers["Content-Type"]) == (
        "POST",
        "https://gateway.example/send",
        "application/json",
    )
    assert json.loads(body) == {
        "type": "message.send",
        "timestamp": "2026-03-01T12:00:00Z",
        "data": {
            "message_id": "m1",
            "campaign_id": "spring",
            "offer_id": "mug10",
            "person_id": 1,
            "channel": "sms",
            "kind": "sms",
            "to": "+8613800138000",
            "subject": None,
            "text": "您好",
            "html": None,
            "template_id": "SMS_1",
            "params": {"name": "安娜"},
            "unsubscribe_url": "https://shop.example/u/1",
        },
    }
    reference = standardwebhooks.Webhook("whsec_" + base64.b64encode(KEY).decode())
    assert headers["webhook-signature"] == reference.sign("m1", NOW.replace(tzinfo=UTC), body.decode())


def test_a_repeat_has_the_same_id() -> None:
    client = FakeClient(answer(500), answer(200))
    for _ in range(2):
        list(channel(client).send([message()]))
    assert [headers["webhook-id"] for _, _, _, headers in client.asked] == ["m1", "m1"]


@pytest.mark.parametrize(
    ("status", "outcome"),
    [
        (200, "sent"),
        (202, "sent"),
        (204, "sent"),
        (301, "deferred"),  # a POST is not sent on: the URL in channels.toml is to be corrected
        (400, "refused"),
        (401, "deferred"),  # the secret is wrong, not the message
        (403, "deferred"),
        (404, "refused"),
        (408, "deferred"),
        (409, "deferred"),
        (422, "refused"),
        (429, "deferred"),
        (500, "deferred"),
        (503, "deferred"),
    ],
)
def test_outcomes(status: int, outcome: str) -> None:
    (delivery,) = sent(answer(status))
    assert delivery.outcome == outcome


@pytest.mark.parametrize(
    ("asked", "seconds"),
    [
        ("30", 30.0),
        ("0", 0.0),
        ("Sun, 01 Mar 2026 12:02:00 GMT", 120.0),
        ("Sun, 01 Mar 2026 11:00:00 GMT", 0.0),
        ("999999999", 86_400.0),
        ("soon", None),
        ("-5", None),
        ("", None),
    ],
)
def test_retry_after_is_honoured(asked: str, seconds: float | None) -> None:
    (delivery,) = sent(answer(429, retry_after=asked))
    assert delivery.retry_after_seconds == seconds


@pytest.mark.parametrize("status", [429, 503])
def test_who_asks_for_a_pause_is_not_called_again_in_this_batch(status: int) -> None:
    found = sent(answer(200), answer(status, retry_after="7"), n_messages=4)
    assert [(d.message_id, d.outcome, d.retry_after_seconds) for d in found] == [
        ("m1", "sent", None),
        ("m2", "deferred", 7.0),
        ("m3", "deferred", 7.0),
        ("m4", "deferred", 7.0),
    ]


def test_who_is_out_of_reach_is_not_called_again_in_this_batch() -> None:
    found = sent(NotReached(host="gateway.example", detail="refused"), n_messages=3)
    assert [d.outcome for d in found] == ["deferred"] * 3
    private = sent(AddressRefused(host="gateway.example", address="10.0.0.1"), n_messages=2)
    assert [d.outcome for d in private] == ["deferred"] * 2


@pytest.mark.parametrize(
    "failure",
    [NoAnswer(host="gateway.example", detail="timed out"), AnswerTooLarge(host="gateway.example", limit=1)],
)
def test_a_request_without_an_answer_may_have_been_taken(failure: Exception) -> None:
    found = sent(failure, answer(200), n_messages=2)
    assert [d.outcome for d in found] == ["unknown", "sent"]


@pytest.mark.parametrize("body", [b"", b"{", b"[1]", b'{"id": {"x": 1}}', b"\xff", b"[" * 100_000])
def test_an_answer_without_an_id_is_one_too(body: bytes) -> None:
    (delivery,) = sent(answer(200, body))
    assert (delivery.outcome, delivery.provider_id) == ("sent", None)


def test_what_the_receiver_says_is_kept_without_the_address() -> None:
    (delivery,) = sent(answer(422, b'{"error": "no such number 13800138001"}'))
    assert delivery.detail == '422 {"error": "no such number <number>"}'
