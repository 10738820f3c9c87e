"""Builds: runs the steps that are due, in order; what is done stays done, whatever happens to the rest."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Mapping, Sequence

from aimwell.base.errors import UserError
from aimwell.base.words import Sentence, text
from aimwell.build import rows
from aimwell.build.model import DonePart, State, StepReport
from aimwell.build.step import Means, Step
from aimwell.build.steps import STEPS
from aimwell.predict.model import Abstention

__all__ = ["build", "due_steps"]

_STOPS = ("failed", "waiting")


def build(means: Means, *, steps: Sequence[Step] = STEPS) -> Iterator[StepReport]:
    """Run the steps that are due, one after the other, and report each as it ends.

    A step that fails stops only those that need it; where a model declines, an older one goes on predicting. How each ended is
    written down at once: a build that was cut off goes on with what is left, and a second one of the same day does nothing.

    Parameters
    ----------
    means
        What the steps work with; the caller holds the shop's write lock.
    steps
        In an order in which every step stands behind those that it needs.

    Yields
    ------
    StepReport
        One per step.
    """
    states: dict[str, State] = {}
    for step in steps:
        report = _worked(step, means, states=states)
        states[step.name] = report.state
        yield report


def due_steps(means: Means, *, steps: Sequence[Step] = STEPS) -> Iterator[StepReport]:
    """Report which steps a build would run now and why, and run none; steps that stand on those that are due are due with them."""
    states: dict[str, State] = {}
    for step in steps:
        why = _why(step, means, last=_last(step, means), states=states)
        states[step.name] = "up_to_date" if why is None else "due"
        yield _report(step, states[step.name], detail=why)


def _worked(step: Step, means: Means, *, states: Mapping[str, State]) -> StepReport:
    began = time.monotonic()
    last = _last(step, means)
    stopped = [name for name in step.needs if states.get(name) in _STOPS]
    if stopped:
        waits = Sentence(text("waits for: {steps}"), {"steps": ", ".join(stopped)})
        return _report(step, "waiting", detail=waits)
    why = _why(step, means, last=last, states=states)
    if why is None:
        declined = last is not None and last.state == "declined"
        return _report(step, "declined" if declined else "up_to_date", detail=None)
    fingerprint = _fingerprint(step, means)
    state: State = "done"
    detail: Sentence
    try:
        came = step.run(means)
        if isinstance(came, Abstention):
            state, detail = "declined", came.reason
        else:
            detail = came
    except UserError as exc:
        state, detail = "failed", Sentence(exc.template, exc.values)
    with means.database.begin() as connection:
        rows.ended(
            connection,
            step.name,
            state=state,
            fingerprint=fingerprint,
            as_of=means.as_of,
            now=means.clock.now(),
        )
    return _report(step, state, detail=detail, seconds=time.monotonic() - began)


def _why(step: Step, means: Means, *, last: DonePart | None, states: Mapping[str, State]) -> Sentence | None:
    """Return why a step is due; None: it is not."""
    if last is not None and last.state == "failed":
        return Sentence(text("failed last time"))
    if step.reason is not None and (last is None or last.state != "declined"):
        return step.reason(means)
    if last is None:
        return Sentence(text("never done"))
    if any(states.get(name) == "due" for name in step.needs):
        return Sentence(text("what it stands on is due"))
    changed = _changes(last.fingerprint, _fingerprint(step, means))
    return Sentence(text("changed: {names}"), {"names": ", ".join(changed)}) if changed else None


def _changes(before: str, after: str) -> list[str]:
    old, new = json.loads(before), json.loads(after)
    return sorted(name for name in {*old, *new} if old.get(name) != new.get(name))


def _fingerprint(step: Step, means: Means) -> str:
    return json.dumps(step.stands_on(means), sort_keys=True, default=str)


def _last(step: Step, means: Means) -> DonePart | None:
    with means.database.begin() as connection:
        return rows.last_ends(connection).get(step.name)


def _report(step: Step, state: State, *, detail: Sentence | None, seconds: float = 0.0) -> StepReport:
    return StepReport(name=step.name, title=step.title, state=state, seconds=seconds, detail=detail)
