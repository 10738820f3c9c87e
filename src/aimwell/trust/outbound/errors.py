"""What can go wrong with a request to another machine."""

from __future__ import annotations

from aimwell.base.errors import InvalidInput, Unavailable
from aimwell.base.words import text

__all__ = ["AddressRefused", "AnswerTooLarge", "NoAnswer", "NotReached", "TooManyRedirects", "UrlRefused"]


class UrlRefused(InvalidInput):
    """A URL that no request goes to, whatever its address is."""

    code = "url_refused"
    template = text(
        "The URL with host `{host}` is refused: {problem}. Allowed: {allowed}. Correct it where it is configured."
    )


class AddressRefused(InvalidInput):
    """A host whose address is not a public one."""

    code = "address_refused"
    template = text(
        "The host `{host}` has the address {address}, which is not public; nothing was sent. If it is a machine of your own that "
        "you trust, name its network in `private_networks` of channels.toml."
    )


class NotReached(Unavailable):
    """No connection was made, so nothing was handed over."""

    code = "not_reached"
    template = text("`{host}` was not reached: {detail}. Nothing was sent; try again later.")


class NoAnswer(Unavailable):
    """The connection broke after some of the request had gone out: it may have been received."""

    code = "no_answer"
    template = text(
        "`{host}` took the request and gave no whole answer: {detail}. It may have been received."
    )


class AnswerTooLarge(Unavailable):
    """An answer beyond the limit; it is not read to its end."""

    code = "answer_too_large"
    template = text(
        "`{host}` answers with more than {limit} bytes; the rest was not read. Ask its operator, or use another URL."
    )


class TooManyRedirects(InvalidInput):
    """A chain of redirects beyond the limit."""

    code = "too_many_redirects"
    template = text(
        "`{host}` redirects more than {limit} times. Use the URL at the end of the chain instead."
    )
