"""Object stores and HDFS: which URLs are understood, what opens them, and their drivers' errors in our words."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from aimwell.base.errors import AimwellError
from aimwell.storage.errors import DriverMissing, StoreDenied, StoreMissing, StoreUnreachable, UrlUnusable

__all__ = ["delta_options", "filesystem", "is_url", "reached", "store_error", "usable_url"]

# Spark, DuckDB, Delta and fsspec each escape odd characters in their own way, so a lake's URL has none.
_URL = re.compile(r"(s3|hdfs)://[A-Za-z0-9._:-]+(/[A-Za-z0-9._=-]+)*/?")

_S3_NAMES = {  # storage_options -> s3fs
    "AWS_ACCESS_KEY_ID": "key",
    "AWS_SECRET_ACCESS_KEY": "secret",
    "AWS_SESSION_TOKEN": "token",
}
_S3_CLIENT_NAMES = {"AWS_ENDPOINT_URL": "endpoint_url", "AWS_REGION": "region_name"}

_MISSING = re.compile(
    r"NoSuchBucket|specified bucket does not exist|UnknownHostException|No NameNode hosts found"
)
_DENIED = re.compile(
    r"AccessDenied|Access Denied|Forbidden|InvalidAccessKeyId|SignatureDoesNotMatch|InvalidToken|ExpiredToken"
    r"|Unable to locate credentials|PermissionError|Permission denied|AccessControlException"
)
_UNREACHABLE = re.compile(
    r"Could not connect|error sending request|Connection refused|ConnectionError|timed out|Timeout|dns error"
)


def is_url(path: str) -> bool:
    """Say whether a path is a URL, and no path of this machine's own file system."""
    return "://" in path


def usable_url(url: str) -> str:
    """Return the URL without a slash at its end.

    Raises
    ------
    UrlUnusable
        If its scheme is not known here, or it has characters that not every engine reads alike.
    """
    if not _URL.fullmatch(url):
        raise UrlUnusable(url=url)
    return url.rstrip("/")


def delta_options(options: Mapping[str, str]) -> dict[str, str]:
    """Return the storage options as `deltalake` wants them; an `http://` endpoint is allowed because it is given."""
    named = {key.upper(): value for key, value in options.items()}
    if named.get("AWS_ENDPOINT_URL", "").startswith("http://"):
        named.setdefault("AWS_ALLOW_HTTP", "true")
    return named


def filesystem(url: str, *, options: Mapping[str, str]) -> Any:
    """Return the fsspec file system of a usable URL.

    Parameters
    ----------
    url
        `s3://...` or `hdfs://...`.
    options
        As for `deltalake`; what is not given comes from the environment, as the driver reads it.

    Raises
    ------
    DriverMissing
        If the package that opens such URLs is not installed.
    """
    scheme, _, rest = url.partition("://")
    try:
        if scheme == "s3":
            from s3fs import S3FileSystem

            return S3FileSystem(**_s3_arguments(options))
        from hdfs_native.fsspec import HdfsFileSystem

        host, _, port = rest.partition("/")[0].partition(":")
        return HdfsFileSystem(host, int(port) if port else None, **options)
    except ImportError as exc:
        raise DriverMissing(url=url, extra=scheme) from exc


@contextmanager
def reached(url: str) -> Iterator[None]:
    """Turn errors of a store's drivers into ours, once; those that say nothing about the store pass."""
    try:
        yield
    except AimwellError:
        raise
    except _driver_errors() as exc:
        problem = store_error(exc, url=url)
        if problem is None:
            raise
        raise problem from exc


def store_error(exc: BaseException, *, url: str) -> AimwellError | None:
    """Return what a driver's error says about the store at `url` in our words, or None if it says nothing about it.

    The drivers (Rust, botocore, both seen through DuckDB) have no common types; what they share is the store's own words.
    """
    said = f"{type(exc).__name__}: {exc}"
    if _MISSING.search(said):
        return StoreMissing(url=url)
    if _DENIED.search(said):
        return StoreDenied(url=url)
    if _UNREACHABLE.search(said):
        return StoreUnreachable(url=url)
    return None


def _driver_errors() -> tuple[type[Exception], ...]:
    from deltalake.exceptions import DeltaError

    try:
        from botocore.exceptions import BotoCoreError
    except ImportError:
        return (OSError, DeltaError)
    return (OSError, DeltaError, BotoCoreError)


def _s3_arguments(options: Mapping[str, str]) -> dict[str, Any]:
    named = delta_options(options)
    arguments: dict[str, Any] = {_S3_NAMES[k]: v for k, v in named.items() if k in _S3_NAMES}
    arguments["client_kwargs"] = {_S3_CLIENT_NAMES[k]: v for k, v in named.items() if k in _S3_CLIENT_NAMES}
    if named.get("AWS_VIRTUAL_HOSTED_STYLE_REQUEST", "").lower() == "true":
        arguments["config_kwargs"] = {"s3": {"addressing_style": "virtual"}}
    if named.get("AWS_SKIP_SIGNATURE", "").lower() == "true":
        arguments["anon"] = True
    # Another process may have written since; and a Parquet reader jumps, so reading ahead would fetch the gaps too.
    return arguments | {"use_listings_cache": False, "default_cache_type": "none"}
