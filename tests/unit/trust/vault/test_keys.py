"""The shop key: drawn once, readable by its owner only, and refused in every broken state."""

from __future__ import annotations

import base64
from pathlib import Path

import pytest

from aimwell.trust.vault.errors import KeyExists, KeyExposed, KeyMissing, KeyPlaceholder, KeyUnreadable
from aimwell.trust.vault.keys import ShopKey, create_shop_key, read_shop_key

FORM = b"aimwell-shop-key-1:"


def write(folder: Path, content: bytes, *, mode: int = 0o600) -> None:
    (folder / "shop.key").write_bytes(content)
    (folder / "shop.key").chmod(mode)


def test_a_new_key_is_read_back_and_private(tmp_path: Path) -> None:
    made = create_shop_key(tmp_path / "keys")
    assert read_shop_key(tmp_path / "keys") == made
    assert (tmp_path / "keys" / "shop.key").stat().st_mode & 0o777 == 0o600
    assert (tmp_path / "keys").stat().st_mode & 0o777 == 0o700


def test_two_keys_differ(tmp_path: Path) -> None:
    assert create_shop_key(tmp_path / "a") != create_shop_key(tmp_path / "b")


def test_a_key_is_never_written_over(tmp_path: Path) -> None:
    made = create_shop_key(tmp_path)
    with pytest.raises(KeyExists, match="Nothing was changed"):
        create_shop_key(tmp_path)
    assert read_shop_key(tmp_path) == made


def test_no_key(tmp_path: Path) -> None:
    with pytest.raises(KeyMissing, match="Put back the backup"):
        read_shop_key(tmp_path)


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o666])
def test_a_key_that_others_may_read(tmp_path: Path, mode: int) -> None:
    create_shop_key(tmp_path)
    (tmp_path / "shop.key").chmod(mode)
    with pytest.raises(KeyExposed, match=f"mode {mode:o}"):
        read_shop_key(tmp_path)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        FORM,
        FORM + base64.b64encode(bytes(range(31))),  # short
        FORM + base64.b64encode(bytes(range(33))),  # long
        base64.b64encode(bytes(range(32))),  # bare
        FORM + b"not base64!",
        b"aimwell-shop-key-2:" + base64.b64encode(bytes(range(32))),
        b"\xff" * 63,
    ],
)
def test_what_is_not_a_key(tmp_path: Path, content: bytes) -> None:
    write(tmp_path, content)
    with pytest.raises(KeyUnreadable, match="32 random bytes"):
        read_shop_key(tmp_path)


@pytest.mark.parametrize("typed", [bytes(32), b"changeme" * 4, b"0123456789" * 3 + b"01"])
def test_a_typed_key(tmp_path: Path, typed: bytes) -> None:
    write(tmp_path, FORM + base64.b64encode(typed))
    with pytest.raises(KeyPlaceholder, match="are not random"):
        read_shop_key(tmp_path)


def test_the_secret_is_not_shown() -> None:
    assert "secret" not in repr(ShopKey(b"secret" * 6))


def test_uses_have_different_keys_and_the_same_each_time() -> None:
    key = ShopKey(bytes(range(32)))
    assert key.derived("index") == key.derived("index") != key.derived("seals")
    assert len(key.derived("index")) == 32
