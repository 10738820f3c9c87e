"""What unit tests that run tables share."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from aimwell.storage.engines import Engine


@pytest.fixture(scope="module")
def one_engine(
    tmp_path_factory: pytest.TempPathFactory, open_engine: Callable[[Path], Engine]
) -> Iterator[Engine]:
    """Return an engine that all tests of a file share."""
    made = open_engine(tmp_path_factory.mktemp("engine"))
    yield made
    made.close()
