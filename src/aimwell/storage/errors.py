"""What can go wrong where data are kept."""

from __future__ import annotations

from aimwell.base.errors import InvalidInput, NotFound, Unavailable
from aimwell.base.words import text

__all__ = [
    "AnotherWriter",
    "DiskFull",
    "DriverMissing",
    "JavaMissing",
    "NoExecutors",
    "OutOfMemory",
    "PathNotShared",
    "SparkMissing",
    "SparkUnreachable",
    "SparkVersions",
    "StoreDenied",
    "StoreMissing",
    "StoreUnreachable",
    "TableMissing",
    "UrlUnusable",
    "VersionMissing",
    "WorkerLost",
]


class DiskFull(Unavailable):
    """The disk took no more bytes; nothing half-written became visible."""

    code = "disk_full"
    template = text(
        "The disk is full while writing {what}. Nothing half-written is visible. Free some space, then run the same command again."
    )


class OutOfMemory(Unavailable):
    """The engine hit its memory limit and could not spill enough."""

    code = "out_of_memory"
    template = text(
        "The engine ran out of its memory limit ({limit}). Raise `memory_limit` in aimwell.toml or "
        "AIMWELL_MEMORY_LIMIT, then run the same command again."
    )


class AnotherWriter(Unavailable):
    """Somebody else writes to this shop."""

    code = "another_writer"
    template = text(
        "Another Aimwell process is writing to {what}. Reading is allowed meanwhile. Wait until it has finished, then run the same command again."
    )


class TableMissing(NotFound):
    """A lake table that was never made."""

    code = "table_missing"
    template = text(
        "There is no lake table `{name}` in {folder}. Run the step that makes it first; `aimwell status` shows what is there."
    )


class VersionMissing(NotFound):
    """A lake version that never was or was vacuumed."""

    code = "version_missing"
    template = text(
        "Lake table `{name}` has no version {version}; versions 0 to {latest} exist, older ones may be vacuumed."
    )


class SparkMissing(Unavailable):
    """Spark is chosen, and PySpark is not installed."""

    code = "spark_missing"
    template = text(
        "This shop's engine is Spark, but the Python package `{module}` is not installed. Install it with "
        "`pip install 'aimwell[spark]'`, or set `engine = \"duckdb\"` in aimwell.toml."
    )


class JavaMissing(Unavailable):
    """Spark needs a Java that is not there."""

    code = "java_missing"
    template = text(
        "Spark needs Java {needed} or newer on this machine; {place} has {found}. Install it (Debian: `apt install "
        "openjdk-17-jre-headless`) and let JAVA_HOME or PATH name it; or set `spark_url` to a Connect server "
        "(sc://host:15002), which needs no Java here."
    )


class SparkUnreachable(Unavailable):
    """Nobody answers where Spark should be."""

    code = "spark_unreachable"
    template = text(
        "Spark at {url} cannot be reached: {detail}. Nothing was written. Check `spark_url` and that the cluster runs "
        'and lets this machine in, then run the same command again; or set `engine = "duckdb"`.'
    )


class SparkVersions(Unavailable):
    """The cluster takes no client of this version."""

    code = "spark_versions"
    template = text(
        "Spark at {url} answers, but does not take PySpark {known}; as a rule it is of another version (it "
        "says: {found}). Nothing was written. Its web page shows its version: install the same with `pip "
        "install pyspark==VERSION`, or upgrade the cluster."
    )


class NoExecutors(Unavailable):
    """The cluster gives nobody to do the work."""

    code = "no_executors"
    template = text(
        "Spark at {url} gave no executor within {seconds} s: its workers are busy, or have less memory or "
        "fewer cores than spark.executor.memory and spark.executor.cores ask for. Nothing was written. Free "
        "some, or ask for less under spark_options in aimwell.toml."
    )


class WorkerLost(Unavailable):
    """Workers died under a job, again and again."""

    code = "worker_lost"
    template = text(
        "Spark lost its workers during {what}: {detail}. Nothing half-written is visible. If they ran out of "
        "memory, raise spark.executor.memory under spark_options in aimwell.toml (and the machines' own), "
        "then run the same command again."
    )


class PathNotShared(Unavailable):
    """Files that one side wrote are not there for the other."""

    code = "path_not_shared"
    template = text(
        "This process and Spark's workers do not see the same files in {path}: {detail}. Nothing half-written "
        "is visible. Put the shop, or the lake by `lake_url`, on a path or object store that all machines see "
        "alike."
    )


class UrlUnusable(InvalidInput):
    """A lake's URL that not every engine can open."""

    code = "url_unusable"
    template = text(
        "There can be no lake at `{url}`. Allowed are a folder, `s3://bucket/folder` and `hdfs://host:port/folder`, "
        "the URLs of plain letters, digits and . _ - = only. Correct `lake_url`."
    )


class DriverMissing(Unavailable):
    """The package that opens such URLs is not installed."""

    code = "driver_missing"
    template = text(
        "The package that opens {url} is not installed. Install it with `pip install 'aimwell[{extra}]'`, then run the same command again."
    )


class StoreMissing(NotFound):
    """A bucket or name node that is not there."""

    code = "store_missing"
    template = text(
        "There is no bucket or name node for {url}. Make it, or correct `lake_url` or the AWS_ENDPOINT_URL of `storage_options`; "
        "then run the same command again."
    )


class StoreDenied(Unavailable):
    """The store refused these credentials."""

    code = "store_denied"
    template = text(
        "Access to {url} was denied. Check the credentials in `storage_options` or the environment (AWS_ACCESS_KEY_ID, ...), "
        "and that they may list, read, write and delete there. Then run the same command again."
    )


class StoreUnreachable(Unavailable):
    """Nobody answers at the store's address."""

    code = "store_unreachable"
    template = text(
        "{url} cannot be reached. Check the network, and the AWS_ENDPOINT_URL of `storage_options` or the name node's host "
        "and port; then run the same command again."
    )
