"""The accounts and devices of people, and what they call themselves there. Addresses lead nowhere: the domain does not exist."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from aimwell.learn.simulator.life import Life
from aimwell.learn.simulator.model import CHANNELS
from aimwell.learn.simulator.randoms import Purpose, hashed, sparse

__all__ = ["DEVICES", "Accounts", "accounts", "customers_table", "devices"]

DEVICES = ("mobile", "desktop", "tablet")
_MOST = 3
_MAIN_SHARE = 0.8  # of orders, of those with several accounts
_OTHER_DEVICE_SHARE = 0.25  # of days, of those with several devices
_DOMAIN = "mail.simulated"
_GIVEN = {
    "west": ("Ann", "Ben", "Clara", "David", "Ella", "Finn", "Grace", "Hugo"),
    "china": ("伟", "芳", "娜", "敏", "静", "强", "磊", "洋"),
}
_FAMILY = {
    "west": ("Adams", "Baker", "Cole", "Dunn", "Ellis", "Ford", "Gray", "Hill"),
    "china": ("王", "李", "张", "刘", "陈", "杨", "赵", "黄"),
}
_REGIONS = {
    "west": ("CA", "NY", "TX", "FL", "IL", "WA"),
    "china": ("广东", "浙江", "江苏", "上海", "北京", "四川"),
}
_AGES = ("18-24", "25-34", "35-44", "45-54", "55-64", "65+")


@dataclass(frozen=True, kw_only=True)
class Accounts:
    """The accounts of a life's people, those of one person one behind the other.

    Attributes
    ----------
    person
        Row of the life.
    nth
        0 for the person's main account.
    begin
        Per person: row of the main account.
    key
        The shop's key of the account; it tells nothing about the person.
    since
        Day on which it was opened.
    """

    person: NDArray[np.int64]
    nth: NDArray[np.int64]
    begin: NDArray[np.int64]
    key: pa.Array
    since: NDArray[np.int64]

    def used(self, life: Life, person: NDArray[Any], day: NDArray[Any]) -> NDArray[np.int64]:
        """Return the row of the account that each person uses on a day."""
        n_each = np.diff(np.append(self.begin, self.person.size))
        u = sparse(life.world.seed, Purpose.ACCOUNTS, person + life.first, day)
        other = 1 + np.floor((u - _MAIN_SHARE) / (1.0 - _MAIN_SHARE) * (n_each[person] - 1)).astype(np.int64)
        row = self.begin[person] + np.where((u > _MAIN_SHARE) & (n_each[person] > 1), other, 0)
        used: NDArray[np.int64] = np.where(self.since[row] <= day, row, self.begin[person])
        return used


def accounts(life: Life) -> Accounts:
    """Return the accounts of everybody in a life."""
    rows, seed = np.arange(life.size), life.world.seed
    u = sparse(seed, Purpose.SECOND_ACCOUNTS, rows + life.first)
    n_each = 1 + (u > 0.88) + (u > 0.98)
    begin = np.cumsum(n_each) - n_each
    person = np.repeat(rows, n_each)
    nth = np.arange(person.size) - begin[person]
    wait = 10 + np.floor(sparse(seed, Purpose.SECOND_ACCOUNTS, person + life.first, nth=nth) * 400).astype(
        np.int64
    )
    keys = hashed(seed, Purpose.NAMES, person + life.first, nth=nth) >> np.uint64(4)
    return Accounts(
        person=person,
        nth=nth,
        begin=begin,
        key=pa.array([f"a{key:015x}" for key in keys.tolist()]),
        since=life.people.born[person].astype(np.int64) + np.where(nth > 0, wait, 0),
    )


def devices(life: Life, person: NDArray[Any], day: NDArray[Any]) -> NDArray[np.int64]:
    """Return the device, a place in `DEVICES`, that each person uses on a day: mostly the person's own, of those with more sometimes another."""
    seed, who = life.world.seed, person + life.first
    own = hashed(seed, Purpose.DEVICES, who, nth=1)
    main, n_more = (
        (own % np.uint64(len(DEVICES))).astype(np.int64),
        ((own >> np.uint64(8)) % np.uint64(len(DEVICES))).astype(np.int64),
    )
    u = sparse(seed, Purpose.DEVICES, who, day, nth=2)
    other = 1 + np.floor(u / _OTHER_DEVICE_SHARE * n_more).astype(np.int64)
    used: NDArray[np.int64] = (main + np.where((u < _OTHER_DEVICE_SHARE) & (n_more > 0), other, 0)) % len(
        DEVICES
    )
    return used


