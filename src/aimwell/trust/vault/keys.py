"""The shop key: one file that opens everything, kept apart from what it opens."""

from __future__ import annotations

import base64
import binascii
import os
import secrets
import stat
from dataclasses import dataclass, field
from pathlib import Path

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from aimwell.trust.vault.errors import KeyExists, KeyExposed, KeyMissing, KeyPlaceholder, KeyUnreadable

__all__ = ["KEY_BYTES", "SHOP_KEY_FILE", "ShopKey", "create_shop_key", "read_shop_key"]

KEY_BYTES = 32
SHOP_KEY_FILE = "shop.key"
_FORM = "aimwell-shop-key-1:"
_FEWEST_DISTINCT = 16  # 32 random bytes have fewer different values about once in 10^16 draws
_OTHERS = stat.S_IRWXG | stat.S_IRWXO if os.name == "posix" else 0


@dataclass(frozen=True)
class ShopKey:
    """The secret of a shop; every use has its own key, derived from it."""

    secret: bytes = field(repr=False)

    def derived(self, use: str) -> bytes:
        """Return the key for one use: HKDF-SHA256 without salt, the use as its info.

        References
        ----------
        Krawczyk & Eronen (2010), RFC 5869.
        """
        hkdf = HKDF(algorithm=SHA256(), length=KEY_BYTES, salt=None, info=f"aimwell/{use}".encode())
        return hkdf.derive(self.secret)


def create_shop_key(folder: Path) -> ShopKey:
    """Draw a shop key and write it to `folder`, readable by its owner only, on disk before this returns.

    Raises
    ------
    KeyExists
        If there is one already; it is never written over.
    """
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    path = folder / SHOP_KEY_FILE
    secret = secrets.token_bytes(KEY_BYTES)
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError as exc:
        raise KeyExists(path=path) from exc
    with os.fdopen(handle, "wb") as file:
        file.write(_FORM.encode() + base64.b64encode(secret) + b"\n")
        file.flush()
        os.fsync(file.fileno())
    _sync_folder(folder)
    return ShopKey(secret)


def read_shop_key(folder: Path) -> ShopKey:
    """Read the shop key from `folder`.

    Raises
    ------
    KeyMissing
        If there is no key file.
    KeyExposed
        If other users of the machine may read it.
    KeyUnreadable
        If it is cut short or not a key at all.
    KeyPlaceholder
        If somebody typed it.
    """
    path = folder / SHOP_KEY_FILE
    try:
        mode = stat.S_IMODE(path.stat().st_mode)
        line = path.read_bytes()
    except FileNotFoundError as exc:
        raise KeyMissing(path=path) from exc
    if mode & _OTHERS:
        raise KeyExposed(path=path, mode=f"{mode:o}")
    try:
        form, encoded = line[: len(_FORM)].decode(), line[len(_FORM) :].strip()
        secret = base64.b64decode(encoded, validate=True)
    except (UnicodeDecodeError, binascii.Error) as exc:
        raise KeyUnreadable(path=path, form=_FORM) from exc
    if form != _FORM or len(secret) != KEY_BYTES:
        raise KeyUnreadable(path=path, form=_FORM)
    if len(set(secret)) < _FEWEST_DISTINCT:
        raise KeyPlaceholder(path=path, n_distinct=len(set(secret)))
    return ShopKey(secret)


def _sync_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
