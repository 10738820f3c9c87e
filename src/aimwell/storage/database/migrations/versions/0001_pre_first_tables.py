"""The first tables: books of loads and quarantine, the vault, decisions about people.

A migration is named `pre` if the program of the revision before can still work with its result, `post` if only the
new one can; `pre` runs before an update, `post` after it. It repeats column types instead of importing them: what the
tables were at this revision must never change.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None

_SERIAL = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Make the tables."""
    _intake()
    _vault()
    _people()


def _intake() -> None:
    op.create_table(
        "loads",
        sa.Column("source", sa.String(100), primary_key=True),
        sa.Column("sha256", sa.String(64), primary_key=True),
        sa.Column("load_id", sa.String(40), nullable=False),
        sa.Column("file_name", sa.String(400), nullable=False),
        sa.Column("mapping_name", sa.String(100), nullable=False),
        sa.Column("mapping", sa.Text, nullable=False),
        sa.Column("columns", sa.Text, nullable=False),
        sa.Column("known_at", sa.DateTime, nullable=False),
        sa.Column("state", sa.String(10), nullable=False),
        sa.Column("n_received", sa.BigInteger, nullable=False),
        sa.Column("n_stored", sa.BigInteger, nullable=False),
        sa.Column("n_duplicate", sa.BigInteger, nullable=False),
        sa.Column("n_quarantined", sa.BigInteger, nullable=False),
    )
    op.create_index("loads_by_load_id", "loads", ["load_id"])
    op.create_index("loads_by_known_at", "loads", ["known_at"])
    op.create_table(
        "quarantine",
        sa.Column("quarantine_id", sa.Integer, primary_key=True, autoincrement=True),
        sa.Column("source", sa.String(100), nullable=False),
        sa.Column("sha256", sa.String(64), nullable=False),
        sa.Column("line_no", sa.BigInteger, nullable=False),
        sa.Column("reason", sa.String(60), nullable=False),
        sa.Column("detail", sa.String(200), nullable=False),
        sa.Column("is_whole", sa.Integer, nullable=False),
        sa.Column("original", sa.LargeBinary, nullable=False),
        sa.Column("quarantined_at", sa.DateTime, nullable=False),
        sa.Column("replayed_at", sa.DateTime, nullable=True),
    )
    op.create_index("quarantine_by_file", "quarantine", ["source", "sha256", "line_no"])
    op.create_index("quarantine_by_reason", "quarantine", ["reason"])


def _vault() -> None:
    op.create_table(
        "vault_shop",
        sa.Column("shop_no", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("key_check", sa.LargeBinary, nullable=False),
    )
    op.create_table(
        "vault_accounts",
        sa.Column("account_no", _SERIAL, primary_key=True),
        sa.Column("source", sa.Text, nullable=False),
        sa.Column("account_id", sa.Text, nullable=False),
        sa.Column("person_id", sa.BigInteger, nullable=False),
        sa.UniqueConstraint("source", "account_id", name="vault_accounts_key"),
        sa.UniqueConstraint("person_id", name="vault_accounts_person"),
    )
    op.create_table(
        "vault_person_keys",
        sa.Column("person_id", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("locked_key", sa.LargeBinary, nullable=False),
    )
    op.create_table(
        "vault_entries",
        sa.Column("entry_no", _SERIAL, primary_key=True),
        sa.Column("person_id", sa.BigInteger, nullable=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("token", sa.Text, nullable=False),
        sa.Column("ciphertext", sa.LargeBinary, nullable=False),
        sa.UniqueConstraint("token", "person_id", name="vault_entries_key"),
        sa.ForeignKeyConstraint(
            ["person_id"], ["vault_person_keys.person_id"], name="vault_entries_locked", ondelete="CASCADE"
        ),
    )
    op.create_index("vault_entries_person", "vault_entries", ["person_id"])


def _people() -> None:
    op.create_table(
        "people_decisions",
        sa.Column("decision_no", _SERIAL, primary_key=True),
        sa.Column("person_id", sa.BigInteger, nullable=False),
        sa.Column("other_id", sa.BigInteger, nullable=False),
        sa.Column("verdict", sa.Text, nullable=False),
        sa.Column("decided_at", sa.DateTime, nullable=False),
        sa.CheckConstraint("person_id < other_id", name="people_decisions_order"),
    )
