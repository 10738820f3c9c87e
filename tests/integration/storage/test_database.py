"""The database: migrations, transactions, locks and errors, on SQLite and on PostgreSQL."""

from __future__ import annotations

import signal
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext

from aimwell.build import rows as build_rows
from aimwell.intake import rows as intake_rows
from aimwell.people import rows as people_rows
from aimwell.promote.campaigns import rows as campaign_rows
from aimwell.promote.feedback import rows as feedback_rows
from aimwell.promote.gate import rows as gate_rows
from aimwell.promote.outbox import rows as outbox_rows
from aimwell.storage.database import Database
from aimwell.storage.database.bulk import among, insert_rows
from aimwell.storage.database.errors import (
    DatabaseDamaged,
    DatabaseNewer,
    DatabaseUnreachable,
    DatabaseUnsupported,
    DatabaseUrlMalformed,
)
from aimwell.storage.errors import AnotherWriter, DiskFull
from aimwell.trust.consent import rows as consent_rows
from aimwell.trust.vault import rows as vault_rows

NEWEST = "0006"
WINGS = (
    build_rows,
    intake_rows,
    vault_rows,
    people_rows,
    consent_rows,
    gate_rows,
    outbox_rows,
    feedback_rows,
    campaign_rows,
)
METADATA = sa.MetaData()
NOTES = sa.Table(
    "notes", METADATA, sa.Column("note_id", sa.BigInteger, primary_key=True), sa.Column("words", sa.Text)
)


@pytest.fixture
def notes(database: Database) -> Database:
    with database.begin() as connection:
        METADATA.create_all(connection)
    return database


def words(database: Database) -> list[str]:
    with database.read() as connection:
        return list(connection.execute(sa.select(NOTES.c.words).order_by(NOTES.c.note_id)).scalars())


def test_migrations_give_the_tables_that_the_wings_declare(database: Database) -> None:
    declared: Any = [wing.METADATA for wing in WINGS]
    with database.read() as connection:
        assert compare_metadata(MigrationContext.configure(connection), declared) == []


def test_upgrade_again_changes_nothing(database: Database) -> None:
    revision = database.revision()
    database.upgrade()
    assert database.revision() == revision == NEWEST


def test_a_database_that_is_up_to_date_opens_without_alembic(database: Database) -> None:
    opened = (
        "import sys; from aimwell.storage.database import Database; Database.open(sys.argv[1]).upgrade();"
        "print([name for name in sys.modules if name.partition('.')[0] in ('alembic', 'mako')])"
    )
    url = database.url.render_as_string(hide_password=False)
    ran = subprocess.run([sys.executable, "-c", opened, url], capture_output=True, text=True, check=True)
    assert ran.stdout == "[]\n"


def test_an_empty_database_has_no_revision(database_url: str) -> None:
    assert Database.open(database_url).revision() is None


def test_upgrades_at_the_same_time_do_not_meet(database_url: str) -> None:
    databases = [Database.open(database_url) for _ in range(4)]
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(Database.upgrade, databases))
    assert {database.revision() for database in databases} == {NEWEST}
    for database in databases:
        database.close()


def test_a_database_of_a_newer_version_is_refused_untouched(database: Database) -> None:
    version = sa.table("alembic_version", sa.column("version_num"))
    with database.begin() as connection:
        connection.execute(sa.update(version).values(version_num="9999"))
    with pytest.raises(DatabaseNewer, match=f"revision is 9999, this program knows up to {NEWEST}"):
        database.upgrade()
    assert database.revision() == "9999"


def test_a_failed_transaction_leaves_nothing(notes: Database) -> None:
    def fail() -> None:
        with notes.begin() as connection:
            connection.execute(sa.insert(NOTES).values(note_id=1, words="lost"))
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fail()
    assert words(notes) == []


def test_a_reader_sees_one_moment(notes: Database) -> None:
    with notes.begin() as connection:
        connection.execute(sa.insert(NOTES).values(note_id=1, words="first"))
    query = sa.select(sa.func.count()).select_from(NOTES)
    with notes.read() as connection:
        assert connection.execute(query).scalar_one() == 1


def test_a_second_writer_is_told_to_wait(notes: Database) -> None:
    impatient = Database(notes.url, wait_seconds=0.1)
    with notes.begin(lock="work") as first:
        first.execute(sa.insert(NOTES).values(note_id=1, words="first"))
        with pytest.raises(AnotherWriter, match="Another Aimwell process is writing"):  # noqa: SIM117
            with impatient.begin(lock="work") as second:
                second.execute(sa.insert(NOTES).values(note_id=2, words="second"))
    assert words(notes) == ["first"]
    impatient.close()


def test_a_second_writer_that_waits_comes_after(notes: Database) -> None:
    entered = threading.Event()

    def second() -> None:
        entered.set()
        with notes.begin(lock="work") as connection:
            n_before = connection.execute(sa.select(sa.func.count()).select_from(NOTES)).scalar_one()
            connection.execute(sa.insert(NOTES).values(note_id=2, words=f"after {n_before}"))

    thread = threading.Thread(target=second)
    with notes.begin(lock="work") as connection:
        thread.start()
        entered.wait()
        connection.execute(sa.insert(NOTES).values(note_id=1, words="first"))
    thread.join()
    assert words(notes) == ["first", "after 1"]


