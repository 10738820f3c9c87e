"""Opens a shop: the only place where real things (clock, engine, lake, database, vault) are made."""

from __future__ import annotations

import json
import os
import time
import tomllib
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from filelock import FileLock, Timeout

from aimwell.base.clock import Clock, SystemClock
from aimwell.base.errors import InvalidInput, NotFound
from aimwell.base.settings import FILE_NAME, Settings, read_settings
from aimwell.base.words import text
from aimwell.intake.facts import FACTS
from aimwell.storage.database import Database
from aimwell.storage.engines import Engine
from aimwell.storage.engines.opening import open_engine
from aimwell.storage.errors import AnotherWriter
from aimwell.storage.lake.lake import Lake
from aimwell.storage.stores import is_url
from aimwell.trust.vault import Vault

if TYPE_CHECKING:  # most commands need none of this, and it takes long to load
    from aimwell.promote.campaigns.service.tools import Tools
    from aimwell.promote.feedback.service import Intake
    from aimwell.promote.gate.gate import Gate
    from aimwell.trust.consent.ledger import ConsentLedger

__all__ = ["FORMAT", "FolderTaken", "Shop", "ShopMissing", "ShopTooNew", "init_shop", "open_shop"]

FORMAT = 1  # version of the folder's layout; a newer one is refused


class ShopMissing(NotFound):
    """The folder holds no shop."""

    code = "shop_missing"
    template = text(
        "There is no shop in {folder}: {file} was searched and not found. "
        "Make one with `aimwell init {folder}`, or name another folder with --shop or AIMWELL_SHOP."
    )


class FolderTaken(InvalidInput):
    """`init` into a folder that holds something else."""

    code = "folder_taken"
    template = text("{folder} is not empty and holds no shop. Choose an empty or new folder.")


class ShopTooNew(InvalidInput):
    """The folder was written by a newer Aimwell."""

    code = "shop_too_new"
    template = text(
        "The shop in {folder} has layout version {found}; this Aimwell knows up to {known}. "
        "Nothing was touched. Upgrade with `pip install --upgrade aimwell`."
    )


@dataclass(frozen=True, kw_only=True)
class Shop:
    """An open shop: its folder, settings and the real things made for it."""

    folder: Path
    settings: Settings
    clock: Clock
    engine: Engine
    lake: Lake
    database: Database
    vault: Vault

    @cached_property
    def ledger(self) -> ConsentLedger:
        """The consent ledger, with the policies of the shop's folder."""
        from aimwell.trust.consent.ledger import ConsentLedger
        from aimwell.trust.consent.policies import read_policies

        return ConsentLedger(database=self.database, policies=read_policies(self.folder / "policies"))

    @cached_property
    def gate(self) -> Gate:
        """The gate, with the manners of the shop's folder."""
        from aimwell.promote.gate.service import open_gate

        settings = self.settings
        return open_gate(
            database=self.database,
            folder=self.folder,
            time_zone=settings.time_zone,
            country=settings.country,
        )

    @cached_property
    def feedback(self) -> Intake:
        """Takes in what came back about messages."""
        from aimwell.promote.channels.files import channel_kinds
        from aimwell.promote.channels.opening import FILE_NAME as CHANNELS
        from aimwell.promote.feedback.service import Intake

        return Intake(
            database=self.database,
            gate=self.gate,
            ledger=self.ledger,
            vault=self.vault,
            kinds=channel_kinds(self.folder / CHANNELS),
        )

    @contextmanager
    def campaigns(self, *, sends: bool = True) -> Iterator[Tools]:
        """Give what campaigns work with; if it sends, the channels too, whose secrets must be there, until the block ends."""
        from aimwell.promote.campaigns.service.tools import Tools
        from aimwell.promote.channels.opening import FILE_NAME as CHANNELS
        from aimwell.promote.channels.opening import open_channels
        from aimwell.promote.channels.secrets import Secrets

        secrets = Secrets(environment=os.environ, folder=self.folder)
        channels = open_channels(self.folder / CHANNELS, secrets=secrets, clock=self.clock) if sends else {}
        own = ("name", "currency", "time_zone", "country", "language", "margin_rate", "public_url")
        with ExitStack() as opened:
            for channel in channels.values():
                opened.callback(channel.close)
            yield Tools(
                folder=self.folder,
                lake=self.lake,
                database=self.database,
                vault=self.vault,
                ledger=self.ledger,
                gate=self.gate,
                channels=channels,
                clock=self.clock,
                sleep=time.sleep,
                second_approver=self.settings.second_approver,
                **{key: getattr(self.settings, key) for key in own},
            )

    @contextmanager
    def writing(self) -> Iterator[None]:
        """Hold the shop's one write lock; reading needs none.

        Raises
        ------
        AnotherWriter
            If another process holds it.
        """
        lock = FileLock(self.folder / ".lock")
        try:
            lock.acquire(timeout=0)
        except Timeout as exc:
            raise AnotherWriter(what=str(self.folder)) from exc
        try:
            yield
        finally:
            lock.release()


