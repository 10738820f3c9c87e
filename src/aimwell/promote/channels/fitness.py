"""What every channel asks of a message before it sends it, and how it speaks of what the other side said."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from aimwell.base.words import Sentence, text
from aimwell.promote.channels.errors import MessageUnfit
from aimwell.promote.channels.model import ChannelKind, Delivery, Message

__all__ = ["checked", "deferred", "one_line", "refused", "without_addresses"]

_MESSAGE_ID = re.compile(r"[A-Za-z0-9._-]{1,200}")
_LONGEST_ADDRESS = 320
_LONGEST_DETAIL = 200
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]+")
_ADDRESS_LIKE = re.compile(r"<?[^\s<>@]+@[^\s<>@]+>?")
_DIGITS = re.compile(r"\+?\d[\d -]{6,}\d")


def checked(
    messages: Sequence[Message], *, kind: ChannelKind
) -> Iterator[tuple[Message, MessageUnfit | None]]:
    """Yield each message with what makes it unfit to be sent, None if nothing.

    The same message of a campaign goes once to an address, also where two people share it. Channels of kind post and webhook may
    know people by their number alone, without an address.
    """
    people: dict[tuple[str, str | None, str], int] = {}
    for message in messages:
        key = (message.campaign_id, message.offer_id, message.address.strip().casefold())
        first = people.setdefault(key, message.person_id) if message.address.strip() else message.person_id
        needs_address = kind not in ("post", "webhook")
        is_repeated = first != message.person_id
        yield message, _problem(message, needs_address=needs_address, is_repeated=is_repeated)


def _problem(message: Message, *, needs_address: bool, is_repeated: bool) -> MessageUnfit | None:
    if not _MESSAGE_ID.fullmatch(message.message_id):
        said = Sentence(text("its id is not made of 1 to 200 letters, digits and ._-"))
    elif needs_address and not message.address.strip():
        said = Sentence(text("its address is empty"))
    elif _CONTROL.search(message.address):
        said = Sentence(text("its address has control characters in it"))
    elif len(message.address) > _LONGEST_ADDRESS:
        said = Sentence(text("its address is longer than {most} characters"), {"most": _LONGEST_ADDRESS})
    elif is_repeated:
        said = Sentence(text("another person of this batch has the same address, which gets it already"))
    else:
        return None
    return MessageUnfit(problem=said)


def refused(message: Message, problem: object) -> Delivery:
    """Return that a message is never to be sent as it is."""
    return Delivery(message_id=message.message_id, outcome="refused", detail=str(problem))


def deferred(message: Message, problem: object, *, retry_after_seconds: float | None = None) -> Delivery:
    """Return that nothing of a message was taken."""
    return Delivery(
        message_id=message.message_id,
        outcome="deferred",
        detail=str(problem),
        retry_after_seconds=retry_after_seconds,
    )


def one_line(value: str) -> str:
    """Return a text as one line: control characters and line ends of any kind become one blank."""
    return _CONTROL.sub(" ", value).strip()


def without_addresses(said: str) -> str:
    """Return what the other side said, as one short line in which no e-mail address or phone number stands."""
    line = " ".join(one_line(said).split())
    return _DIGITS.sub("<number>", _ADDRESS_LIKE.sub("<address>", line))[:_LONGEST_DETAIL]
