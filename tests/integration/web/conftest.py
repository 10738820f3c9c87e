"""The public pages over a shop's ledger and vault. On SQLite alone: the pages have no queries of their own."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pyarrow as pa
import pytest

from aimwell.storage.database import Database
from aimwell.trust.consent import (
    Asked,
    ChannelKind,
    Claim,
    ConsentEvent,
    ConsentLedger,
    Purpose,
    UnsubscribeTokens,
    read_policies,
)
from aimwell.trust.vault import Vault
from aimwell.web.public import build_app

EMAIL = "ann.canary@mail.com"


@dataclass
class Ticking:
    """A clock that a test moves."""

    moment: datetime = datetime(2026, 6, 1, 12)

    def now(self) -> datetime:
        return self.moment


@dataclass(frozen=True)
class Client:
    """Asks an app in this process, from an address of its own; nothing goes over the network, no redirect is followed."""

    app: Any
    address: str = "192.0.2.1"
    raises: bool = True

    def request(self, method: str, path: str, **values: Any) -> httpx.Response:
        transport = httpx.ASGITransport(
            self.app, raise_app_exceptions=self.raises, client=(self.address, 50_000)
        )

        async def asked() -> httpx.Response:
            async with httpx.AsyncClient(transport=transport, base_url="https://pages.example") as client:
                return await client.request(method, path, **values)

        return asyncio.run(asked())

    def get(self, path: str, **values: Any) -> httpx.Response:
        return self.request("GET", path, **values)

    def post(self, path: str, **values: Any) -> httpx.Response:
        return self.request("POST", path, **values)


@dataclass
class Site:
    """The pages of one shop, and what is behind them."""

    vault: Vault
    ledger: ConsentLedger
    clock: Ticking = field(default_factory=Ticking)

    def __post_init__(self) -> None:
        self.tokens = UnsubscribeTokens(self.vault.derived_key("unsubscribe"))
        row = {"source": "shop", "account_key": "c1", "account_key_kind": "id", "email": EMAIL}
        (batch,) = self.vault.admit([pa.RecordBatch.from_pylist([row])])
        self.ann = int(batch.column("person_id")[0].as_py())
        self.point = str(self.vault.point_tokens("email", [EMAIL])[0])
        self.grant()

    def grant(self, *, purpose: Purpose = "marketing") -> None:
        event = ConsentEvent(
            person_id=self.ann,
            contact_point=self.point,
            channel="email",
            purpose=purpose,
            act="grant",
            source="till",
            notice="",
            at=self.clock.now() - timedelta(hours=1),
        )
        self.ledger.record([event])

    def token(
        self,
        person_id: int | None = None,
        *,
        channel: ChannelKind = "email",
        purpose: Purpose = "marketing",
        campaign_id: str = "spring",
    ) -> str:
        claim = Claim(
            person_id=person_id or self.ann, channel=channel, purpose=purpose, campaign_id=campaign_id
        )
        return self.tokens.make(**vars(claim))

    def reason(self, *, purpose: Purpose = "marketing") -> str:
        asked = Asked(person_id=self.ann, contact_point=self.point, channel="email", purpose=purpose)
        with self.ledger.database.read() as connection:
            return self.ledger.standings(connection, [asked], now=self.clock.now())[0].reason

    def client(self, *, address: str = "192.0.2.1", raises: bool = True) -> Client:
        app = build_app(
            ledger=self.ledger,
            vault=self.vault,
            clock=self.clock,
            shop_name="Tea & Toys <b>",
            language="en",
        )
        return Client(app, address, raises)


@pytest.fixture
def database_url(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path / 'aimwell.db'}"


@pytest.fixture
def site(database: Database, vault: Vault) -> Site:
    return Site(vault=vault, ledger=ConsentLedger(database=database, policies=read_policies()))


@pytest.fixture
def client(site: Site) -> Client:
    return site.client()


@pytest.fixture
def one_click(client: Client) -> Callable[[str], int]:
    """Return what a mail program does."""
    return lambda token: client.post(f"/u/{token}", data={"List-Unsubscribe": "One-Click"}).status_code
