"""The manual's examples are true."""

from __future__ import annotations

import json
import re
from datetime import datetime
from pathlib import Path

from aimwell.base.clock import FixedClock
from aimwell.promote.channels.feedback import read_webhook
from aimwell.promote.channels.files import read_channels
from aimwell.promote.channels.signing import WebhookSecret, signed_headers
from aimwell.promote.channels.webhook import WebhookChannel
from aimwell.trust.outbound import OutboundClient

from .messages import message

MANUAL = (Path(__file__).parents[4] / "docs" / "channels.md").read_text("utf-8")
NOW = datetime(2026, 3, 1, 12, 0, 0)
SECRET = WebhookSecret(b"k" * 32)


def examples(language: str) -> list[str]:
    return [str(found) for found in re.findall(rf"```{language}\n(.*?)```", MANUAL, re.DOTALL)]


def test_the_example_file_is_one(tmp_path: Path) -> None:
    path = tmp_path / "channels.toml"
    path.write_text(examples("toml")[0], "utf-8")
    assert {name: one.type for name, one in read_channels(path).items()} == {
        "email": "smtp",
        "sms": "webhook",
        "letters": "file",
    }


def test_the_json_that_goes_out() -> None:
    with OutboundClient() as client:
        channel = WebhookChannel(
            name="sms",
            kind="sms",
            url="https://x.example",
            secret=SECRET,
            client=client,
            clock=FixedClock(NOW),
        )
        what = message(
            channel="sms",
            person_id=7041,
            address="+8613800138000",
            subject=None,
            text="您好",
            template_id="SMS_154950",
            params={"name": "安娜"},
        )
        assert json.loads(channel.body(what, now=NOW)) == json.loads(examples("json")[0])


def test_the_json_that_comes_in() -> None:
    body = examples("json")[1].encode()
    headers = signed_headers(SECRET, message_id="evt_1", now=NOW, body=body)
    found = read_webhook(headers, body, secrets=[SECRET], now=NOW)
    assert (found.kind, found.message_id, found.is_permanent) == ("bounced", "m1", True)
