"""Messages by signed webhook: to a provider of text messages, to WeChat, or to any machine that takes JSON.

The JSON and the headers are described in docs/channels.md.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import datetime
from email.utils import parsedate_to_datetime

from aimwell.base.clock import Clock
from aimwell.base.errors import InvalidInput
from aimwell.promote.channels.fitness import checked, deferred, refused, without_addresses
from aimwell.promote.channels.model import ChannelKind, Delivery, Message
from aimwell.promote.channels.signing import WebhookSecret, signed_headers
from aimwell.trust.outbound import Answer, AnswerTooLarge, NoAnswer, NotReached, OutboundClient

__all__ = ["WebhookChannel"]

_MESSAGE_IS_WRONG = frozenset(
    (400, 404, 410, 413, 415, 422)
)  # other 4xx: the call is wrong, or it is not the time
_PAUSES = frozenset((429, 503))
_LONGEST_PAUSE = 86_400.0  # seconds


class WebhookChannel:
    """Posts each message as signed JSON; a repeat has the same webhook-id, so the receiver can leave it out.

    Parameters
    ----------
    name
        In channels.toml.
    kind
        What the addresses are.
    client
        Sends the requests; closed with the channel.
    """

    def __init__(
        self,
        *,
        name: str,
        kind: ChannelKind,
        url: str,
        secret: WebhookSecret,
        client: OutboundClient,
        clock: Clock,
        rate_per_second: float | None = None,
    ) -> None:
        self.name, self.kind, self.rate_per_second = name, kind, rate_per_second
        self._url, self._secret, self._client, self._clock = url, secret, client, clock

    def send(self, messages: Sequence[Message]) -> Iterator[Delivery]:
        """Post messages and yield what became of each; once the receiver is out of reach or asks for a pause, the rest is deferred."""
        held_up: Delivery | None = None
        for message, problem in checked(messages, kind=self.kind):
            if problem is not None:
                yield refused(message, problem)
            elif held_up is not None:
                yield replace(held_up, message_id=message.message_id)
            else:
                delivery, is_held_up = self._post(message)
                held_up = delivery if is_held_up else None
                yield delivery

    def check(self) -> None:
        """Do nothing: any call would be a message."""

    def close(self) -> None:
        """Close the connections."""
        self._client.close()

    def _post(self, message: Message) -> tuple[Delivery, bool]:
        """Return what became of a message, and whether the next ones need not be tried now."""
        now = self._clock.now()
        body = self.body(message, now=now)
        signed = signed_headers(self._secret, message_id=message.message_id, now=now, body=body)
        try:
            answer = self._client.request(
                "POST", self._url, body=body, headers=signed | {"Content-Type": "application/json"}
            )
        except (NotReached, InvalidInput) as exc:
            return deferred(message, without_addresses(str(exc))), True
        except (NoAnswer, AnswerTooLarge) as exc:
            detail = without_addresses(str(exc))
            return Delivery(message_id=message.message_id, outcome="unknown", detail=detail), False
        return self._judged(message, answer, now=now), answer.status in _PAUSES

    def body(self, message: Message, *, now: datetime) -> bytes:
        """Return the JSON of a message."""
        data = {
            "message_id": message.message_id,
            "campaign_id": message.campaign_id,
            "offer_id": message.offer_id,
            "person_id": message.person_id,
            "channel": self.name,
            "kind": self.kind,
            "to": message.address,
            "subject": message.subject,
            "text": message.text,
            "html": message.html,
            "template_id": message.template_id,
            "params": dict(message.params),
            "unsubscribe_url": message.unsubscribe_url,
        }
        whole = {"type": "message.send", "timestamp": f"{now.isoformat(timespec='seconds')}Z", "data": data}
        return json.dumps(whole, ensure_ascii=False).encode()

    def _judged(self, message: Message, answer: Answer, *, now: datetime) -> Delivery:
        said = without_addresses(f"{answer.status} {answer.body[:200].decode('utf-8', 'replace')}")
        if 200 <= answer.status < 300:
            return Delivery(
                message_id=message.message_id,
                outcome="sent",
                detail=said,
                provider_id=_provider_id(answer.body),
            )
        if answer.status in _MESSAGE_IS_WRONG:
            return refused(message, said)
        return deferred(message, said, retry_after_seconds=_retry_after(answer, now=now))


def _provider_id(body: bytes) -> str | None:
    """Return the `id` or `message_id` of a JSON answer, if there is one."""
    with suppress(ValueError, RecursionError):
        found = json.loads(body)
        if isinstance(found, dict):
            named = found.get("id") or found.get("message_id")
            return str(named)[:100] if isinstance(named, str | int) else None
    return None


def _retry_after(answer: Answer, *, now: datetime) -> float | None:
    """Return the pause that the receiver asks for, in seconds, at most a day: a number or a date (RFC 9110, 10.2.3)."""
    asked = answer.headers.get("retry-after", "").strip()
    if asked.isascii() and asked.isdigit():
        return min(float(asked), _LONGEST_PAUSE)
    try:
        at = parsedate_to_datetime(asked).replace(tzinfo=None)
    except ValueError:
        return None
    return min(max((at - now).total_seconds(), 0.0), _LONGEST_PAUSE)
