"""Recommendations for one person: from the lake, or from a prepared file within milliseconds."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path

import ibis.expr.types as ir
import numpy as np

from aimwell.base.words import Sentence, Series, text
from aimwell.people.service import read_facts
from aimwell.predict.affinity.arrays import IntArray
from aimwell.predict.affinity.choose import Wishes
from aimwell.predict.affinity.histories import CODE_STEP, DAY_STEP, MAX_TURNS, unpacked
from aimwell.predict.affinity.model import FAMILY, AffinityModel
from aimwell.predict.affinity.recommend import recommend_people
from aimwell.predict.affinity.service.gather import Source, code_table
from aimwell.predict.affinity.tables.baskets import coded, packed
from aimwell.predict.affinity.tables.scores import AFFINITY_NEEDS
from aimwell.predict.service import read_model
from aimwell.storage.lake.lake import Lake

__all__ = [
    "Context",
    "Need",
    "Recommendation",
    "Recommender",
    "needs_of",
    "open_recommender",
    "recommend_one",
]


@dataclass(frozen=True, kw_only=True)
class Context:
    """What is known at the moment of recommending.

    Attributes
    ----------
    basket
        Products in the basket now: they speak for others, and are not shown again.
    not_shown
        Products that may not be shown to this person now.
    wishes
        What the shop wants of the list but its length.
    """

    basket: Collection[str] = ()
    not_shown: Collection[str] = ()
    wishes: Wishes = field(default_factory=Wishes)


@dataclass(frozen=True, kw_only=True)
class Recommendation:
    """One product for a person: as a row of `affinity_scores`."""

    rank: int
    product_id: str
    score: float
    kind: str
    because_product_id: str | None
    n_bought: int | None
    days_ago: int | None

    @property
    def reason(self) -> Sentence:
        """Why, as a sentence."""
        if self.n_bought is not None:
            template = text("bought {n_bought} times, last {days_ago} days ago")
            return Sentence(template, {"n_bought": self.n_bought, "days_ago": self.days_ago})
        if self.because_product_id is not None:
            return Sentence(
                text("goes with {product}, which was bought"), {"product": self.because_product_id}
            )
        return Sentence(text("popular now"))


@dataclass(frozen=True, kw_only=True)
class Need:
    """One category a person may need: as a row of `affinity_needs`."""

    rank: int
    category: str
    score: float
    because_categories: Sequence[str]
    support_rate: float

    @property
    def reason(self) -> Sentence:
        """Why, as a sentence."""
        values = {
            "categories": Series(self.because_categories, text("{first} and {then}")),
            "share": f"{self.support_rate:.0%}",
            "category": self.category,
        }
        return Sentence(text("bought {categories}, as {share} of those who buy {category}"), values)


@dataclass(frozen=True, kw_only=True)
class Recommender:
    """A warm model beside everybody's histories, on disk: opened once, asked often. Memory: the model; pages of the files as used.

    Attributes
    ----------
    model
        The model.
    people, starts, lines
        (n,) ids ascending, (n + 1,) where each person's packed lines begin, and the lines; memory-mapped.
    objectors
        People for whom nothing is chosen, as of when it was opened.
    """

    model: AffinityModel
    people: IntArray
    starts: IntArray
    lines: IntArray
    objectors: frozenset[int] = frozenset()

    def recommend(
        self, person_id: int, *, k: int = 10, context: Context | None = None
    ) -> list[Recommendation]:
        """Return the best `k` products for a person; somebody unknown, or who objected, gets what is popular."""
        if person_id in self.objectors:
            return _listed(self.lines[:0], self.model, k=k, context=_unread(context))
        place = int(np.searchsorted(self.people, person_id))
        is_known = place < len(self.people) and self.people[place] == person_id
        own = self.lines[self.starts[place] : self.starts[place + 1]] if is_known else self.lines[:0]
        return _listed(np.asarray(own), self.model, k=k, context=context or Context())


def open_recommender(
    *,
    lake: Lake,
    as_of: datetime,
    folder: Path,
    model_id: str | None = None,
    objectors: frozenset[int] = frozenset(),
    known_at: datetime | None = None,
) -> Recommender:
    """Open a recommender; the first time for a model and moment, histories are streamed into files in `folder`.

    Parameters
    ----------
    lake
        The shop's facts and models.
    as_of
        What happened from this moment on is not looked at; naive UTC.
    folder
        Where the files lie; those of other models and moments can be deleted.
    model_id, objectors, known_at
        As for `score_affinity`; who objects later is heeded when it is opened again.

    Raises
    ------
    ModelMissing
        When no model was fitted.
    """
    stored = read_model(FAMILY, lake=lake, model_id=model_id)
    model = AffinityModel.from_data(stored.body)
    known = f"-{known_at:%Y%m%dT%H%M%S}" if known_at else ""
    made = folder / f"{stored.model_id}-{as_of:%Y%m%dT%H%M%S}{known}"
    if not made.exists():
        source = Source(facts=read_facts(lake=lake, known_at=known_at), engine=lake.engine)
        unfinished = made.with_name(made.name + ".part")
        unfinished.mkdir(parents=True, exist_ok=True)
        with source.lines(as_of) as lines:
            _write(packed(coded(lines, code_table(model.world.catalogue))), unfinished, lake=lake)
        unfinished.replace(made)
    people, starts, lines_ = (_mapped(made / name) for name in _FILES)
    return Recommender(model=model, people=people, starts=starts, lines=lines_, objectors=objectors)


def recommend_one(
    *,
    lake: Lake,
    person_id: int,
    as_of: datetime,
    k: int = 10,
    context: Context | None = None,
    model_id: str | None = None,
    objectors: frozenset[int] = frozenset(),
    known_at: datetime | None = None,
) -> list[Recommendation]:
    """Return the best `k` products for a person, their history read from the lake; who objected gets what is popular."""
    model = AffinityModel.from_data(read_model(FAMILY, lake=lake, model_id=model_id).body)
    if person_id in objectors:
        return _listed(np.zeros(0, dtype=np.int64), model, k=k, context=_unread(context))
    facts = read_facts(lake=lake, known_at=known_at)
    own = replace(
        facts,
        orders=facts.orders.filter(facts.orders.person_id == person_id),
        order_lines=facts.order_lines.filter(facts.order_lines.person_id == person_id),
    )
    with Source(facts=own, engine=lake.engine).lines(as_of) as lines:
        rows = lake.engine.rows(packed(coded(lines, code_table(model.world.catalogue))))
    history = np.array(sorted(rows[0]["lines"]) if rows else [], dtype=np.int64)
    return _listed(history, model, k=k, context=context or Context())


def _unread(context: Context | None) -> Context:
    """Return the wishes of a context without the basket, which would tell of the person."""
    return replace(context or Context(), basket=())


def needs_of(person_id: int, *, lake: Lake) -> list[Need]:
    """Return a person's potential needs as they were last scored, the most probable first; none if nobody was scored."""
    if not lake.has_table(AFFINITY_NEEDS.name):
        return []
    kept = lake.table(AFFINITY_NEEDS.name)
    own = kept.filter(kept.person_id == person_id).order_by("rank")
    columns = ("rank", "category", "score", "because_categories", "support_rate")
    return [Need(**row) for row in lake.engine.rows(own.select(*columns))]


