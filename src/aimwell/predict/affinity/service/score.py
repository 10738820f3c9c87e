"""Score: everybody's recommendations and potential needs, written to the lake."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import ibis

from aimwell.base.progress import Progress, Silent
from aimwell.base.words import text
from aimwell.people.objections import objectors_table
from aimwell.people.service import read_facts
from aimwell.predict.affinity.choose import Wishes
from aimwell.predict.affinity.model import FAMILY, AffinityModel
from aimwell.predict.affinity.service.gather import Source, code_table
from aimwell.predict.affinity.tables.baskets import coded, packed
from aimwell.predict.affinity.tables.newcomers import newcomers
from aimwell.predict.affinity.tables.scores import (
    AFFINITY_NEEDS,
    AFFINITY_SCORES,
    category_codes,
    needs,
    recommended,
)
from aimwell.predict.service import read_model
from aimwell.storage.lake.lake import Lake
from aimwell.storage.lake.model import Commit

__all__ = ["ScoreSummary", "score_affinity"]

_N_NEEDS = 5


@dataclass(frozen=True, kw_only=True)
class ScoreSummary:
    """What a scoring brought: people with a list, products in lists, needs, and the tables' versions."""

    model_id: str
    as_of: datetime
    n_people: int
    n_rows: int
    repeat_rate: float
    n_needs: int
    version: int


def score_affinity(
    *,
    lake: Lake,
    as_of: datetime,
    model_id: str | None = None,
    wishes: Wishes | None = None,
    objectors: frozenset[int] = frozenset(),
    known_at: datetime | None = None,
    progress: Progress | None = None,
) -> ScoreSummary:
    """Recommend to everyone known before `as_of`, and keep lists and needs in `affinity_scores` and `affinity_needs`.

    Who bought is ranked by the model; who only has an account gets what sells best in their region.

    Parameters
    ----------
    lake
        The shop's facts, models and scores.
    as_of
        What happened from this moment on is not looked at; naive UTC.
    model_id
        The model to use; None: the one in use.
    wishes
        What the shop wants of lists; None: the ten most probable products.
    objectors
        People who get what sells best in the whole shop and no needs, as of `aimwell.people.objections.objectors`.
    known_at
        What Aimwell knew at this moment; None: now.
    progress
        Hears of the steps.

    Raises
    ------
    ModelMissing
        When no model was fitted.
    """
    progress, wishes = progress or Silent(), wishes or Wishes()
    stored = read_model(FAMILY, lake=lake, model_id=model_id)
    model = AffinityModel.from_data(stored.body)
    source = Source(facts=read_facts(lake=lake, known_at=known_at), engine=lake.engine)
    marks = {
        "as_of": ibis.literal(as_of).cast("timestamp"),
        "model_id": ibis.literal(stored.model_id),
    }
    codes = code_table(model.world.catalogue)
    progress.start(text("Scoring"), total=2, unit=text("tables"))
    refusing = objectors_table(objectors)
    with (
        source.lines(as_of) as lines,
        lake.engine.stage(packed(coded(lines, codes)).anti_join(refusing, "person_id")) as histories,
    ):
        lists = recommended(histories, codes, model=model, model_id=stored.model_id, wishes=wishes)
        new = newcomers(
            source.facts.customers, lines, histories, _shown(model), refusing, as_of=as_of, k=wishes.k
        )
        listed = lake.overwrite(AFFINITY_SCORES, lists.union(new.select(*lists.columns)).mutate(**marks))
        progress.advance(1)
        wanted = needs(histories, category_codes(model), model=model, model_id=stored.model_id, k=_N_NEEDS)
        needed = lake.overwrite(AFFINITY_NEEDS, wanted.mutate(**marks))
    progress.done()
    return _summary(stored.model_id, as_of, listed=listed, needed=needed, lake=lake)


def _summary(model_id: str, as_of: datetime, *, listed: Commit, needed: Commit, lake: Lake) -> ScoreSummary:
    kept = lake.table(AFFINITY_SCORES.name)
    told = kept.agg(n=kept.person_id.nunique(), repeats=(kept.kind == "repeat").mean())
    row = lake.engine.rows(told)[0]
    return ScoreSummary(
        model_id=model_id,
        as_of=as_of,
        n_people=row["n"],
        n_rows=listed.n_rows,
        repeat_rate=row["repeats"] or 0.0,
        n_needs=needed.n_rows,
        version=listed.version,
    )


def _shown(model: AffinityModel) -> ibis.Table:
    catalogue = model.world.catalogue
    ids = [one for one, may in zip(catalogue.product_ids, catalogue.may_show, strict=True) if may]
    return ibis.memtable({"product_id": ids}, schema={"product_id": "string"})
