"""The app of the public pages: a route reads the token, calls one service, and shows a page.

Whoever holds a token speaks for the person it was sent to: that is all the proof there is, and it needs no cookie, so there
is nothing that another site could misuse. A token that is not ours gets the same answer whatever it is.
"""

from __future__ import annotations

import math

from fastapi import FastAPI, Request
from fastapi.responses import HTMLResponse, Response
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import FormData
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp

from aimwell.base.clock import Clock
from aimwell.base.errors import Unavailable
from aimwell.base.words import Language, text
from aimwell.trust.consent.errors import TokenInvalid
from aimwell.trust.consent.ledger import ConsentLedger
from aimwell.trust.consent.links import (
    ONE_CLICK_FIELD,
    ONE_CLICK_VALUE,
    PREFERENCES_PATH,
    UNSUBSCRIBE_PATH,
)
from aimwell.trust.consent.model import ALL
from aimwell.trust.consent.service import OPTIONAL, Choice, Said, choices, choose, unsubscribe, withdraw
from aimwell.trust.consent.tokens import Claim, UnsubscribeTokens
from aimwell.trust.vault import Vault
from aimwell.web.public.feedback import Hearing, add_feedback
from aimwell.web.public.guards import Guarded, form_of
from aimwell.web.public.limits import Limiter, neighbourhood
from aimwell.web.public.pages import Pages, language_of, line_key

__all__ = ["TRIES", "WRONG_TRIES", "build_app"]

TRIES = 60
"""Requests with one good token in a minute."""
WRONG_TRIES = 20
"""Requests with bad tokens from one caller in a minute. Good ones are not counted together: a mail provider sends many."""

_NOTICE = "preference centre 1"  # raise it whenever the words of the preference centre change
_RETRY_SECONDS = 30

_MESSAGES = {
    404: text(
        "There is nothing here. Open the link once more from the message, or copy all of it into the address bar."
    ),
    405: text("This page cannot be used like that. Open the link once more from the message."),
    413: text("That was more than this page takes. Open the link once more from the message."),
    429: text("Too many tries. Wait a little, then open the link once more."),
    503: text("This cannot be done right now; nothing was changed. Open the link again in a few minutes."),
}
_UNREADABLE = text("This request could not be read. Open the link once more from the message.")


class _TooOften(Exception):
    """A caller has to wait."""

    def __init__(self, wait_seconds: float) -> None:
        self.wait_seconds = wait_seconds


class _Desk:
    """What the routes share."""

    def __init__(
        self, *, ledger: ConsentLedger, vault: Vault, clock: Clock, shop_name: str, language: Language
    ) -> None:
        self.ledger, self.vault, self.clock = ledger, vault, clock
        self.pages = Pages(shop_name=shop_name)
        self._default = language
        self._tokens = UnsubscribeTokens(vault.derived_key("unsubscribe"))
        self._good, self._bad = Limiter(tries=TRIES), Limiter(tries=WRONG_TRIES)

    def language(self, request: Request) -> Language:
        """Return the language to answer in."""
        accepted = request.headers.get("accept-language", "")
        return language_of(accepted, chosen=request.query_params.get("lang"), default=self._default)

    def claim(self, request: Request, token: str) -> Claim:
        """Return what the token says, if its holder may ask again already."""
        now = self.clock.now()
        try:
            claim = self._tokens.read(token)
        except TokenInvalid:
            caller = neighbourhood(request.client.host if request.client else "")
            _wait(self._bad.wait_seconds(caller, now=now))
            raise
        _wait(self._good.wait_seconds(token, now=now))
        return claim


def build_app(
    *,
    ledger: ConsentLedger,
    vault: Vault,
    clock: Clock,
    shop_name: str,
    language: Language,
    hearing: Hearing | None = None,
) -> ASGIApp:
    """Return the app of the public pages.

    Parameters
    ----------
    ledger, vault, clock
        Of the shop.
    shop_name
        As customers know it.
    language
        Of those whose browser names neither English nor Chinese.
    hearing
        Takes in what providers report about messages; None: there is no such route.
    """
    desk = _Desk(ledger=ledger, vault=vault, clock=clock, shop_name=shop_name, language=language)
    # no generated pages, and no redirect to a host that the caller names
    app = FastAPI(openapi_url=None, docs_url=None, redoc_url=None, redirect_slashes=False)
    _add_unsubscribe(app, desk)
    _add_preferences(app, desk)
    if hearing is not None:
        add_feedback(app, hearing, clock=clock)
    _add_errors(app, desk)
    return Guarded(app, headers=desk.pages.headers)


