"""A consent ledger on each kind of database."""

from __future__ import annotations

import pytest

from aimwell.storage.database import Database
from aimwell.trust.consent import ConsentLedger, read_policies


@pytest.fixture
def ledger(database: Database) -> ConsentLedger:
    return ConsentLedger(database=database, policies=read_policies())