def init_shop(folder: Path, **settings: Any) -> None:
    """Make a shop in an empty or new folder, or complete one that is there; keys are never replaced.

    Raises
    ------
    FolderTaken
        If the folder holds other things.
    """
    path = folder / FILE_NAME
    is_new = not path.exists()
    if is_new and folder.exists() and any(folder.iterdir()):
        raise FolderTaken(folder=folder)
    chosen = read_settings(folder, flags=settings)
    folder.mkdir(parents=True, exist_ok=True)
    if is_new:  # a lost key is put back from its copy; a new one would not open the vault
        Vault.create_keys(folder / "keys")
        path.write_text(_first_file(chosen, given=settings), "utf-8")
    with open_shop(folder, **settings) as shop, shop.writing():
        for spec in FACTS.values():
            shop.lake.create(spec)


@contextmanager
def open_shop(folder: Path, *, clock: Clock | None = None, **flags: Any) -> Iterator[Shop]:
    """Open the shop in `folder`, and close it when the block ends.

    Parameters
    ----------
    folder
        A folder made by `init_shop`.
    clock
        Stands in for the machine's clock.
    **flags
        Settings that win over environment and file.

    Raises
    ------
    ShopMissing, ShopTooNew, SettingInvalid
    """
    _check(folder)
    settings = read_settings(folder, flags=flags)
    temp_folder = folder / "tmp"
    temp_folder.mkdir(exist_ok=True)
    url = settings.database_url.get_secret_value() if settings.database_url else None
    with ExitStack() as opened:
        database = opened.enter_context(closing(Database.open(url or f"sqlite:///{folder / 'aimwell.db'}")))
        database.upgrade()
        lake_root, scratch = _places(settings, folder)
        engine = opened.enter_context(open_engine(settings, temp_folder=temp_folder, scratch=scratch))
        yield Shop(
            folder=folder,
            settings=settings,
            clock=clock or SystemClock(),
            engine=engine,
            lake=Lake(lake_root, engine=engine, storage_options=settings.revealed_storage_options),
            database=database,
            vault=Vault(database=database, keys=folder / "keys", country=settings.country),
        )


def _check(folder: Path) -> None:
    path = folder / FILE_NAME
    if not path.exists():
        raise ShopMissing(folder=folder, file=path)
    try:
        found = tomllib.loads(path.read_text("utf-8")).get("format", FORMAT)
    except tomllib.TOMLDecodeError:
        return  # read_settings says what is wrong with the file
    if isinstance(found, int) and found > FORMAT:
        raise ShopTooNew(folder=folder, found=found, known=FORMAT)


def _places(settings: Settings, folder: Path) -> tuple[str, str | None]:
    """Return where the lake is, a relative path as seen from the shop's folder, and where a cluster's scratch is."""
    if settings.lake_url is None:
        return str(folder / "lake"), None
    root = settings.lake_url if is_url(settings.lake_url) else str(folder / settings.lake_url)
    return root, f"{root}/_scratch"


def _first_file(settings: Settings, *, given: Mapping[str, Any]) -> str:
    """Return the shop's first file: what every shop should know of itself, and what was chosen for this one."""
    usual = ("format", "name", "currency", "time_zone", "country", "language", "margin_rate", "memory_limit")
    lines = ["# Settings of this shop. Flags and AIMWELL_... variables win over this file.", ""]
    for key, field in Settings.model_fields.items():
        value = getattr(settings, key)
        if key in usual or (given.get(key) is not None and isinstance(value, str | int | float)):
            quoted = json.dumps(value, ensure_ascii=False) if isinstance(value, str) else str(value)
            lines += [f"# {field.description}", f"{key} = {quoted}", ""]
    return "\n".join(lines)
