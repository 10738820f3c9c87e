"""`aimwell content` and `aimwell channels` on a shop folder."""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

import ibis
import pyarrow as pa
import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session

from aimwell.cli.main import main
from aimwell.intake.facts import FACTS
from aimwell.shop import init_shop, open_shop
from aimwell.trust.vault import ARRIVALS

CHANNELS = """
[channels.email]
type = "smtp"
host = "127.0.0.1"
port = {port}
security = "none"
from = "Toys <news@shop.example>"
postal_address = "1 Long Street, Berlin"

[channels.letters]
type = "file"
kind = "post"
folder = "exports"
"""


AT = datetime(2024, 12, 1)
FILES = {
    "welcome/subject.liquid": "Hello {{ person.first_name }}, from {{ shop.name }}",
    "welcome/html.liquid": "<p>{{ offer.name }}</p>{% for p in products %}<b>{{ p.name }}</b> {{ p.price_minor | money }}{% endfor %}",
    "welcome/zh/text.liquid": "您好 {% for p in products %}{{ p.name }}{% endfor %}",
    "wrong/html.liquid": "<p>\n{% if person.n_orders > 99999 %}{{ person.frist_name }}{% endif %}",
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A shop where Ann has bought the ball, and Bob the ball and the doll; with two templates."""
    folder = tmp_path_factory.mktemp("shop") / "toys"
    init_shop(folder, currency="EUR", time_zone="Europe/Berlin")
    with open_shop(folder) as shop:
        people = [("ann", "Ann <b>Lee</b>"), ("bob", "Bob Ray")]
        arrivals = [
            {
                "source": "web",
                "account_key": key,
                "account_key_kind": "id",
                "email": f"{key}@there.example",
                "name": name,
            }
            for key, name in people
        ]
        batch = pa.RecordBatch.from_pylist(arrivals, schema=ARRIVALS)
        admitted = [row["person_id"] for found in shop.vault.admit([batch]) for row in found.to_pylist()]
        for name, rows in facts(*admitted).items():
            full = [
                dict.fromkeys(FACTS[name].schema) | {"source": "web", "known_at": AT} | row for row in rows
            ]
            table = pa.Table.from_pylist(full, schema=FACTS[name].schema.to_pyarrow())
            shop.lake.append(FACTS[name], ibis.memtable(table))
    assert run("portrait", "build", "--as-of", "2024-12-28", "--shop", str(folder)) == 0
    for name, source in FILES.items():
        path = folder / "content" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(source, "utf-8")
    return folder


def facts(ann: int, bob: int) -> dict[str, list[dict[str, Any]]]:
    when = {"ordered_at": AT, "local_at": AT}
    toys = {"category": "Toys", "price_minor": 1250, "currency": "EUR"}
    bought = [(ann, "Ball"), (bob, "Ball"), (bob, "Doll")]
    return {
        "products": [{"product_id": one, "name": f"{one} & co"} | toys for one in ("Ball", "Doll")],
        "orders": [
            {
                "order_id": f"o{who}",
                "person_id": who,
                "status": "completed",
                "n_lines": 1,
                "items_minor": 1250,
            }
            | when
            for who in (ann, bob)
        ],
        "order_lines": [
            {
                "order_id": f"o{who}",
                "line_no": n,
                "person_id": who,
                "product_id": what,
                "is_fee": False,
                "quantity": 1,
            }
            | {"net_minor": 1250}
            | when
            for n, (who, what) in enumerate(bought)
        ],
    }


def run(*arguments: str) -> int:
    with pytest.raises(SystemExit) as caught:
        main(list(arguments))
    return int(caught.value.code or 0)


def shown(folder: Path, capsys: pytest.CaptureFixture[str], *arguments: str, code: int = 0) -> str:
    capsys.readouterr()
    assert run(*arguments, "--shop", str(folder)) == code
    read = capsys.readouterr()
    return read.out + read.err


def test_a_preview_shows_what_a_person_will_see(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "offers.toml").write_text(
        'currency = "EUR"\n[[offers]]\nid = "ten"\nname = "10 <off>"\nchannel = "email"\n', "utf-8"
    )
    ann = ("content", "preview", "welcome", "--person", "ann")
    told = json.loads(shown(folder, capsys, *ann, "--offer", "ten", "--format", "json"))["content"]
    assert told["subject"] == "Hello Ann, from My shop"
    assert told["html"] == "<p>10 &lt;off&gt;</p><b>Doll &amp; co</b> €12.50"  # Ann has the ball
    assert told["text"] == "10 <off>\n\nDoll & co €12.50\n"
    assert shown(folder, capsys, *ann, "--locale", "zh-CN") == "您好 Doll & co\n"


def test_a_check_finds_the_mistake_in_a_branch_that_nobody_takes(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rows = json.loads(shown(folder, capsys, "content", "check", "--format", "json", code=1))
    assert [(row["name"], row["locales"]) for row in rows] == [("welcome", "en, zh"), ("wrong", "en")]
    assert rows[0]["problem"] is None
    assert (
        "html.liquid:2: there is no `person.frist_name`. The nearest names: person.first_name"
        in rows[1]["problem"]
    )
    assert "wrong" not in shown(folder, capsys, "content", "check", "welcome", "--format", "csv")


def test_content_that_is_not_there(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    said = shown(folder, capsys, "content", "preview", "welcom", "--person", "ann", code=1)
    assert "welcome, wrong" in " ".join(said.split())


class Sink:
    def __init__(self) -> None:
        self.mails: list[bytes] = []

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        self.mails.append(bytes(envelope.original_content or b""))
        return "250 OK"


@contextmanager
def mail_server(folder: Path) -> Iterator[Sink]:
    with closing(socket.socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    sink = Sink()
    controller = Controller(sink, hostname="127.0.0.1", port=port)
    controller.start()
    (folder / "channels.toml").write_text(CHANNELS.format(port=port), "utf-8")
    try:
        yield sink
    finally:
        controller.stop()


def test_channels_are_checked_and_tried(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with mail_server(folder) as sink:
        rows = json.loads(shown(folder, capsys, "channels", "check", "--format", "json"))
        assert [(row["name"], row["kind"], row["problem"]) for row in rows] == [
            ("email", "email", None),
            ("letters", "post", None),
        ]
        asked = json.loads(
            shown(folder, capsys, "channels", "test", "email", "me@there.example", "--dry-run")
        )
        assert (asked["address"], sink.mails) == ("me@there.example", [])
        assert "Taken by the other side: 250 OK" in shown(
            folder, capsys, "channels", "test", "email", "me@there.example"
        )
        assert len(sink.mails) == 1
        assert b"1 Long Street, Berlin" in sink.mails[0]
    rows = json.loads(shown(folder, capsys, "channels", "check", "--format", "json", code=1))
    assert "cannot send at present" in rows[0]["problem"]
    assert "Refused" in shown(folder, capsys, "channels", "test", "email", "not an address", code=1)
    assert "email, letters" in " ".join(shown(folder, capsys, "channels", "test", "fax", "x", code=1).split())
