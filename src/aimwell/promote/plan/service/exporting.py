"""Writes a plan as plain files that anyone can check: verify_plan.py needs nothing but these and Python."""

from __future__ import annotations

import csv
import hashlib
import json
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

import ibis.expr.types as ir

from aimwell.promote.plan.certificate import Certificate, fingerprint
from aimwell.promote.plan.errors import InputsChanged
from aimwell.promote.plan.model import Campaign, Offer, Problem
from aimwell.promote.plan.service.gathering import all_choices, gather
from aimwell.promote.plan.service.reading import assignments, read_plan
from aimwell.storage.engines import Engine
from aimwell.storage.lake.lake import Lake

__all__ = ["export_plan"]

_ROWS = 50_000
_EFFECTS_HEADER = ["person_id", "offer_id", "value_milli", "cost_milli"]
_ASSIGNMENT_HEADER = ["person_id", "offer_id"]


def export_plan(
    people: ir.Table,
    *,
    lake: Lake,
    plan_id: str,
    offers: tuple[Offer, ...],
    campaign: Campaign,
    folder: Path,
    effects: ir.Table | None = None,
) -> tuple[Path, ...]:
    """Write `people.csv`, `effects.csv`, `assignment.csv` and `certificate.json` to a folder; return their paths.

    Parameters are those the plan was made with. All files are sorted by person, so that a checker needs little memory.

    Raises
    ------
    PlanMissing
        If there is no such plan.
    InputsChanged
        If people, effects, offers or campaign are not those of the plan.
    """
    plan, engine = read_plan(lake=lake, plan_id=plan_id), lake.engine
    problem = Problem.of(offers, campaign)
    with engine.stage(all_choices(people, effects, problem=problem, campaign=campaign)) as choices:
        given = gather(choices, engine=engine, problem=problem)
        now = fingerprint(offers, campaign, people=given.seen)
        changed = sorted(name for name, print_ in now.items() if plan.certificate.inputs[name] != print_)
        if changed:
            raise InputsChanged(plan_id=plan_id, changed=", ".join(changed))
        folder.mkdir(parents=True, exist_ok=True)
        people_rows = _people(choices, problem=problem, engine=engine)
        effect_rows = _effects(choices, problem=problem, engine=engine)
        chosen_rows = _assignment(lake=lake, plan_id=plan_id)
        written = (
            _write(folder / "people.csv", _people_header(problem), people_rows),
            _write(folder / "effects.csv", _EFFECTS_HEADER, effect_rows),
            _write(folder / "assignment.csv", _ASSIGNMENT_HEADER, chosen_rows),
        )
    return (*written, _write_certificate(plan.certificate, written, folder=folder))


def _write_certificate(certificate: Certificate, files: Sequence[Path], *, folder: Path) -> Path:
    digests = {}
    for file in files:
        with file.open("rb") as content:
            digests[file.name] = hashlib.file_digest(content, "sha256").hexdigest()
    stated = json.loads(certificate.to_json()) | {"files": digests}
    path = folder / "certificate.json"
    path.write_text(json.dumps(stated, ensure_ascii=False, indent=2, sort_keys=True) + "\n", encoding="utf-8")
    return path


def _people_header(problem: Problem) -> list[str]:
    return ["person_id", "is_held_out", *(f"in {segment}" for segment in problem.segments)]


def _people(choices: ir.Table, *, problem: Problem, engine: Engine) -> Iterator[list[object]]:
    flags = ["is_held_out", *(f"member_{k}" for k in range(len(problem.segments)))]
    rows = choices.select("person_id", **{flag: choices[flag].cast("int8") for flag in flags}).order_by(
        "person_id"
    )
    for batch in engine.batches(rows, size=_ROWS):
        yield from map(list, zip(*(column.to_pylist() for column in batch.columns), strict=True))


def _effects(choices: ir.Table, *, problem: Problem, engine: Engine) -> Iterator[list[object]]:
    """Return every pair that could be chosen: people who are not held out, offers they are eligible for."""
    rows = choices.filter(~choices.is_held_out).order_by("person_id")
    n_offers = len(problem.offers)
    rows = rows.select("person_id", *(f"{kind}_{k}" for kind in ("value", "cost") for k in range(n_offers)))
    for batch in engine.batches(rows, size=_ROWS):
        for person_id, *numbers in zip(*(column.to_pylist() for column in batch.columns), strict=True):
            for offer, value, cost in zip(
                problem.offers, numbers[:n_offers], numbers[n_offers:], strict=True
            ):
                if value is not None:
                    yield [person_id, offer.offer_id, value, cost]


def _assignment(*, lake: Lake, plan_id: str) -> Iterator[list[object]]:
    rows = assignments(lake=lake, plan_id=plan_id)
    rows = (
        rows.filter(rows.arm == "treatment").select("person_id", "offer_id").order_by("person_id", "offer_id")
    )
    for batch in lake.engine.batches(rows, size=_ROWS):
        yield from map(list, zip(*(column.to_pylist() for column in batch.columns), strict=True))


def _write(path: Path, header: list[str], rows: Iterable[list[object]]) -> Path:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(header)
        writer.writerows(rows)
    return path
