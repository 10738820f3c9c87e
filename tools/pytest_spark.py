"""pytest's option `--spark`, and the cluster that tests marked `spark` run on.

`auto` (the default) runs tests marked `spark(part="small")` where Java 17 and PySpark are there, and skips them where
they are not; `all` runs every test marked `spark` and fails where something is missing; `none` runs none of them.
Whatever was left out is said, with the reason and the command that runs it, in one line at the end.
"""

from __future__ import annotations

import importlib.util
from collections.abc import Iterator
from functools import cache

import pytest

from spark_cluster import STARTS_QUICKLY, Cluster, ConnectServer, JavaMissingError, java_17

RUNS_ALL = "`make test-spark` runs all of them"
LEFT_OUT = pytest.StashKey[str]()


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the option."""
    parser.addoption(
        "--spark",
        choices=("auto", "all", "none"),
        default="auto",
        help="tests marked `spark`: the small part where Java 17 is (auto), all of them, or none",
    )


@pytest.hookimpl(trylast=True)  # after -m and -k, to count only what they leave
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Take out, skip or keep the tests marked `spark`."""
    chosen = config.getoption("spark")
    marked = [item for item in items if item.get_closest_marker("spark")]
    if chosen == "all" or not marked:
        return
    small = [item for item in marked if chosen == "auto" and _is_small(item)]
    left = [item for item in marked if item not in small]
    items[:] = [item for item in items if item not in left]
    config.hook.pytest_deselected(items=left)
    missing = _what_is_missing() if small else None
    if missing:
        for item in small:
            item.add_marker(pytest.mark.skip(reason=missing))
        said = f"{len(marked)} tests did not run: {missing}; then {RUNS_ALL}"
    elif left:
        said = f"{len(small)} tests ran, {len(left)} were left out by --spark={chosen}; {RUNS_ALL}"
    else:
        return
    config.stash[LEFT_OUT] = said


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Fail a test marked `spark` where Spark cannot run."""
    missing = item.get_closest_marker("spark") and _what_is_missing()
    if missing:
        pytest.fail(f"{missing}; or leave these tests out: --spark=none", pytrace=False)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """Say what was left out."""
    if LEFT_OUT in config.stash:
        terminalreporter.write_line(f"spark: {config.stash[LEFT_OUT]}", yellow=True)


@pytest.fixture(scope="session")
def spark_cluster() -> Iterator[Cluster]:
    """Start a master and two workers, with room for three sessions that ask for two cores (`spark.cores.max`) each."""
    with Cluster(workers=2, cores=3, memory_mb=3072) as cluster:
        yield cluster


@pytest.fixture(scope="session")
def spark_connect(spark_cluster: Cluster) -> Iterator[ConnectServer]:
    """Start a Spark Connect server that takes one core of each worker of the cluster."""
    conf = {
        "spark.cores.max": "2",
        "spark.driver.extraJavaOptions": STARTS_QUICKLY,
        "spark.executor.extraJavaOptions": STARTS_QUICKLY,
    }
    with ConnectServer(spark_cluster.master_url, conf=conf) as server:
        yield server


def _is_small(item: pytest.Item) -> bool:
    marker = item.get_closest_marker("spark")
    return marker is not None and marker.kwargs.get("part") == "small"


@cache
def _what_is_missing() -> str | None:
    if importlib.util.find_spec("pyspark") is None:
        return "PySpark is not installed; `pip install 'aimwell[spark]'` installs it"
    try:
        java_17()
    except JavaMissingError as error:
        return f"{error}; Debian's package openjdk-17-jre-headless has it"
    return None