_FILES = ("people", "starts", "lines")


def _listed(lines: IntArray, model: AffinityModel, *, k: int, context: Context) -> list[Recommendation]:
    world = model.world
    now = [code for code in map(world.catalogue.codes.get, context.basket) if code is not None]
    if now:
        older = lines[lines % DAY_STEP < MAX_TURNS - 1] + 1  # the basket of now is the newest turn
        lines = np.r_[np.array(now, dtype=np.int64) * CODE_STEP, older]
    shown = None
    hidden = [*now, *(code for code in map(world.catalogue.codes.get, context.not_shown) if code is not None)]
    if hidden:
        shown = np.ones(world.n_items, dtype=bool)
        shown[hidden] = False
    found = recommend_people(
        unpacked(lines, [len(lines)]), model, wishes=replace(context.wishes, k=k), shown=shown
    )
    ids = world.catalogue.product_ids
    return [
        Recommendation(
            rank=rank + 1,
            product_id=ids[code],
            score=score,
            kind="repeat" if is_repeat else "explore",
            because_product_id=ids[because] if because >= 0 else None,
            n_bought=n_bought if is_repeat else None,
            days_ago=days_ago if is_repeat else None,
        )
        for rank, code, score, is_repeat, because, n_bought, days_ago in zip(
            *(
                getattr(found, name).tolist()
                for name in ("rank", "code", "score", "is_repeat", "because", "n_bought", "days_ago")
            ),
            strict=True,
        )
    ]


def _write(histories: ir.Table, folder: Path, *, lake: Lake) -> None:
    """Stream histories, by person, into flat files of 64-bit whole numbers."""
    n_lines = 0
    with (
        (folder / "people").open("wb") as people,
        (folder / "starts").open("wb") as starts,
        (folder / "lines").open("wb") as lines,
    ):
        for batch in lake.engine.batches(histories.order_by("person_id")):
            lists = batch.column("lines")
            lengths = lists.value_lengths().to_numpy(zero_copy_only=False)
            first = n_lines + np.r_[0, np.cumsum(lengths)[:-1]]
            people.write(batch.column("person_id").to_numpy().astype("<i8").tobytes())
            starts.write(first.astype("<i8").tobytes())
            lines.write(lists.flatten().to_numpy().astype("<i8").tobytes())
            n_lines += int(lengths.sum())
        starts.write(np.array([n_lines], dtype="<i8").tobytes())


def _mapped(path: Path) -> IntArray:
    """Return a file's numbers, read as they are used; an empty file cannot be mapped."""
    if not path.stat().st_size:
        return np.zeros(0, dtype=np.int64)
    return np.memmap(path, dtype="<i8", mode="r")