def test_many_rows_at_once(notes: Database) -> None:
    with notes.begin() as connection:
        insert_rows(connection, NOTES, [], columns=("words", "note_id"))
        insert_rows(connection, NOTES, [("b", 2), ("it's", 2**62), ("a", 1)], columns=("words", "note_id"))

        def found(columns: dict[sa.Column[Any], list[Any]]) -> list[int]:
            query = sa.select(NOTES.c.note_id).where(among(connection, columns)).order_by(NOTES.c.note_id)
            return list(connection.execute(query).scalars())

        assert found({NOTES.c.words: ["it's", "a", "none"]}) == [1, 2**62]
        assert found({NOTES.c.note_id: [1, 2], NOTES.c.words: ["a", "a"]}) == [1]
        assert found({NOTES.c.note_id: []}) == []


def test_sqlite_is_set_up_to_keep_what_it_confirmed_and_to_wipe_what_it_deletes(tmp_path: Path) -> None:
    database = Database.open(f"sqlite:///{tmp_path / 'a.db'}")
    database.upgrade()
    with database.read() as connection:

        def setting(name: str) -> object:
            return connection.exec_driver_sql(f"PRAGMA {name}").scalar_one()

        assert setting("journal_mode") == "delete"
        assert setting("synchronous") == 3  # EXTRA
        assert setting("foreign_keys") == 1
        assert setting("secure_delete") == 1
        assert setting("busy_timeout") == 10_000
    assert (tmp_path / "a.db").stat().st_mode & 0o777 == 0o600
    database.close()


KILLED_WRITER = """
import os, signal, sys
import sqlalchemy as sa
from aimwell.storage.database import Database
notes = sa.table("notes", sa.column("note_id"), sa.column("words"))
database = Database.open(sys.argv[1])
with database.begin() as connection:
    connection.execute(sa.delete(notes))
    connection.execute(sa.insert(notes), [{"note_id": i, "words": "x" * 1000} for i in range(20_000)])
    print("written", flush=True)
    os.kill(os.getpid(), signal.SIGKILL)
"""


def test_a_writer_killed_before_its_commit_leaves_the_state_before(notes: Database) -> None:
    with notes.begin() as connection:
        connection.execute(sa.insert(NOTES).values(note_id=1, words="kept"))
    url = notes.url.render_as_string(hide_password=False)
    killed = subprocess.run([sys.executable, "-c", KILLED_WRITER, url], capture_output=True, check=False)
    assert killed.stdout == b"written\n"
    assert killed.returncode == -signal.SIGKILL
    assert words(notes) == ["kept"]
    with notes.begin() as connection:
        connection.execute(sa.insert(NOTES).values(note_id=2, words="goes on"))
    assert words(notes) == ["kept", "goes on"]


def test_a_full_disk_is_said_and_leaves_the_state_before(tmp_path: Path) -> None:
    database = Database.open(f"sqlite:///{tmp_path / 'a.db'}")
    with database.begin() as connection:
        METADATA.create_all(connection)
        n_pages = connection.exec_driver_sql("PRAGMA page_count").scalar_one()
        connection.exec_driver_sql(
            f"PRAGMA max_page_count = {n_pages + 5}"
        )  # SQLite answers as on a full disk
    with pytest.raises(DiskFull, match="The disk is full while writing sqlite"):  # noqa: SIM117
        with database.begin() as connection:
            connection.execute(sa.insert(NOTES), [{"note_id": i, "words": "x" * 4000} for i in range(50)])
    assert words(database) == []
    database.close()


def test_a_file_that_is_no_database_is_said(tmp_path: Path) -> None:
    (tmp_path / "a.db").write_text("id,email\n" * 1000)
    with pytest.raises(DatabaseDamaged, match="not a database"):
        Database.open(f"sqlite:///{tmp_path / 'a.db'}").revision()


def test_a_folder_that_is_not_there_is_said(tmp_path: Path) -> None:
    with pytest.raises(DatabaseUnreachable, match="cannot be opened"):
        Database.open(f"sqlite:///{tmp_path / 'none' / 'a.db'}").revision()


def test_a_server_that_does_not_answer_is_said_without_the_password() -> None:
    database = Database.open("postgresql://ann:s3cret@127.0.0.1:1/shop", wait_seconds=0.1)
    with pytest.raises(DatabaseUnreachable) as caught:
        database.revision()
    assert "postgresql://ann:***@127.0.0.1:1/shop" in str(caught.value)
    assert "s3cret" not in str(caught.value)


@pytest.mark.parametrize("url", ["aimwell.db", "", "postgresql:/ann:s3cret@host"])
def test_what_is_no_url_is_refused_and_not_shown(url: str) -> None:
    with pytest.raises(DatabaseUrlMalformed) as caught:
        Database.open(url)
    assert "s3cret" not in str(caught.value)


def test_another_kind_of_database_is_refused() -> None:
    with pytest.raises(DatabaseUnsupported, match="kind `mysql`"):
        Database.open("mysql://ann:s3cret@host/shop")


def test_errors_of_the_programmer_stay_what_they_are(notes: Database) -> None:
    with pytest.raises(sa.exc.IntegrityError) as caught, notes.begin() as connection:
        connection.execute(sa.insert(NOTES), [{"note_id": 1, "words": "ann@mail.com"}] * 2)
    assert "ann@mail.com" not in str(caught.value)  # bound values are hidden


def test_a_driver_error_without_a_code_passes(tmp_path: Path) -> None:
    database = Database.open(f"sqlite:///{tmp_path / 'a.db'}")
    with pytest.raises(sa.exc.ProgrammingError), database.begin() as connection:
        connection.exec_driver_sql("SELECT ?", (1, 2))
    database.close()
