"""From what the user named to plain files: gz and zip are unpacked into scratch space, everything is fingerprinted."""

from __future__ import annotations

import gzip
import hashlib
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import Protocol

from aimwell.intake.errors import FileMissing, FileNotReadable, PackedFileBroken
from aimwell.intake.formats.model import Plain

__all__ = ["unpacked"]

_BLOCK_BYTES = 1 << 20
_GZIP_MAGIC = b"\x1f\x8b"
_ZIP_MAGIC = b"PK\x03\x04"


class _Bytes(Protocol):
    def read(self, size: int, /) -> bytes: ...


def unpacked(path: Path, *, scratch: Path) -> list[Plain]:
    """Return the plain data files behind a path: itself, or what a gz or zip holds.

    An .xlsx file is a zip by form, but one document by meaning: it stays whole.

    Raises
    ------
    FileMissing
        If there is no such file.
    FileNotReadable
        If it is a folder or may not be read.
    PackedFileBroken
        If the archive is truncated, damaged or locked by a password.
    """
    try:
        with path.open("rb") as file:
            magic = file.read(4)
    except FileNotFoundError as exc:
        raise FileMissing(path=path) from exc
    except OSError as exc:
        raise FileNotReadable(path=path, detail=exc.strerror) from exc
    if magic.startswith(_GZIP_MAGIC):
        return [_gunzipped(path, scratch=scratch)]
    if magic == _ZIP_MAGIC and not _is_workbook(path):
        return list(_unzipped(path, scratch=scratch))
    sha256, n_bytes = _fingerprint(path)
    return [Plain(name=path.name, path=path, sha256=sha256, n_bytes=n_bytes)]


def _fingerprint(path: Path) -> tuple[str, int]:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest(), path.stat().st_size


def _gunzipped(path: Path, *, scratch: Path) -> Plain:
    try:
        with gzip.open(path, "rb") as source:
            return _copied(source, name=path.name.removesuffix(".gz"), scratch=scratch)
    except (EOFError, gzip.BadGzipFile, zlib.error) as exc:
        raise PackedFileBroken(path=path, detail=exc) from exc


def _is_workbook(path: Path) -> bool:
    try:
        with zipfile.ZipFile(path) as archive:
            return "xl/workbook.xml" in archive.namelist()
    except zipfile.BadZipFile as exc:
        raise PackedFileBroken(path=path, detail=exc) from exc


def _unzipped(path: Path, *, scratch: Path) -> Iterator[Plain]:
    try:
        with zipfile.ZipFile(path) as archive:
            for member in archive.infolist():
                if _is_data(member):
                    with archive.open(member) as source:
                        yield _copied(source, name=f"{path.name}/{member.filename}", scratch=scratch)
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError) as exc:
        raise PackedFileBroken(path=path, detail=exc) from exc


def _is_data(member: zipfile.ZipInfo) -> bool:
    """Leave out folders and what macOS and Windows put beside the files."""
    parts = PurePosixPath(member.filename).parts
    return not member.is_dir() and "__MACOSX" not in parts and not parts[-1].startswith((".", "~$"))


def _copied(source: _Bytes, *, name: str, scratch: Path) -> Plain:
    digest = hashlib.sha256()
    n_bytes = 0
    partial = scratch / f"unpacked-{len(list(scratch.iterdir()))}"
    with partial.open("wb") as target:
        while block := source.read(_BLOCK_BYTES):
            digest.update(block)
            target.write(block)
            n_bytes += len(block)
    return Plain(name=name, path=partial, sha256=digest.hexdigest(), n_bytes=n_bytes)
