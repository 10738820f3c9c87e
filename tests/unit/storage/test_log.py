"""The actions that enter files into a table's log."""

from __future__ import annotations

import pytest

from aimwell.storage.lake.log import LakeFile, added, removed
from aimwell.storage.places import FileFacts


@pytest.mark.parametrize(
    ("path", "is_partitioned", "inside", "values"),
    [
        ("month=2017-03/part-0.parquet", True, "month=2017-03/part-0.parquet", {"month": "2017-03"}),
        ("write-ab/month=2017-03/p.parquet", True, "write-ab/month=2017-03/p.parquet", {"month": "2017-03"}),
        ("part-0.parquet", False, "part-0.parquet", {}),
        ("write-ab/part-0.parquet", False, "write-ab/part-0.parquet", {}),
    ],
)
@pytest.mark.parametrize("folder", ["/shop/lake/orders", "s3://bucket/lake/orders"])
def test_a_files_month_is_the_name_of_its_folder(
    folder: str, path: str, is_partitioned: bool, inside: str, values: dict[str, str]
) -> None:
    facts = FileFacts(path=f"{folder}/{path}", size=7, modified_ms=1000, n_rows=3)
    (action,) = added([facts], folder=folder, is_partitioned=is_partitioned, is_new_data=True)
    assert (action.path, action.partition_values) == (inside, values)
    assert (action.size, action.modification_time, action.stats) == (7, 1000, '{"numRecords": 3}')


def test_a_file_goes_out_as_it_came_in() -> None:
    file = LakeFile(
        path="/t/a/month=2017-03/p.parquet", inside="a/month=2017-03/p.parquet", month="2017-03", size=7
    )
    (action,) = removed([file], is_new_data=False)
    assert (action.path, action.size, action.partition_values) == (file.inside, 7, {"month": "2017-03"})
    assert action.data_change is False
