"""The Hillstrom study: the automatic choice beside its own learners and beside causalml, econml and response targeting, in one run.

    python benchmarks/effect.py [--rivals PYTHON] [--repeats 3] [--folds 2] [--out ROWS.json]

Repeated cross-validation: everything is fitted on all folds but one, and ranks the people of that one. `--rivals` names a Python that
has `causalml` and `econml` (left out if not given). Seconds are of one core's time, imports apart but for the rivals' first fit.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import tempfile
import time
from collections import defaultdict
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from aimwell.learn.demo.hillstrom import Mail, Outcome, task
from aimwell.predict.effect.choose import choose
from aimwell.predict.effect.curves import qini, top_effect
from aimwell.predict.effect.experiment import Experiment, deal_folds
from aimwell.predict.effect.learners import LEARNERS

TASKS: tuple[tuple[Mail, Outcome], ...] = (
    ("women", "visit"),
    ("women", "conversion"),
    ("men", "visit"),
    ("men", "conversion"),
    ("both", "visit"),
)
AUTO, ORDER = "automatic choice", "automatic choice, its order even where it abstains"


def experiment_of(mail: Mail, outcome: Outcome) -> Experiment:
    asked = task(mail, outcome)
    n = len(asked.outcome)
    share = 2 / 3 if mail == "both" else 1 / 2  # three equal arms
    return Experiment(
        features=asked.features,
        is_treated=asked.is_treated,
        propensity=np.full(n, share),
        outcome=asked.outcome,
        person=np.arange(n),
    )


def ours(learn: Experiment, ask: Experiment, *, seed: int) -> tuple[dict[str, np.ndarray], dict[str, float]]:
    """Return our effects on the asked, and seconds."""
    effects, seconds = {}, {}
    began = time.process_time()
    choice = choose(learn, seed=seed)
    effects[AUTO] = choice.effect(ask.features)
    seconds[AUTO] = time.process_time() - began
    effects[ORDER] = choice.order.of(ask.features)
    for name, learner in LEARNERS.items():
        began = time.process_time()
        effects[name] = learner(learn, seed).of(ask.features)
        seconds[name] = time.process_time() - began
    return effects, seconds


def theirs(
    learn: Experiment, ask: Experiment, *, python: str
) -> tuple[dict[str, np.ndarray], dict[str, float]]:
    """Return the rivals' effects on the asked, and seconds."""
    script = Path(__file__).with_name("effect_rivals.py")
    with tempfile.TemporaryDirectory() as folder:
        path = f"{folder}/data.npz"
        np.savez(
            path,
            learn_x=learn.features,
            learn_t=learn.is_treated.astype(int),
            learn_y=learn.outcome,
            ask_x=ask.features,
        )
        run = subprocess.run([python, str(script), path], capture_output=True, text=True, check=True)
        with np.load(path + ".out.npz") as found:
            effects = {name: found[name] for name in found.files}
    return effects, json.loads(run.stdout.splitlines()[-1])


def study(*, repeats: int, folds: int, rivals: str | None, out: Path | None) -> list[dict[str, Any]]:
    """Return one row per task, repeat, fold and method; `out` has those so far after every task."""
    rows: list[dict[str, Any]] = []
    for repeat in range(repeats):
        for mail, outcome in TASKS:
            everyone = experiment_of(mail, outcome)
            fold = deal_folds(everyone, n_folds=folds, seed=1_000 + repeat)
            for held in range(folds):
                learn, ask = everyone.rows(fold != held), everyone.rows(fold == held)
                effects, seconds = ours(learn, ask, seed=repeat)
                if rivals is not None:
                    others, their_seconds = theirs(learn, ask, python=rivals)
                    effects, seconds = effects | others, seconds | their_seconds
                place = {"task": f"{mail} {outcome}", "repeat": repeat, "fold": held}
                rows += [
                    place | {"method": name, "seconds": seconds.get(name)} | found
                    for name, found in measured(effects, ask).items()
                ]
            print(f"{mail} {outcome}, repeat {repeat + 1} of {repeats}", flush=True)
            if out is not None:
                out.write_text(json.dumps(rows))
    return rows


