"""Opens a shop: the only place where real things (clock, engine, lake, database, vault) are made."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

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
