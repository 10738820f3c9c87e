"""Spark's failures in our words; the texts are those that a cluster gave."""

from __future__ import annotations

import pytest

pytest.importorskip("pyspark")
from pyspark.errors import PySparkException

from aimwell.base.errors import AimwellError
from aimwell.storage.engines.spark_failures import translated
from aimwell.storage.errors import DiskFull, OutOfMemory, PathNotShared, WorkerLost

FIRST = "Job aborted due to stage failure: Task 0 in stage 0.0 failed 4 times, most recent failure: "


@pytest.mark.parametrize(
    ("said", "error", "detail"),
    [
        (
            f"{FIRST}Lost task 1.5 in stage 0.0 (TID 10) (127.0.0.1 executor 5): java.lang.OutOfMemoryError: Java heap space\n\tat x",
            WorkerLost,
            "java.lang.OutOfMemoryError: Java heap space.",
        ),
        (
            f"{FIRST}ExecutorLostFailure (executor 4 exited caused by one of the running tasks) Reason: Command exited with code 52",
            WorkerLost,
            "Command exited with code 52",
        ),
        (f"{FIRST}java.io.IOException: No space left on device", DiskFull, "orders"),
        (
            "[PATH_NOT_FOUND] Path does not exist: file:/shop/lake/orders/x.parquet. SQLSTATE: 42K03",
            PathNotShared,
            "file:/shop/lake/orders/x.parquet",
        ),
        (
            f"{FIRST}[FAILED_READ_FILE.FILE_NOT_EXIST] Encountered error while reading file file:/shop/x.parquet. File does not exist.",
            PathNotShared,
            "/shop/x.parquet",
        ),
        (
            "Job aborted due to stage failure: Total size of serialized results of 8 tasks (1100.0 MiB) is bigger than "
            "spark.driver.maxResultSize (1024.0 MiB)",
            OutOfMemory,
            "1024.0 MiB",
        ),
    ],
)
def test_failures_of_the_cluster(said: str, error: type[AimwellError], detail: str) -> None:
    with pytest.raises(error, match=r"run the same command again|see alike") as caught, translated("orders"):
        raise PySparkException(said)
    assert detail in str(caught.value)


def test_an_error_of_the_query_stays_what_it_is() -> None:
    with pytest.raises(PySparkException, match="CAST_INVALID_INPUT"), translated("orders"):
        raise PySparkException(
            "[CAST_INVALID_INPUT] The value 'a' of the type STRING cannot be cast to BIGINT"
        )
