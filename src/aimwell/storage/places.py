"""Where files are: a folder of this machine, or one behind a URL. Files are named as engines know them."""

from __future__ import annotations

import os
import shutil
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, Protocol, cast

import pyarrow.parquet as pq

from aimwell.storage.stores import delta_options, filesystem, is_url, reached, usable_url

__all__ = ["FileFacts", "LocalPlace", "Place", "RemotePlace", "place_at"]

_FOOTERS_AT_ONCE = 16  # a footer is one short wait for the store


@dataclass(frozen=True, kw_only=True)
class FileFacts:
    """A Parquet file: its path or URL, size in bytes, time of writing (ms since 1970, UTC) and rows by its footer."""

    path: str
    size: int
    modified_ms: int
    n_rows: int


class Place(Protocol):
    """A folder for files, here or behind a URL.

    Attributes
    ----------
    url
        Absolute path, or URL without a slash at its end; `f"{url}/a/b"` names a file in it.
    delta_options
        What `deltalake` must know to open it; None: nothing.
    """

    url: str
    delta_options: dict[str, str] | None

    def reached(self) -> AbstractContextManager[None]:
        """Turn errors of the store's drivers inside the block into ours."""
        ...

    def make(self, path: str) -> None:
        """Make a folder and those above it, where folders are things of their own."""
        ...

    def folders(self) -> list[str]:
        """Return the names of the folders directly in it; none if it is not there."""
        ...

    def files(self, path: str) -> list[str]:
        """Return all files in a folder and below, sorted; none if it is not there."""
        ...

    def described(self, paths: Sequence[str]) -> list[FileFacts]:
        """Return the facts of Parquet files, in their order."""
        ...

    def open(self, path: str) -> BinaryIO:
        """Open a file for reading; the caller closes it."""
        ...

    def delete(self, path: str) -> None:
        """Delete a file, or a folder with all in it; a no-op if it is not there."""
        ...

    def settle(self, paths: Sequence[str]) -> None:
        """Make files, and folders as lists of their files, outlast a loss of power."""
        ...


def place_at(root: Path | str, *, options: Mapping[str, str] | None = None) -> Place:
    """Return the place at a path or URL.

    Parameters
    ----------
    root
        A folder, or `s3://bucket/folder`, or `hdfs://host:port/folder`; it need not be there.
    options
        How to open the store, by the names that `deltalake` knows (AWS_ENDPOINT_URL, ...).

    Raises
    ------
    UrlUnusable, DriverMissing
    """
    if isinstance(root, str) and is_url(root):
        url = usable_url(root)
        return RemotePlace(
            url, filesystem=filesystem(url, options=options or {}), options=delta_options(options or {})
        )
    return LocalPlace(Path(root))


class LocalPlace:
    """A folder of this machine, or one it has mounted; see `Place`."""

    delta_options: dict[str, str] | None = None

    def __init__(self, folder: Path) -> None:
        self.url = str(folder.resolve())  # Delta names files by their absolute path

    def reached(self) -> AbstractContextManager[None]:
        """Change nothing: this machine's errors are said where they happen."""
        return nullcontext()

    def make(self, path: str) -> None:
        """Make a folder and those above it."""
        Path(path).mkdir(parents=True, exist_ok=True)

    def folders(self) -> list[str]:
        """Return the names of the folders directly in it; none if it is not there."""
        root = Path(self.url)
        return [f.name for f in root.iterdir() if f.is_dir()] if root.exists() else []

    def files(self, path: str) -> list[str]:
        """Return all files in a folder and below, sorted; none if it is not there."""
        return sorted(str(f) for f in Path(path).rglob("*") if f.is_file())

    def described(self, paths: Sequence[str]) -> list[FileFacts]:
        """Return the facts of Parquet files, in their order."""
        return [_local_facts(Path(path)) for path in paths]

    def open(self, path: str) -> BinaryIO:
        """Open a file for reading; the caller closes it."""
        return Path(path).open("rb")

    def delete(self, path: str) -> None:
        """Delete a file, or a folder with all in it; a no-op if it is not there."""
        if Path(path).is_dir():
            shutil.rmtree(path)
        else:
            Path(path).unlink(missing_ok=True)

    def settle(self, paths: Sequence[str]) -> None:
        """Make files, and folders as lists of their files, outlast a loss of power."""
        for path in paths:
            handle = os.open(path, os.O_RDONLY)
            try:
                os.fsync(handle)
            finally:
                os.close(handle)


class RemotePlace:
    """A folder behind a URL, through an fsspec file system; see `Place`."""

    def __init__(self, url: str, *, filesystem: Any, options: dict[str, str]) -> None:
        self.url = url
        self.delta_options: dict[str, str] | None = options
        self._filesystem = filesystem
        self._root = self._within(url)

    def reached(self) -> AbstractContextManager[None]:
        """Turn errors of the store's drivers inside the block into ours."""
        return reached(self.url)

    def make(self, path: str) -> None:
        """Do nothing: a folder comes with its first file."""

    def folders(self) -> list[str]:
        """Return the names of the folders directly in it; none if it is not there."""
        try:
            with self.reached():  # a missing bucket is no empty folder
                entries = self._filesystem.ls(self.url, detail=True)
        except FileNotFoundError:
            return []
        return [e["name"].rstrip("/").rpartition("/")[2] for e in entries if e["type"] == "directory"]

    def files(self, path: str) -> list[str]:
        """Return all files in a folder and below, sorted; none if it is not there."""
        try:
            with self.reached():
                found = self._filesystem.find(path)
        except FileNotFoundError:
            return []
        return sorted(self.url + self._within(name).removeprefix(self._root) for name in found)

    def described(self, paths: Sequence[str]) -> list[FileFacts]:
        """Return the facts of Parquet files, in their order."""
        if not paths:
            return []
        with self.reached(), ThreadPoolExecutor(min(_FOOTERS_AT_ONCE, len(paths))) as pool:
            return list(pool.map(self._facts, paths))

    def open(self, path: str) -> BinaryIO:
        """Open a file for reading; the caller closes it."""
        with self.reached():
            return cast("BinaryIO", self._filesystem.open(path, "rb"))

    def delete(self, path: str) -> None:
        """Delete a file, or a folder with all in it; a no-op if it is not there."""
        try:
            with self.reached():
                self._filesystem.rm(path, recursive=True)
        except FileNotFoundError:
            return

    def settle(self, paths: Sequence[str]) -> None:
        """Do nothing: what the store has taken is durable."""

    def _within(self, url: str) -> str:
        return str(self._filesystem._strip_protocol(url)).rstrip("/")  # fsspec's own way to compare its names

    def _facts(self, path: str) -> FileFacts:
        with self._filesystem.open(path, "rb") as handle:
            n_rows = pq.read_metadata(handle).num_rows
        return FileFacts(
            path=path,
            size=self._filesystem.size(path),
            modified_ms=int(self._filesystem.modified(path).timestamp() * 1000),
            n_rows=n_rows,
        )


def _local_facts(path: Path) -> FileFacts:
    status = path.stat()
    return FileFacts(
        path=str(path),
        size=status.st_size,
        modified_ms=int(status.st_mtime * 1000),
        n_rows=pq.read_metadata(path).num_rows,
    )
