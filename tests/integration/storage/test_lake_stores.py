"""A lake whose store does not answer, or not to us; and the places where files are."""

from __future__ import annotations

import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from s3fs import S3FileSystem

from aimwell.base.errors import AimwellError
from aimwell.storage.engines.duckdb import DuckDBEngine
from aimwell.storage.errors import StoreDenied, StoreMissing, StoreUnreachable
from aimwell.storage.lake.lake import Lake
from aimwell.storage.places import place_at

from .orders_table import SPEC, parcels


def every_way_fails(lake: Lake, expected: type[AimwellError]) -> None:
    """Reach for the store by Delta, by fsspec and by DuckDB."""
    for reach in (
        lambda: lake.append(SPEC, parcels(("a", 1, "2024-01-05"))),
        lambda: lake.table(SPEC.name),
        lambda: lake.has_table(SPEC.name),
        lake.names,
        lake.place.folders,
        lambda: lake.place.files(lake.root),
        lambda: lake.place.open(f"{lake.root}/x"),
        lambda: lake.engine.read_parquet([f"{lake.root}/x.parquet"], schema=SPEC.schema),
        lambda: lake.engine.write_parquet(
            parcels(("a", 1, "2024-01-05")), lake.root, month_of="sent_at", cluster_by=()
        ),
    ):
        with pytest.raises(expected, match=r"s3://"):
            reach()


def test_a_missing_bucket_is_said(s3_engine: DuckDBEngine, s3_options: dict[str, str]) -> None:
    lake = Lake("s3://no-such-bucket/lake", engine=s3_engine, storage_options=s3_options)
    every_way_fails(lake, StoreMissing)


@pytest.fixture
def denying(s3_options: dict[str, str]) -> Iterator[None]:
    """Let the server check credentials, which nobody was given."""

    def check_after(n_requests: str) -> None:
        request = urllib.request.Request(
            f"{s3_options['AWS_ENDPOINT_URL']}/moto-api/reset-auth",
            data=n_requests.encode(),
            headers={"Content-Type": "text/plain"},
        )
        urllib.request.urlopen(request).close()

    check_after("0")
    yield
    check_after("inf")


def test_denied_access_is_said(s3_lake: Lake, denying: None) -> None:
    every_way_fails(s3_lake, StoreDenied)


def test_a_store_that_does_not_answer_is_said(tmp_path: Path, s3_options: dict[str, str]) -> None:
    nowhere = s3_options | {"AWS_ENDPOINT_URL": "http://127.0.0.1:9", "max_retries": "0"}
    engine = DuckDBEngine(memory_limit="1GB", temp_folder=tmp_path, storage_options=nowhere)
    lake = Lake("s3://bucket/lake", engine=engine, storage_options=nowhere)
    with pytest.raises(StoreUnreachable, match="s3://bucket/lake cannot be reached"):
        lake.append(SPEC, parcels(("a", 1, "2024-01-05")))
    with pytest.raises(StoreUnreachable, match="s3://bucket/lake cannot be reached"):
        lake.names()
    engine.close()


def test_hdfs_that_does_not_answer_is_said(tmp_path: Path) -> None:
    pytest.importorskip("hdfs_native", reason="the driver of hdfs:// is not installed")
    engine = DuckDBEngine(memory_limit="1GB", temp_folder=tmp_path)
    lake = Lake("hdfs://127.0.0.1:9/lake", engine=engine)
    with pytest.raises(StoreUnreachable, match=r"hdfs://127\.0\.0\.1:9/lake cannot be reached"):
        lake.append(SPEC, parcels(("a", 1, "2024-01-05")))
    with pytest.raises(StoreUnreachable, match=r"hdfs://127\.0\.0\.1:9/lake cannot be reached"):
        lake.names()
    engine.close()


@pytest.fixture(params=["folder", "s3"])
def root(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Return a place that holds `a/1.parquet` (two rows), `a/deep/2.parquet` (one) and `b/note`."""
    bucket: str = request.getfixturevalue("bucket")
    options: dict[str, str] = request.getfixturevalue("s3_options")
    here = tmp_path / "files"
    (here / "a" / "deep").mkdir(parents=True)
    (here / "b").mkdir()
    pq.write_table(pa.table({"n": [1, 2]}), here / "a" / "1.parquet")
    pq.write_table(pa.table({"n": [3]}), here / "a" / "deep" / "2.parquet")
    (here / "b" / "note").write_text("hello")
    if request.param == "folder":
        return str(here)
    store = S3FileSystem(key="key", secret="secret", endpoint_url=options["AWS_ENDPOINT_URL"])
    store.put(str(here), f"{bucket}/files", recursive=True)
    return f"{bucket}/files"


def test_files_of_a_place(root: str, s3_options: dict[str, str]) -> None:
    place = place_at(root, options=s3_options)
    assert sorted(place.folders()) == ["a", "b"]
    paths = place.files(f"{root}/a")
    assert paths == [f"{root}/a/1.parquet", f"{root}/a/deep/2.parquet"]
    assert [(f.path, f.n_rows) for f in place.described(paths)] == [(paths[0], 2), (paths[1], 1)]
    assert all(f.size > 100 and f.modified_ms > 1.7e12 for f in place.described(paths))
    with place.open(f"{root}/b/note") as file:
        assert file.read() == b"hello"
    place.delete(f"{root}/b/note")
    place.delete(f"{root}/a/deep")
    place.delete(f"{root}/not-there")
    assert place.files(root) == [f"{root}/a/1.parquet"]
    assert place.files(f"{root}/not-there") == []
    assert place_at(f"{root}/not-there", options=s3_options).folders() == []
