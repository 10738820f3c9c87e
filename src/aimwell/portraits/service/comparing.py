"""Comparing: snapshots with each other, and surveys with the census."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Literal

import ibis
import ibis.expr.types as ir
import numpy as np

from aimwell.people.service import read_facts
from aimwell.portraits.drift import Drift, TraitDrift, trait_drift
from aimwell.portraits.errors import SampleTooLarge
from aimwell.portraits.model import Beside, Snapshot
from aimwell.portraits.segments import BUILT_IN_SEGMENTS, SegmentBook, membership, traits_of
from aimwell.portraits.service.snapshots import laid_beside, snapshot_at
from aimwell.portraits.survey import Survey, draws, survey_line
from aimwell.portraits.tables.compare import bin_counts, means, numbered, stage_moves, tenths
from aimwell.storage.lake.lake import Lake

__all__ = ["drift", "stage_flow", "survey"]

_COMMON_VALUES = 20
_MAX_ASKED = 5_000_000  # answers of one survey run: size x repeats
Stage = Literal["aipl_stage", "jd_4a_stage", "rfm_segment", "value_tier"]


def drift(*, lake: Lake, before: datetime, after: datetime) -> Drift:
    """Return how far each trait has moved between two snapshots, strongest first.

    Numbers are compared by tenths of the earlier snapshot, words and flags by their commonest values; dates and lists are
    left out, and so are traits that only one snapshot has.

    Raises
    ------
    NoPortraits, SnapshotUnknown
        If one of them was never built.
    """
    old, new = (lake.table(snapshot_at(lake=lake, as_of=at).table_name) for at in (before, after))
    shared = [c for c in old.columns if c in new.columns and c not in ("person_id", "as_of")]
    numeric = [c for c in shared if old[c].type().is_numeric() and new[c].type().is_numeric()]
    named = [c for c in shared if old[c].type().is_string() or old[c].type().is_boolean()]
    found = lake.engine.rows(tenths(old, numeric))[0]
    edges = {name: sorted(set(found[name] or ())) for name in numeric}
    counts = [_counts(lake.engine.rows(bin_counts(t, edges=edges, named=named)), edges) for t in (old, new)]
    traits = [_trait(name, counts[0].get(name, {}), counts[1].get(name, {})) for name in (*numeric, *named)]
    ranked = sorted(traits, key=lambda one: (-one.stability_index, one.trait))
    return Drift(before=before, after=after, traits=tuple(ranked))


def stage_flow(
    *, lake: Lake, before: datetime, after: datetime, stage: Stage = "aipl_stage"
) -> list[dict[str, Any]]:
    """Return how many people went from which stage to which: before, after (None: not there), n_people; ordered.

    Raises
    ------
    NoPortraits, SnapshotUnknown
        If one of the snapshots was never built.
    """
    old, new = (lake.table(snapshot_at(lake=lake, as_of=at).table_name) for at in (before, after))
    return lake.engine.rows(stage_moves(old, new, stage=stage).order_by(["before", "after"]))


def survey(
    *,
    lake: Lake,
    size: int,
    repeats: int,
    seed: int,
    as_of: datetime | None = None,
    segments: SegmentBook = BUILT_IN_SEGMENTS,
    beside: Beside | None = None,
) -> Survey:
    """Return how far surveys of `size` people, held `repeats` times, are from the census of a snapshot.

    Parameters
    ----------
    lake
        The shop's lake.
    size
        People asked each time.
    repeats
        How often the survey is held.
    seed
        Decides who is asked.
    as_of
        Moment of the snapshot; None: the newest.
    segments
        Segments whose shares are asked too.
    beside
        Lays traits of other wings beside the snapshot, for segments that compare them.

    Raises
    ------
    SampleTooLarge
        If the shop has fewer people, or too many answers would have to be held in memory.
    """
    snapshot = snapshot_at(lake=lake, as_of=as_of)
    _check_size(size=size, repeats=repeats, n_people=snapshot.n_people)
    people, kinds = _questions(lake, snapshot, segments, beside)
    asked = draws(n_people=snapshot.n_people, size=size, repeats=repeats, seed=seed)
    census = lake.engine.rows(means(people, list(kinds)))[0]
    answers = _answers(lake, people, columns=list(kinds), asked=asked)
    lines = [
        survey_line(
            answers[name],
            name=name.removeprefix("in_") if kind == "segment" else name,
            kind=kind,
            census=census[name],
        )
        for name, kind in kinds.items()
        if census[name] is not None
    ]
    return Survey(
        as_of=snapshot.as_of,
        n_people=snapshot.n_people,
        size=size,
        repeats=repeats,
        seed=seed,
        lines=tuple(lines),
    )


def _questions(
    lake: Lake, snapshot: Snapshot, segments: SegmentBook, beside: Beside | None
) -> tuple[ir.Table, dict[str, Literal["trait", "segment"]]]:
    """Return everybody's answers, one column per number trait and per segment, and which is which."""
    portraits = lake.table(snapshot.table_name)
    facts = read_facts(lake=lake, known_at=snapshot.known_at)
    wider = laid_beside(portraits, snapshot, needed=traits_of(segments), beside=beside)
    who = membership(wider, facts, tuple(segments), as_of=snapshot.as_of)
    traits = [c for c in portraits.columns if c not in ("person_id", "as_of") and _is_number(portraits, c)]
    names = [one.name for one in segments]
    people = portraits.select("person_id", *traits).join(
        who.rename({f"in_{name}": name for name in names}), "person_id"
    )
    kinds: dict[str, Literal["trait", "segment"]] = dict.fromkeys(traits, "trait")
    kinds |= {f"in_{name}": "segment" for name in names}
    return people, kinds