def measured(effects: Mapping[str, np.ndarray], ask: Experiment) -> dict[str, dict[str, Any]]:
    """Return how well each effect ranks the asked, and by how much the automatic choice is ahead: paired, with standard errors."""
    given = {"is_treated": ask.is_treated, "outcome": ask.outcome}
    qinis = {name: qini(effect, **given) for name, effect in effects.items()}
    tops = {name: top_effect(shuffled(effect), **given) for name, effect in effects.items()}
    found = {}
    for name, effect in effects.items():
        abstains = np.unique(effect).size == 1
        found[name] = {
            "qini": qinis[name].value,
            "top30": mean_of(ask) if abstains else tops[name].value,
            "abstains": bool(abstains),
            "used_ahead": qinis[AUTO].less(qinis[name]).as_data(),
            "order_ahead": qinis[ORDER].less(qinis[name]).as_data(),
            "top_ahead": tops[ORDER].less(tops[name]).as_data(),
        }
    return found


def shuffled(effect: np.ndarray) -> np.ndarray:
    """Break ties by lot."""
    lots = np.random.default_rng(0).random(len(effect))
    return np.lexsort((lots, effect)).argsort().astype(float)


def mean_of(ask: Experiment) -> float:
    """Return the effect among people taken by lot: the mean effect."""
    return float(ask.outcome[ask.is_treated].mean() - ask.outcome[~ask.is_treated].mean())


def show(rows: list[dict[str, Any]]) -> None:
    """Print Qini per task and over the tasks, by how much the automatic choice is ahead, top 30 %, and seconds as ratios."""
    cells: dict[str, dict[str, list[dict[str, Any]]]] = defaultdict(lambda: defaultdict(list))
    for row in rows:
        cells[row["method"]][row["task"]].append(row)
    tasks = [f"{mail} {outcome}" for mail, outcome in TASKS]
    heads = (
        "method",
        *tasks,
        "mean Qini",
        "as used ahead by",
        "order ahead by",
        "top 30 %",
        "order ahead by",
        "time",
    )
    print(f"\n| {' | '.join(heads)} |\n{'|---' * len(heads)}|")
    own_time = _over(cells[AUTO], "seconds")
    for name in sorted(cells, key=lambda name: -_over(cells[name], "qini")):
        of = cells[name]
        ratio = "" if name == ORDER else f"{_over(of, 'seconds') / own_time:.2f}"
        told = [f"{np.mean([row['qini'] for row in of[one]]):.4f}" for one in tasks]
        told += [f"{_over(of, 'qini'):.4f}", _ahead(of, "used_ahead"), _ahead(of, "order_ahead")]
        told += [f"{_over(of, 'top30'):.4f}", _ahead(of, "top_ahead"), ratio]
        print(f"| {name} | {' | '.join(told)} |")
    print(f"\ntime 1: {own_time:.1f} s")
    for name in tasks:
        n = [row["abstains"] for row in cells[AUTO][name]]
        print(f"{name}: the automatic choice abstained in {sum(n)} of {len(n)} folds")


def _over(of: Mapping[str, list[dict[str, Any]]], key: str) -> float:
    """Return the mean over tasks."""
    return float(np.mean([np.mean([row[key] for row in rows]) for rows in of.values()]))


def _ahead(of: Mapping[str, list[dict[str, Any]]], key: str) -> str:
    """Return the mean paired difference with its standard error.

    Folds are of other people; repeats are of the same, so they do not lessen the error; tasks share people, but are taken as independent.
    """
    variances = []
    for rows in of.values():
        n_folds = len({row["fold"] for row in rows})
        variances.append(np.mean([row[key]["se"] ** 2 for row in rows]) / n_folds)
    mean = np.mean([np.mean([row[key]["value"] for row in rows]) for rows in of.values()])
    return f"{mean:+.4f} ± {np.sqrt(np.sum(variances)) / len(variances):.4f}"


def on_everyone() -> None:
    """Print what the automatic choice says of each task on all people."""
    print("\n| task | mean effect | confidence that people differ | answer | s |\n|---|---|---|---|---|")
    for mail, outcome in TASKS:
        began = time.process_time()
        found = choose(experiment_of(mail, outcome), seed=0)
        took = time.process_time() - began
        answer = "effects by person" if found.is_usable else "no usable difference between people"
        mean = found.calibration.mean
        print(
            f"| {mail} {outcome} | {mean.value:.4f} +- {mean.se:.4f} | {found.value.above_zero_prob:.3f} | {answer} | {took:.1f} |"
        )


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    options.add_argument("--rivals")
    options.add_argument("--repeats", type=int, default=3)
    options.add_argument("--folds", type=int, default=2)
    options.add_argument("--out", type=Path)
    given = options.parse_args()
    on_everyone()
    show(study(repeats=given.repeats, folds=given.folds, rivals=given.rivals, out=given.out))


if __name__ == "__main__":
    main()
