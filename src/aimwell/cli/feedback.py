"""`aimwell channels feedback`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from aimwell.base.words import text
from aimwell.cli.face import Column, face_of
from aimwell.promote.feedback.model import ASIDE
from aimwell.promote.feedback.reading import mail_reports
from aimwell.promote.feedback.service import kept_aside

__all__ = ["feedback"]

_BOOKS = [Column("result", text("Result")), Column("n_reports", text("Reports"), "number")]
_ASIDE = [
    Column("received_at", text("Came (UTC)")),
    Column("source", text("By")),
    Column("outcome", text("It says")),
    Column("message_id", text("Message")),
    Column("why", text("Set aside because")),
]
_OUTCOMES = {
    "bounced": text("bounced for good: the address is suppressed"),
    "soft_bounced": text("did not arrive: counted"),
    "delayed": text("put off: counted"),
    "delivered": text("arrived: counted"),
    "complained": text("complained: the address is suppressed, the consent withdrawn"),
}


def feedback(
    ctx: typer.Context,
    paths: Annotated[
        list[Path] | None,
        typer.Argument(
            exists=True, help=text("Maildirs, folders of mails, mails; none: show what was set aside.")
        ),
    ] = None,
) -> None:
    face = face_of(ctx)
    with face.open_shop() as shop:
        if not paths:
            kept = [
                vars(one) | {"why": face.words.say(ASIDE[one.aside])}
                for one in kept_aside(database=shop.database)
            ]
            face.show_rows(kept, _ASIDE)
            return
        books = shop.feedback.take(mail_reports(paths), now=shop.clock.now())
    if face.output == "json":
        face.show_json(books)
        return
    say = face.words.say
    rows = [(say(_OUTCOMES[outcome]), n) for outcome, n in sorted(books.applied.items())]
    rows += [(say(text("known already")), books.n_repeated)]
    rows += [
        (say(text("set aside. {reason}"), reason=say(ASIDE[code])), n)
        for code, n in sorted(books.aside.items())
    ]
    face.show_rows([{"result": result, "n_reports": n} for result, n in rows], _BOOKS)
    face.say(
        text("{read} read = {applied} acted on + {repeated} known already + {aside} set aside."),
        read=face.words.number(books.n_read),
        applied=face.words.number(books.n_applied),
        repeated=face.words.number(books.n_repeated),
        aside=face.words.number(books.n_aside),
    )