def _add_unsubscribe(app: FastAPI, desk: _Desk) -> None:
    path = UNSUBSCRIBE_PATH + "{token}"

    @app.api_route(path, methods=["GET", "HEAD"])
    async def ask(request: Request, token: str) -> Response:
        """Show the button; scanners that open every link change nothing."""
        claim = desk.claim(request, token)
        return HTMLResponse(desk.pages.ask(token, _choice(claim), language=desk.language(request)))

    @app.post(path)
    async def one_click(request: Request, token: str) -> Response:
        """Unsubscribe, for the button and for mail programs (RFC 8058) alike."""
        claim, language = desk.claim(request, token), desk.language(request)
        form = await form_of(request)
        if form.get(ONE_CLICK_FIELD) != ONE_CLICK_VALUE:
            return HTMLResponse(desk.pages.ask(token, _choice(claim), language=language), status_code=400)
        said = Said(source="one-click", proof=f"link of campaign {claim.campaign_id}")
        await run_in_threadpool(
            unsubscribe, claim, said=said, ledger=desk.ledger, vault=desk.vault, now=desk.clock.now()
        )
        return HTMLResponse(desk.pages.done(token, _choice(claim), language=language))


def _add_preferences(app: FastAPI, desk: _Desk) -> None:
    path = PREFERENCES_PATH + "{token}"

    async def shown(request: Request, token: str, claim: Claim, *, is_saved: bool) -> Response:
        found = await run_in_threadpool(
            choices, claim, ledger=desk.ledger, vault=desk.vault, now=desk.clock.now()
        )
        language = desk.language(request)
        return HTMLResponse(desk.pages.preferences(token, found, language=language, is_saved=is_saved))

    @app.api_route(path, methods=["GET", "HEAD"])
    async def show(request: Request, token: str) -> Response:
        """Show what the person receives."""
        return await shown(request, token, desk.claim(request, token), is_saved=False)

    @app.post(path)
    async def save(request: Request, token: str) -> Response:
        """Take what the person chose."""
        claim = desk.claim(request, token)
        form = await form_of(request)
        await run_in_threadpool(_save, desk, claim, form, language=desk.language(request))
        return await shown(request, token, claim, is_saved=True)


def _save(desk: _Desk, claim: Claim, form: FormData, *, language: Language) -> None:
    now = desk.clock.now()
    proof = f"link of campaign {claim.campaign_id}"
    said = Said(source="preference centre", notice=f"{_NOTICE} {language}", proof=proof)
    if form.get("do") == "stop":
        withdraw(
            claim.person_id,
            channel=ALL,
            purposes=OPTIONAL,
            also=[(claim.contact_point, claim.channel)],
            said=said,
            ledger=desk.ledger,
            vault=desk.vault,
            now=now,
        )
        return
    on, keys = set(form.getlist("on")), set(form.getlist("shown"))
    known = choices(claim, ledger=desk.ledger, vault=desk.vault, now=now)
    wanted = [
        Choice(channel=one.channel, purpose=one.purpose, is_on=line_key(one) in on)
        for one in known
        if line_key(one) in keys
    ]
    choose(claim, wanted, said=said, ledger=desk.ledger, vault=desk.vault, now=now)


def _add_errors(app: FastAPI, desk: _Desk) -> None:
    def page(request: Request, status: int, *, wait_seconds: float | None = None) -> Response:
        message = desk.pages.message(_MESSAGES.get(status, _UNREADABLE), language=desk.language(request))
        headers = {} if wait_seconds is None else {"retry-after": str(math.ceil(wait_seconds))}
        return HTMLResponse(message, status_code=status, headers=headers)

    @app.exception_handler(TokenInvalid)
    async def not_ours(request: Request, _exc: TokenInvalid) -> Response:
        return page(request, 404)

    @app.exception_handler(HTTPException)
    async def refused(request: Request, exc: HTTPException) -> Response:
        return page(request, exc.status_code)

    @app.exception_handler(_TooOften)
    async def too_often(request: Request, exc: _TooOften) -> Response:
        return page(request, 429, wait_seconds=exc.wait_seconds)

    @app.exception_handler(Unavailable)
    async def not_now(request: Request, _exc: Unavailable) -> Response:
        return page(request, 503, wait_seconds=_RETRY_SECONDS)


def _choice(claim: Claim) -> Choice:
    return Choice(channel=claim.channel, purpose=claim.purpose, is_on=True)


def _wait(wait_seconds: float) -> None:
    if wait_seconds > 0:
        raise _TooOften(wait_seconds)
