"""What Spark says when something goes wrong, turned into our errors: it tells by the text only."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager

from py4j.protocol import Py4JJavaError
from pyspark.errors import PySparkException

from aimwell.storage.errors import DiskFull, OutOfMemory, PathNotShared, WorkerLost

__all__ = ["translated"]

_NO_SPACE = re.compile(r"No space left on device")
_NO_FILE = re.compile(
    r"(?:FILE_NOT_EXIST|PATH_NOT_FOUND|FileNotFoundException|Mkdirs failed to create|NoSuchFileException)[^\n]*"
)
_TOO_MUCH = re.compile(r"Total size of serialized results[^\n]*is bigger than[^\n]*")
_LOST = re.compile(
    r"(?:java\.lang\.OutOfMemoryError|exited with code \d+|exceeding memory limits|ExecutorLostFailure)[^\n]*"
)
_SHOWN = 200  # characters; the rest is a stack of Java calls


@contextmanager
def translated(what: object) -> Iterator[None]:
    """Turn Spark's failures into ours; `what` names the work, or the place, in the message.

    Raises
    ------
    DiskFull, OutOfMemory, PathNotShared, WorkerLost
        And whatever else Spark raises, unchanged.
    """
    try:
        yield
    except (PySparkException, Py4JJavaError) as exc:
        said = str(exc)
        if _NO_SPACE.search(said):
            raise DiskFull(what=what) from exc
        if found := _NO_FILE.search(said):
            raise PathNotShared(path=what, detail=found[0][:_SHOWN]) from exc
        if found := _TOO_MUCH.search(said):
            raise OutOfMemory(limit=found[0][:_SHOWN]) from exc
        if found := _LOST.search(said):
            raise WorkerLost(what=what, detail=found[0][:_SHOWN]) from exc
        raise
