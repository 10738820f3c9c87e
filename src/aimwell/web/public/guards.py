"""What surrounds every page: the headers that make a browser careful, and a bound on what is sent to us."""

from __future__ import annotations

from collections.abc import Mapping, MutableMapping
from typing import Any

from starlette.datastructures import FormData, MutableHeaders
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

__all__ = ["Guarded", "body_of", "form_of"]

_LONGEST_BODY = 16_384  # bytes: a form of these pages is a few hundred
_MOST_FIELDS = 100


class Guarded:
    """An app whose every answer, an error's too, carries the given headers.

    Parameters
    ----------
    app
        What answers.
    headers
        Set on every answer, in place of the app's own.
    """

    def __init__(self, app: ASGIApp, *, headers: Mapping[str, str]) -> None:
        self._app, self._headers = app, headers

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""

        async def guarded(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in self._headers.items():
                    headers[name] = value
            await send(message)

        await self._app(scope, receive, guarded)


async def body_of(request: Request, *, longest: int) -> bytes:
    """Return what was sent, read no further than so many bytes.

    Raises
    ------
    HTTPException
        413 if it is longer.
    """
    body = b""
    async for part in request.stream():
        body += part
        if len(body) > longest:
            raise HTTPException(413)
    return body


async def form_of(request: Request) -> FormData:
    """Return the form that was sent, urlencoded or multipart; files are refused.

    Raises
    ------
    HTTPException
        413 if it is longer than any form here, 400 if it is none.
    """
    body = await body_of(request, longest=_LONGEST_BODY)

    async def again() -> MutableMapping[str, Any]:
        return {"type": "http.request", "body": body, "more_body": False}

    return await Request(request.scope, again).form(max_files=0, max_fields=_MOST_FIELDS)
