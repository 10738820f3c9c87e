"""Standard Webhooks, against the reference library in both directions."""

from __future__ import annotations

import base64
from datetime import UTC, datetime, timedelta

import pytest
import standardwebhooks

from aimwell.promote.channels.errors import SecretWeak, SignatureWrong
from aimwell.promote.channels.signing import WebhookSecret, signed_headers, verify

NOW = datetime(2026, 3, 1, 12, 0, 0)
WRITTEN = "whsec_" + base64.b64encode(bytes(range(32))).decode()
SECRET = WebhookSecret.parse(WRITTEN, channel="sms")
BODY = '{"text":"你好"}'.encode()


def test_the_signature_of_the_specification() -> None:
    """The example of the specification's text: id, time, body and secret are given there with their signature."""
    secret = WebhookSecret.parse("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", channel="x")
    body = b'{"test": 2432232314}'
    signature = secret.sign(message_id="msg_p5jXN8AQM9LWM0D4loKWxJek", timestamp=1614265330, body=body)
    assert signature == "g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


def test_the_reference_library_signs_the_same() -> None:
    ours = signed_headers(SECRET, message_id="m1", now=NOW, body=BODY)
    theirs = standardwebhooks.Webhook(WRITTEN).sign("m1", NOW.replace(tzinfo=UTC), BODY.decode())
    assert ours == {
        "webhook-id": "m1",
        "webhook-timestamp": "1772366400",  # 2026-03-01 12:00 UTC
        "webhook-signature": theirs,
    }


def test_the_reference_library_accepts_what_we_sign_now() -> None:
    now = datetime.now(UTC).replace(tzinfo=None)
    headers = signed_headers(SECRET, message_id="m1", now=now, body=BODY)
    assert standardwebhooks.Webhook(WRITTEN).verify(BODY, headers) == {"text": "你好"}


def test_what_the_reference_library_signs_is_accepted() -> None:
    signature = standardwebhooks.Webhook(WRITTEN).sign("m1", NOW.replace(tzinfo=UTC), BODY.decode())
    headers = {"Webhook-Id": "m1", "Webhook-Timestamp": "1772366400", "Webhook-Signature": signature}
    assert verify(headers, BODY, secrets=[SECRET], now=NOW) == "m1"


@pytest.mark.parametrize("seconds", [-301, 301])
def test_more_than_five_minutes_away_is_refused(seconds: int) -> None:
    headers = signed_headers(SECRET, message_id="m1", now=NOW, body=BODY)
    with pytest.raises(SignatureWrong):
        verify(headers, BODY, secrets=[SECRET], now=NOW + timedelta(seconds=seconds))


@pytest.mark.parametrize("seconds", [-300, 0, 300])
def test_up_to_five_minutes_away_is_accepted(seconds: int) -> None:
    headers = signed_headers(SECRET, message_id="m1", now=NOW, body=BODY)
    assert verify(headers, BODY, secrets=[SECRET], now=NOW + timedelta(seconds=seconds)) == "m1"


@pytest.mark.parametrize(
    "changes",
    [
        {"webhook-id": "m2"},
        {"webhook-timestamp": "1772366401"},
        {"webhook-timestamp": "1772366400.0"},
        {"webhook-timestamp": "-1772366400"},
        {"webhook-timestamp": "９"},
        {"webhook-timestamp": "9" * 400},
        {"webhook-signature": ""},
        {"webhook-signature": "v1,"},
        {"webhook-signature": "v1"},
        {"webhook-signature": "v1,bm9wZQ== v1a,bm9wZQ=="},
        {"webhook-signature": "v1,\u00e9"},
    ],
)
def test_anything_changed_is_refused(changes: dict[str, str]) -> None:
    headers = signed_headers(SECRET, message_id="m1", now=NOW, body=BODY) | changes
    with pytest.raises(SignatureWrong):
        verify(headers, BODY, secrets=[SECRET], now=NOW)


def test_a_changed_body_is_refused() -> None:
    headers = signed_headers(SECRET, message_id="m1", now=NOW, body=BODY)
    with pytest.raises(SignatureWrong):
        verify(headers, BODY + b" ", secrets=[SECRET], now=NOW)


def test_the_signature_under_another_version_does_not_count() -> None:
    headers = signed_headers(SECRET, message_id="m1", now=NOW, body=BODY)
    headers["webhook-signature"] = headers["webhook-signature"].replace("v1,", "v2,")
    with pytest.raises(SignatureWrong):
        verify(headers, BODY, secrets=[SECRET], now=NOW)


def test_while_a_secret_is_changed_the_old_one_still_counts() -> None:
    new = WebhookSecret(b"n" * 32)
    headers = signed_headers(SECRET, message_id="m1", now=NOW, body=BODY)
    assert verify(headers, BODY, secrets=[new, SECRET], now=NOW) == "m1"
    two = headers | {"webhook-signature": "v1,bm9wZQ== " + headers["webhook-signature"]}
    assert verify(two, BODY, secrets=[SECRET], now=NOW) == "m1"


@pytest.mark.parametrize(
    "written", ["", "whsec_", "whsec_c2hvcnQ=", "whsec_" + "A" * 200, "not base64 at all!"]
)
def test_a_short_or_unreadable_secret_is_refused(written: str) -> None:
    with pytest.raises(SecretWeak):
        WebhookSecret.parse(written, channel="sms")


def test_the_secret_is_not_shown() -> None:
    assert "key" not in repr(SECRET)
