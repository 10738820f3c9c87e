"""Fit: choose the form that foretold best, fit it on everything, and keep the model with its card."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from aimwell.base.clock import Clock
from aimwell.base.progress import Progress, Silent
from aimwell.base.words import text
from aimwell.people.service import read_facts
from aimwell.predict.model import Abstention
from aimwell.predict.service import keep_fit, model_id_of, read_model
from aimwell.predict.value.abstentions import beaten_by_rule, no_form_fits, too_few_margins, too_little_data
from aimwell.predict.value.card import ModelCard, form_card
from aimwell.predict.value.cells import Cells
from aimwell.predict.value.forms import Fit, fit_form
from aimwell.predict.value.gamma_gamma import fit_gamma_gamma
from aimwell.predict.value.maximum import NoMaximum
from aimwell.predict.value.model import FAMILY, FORMS, Backtest, ValueModel
from aimwell.predict.value.service.backtest import backtest_source
from aimwell.predict.value.service.gather import Source, Summary, summarise
from aimwell.storage.lake.lake import Lake

__all__ = ["fit_value", "read_card"]


def fit_value(
    *,
    lake: Lake,
    clock: Clock,
    as_of: datetime,
    time_zone: str,
    margin_rate: float,
    horizon_days: int = 91,
    known_at: datetime | None = None,
    progress: Progress | None = None,
) -> ModelCard | Abstention:
    """Fit the value model of a shop and keep it in the lake table `models`.

    Every form is tried one horizon before `as_of` against what happened since; the one that gave it the highest
    probability is fitted again on everything. Fitting the same data again keeps one model.

    Parameters
    ----------
    lake
        The shop's facts and models.
    clock
        Tells when the model was fitted.
    as_of
        The model learns from what happened before; naive UTC.
    time_zone, margin_rate
        As in the shop's settings.
    horizon_days
        Length of the predictions.
    known_at
        What Aimwell knew at this moment; None: now.
    progress
        Hears of the steps.

    Returns
    -------
    ModelCard or Abstention
        The latter where the data are too few, no form fits, margins are not positive, or a naive rule was better
        in every way; nothing is kept then.
    """
    progress = progress or Silent()
    facts = read_facts(lake=lake, known_at=known_at)
    source = Source(facts=facts, engine=lake.engine, time_zone=time_zone, margin_rate=margin_rate)
    with source.people(as_of) as people:
        summary = summarise(people, engine=lake.engine)
    declined = too_little_data(summary.cells) or too_few_margins(summary.margins)
    if declined is not None:
        return declined
    tested = backtest_source(source, as_of=as_of, horizon_days=horizon_days, progress=progress)
    backtest = tested if isinstance(tested, Backtest) else None
    beaten = beaten_by_rule(backtest) if backtest else None
    if beaten is not None:
        return beaten
    fits, failures = _fits(summary.cells, progress=progress)
    if not fits:
        return no_form_fits(failures)
    model = ValueModel(
        fit=fits[_choose(fits, backtest)],
        margin=fit_gamma_gamma(summary.margins, has_prior=True),
        memory=backtest.memory if backtest else 1.0,
        horizon_days=horizon_days,
        grain_days=summary.grain_days,
        margin_rate=margin_rate,
    )
    card = _card(model, summary=summary, fits=fits, backtest=backtest, as_of=as_of)
    keep_fit(FAMILY, model, card, form=card.form, lake=lake, now=clock.now())
    return card


def read_card(*, lake: Lake, model_id: str | None = None) -> ModelCard:
    """Return the card of a kept model; of the newest one where no name is given.

    Raises
    ------
    ModelMissing
        When there is none.
    """
    return ModelCard.from_data(read_model(FAMILY, lake=lake, model_id=model_id).card)


def _fits(cells: Cells, *, progress: Progress) -> tuple[dict[str, Fit], list[NoMaximum]]:
    fits, failures = {}, []
    progress.start(text("Fitting"), total=len(FORMS), unit=text("models"))
    for form, kind in FORMS.items():
        try:
            fits[form] = fit_form(kind, cells, prior=kind.prior(cells))
        except NoMaximum as exc:
            failures.append(exc)
        progress.advance(1)
    progress.done()
    return fits, failures


def _choose(fits: Mapping[str, Fit], backtest: Backtest | None) -> str:
    """Return the form that foretold best; without a back-test the one that explains the past best."""
    if backtest is not None and backtest.chosen in fits:
        return backtest.chosen
    return max(fits, key=lambda form: fits[form].log_likelihood)


def _card(
    model: ValueModel,
    *,
    summary: Summary,
    fits: Mapping[str, Fit],
    backtest: Backtest | None,
    as_of: datetime,
) -> ModelCard:
    cells, margin, chosen = summary.cells, model.margin, model.fit.model.form
    return ModelCard(
        model_id=model_id_of(FAMILY, as_of=as_of, body=model.as_data()),
        form=chosen,
        as_of=as_of,
        horizon_days=model.horizon_days,
        data_hash=summary.data_hash,
        n_people=int(cells.n_people),
        n_repeaters=int(cells.n_repeaters),
        n_purchase_days=int((cells.frequency + 1) @ cells.count),
        n_cells=len(cells.count),
        grain_days=summary.grain_days,
        margin_rate=model.margin_rate,
        memory=model.memory,
        forms=[form_card(fits[form]) for form in sorted(fits, key=lambda form: form != chosen)],
        margin=form_card(margin),
        margin_correlation=margin.correlation,
        not_positive_rate=margin.not_positive_rate,
        backtest=backtest,
    )