def _counts(
    rows: Sequence[Mapping[str, Any]], edges: Mapping[str, Sequence[float]]
) -> dict[str, dict[str, int]]:
    """Return people per label, per trait; bins of numbers are named by their range, no value by ""."""
    found: dict[str, dict[str, int]] = {}
    for row in rows:
        label = row["label"] or ""
        if label and row["trait"] in edges:
            label = _range(edges[row["trait"]], int(label))
        found.setdefault(row["trait"], {})[label] = row["n_people"]
    return found


def _range(edges: Sequence[float], index: int) -> str:
    low = f"{edges[index - 1]:.6g} <" if index else ""
    high = f"<= {edges[index]:.6g}" if index < len(edges) else ""
    return f"{low} {high}".strip() or "="


def _trait(name: str, before: Mapping[str, int], after: Mapping[str, int]) -> TraitDrift:
    """Return one trait's drift; values beyond the commonest of the earlier snapshot are taken together."""
    common = set(sorted(before, key=lambda label: (-before[label], label))[:_COMMON_VALUES])

    def folded(counts: Mapping[str, int]) -> dict[str, int]:
        kept = {label: n for label, n in counts.items() if label in common}
        rest = sum(counts.values()) - sum(kept.values())
        return kept | ({"…": rest} if rest else {})

    return trait_drift(name, folded(before), folded(after))


def _check_size(*, size: int, repeats: int, n_people: int) -> None:
    if size < 1 or repeats < 1:
        raise SampleTooLarge(size=size, repeats=repeats, reason="1 <= size, repeats")
    if size > n_people:
        raise SampleTooLarge(size=size, repeats=repeats, reason=f"size <= {n_people}")
    if size * repeats > _MAX_ASKED:
        raise SampleTooLarge(size=size, repeats=repeats, reason=f"size x repeats <= {_MAX_ASKED}")


def _is_number(table: ir.Table, column: str) -> bool:
    dtype = table[column].type()
    return bool(dtype.is_numeric() or dtype.is_boolean())


def _answers(
    lake: Lake, people: ir.Table, *, columns: Sequence[str], asked: np.ndarray
) -> dict[str, np.ndarray]:
    """Return each column's values of the people asked, in the shape of `asked`; nan where there is none."""
    places = np.unique(asked)
    wanted = ibis.memtable({"place": places})
    found = numbered(people).semi_join(wanted, "place").order_by("place")
    table = lake.engine.arrow(found.select(**{c: found[c].cast("float64") for c in columns}))
    where = np.searchsorted(places, asked)
    return {c: table[c].to_numpy().astype(float)[where] for c in columns}
