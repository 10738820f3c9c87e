"""The route that providers post to: what became of our messages, as signed webhooks. It speaks JSON, to machines.

Nothing is believed that is not signed with the shop's secret, and nothing is told of what was found: a report about a
message that we never sent gets the same answer as any other.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse, Response
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException

from aimwell.base.clock import Clock
from aimwell.base.errors import Unavailable
from aimwell.promote.channels.errors import FeedbackUnreadable, SignatureWrong
from aimwell.promote.channels.signing import WebhookSecret
from aimwell.promote.feedback.reading import webhook_report
from aimwell.promote.feedback.service import Intake
from aimwell.web.public.guards import body_of
from aimwell.web.public.limits import Limiter, neighbourhood

__all__ = ["CALLS", "FEEDBACK_PATH", "LONGEST", "WRONG_CALLS", "Hearing", "add_feedback"]

FEEDBACK_PATH = "/feedback"
LONGEST = 65_536
"""Bytes of a webhook; a report is a few hundred."""
CALLS = 3_000
"""Signed webhooks in a minute, from all callers together."""
WRONG_CALLS = 20
"""Webhooks in a minute from one caller that are not signed with the shop's secret."""

_RETRY_SECONDS = 30


@dataclass(frozen=True, kw_only=True)
class Hearing:
    """Who takes in what providers report, and the secrets that they sign with."""

    intake: Intake
    secrets: Sequence[WebhookSecret]


def add_feedback(app: FastAPI, hearing: Hearing, *, clock: Clock) -> None:
    """Add the route.

    It answers 204 when a report was taken in, 400 when it is signed and not readable, 401 when it is not signed, 413 and 429
    beyond the limits, 503 when the database does not answer: then nothing was entered, and the provider tries again.
    """
    signed, wrong = Limiter(tries=CALLS), Limiter(tries=WRONG_CALLS)

    @app.post(FEEDBACK_PATH)
    async def hear(request: Request) -> Response:
        """Take in one report."""
        now = clock.now()
        try:
            body = await body_of(request, longest=LONGEST)
            report = webhook_report(request.headers, body, secrets=hearing.secrets, now=now)
        except HTTPException as exc:
            return _told(exc.status_code, "too_long")
        except SignatureWrong as exc:
            caller = neighbourhood(request.client.host if request.client else "")
            wait_seconds = wrong.wait_seconds(caller, now=now)
            return _later(429, wait_seconds) if wait_seconds else _told(401, exc.code)
        except FeedbackUnreadable as exc:
            return _told(400, exc.code)
        wait_seconds = signed.wait_seconds("", now=now)
        if wait_seconds:
            return _later(429, wait_seconds)
        try:
            await run_in_threadpool(hearing.intake.take, [report], now=now)
        except Unavailable:
            return _later(503, _RETRY_SECONDS)
        return Response(status_code=204)


def _told(status: int, code: str) -> Response:
    return JSONResponse({"error": code}, status_code=status)


def _later(status: int, wait_seconds: float) -> Response:
    headers = {"retry-after": str(math.ceil(wait_seconds))}
    return JSONResponse({"error": "later"}, status_code=status, headers=headers)
