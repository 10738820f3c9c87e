"""How often one caller may ask: a bucket of tries for each, filled up again steadily, in bounded memory."""

from __future__ import annotations

from collections import OrderedDict
from datetime import datetime
from ipaddress import IPv6Address, ip_address, ip_network

__all__ = ["Limiter", "neighbourhood"]


class Limiter:
    """Counts tries per key.

    Parameters
    ----------
    tries
        So many at once, and so many again in every minute.
    keys
        So many callers are remembered; the one that was quiet longest is forgotten first.
    """

    def __init__(self, *, tries: int, keys: int = 100_000) -> None:
        self._tries, self._keys = tries, keys
        self._buckets: OrderedDict[str, tuple[float, datetime]] = OrderedDict()

    def wait_seconds(self, key: str, *, now: datetime) -> float:
        """Return 0 and count a try, or the seconds until there is one again; a clock that goes back gives none."""
        left, since = self._buckets.get(key, (float(self._tries), now))
        elapsed_seconds = max(0.0, (now - since).total_seconds())
        left = min(float(self._tries), left + elapsed_seconds * self._tries / 60)
        is_free = left >= 1
        self._buckets[key] = (left - 1 if is_free else left, now)
        self._buckets.move_to_end(key)
        if len(self._buckets) > self._keys:
            self._buckets.popitem(last=False)
        return 0.0 if is_free else (1 - left) * 60 / self._tries


def neighbourhood(host: str) -> str:
    """Return what counts as one caller: an IPv4 address, or the /64 that an IPv6 address can wander in at will.

    >>> neighbourhood("2001:db8:0:1:aaaa::1")
    '2001:db8:0:1::/64'
    """
    try:
        address = ip_address(host)
    except ValueError:
        return host
    return str(ip_network((address, 64), strict=False)) if isinstance(address, IPv6Address) else host
