"""The steps of a build, in order: files that wait, portraits, every family of models, the report."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from importlib.metadata import version
from pathlib import Path

from aimwell.base.words import Sentence, text
from aimwell.build.families import FAMILIES, Family
from aimwell.build.step import Means, Step
from aimwell.intake.facts import FACTS
from aimwell.intake.service import Desk, load_files, read_rates
from aimwell.people.service import link_accounts
from aimwell.portraits.service import build_portraits, shop_traits
from aimwell.predict.model import Abstention
from aimwell.predict.service import versions
from aimwell.predict.watch.service import profile_scores, refit_reason
from aimwell.report.service import write_report
from aimwell.storage.lake.lake import Lake

__all__ = ["INBOX", "STEPS"]

INBOX = "inbox"
"""Files in this folder of the shop are loaded by the next build; the same content again is a no-op."""
_REPORT = "report.html"
_RATES = "rates.csv"


def _waiting_files(folder: Path) -> list[Path]:
    inbox = folder / INBOX
    files = inbox.iterdir() if inbox.is_dir() else ()
    return sorted(file for file in files if file.is_file() and not file.name.startswith("."))


def _inbox(means: Means) -> Mapping[str, object]:
    files = _waiting_files(means.folder)
    return {file.name: (file.stat().st_size, file.stat().st_mtime_ns) for file in files}


def _load(means: Means) -> Sentence:
    files = _waiting_files(means.folder)
    if not files:
        return Sentence(text("no files wait in {folder}"), {"folder": INBOX})
    rates = means.folder / _RATES
    desk = Desk(
        lake=means.lake,
        database=means.database,
        vault=means.vault,
        clock=means.clock,
        scratch=means.folder / "tmp",
        currency=means.settings.currency,
        zone=means.settings.time_zone,
        rates=read_rates(rates) if rates.exists() else None,
        progress=means.progress,
    )
    books = load_files(files, desk=desk).books
    link_accounts(lake=means.lake, database=means.database, vault=means.vault, now=means.clock.now())
    template = text("{stored} rows stored, {duplicate} duplicate, {quarantined} in quarantine")
    counts = {"stored": books.n_stored, "duplicate": books.n_duplicate, "quarantined": books.n_quarantined}
    return Sentence(template, {name: means.words.number(n) for name, n in counts.items()})


def _facts(means: Means) -> dict[str, object]:
    """Return what everything stands on: the day, the versions of the facts, and that of Aimwell."""
    return {"as_of": means.as_of, "aimwell": version("aimwell")} | _tables(means.lake, (*FACTS, "aliases"))


def _tables(lake: Lake, names: tuple[str, ...]) -> dict[str, object]:
    return {name: lake.version(name) for name in names if lake.has_table(name)}


def _digests(folder: Path, names: tuple[str, ...]) -> dict[str, object]:
    paths = {name: folder / name for name in names}
    return {
        name: hashlib.sha256(path.read_bytes()).hexdigest() if path.exists() else None
        for name, path in paths.items()
    }


def _portraits_stand_on(means: Means) -> Mapping[str, object]:
    return _facts(means) | _digests(means.folder, ("traits.toml",))


def _portraits(means: Means) -> Sentence:
    now = means.clock.now()
    snapshot = build_portraits(
        lake=means.lake,
        as_of=means.as_of,
        known_at=now,
        built_at=now,
        own=shop_traits(folder=means.folder),
        progress=means.progress,
    )
    return Sentence(text("{n} portraits"), {"n": means.words.number(snapshot.n_people)})


def _report_stands_on(means: Means) -> Mapping[str, object]:
    return _facts(means) | _tables(means.lake, tuple(family.table for family in FAMILIES))


def _report(means: Means) -> Sentence:
    written = write_report(
        lake=means.lake,
        database=means.database,
        settings=means.settings,
        words=means.words,
        as_of=means.as_of,
        out=means.folder / _REPORT,
        progress=means.progress,
    )
    return Sentence(text("wrote {path}"), {"path": written.path.name})


# -- the list ---------------------------------------------------------------------------------------------------------


def _family_steps(family: Family) -> tuple[Step, Step]:
    def fit(means: Means) -> Sentence | Abstention:
        card = family.fit(means)
        if isinstance(card, Abstention):
            return card
        used = next(one for one in versions(family.name, lake=means.lake) if one.is_in_use)
        return Sentence(text("kept {model_id} ({form})"), {"model_id": used.model_id, "form": used.form})

    def score(means: Means) -> Sentence | Abstention:
        if not versions(family.name, lake=means.lake):
            return Abstention(code="no_model", reason=Sentence(text("no model was fitted yet")))
        said = family.score(means)
        profile_scores(family.name, lake=means.lake)
        return said

    def scores_stand_on(means: Means) -> Mapping[str, object]:
        models = {
            name: [one.model_id for one in versions(name, lake=means.lake) if one.is_in_use]
            for name in (family.name, *family.uses)
        }
        return _facts(means) | _digests(means.folder, family.files) | {"model": models}

    return (
        Step(
            name=f"fit {family.name}",
            title=text("Fit the model"),
            needs=("portraits",),
            stands_on=_facts,
            run=fit,
            reason=lambda means: refit_reason(family.name, lake=means.lake, as_of=means.as_of),
        ),
        Step(
            name=f"score {family.name}",
            title=text("Predict for everyone"),
            needs=("portraits", f"fit {family.name}"),
            stands_on=scores_stand_on,
            run=score,
        ),
    )


STEPS: tuple[Step, ...] = (
    Step(name="load", title=text("Load the files that wait"), needs=(), stands_on=_inbox, run=_load),
    Step(
        name="portraits",
        title=text("Draw everybody's portrait"),
        needs=(),
        stands_on=_portraits_stand_on,
        run=_portraits,
    ),
    *(step for family in FAMILIES for step in _family_steps(family)),
    Step(
        name="report",
        title=text("Write the report"),
        needs=("portraits", *(f"score {family.name}" for family in FAMILIES)),
        stands_on=_report_stands_on,
        run=_report,
    ),
)
