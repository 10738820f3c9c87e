"""When a model is due: by age, by drift of its predictions, by what came of them."""

from __future__ import annotations

from datetime import datetime, timedelta

from aimwell.predict.watch.model import Profile, due_reason

DAY = datetime(2025, 3, 1)


def profile(days: int, counts: tuple[int, ...], *, foretold: float = 100.0) -> Profile:
    return Profile(
        family="value",
        model_id="value-1",
        as_of=DAY + timedelta(days=days),
        horizon_days=7,
        n_people=sum(counts),
        foretold=foretold,
        edges=(1.0,),
        counts=counts,
    )


def reason(*profiles: Profile, came: float | None = None, days: int = 10) -> str | None:
    known = {} if came is None else {profiles[0].as_of: came}
    found = due_reason(profiles, known, fitted_as_of=DAY, as_of=DAY + timedelta(days=days))
    return None if found is None else str(found)


def test_a_fresh_steady_model_is_not_due() -> None:
    assert reason(profile(0, (50, 50, 0)), profile(1, (52, 48, 0)), came=90) is None


def test_age_counts_in_whole_days() -> None:
    assert reason(profile(0, (50, 50, 0)), days=27) is None
    assert reason(profile(0, (50, 50, 0)), days=28) == "fitted 28 days ago"


def test_drift_is_that_from_the_first_scoring_to_the_last() -> None:
    # shares with half a person added: (.50, .50) to (.80, .20): sum of (p - q) ln(p / q) = .40
    moved = reason(profile(0, (50, 50, 0)), profile(1, (50, 50, 0)), profile(2, (80, 20, 0)))
    assert moved is not None
    assert moved.startswith("predictions have drifted (stability index 0.4")


def test_what_came_must_be_near_what_was_foretold() -> None:
    assert reason(profile(0, (50, 50, 0)), came=76) is None
    assert reason(profile(0, (50, 50, 0)), came=74) == "what came was -26% off what was foretold (limit 25%)"
    assert reason(profile(0, (50, 50, 0)), came=130) == "what came was +30% off what was foretold (limit 25%)"
