"""Stores behind a URL: which URLs are taken, what the options become, and what drivers' words mean."""

from __future__ import annotations

import sys

import pytest

from aimwell.base.errors import AimwellError
from aimwell.storage.errors import DriverMissing, StoreDenied, StoreMissing, StoreUnreachable, UrlUnusable
from aimwell.storage.places import place_at
from aimwell.storage.stores import delta_options, filesystem, reached, usable_url


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("s3://bucket", "s3://bucket"),
        ("s3://bucket/shop/lake/", "s3://bucket/shop/lake"),
        ("hdfs://namenode:8020/shops/month=2024-01", "hdfs://namenode:8020/shops/month=2024-01"),
    ],
)
def test_urls_that_a_lake_may_have(given: str, kept: str) -> None:
    assert usable_url(given) == kept


@pytest.mark.parametrize(
    "url",
    ["ftp://host/lake", "s3://", "s3:///lake", "s3://bucket/my lake", "s3://bucket//lake", "s3://b/a%20b"],
)
def test_other_urls_are_refused_with_what_is_allowed(url: str) -> None:
    with pytest.raises(UrlUnusable, match=r"Allowed are a folder, `s3://bucket/folder`") as caught:
        place_at(url)
    assert f"`{url}`" in str(caught.value)


@pytest.mark.parametrize(("scheme", "module"), [("s3", "s3fs"), ("hdfs", "hdfs_native.fsspec")])
def test_a_missing_driver_is_named_with_its_extra(
    scheme: str, module: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(DriverMissing, match=rf"pip install 'aimwell\[{scheme}\]'"):
        place_at(f"{scheme}://host/lake")


def test_an_http_endpoint_is_allowed_because_it_is_given() -> None:
    assert delta_options({"aws_endpoint_url": "http://127.0.0.1:9000"}) == {
        "AWS_ENDPOINT_URL": "http://127.0.0.1:9000",
        "AWS_ALLOW_HTTP": "true",
    }
    assert delta_options({"AWS_ENDPOINT_URL": "https://store"}) == {"AWS_ENDPOINT_URL": "https://store"}


def test_s3_options_mean_the_same_to_both_drivers() -> None:
    store = filesystem(
        "s3://bucket",
        options={
            "AWS_ENDPOINT_URL": "https://store",
            "AWS_ACCESS_KEY_ID": "id",
            "aws_secret_access_key": "secret",
            "AWS_SESSION_TOKEN": "token",
            "AWS_REGION": "cn-north-1",
            "AWS_VIRTUAL_HOSTED_STYLE_REQUEST": "true",
        },
    )
    assert (store.key, store.secret, store.token) == ("id", "secret", "token")
    assert store.client_kwargs == {"endpoint_url": "https://store", "region_name": "cn-north-1"}
    assert store.config_kwargs == {"s3": {"addressing_style": "virtual"}}
    assert filesystem("s3://bucket", options={"AWS_SKIP_SIGNATURE": "true"}).anon is True


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (OSError("Generic S3 error: 404 Not Found: <Code>NoSuchBucket</Code>"), StoreMissing),
        (FileNotFoundError("The specified bucket does not exist"), StoreMissing),
        (OSError("Generic HdfsObjectStore error: No NameNode hosts found"), StoreMissing),
        (PermissionError("Forbidden"), StoreDenied),
        (OSError("403 Forbidden: <Code>InvalidAccessKeyId</Code>"), StoreDenied),
        (OSError("Generic HdfsObjectStore error: Connection refused (os error 111)"), StoreUnreachable),
        (TimeoutError(), StoreUnreachable),
    ],
)
def test_drivers_words_in_ours(error: OSError, expected: type[AimwellError]) -> None:
    with pytest.raises(expected, match=r"s3://bucket/lake") as caught, reached("s3://bucket/lake"):
        raise error
    assert caught.value.__cause__ is error


@pytest.mark.parametrize("error", [FileNotFoundError("bucket/lake/x"), ValueError("Forbidden")])
def test_what_says_nothing_about_the_store_passes(error: Exception) -> None:
    with pytest.raises(type(error)) as caught, reached("s3://bucket/lake"):
        raise error
    assert caught.value is error
