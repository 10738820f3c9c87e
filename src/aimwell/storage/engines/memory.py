"""Sizes of memory as settings name them."""

from __future__ import annotations

import re

__all__ = ["memory_bytes"]


def memory_bytes(size: str) -> int:
    """Return a size in bytes; GB and GiB are both 1024 cubed, as the JVM has it.

    Raises
    ------
    ValueError
        If it is no number with a unit.

    Examples
    --------
    >>> memory_bytes("8GB"), memory_bytes("1.5 GiB")
    (8589934592, 1610612736)
    """
    found = re.fullmatch(r"(\d+(?:\.\d+)?) ?([KMGT])i?B", size)
    if found is None:
        raise ValueError(f"{size} is no size such as 8GB")
    return int(float(found[1]) * 1024 ** (1 + "KMGT".index(found[2])))
