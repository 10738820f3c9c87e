"""`aimwell serve public`."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Annotated

import typer

from aimwell.base.words import text
from aimwell.cli.consent import ledger_of
from aimwell.cli.face import face_of
from aimwell.shop import Shop

if TYPE_CHECKING:
    from aimwell.web.public import Hearing

__all__ = ["register"]


def register(app: typer.Typer) -> None:
    """Add the commands to the root."""
    serve = typer.Typer(help=text("Serve pages over HTTP."), no_args_is_help=True)
    serve.callback()(_root)
    serve.command(
        "public", help=text("Serve the pages that customers open from messages: unsubscribing, preferences.")
    )(public)
    app.add_typer(serve, name="serve")


def _root() -> None:
    """Hold the commands together, also while there is only one."""


def public(
    ctx: typer.Context,
    host: Annotated[
        str, typer.Option(help=text("Address to listen on; put a server that speaks HTTPS in front."))
    ] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65_535, help=text("Port to listen on."))] = 8080,
) -> None:
    import uvicorn  # takes long to load, and only this command needs it

    from aimwell.web.public import FEEDBACK_PATH, build_app

    face = face_of(ctx)
    with face.open_shop() as shop:
        hearing = _hearing(shop)
        app = build_app(
            ledger=ledger_of(shop),
            vault=shop.vault,
            clock=shop.clock,
            shop_name=shop.settings.name,
            language=shop.settings.language,
            hearing=hearing,
        )
        face.say(
            text("Serving the public pages on http://{host}:{port}; stop with Ctrl+C."), host=host, port=port
        )
        if hearing is not None:
            face.say(
                text("Providers report at {path}, signed with the secret of [feedback]."), path=FEEDBACK_PATH
            )
        # no access log: its lines would hold the tokens, and a token is the key to a person's choices
        uvicorn.run(app, host=host, port=port, access_log=False, server_header=False, log_level="warning")


def _hearing(shop: Shop) -> Hearing | None:
    """Return who listens to providers; None where channels.toml has no secret for them."""
    from aimwell.promote.channels.opening import FILE_NAME, feedback_secrets
    from aimwell.promote.channels.secrets import Secrets
    from aimwell.web.public import Hearing

    secrets = Secrets(environment=os.environ, folder=shop.folder)
    found = feedback_secrets(shop.folder / FILE_NAME, secrets=secrets)
    return Hearing(intake=shop.feedback, secrets=found) if found else None
