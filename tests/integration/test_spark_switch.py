"""pytest's option `--spark`, tried in a pytest of its own, with and without a Java."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

TOOLS = Path(__file__).parents[2] / "tools"
TESTS = """
import pytest

def test_plain():
    pass

@pytest.mark.spark(part="small")
def test_small():
    pass

@pytest.mark.spark
def test_large():
    pass
"""


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Return a function that runs the three tests above and returns the exit code and what was printed."""
    (tmp_path / "test_three.py").write_text(TESTS, encoding="utf-8")
    (tmp_path / "pytest.ini").write_text("[pytest]\nmarkers = spark\n", encoding="utf-8")
    monkeypatch.setenv("PYTHONPATH", str(TOOLS))
    for name in [name for name in os.environ if name.startswith(("PYTEST_", "COV_"))]:
        monkeypatch.delenv(name)

    def run(*arguments: str) -> tuple[int, str]:
        command = [
            sys.executable,
            "-m",
            "pytest",
            "-p",
            "pytest_spark",
            "-rA",
            "--strict-markers",
            *arguments,
        ]
        done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
        return done.returncode, done.stdout + done.stderr

    return run


@pytest.fixture(params=["a Java 17", "no Java", "a wrong JAVA_HOME", "an old Java"])
def java(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """Make the machine look like one with that Java; return what the reason says, or nothing for a good one."""
    folder = tmp_path / "java" / "bin"
    folder.mkdir(parents=True)
    monkeypatch.delenv("JAVA_HOME", raising=False)
    monkeypatch.setenv("PATH", str(folder))
    version = {"a Java 17": "17.0.15", "an old Java": "11.0.2"}.get(request.param)
    if version:
        (folder / "java").write_text(
            f"#!/bin/sh\necho 'openjdk version \"{version}\"' >&2\n", encoding="utf-8"
        )
        (folder / "java").chmod(0o755)
    if request.param == "a wrong JAVA_HOME":
        monkeypatch.setenv("JAVA_HOME", str(tmp_path))
    return {
        "a Java 17": "",
        "no Java": "no `java` on the PATH, and JAVA_HOME is not set",
        "a wrong JAVA_HOME": f"JAVA_HOME is {tmp_path}, where there is no bin/java",
        "an old Java": f"{folder / 'java'} is Java 11, and Spark 4 needs 17 or newer",
    }[request.param]


def test_auto_runs_the_small_part_or_says_what_is_missing(run, java):
    code, said = run()
    assert code == 0
    assert "PASSED test_three.py::test_plain" in said
    assert "test_large" not in said
    if java:
        assert "1 passed, 1 skipped, 1 deselected" in said
        assert (
            f"spark: 2 tests did not run: {java}; Debian's package openjdk-17-jre-headless has it; "
            "then `make test-spark` runs all of them"
        ) in said
    else:
        assert "PASSED test_three.py::test_small" in said
        assert (
            "spark: 1 tests ran, 1 were left out by --spark=auto; `make test-spark` runs all of them" in said
        )


def test_all_runs_everything_or_fails(run, java):
    code, said = run("--spark=all")
    if java:
        assert code == 1
        assert "1 passed, 2 errors" in said
        assert f"ERROR test_three.py::test_small - Failed: {java[:20]}" in said
        assert (
            f"{java}; Debian's package openjdk-17-jre-headless has it; or leave these tests out: --spark=none"
            in said
        )
    else:
        assert code == 0
        assert "3 passed" in said
    assert "spark: " not in said


def test_none_leaves_all_of_them_out(run):
    code, said = run("--spark=none")
    assert code == 0
    assert "1 passed, 2 deselected" in said
    assert "spark: 0 tests ran, 2 were left out by --spark=none" in said


def test_tests_left_out_by_a_marker_are_not_counted(run):
    _, said = run("-m", "not spark")
    assert "1 passed, 2 deselected" in said
    assert "spark:" not in said
