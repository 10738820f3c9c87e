"""What enters the vault, what comes back, and what may be known about it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

import pyarrow as pa

__all__ = [
    "ADMITTED",
    "ARRIVALS",
    "EVIDENCE",
    "IDENTIFIERS",
    "MATCHED",
    "Account",
    "ContactPoint",
    "Identifier",
    "Kind",
    "MatchedKind",
]

MatchedKind = Literal["email", "phone"]
Kind = Literal["email", "phone", "name", "address", "device", "account"]

MATCHED: tuple[MatchedKind, ...] = get_args(MatchedKind)
"""Kinds of which equal values speak for one person; found through the keyed index."""

IDENTIFIERS: tuple[Kind, ...] = tuple(kind for kind in get_args(Kind) if kind != "account")
"""Columns of an arrival that hold an identifier."""

# One row per sighting of an account; an account may come any number of times. Identifier columns may be missing.
ARRIVALS = pa.schema(
    [
        pa.field("source", pa.string(), nullable=False),
        pa.field("account_key", pa.string()),  # the source's own key; null: nobody is known
        # "id": an opaque key, which stays as it is; else the key is itself an identifier and never leaves the vault
        pa.field("account_key_kind", pa.string(), nullable=False),
        *(pa.field(kind, pa.string()) for kind in IDENTIFIERS),
    ]
)

# One row per arrival, in the same order. Both ids are null where the key is.
ADMITTED = pa.schema(
    [
        pa.field("source", pa.string(), nullable=False),
        pa.field("account_key", pa.string()),
        pa.field("account_id", pa.string()),
        pa.field("person_id", pa.int64()),
    ]
)

# One row per person and identifier that two or more people have in common. The order of `entry_no` is the order of
# arrival; an `item` is the first entry of its value.
EVIDENCE = pa.schema(
    [
        pa.field("item", pa.int64(), nullable=False),
        pa.field("kind", pa.string(), nullable=False),
        pa.field("person_id", pa.int64(), nullable=False),
        pa.field("entry_no", pa.int64(), nullable=False),
    ]
)


@dataclass(frozen=True, kw_only=True)
class Identifier:
    """One identifier of a person, in clear: for authorised display only."""

    kind: Kind
    value: str


@dataclass(frozen=True, kw_only=True)
class ContactPoint:
    """One e-mail or phone of a person, in clear: for sending only.

    Attributes
    ----------
    token
        What stands for it everywhere else; equal for all who have it, in any spelling.
    value
        In the form by which it is compared: e-mail in lower case, phone as E.164 (+8613812345678).
    """

    token: str
    value: str


@dataclass(frozen=True, kw_only=True)
class Account:
    """One account of a source. `account_no` grows in the order in which accounts were first seen."""

    account_no: int
    source: str
    account_id: str
    person_id: int