def customers_table(life: Life, known: Accounts, *, until: int, since: int | None = None) -> pa.Table:
    """Return the customer file: a row per account that was opened before day `until`, and not before `since` if that is given.

    Columns: account, created_at (UTC), region, locale, age_band, email, phone, name, accepts_email_marketing and
    accepts_sms_marketing (yes or no, as of this morning).
    """
    is_told = (known.since < until) & (
        known.since >= (known.since.min(initial=0) if since is None else since)
    )
    spec, rows = life.world.spec, np.flatnonzero(is_told)
    person, nth = known.person[rows], known.nth[rows]
    bits = hashed(life.world.seed, Purpose.NAMES, person + life.first, nth=9)
    created = np.datetime64(spec.start_on, "s") + known.since[rows] * np.timedelta64(86_400, "s")
    created = created + ((bits >> np.uint64(40)) % np.uint64(86_400)).astype("timedelta64[s]")
    family = _picked(_FAMILY[spec.market], bits >> np.uint64(8))
    given = _picked(_GIVEN[spec.market], bits >> np.uint64(16))
    joint = ["{1}{0}", "zh"] if spec.market == "china" else ["{0} {1}", "en"]
    columns = {
        "account": known.key.take(pa.array(rows)),
        "created_at": pa.array(created),
        "region": pa.array(_picked(_REGIONS[spec.market], bits)),
        "locale": pa.array([joint[1]] * rows.size, pa.string()),
        "age_band": pa.array(_picked(_AGES, bits >> np.uint64(24))),
        "email": pa.array(_emails(person + life.first, nth, bits), pa.string()),
        "phone": pa.array(_phones(person + life.first, nth, bits, market=spec.market), pa.string()),
        "name": pa.array([joint[0].format(g, f) for g, f in zip(given, family, strict=True)], pa.string()),
    }
    for name, channel in (("accepts_email_marketing", "email"), ("accepts_sms_marketing", "sms")):
        is_reached = life.state.is_reached[person, CHANNELS.index(channel)]
        columns[name] = pa.array(_picked(("no", "yes"), is_reached.astype(np.uint64)))
    return pa.table(columns)


def _picked(names: Sequence[str], bits: NDArray[np.uint64]) -> list[str]:
    return [names[place] for place in (bits % np.uint64(len(names))).tolist()]


def _emails(person: NDArray[np.int64], nth: NDArray[np.int64], bits: NDArray[np.uint64]) -> list[str]:
    """Return an address per account: of a second account often the same one in another spelling, or another one."""
    fate = (bits >> np.uint64(32)) % np.uint64(10)
    plain = [f"p{number}" for number in person.tolist()]
    spelled = [
        name if n == 0 else name.upper() if f < 5 else f"{name}.{n}"
        for name, n, f in zip(plain, nth.tolist(), fate.tolist(), strict=True)
    ]
    return [f"{name}@{_DOMAIN}" for name in spelled]


def _phones(
    person: NDArray[np.int64], nth: NDArray[np.int64], bits: NDArray[np.uint64], *, market: str
) -> list[str | None]:
    """Return a number that nobody has: 1440 is no Chinese mobile prefix, and 555 no American exchange. Second accounts often share it."""
    fate = (bits >> np.uint64(32)) % np.uint64(10)
    has = (bits >> np.uint64(36)) % np.uint64(5) > 0
    number = person if market == "china" else person * 7 + 1
    forms = [
        f"1440{n % 10_000_000:07}"
        if market == "china"
        else f"+1 {200 + n // 10_000 % 800} 555 {n % 10_000:04}"
        for n in number.tolist()
    ]
    keeps = has & ((nth == 0) | (fate < 8))
    return [form if is_told else None for form, is_told in zip(forms, keeps.tolist(), strict=True)]
