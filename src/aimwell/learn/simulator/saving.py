"""The truth on disk: a folder apart from the shop that nobody but its owner can open.

`world.json` is the spec and the seed, from which everything follows; `truth.parquet` has a row per account with what is hidden in its
person; `effects-*.parquet` say what contacts that were played really did; `touches.parquet` are the contacts played so far, `lived.json` is how far.
"""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import date
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from aimwell.learn.simulator.accounts import Accounts
from aimwell.learn.simulator.errors import FolderNotEmpty, TruthInside, WorldMissing
from aimwell.learn.simulator.life import Life
from aimwell.learn.simulator.model import Dirt, Nature, Shelf, Shock, WorldSpec
from aimwell.learn.simulator.people import KINDS
from aimwell.learn.simulator.world import World

__all__ = ["TruthFolder", "truth_table"]

_FOLDER_MODE, _FILE_MODE = 0o700, 0o600
_WORLD, _PEOPLE, _TOUCHES, _LIVED = "world.json", "truth.parquet", "touches.parquet", "lived.json"


@dataclass(frozen=True)
class TruthFolder:
    """A folder with the truth of one world; made with mode 0700, its files with 0600."""

    path: Path

    @classmethod
    def make(cls, path: Path, *, apart_from: Path) -> TruthFolder:
        """Make the folder.

        Raises
        ------
        TruthInside
            If it lies in the folder of the shop or the files, or the other way round.
        FolderNotEmpty
            If something is in it.
        """
        here, there = path.resolve(), apart_from.resolve()
        if here == there or there in here.parents or here in there.parents:
            raise TruthInside(folder=path, inside=apart_from)
        if path.exists() and any(path.iterdir()):
            raise FolderNotEmpty(folder=path)
        path.mkdir(mode=_FOLDER_MODE, parents=True, exist_ok=True)
        path.chmod(_FOLDER_MODE)
        return cls(path)

    def keep_world(self, world: World, *, facts: dict[str, Any]) -> None:
        """Write the spec and seed; `facts` is what else is to be known, such as counts of dirt."""
        spec = asdict(world.spec) | {"start_on": world.spec.start_on.isoformat()}
        text = json.dumps({"seed": world.seed, "spec": spec, "facts": facts}, ensure_ascii=False, indent=1)
        with self.opened(_WORLD) as file:
            file.write(text.encode())

    def world(self) -> World:
        """Return the world.

        Raises
        ------
        WorldMissing
            If there is none.
        """
        path = self.path / _WORLD
        if not path.exists():
            raise WorldMissing(folder=self.path, file=path)
        kept = json.loads(path.read_text("utf-8"))
        spec = kept["spec"]
        nature = spec["nature"] | {"shelves": tuple(Shelf(**shelf) for shelf in spec["nature"]["shelves"])}
        tuples = {name: tuple(value) for name, value in nature.items() if isinstance(value, list)}
        return World(
            WorldSpec(
                **spec
                | {
                    "nature": Nature(**nature | tuples),
                    "start_on": date.fromisoformat(spec["start_on"]),
                    "shocks": tuple(Shock(**shock) for shock in spec["shocks"]),
                    "dirt": Dirt(**spec["dirt"]),
                }
            ),
            kept["seed"],
        )

    def people_writer(self, schema: pa.Schema) -> pq.ParquetWriter:
        """Return the writer of truth.parquet; the caller closes it."""
        with self.opened(_PEOPLE):
            return pq.ParquetWriter(self.path / _PEOPLE, schema)

    def people(self) -> pa.Table:
        """Return truth.parquet."""
        return pq.read_table(self.path / _PEOPLE)

    def lived_until(self) -> int:
        """Return the day that comes next: after the history, or after what was played."""
        path = self.path / _LIVED
        return int(json.loads(path.read_text("utf-8"))["until"]) if path.exists() else self.world().spec.days

    def keep_played(self, since: int, until: int, *, effects: Sequence[pa.Table], plan: pa.Table) -> pa.Table:
        """Remember what was played: the contacts' effects, the contacts, and how far the world is. Returns the effects."""
        joined = pa.concat_tables(effects)
        self.keep(f"effects-{since:05}", joined)
        before = self.touches()
        self.keep(
            _TOUCHES.removesuffix(".parquet"), plan if before is None else pa.concat_tables([before, plan])
        )
        with self.opened(_LIVED) as file:
            file.write(json.dumps({"until": until}).encode())
        return joined

    def touches(self) -> pa.Table | None:
        """Return the contacts played so far, or None."""
        path = self.path / _TOUCHES
        return pq.read_table(path) if path.exists() else None

    def keep(self, name: str, table: pa.Table) -> Path:
        """Write a table of the truth; one of that name is replaced."""
        with self.opened(f"{name}.parquet") as file:
            pq.write_table(table, file)
        return self.path / f"{name}.parquet"

    def opened(self, name: str) -> Any:
        """Open a file for writing that only its owner can read, from its first byte on."""

        def private(path: str, flags: int) -> int:
            return os.open(path, flags, mode=_FILE_MODE)

        return open(self.path / name, "wb", opener=private)  # Path.open takes no opener


def truth_table(life: Life, known: Accounts) -> pa.Table:
    """Return what is hidden in people, a row per account: account, person, and the traits, shares of shelves as `taste_<n>`."""
    people, person = life.people, known.person
    plain = {name: values for name, values in vars(people).items() if values.ndim == 1}
    columns: dict[str, Any] = {"account": known.key, "person": person + life.first}
    columns |= {name: values[person] for name, values in plain.items() if name != "kind"}
    columns["kind"] = pa.array([KINDS[kind] for kind in people.kind[person].tolist()])
    columns |= {f"taste_{n}": people.taste[person, n] for n in range(people.taste.shape[1])}
    return pa.table(columns)
