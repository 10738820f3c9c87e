"""Fit: choose the form that foretold best, fit it on everything, and keep the model with its card."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from aimwell.base.clock import Clock
from aimwell.base.progress import Progress, Silent
from aimwell.base.words import text
from aimwell.people.service import read_facts
from aimwell.predict.model import Abstention, FittedModel, Note
from aimwell.predict.service import keep_model, model_id_of, read_model
from aimwell.predict.value.card import ModelCard, form_card, margin_card
from aimwell.predict.value.cells import Cells
from aimwell.predict.value.forms import Fit, fit_form
from aimwell.predict.value.gamma_gamma import MarginFit, fit_gamma_gamma
from aimwell.predict.value.maximum import NoMaximum
from aimwell.predict.value.model import FORMS, MIN_PEOPLE, Backtest, ValueModel, too_little
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

    Every form is tried one horizon before `as_of` against what happened since; the one that gave it the
    highest probability is fitted again on everything. Fitting the same data again keeps one model.

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
        The latter where the data are too few, no form fits, margins are not positive, or a naive rule was
        closer to the truth; nothing is kept then.
    """
    progress = progress or Silent()
    source = Source(
        facts=read_facts(lake=lake, known_at=known_at),
        engine=lake.engine,
        time_zone=time_zone,
        margin_rate=margin_rate,
    )
    with source.people(as_of) as people:
        summary = summarise(people, engine=lake.engine)
    declined = too_little(summary.cells) or _without_margin(summary)
    if declined is not None:
        return declined
    tested = backtest_source(source, as_of=as_of, horizon_days=horizon_days, progress=progress)
    backtest = tested if isinstance(tested, Backtest) else None
    beaten = None if backtest is None else _beaten(backtest)
    if beaten is not None:
        return beaten
    progress.start(text("Fitting"), total=len(FORMS), unit="models")
    fits = _fits(summary.cells, progress=progress)
    if not fits:
        return Abstention(
            code="no_form_fits", reason=Note(template=text("None of the purchase models fits this shop."))
        )
    chosen = _choose(fits, backtest)
    model = ValueModel(
        fit=fits[chosen],
        margin=fit_gamma_gamma(summary.margins, has_prior=True),
        memory=backtest.memory if backtest else 1.0,
        horizon_days=horizon_days,
        grain_days=summary.grain_days,
        margin_rate=margin_rate,
    )
    card = _card(model, summary=summary, fits=fits, backtest=backtest, as_of=as_of)
    keep_model(
        FittedModel(
            model_id=card.model_id,
            family="value",
            form=card.form,
            as_of=as_of,
            fitted_at=clock.now(),
            data_hash=card.data_hash,
            body=model.as_data(),
            card=card.as_data(),
        ),
        lake=lake,
    )
    return card


def read_card(*, lake: Lake, model_id: str | None = None) -> ModelCard:
    """Return the card of a kept model; of the newest one where no name is given.

    Raises
    ------
    ModelMissing
        When there is none.
    """
    return ModelCard.from_data(read_model("value", lake=lake, model_id=model_id).card)


def _fits(cells: Cells, *, progress: Progress) -> dict[str, Fit]:
    fits = {}
    for form, kind in FORMS.items():
        try:
            fits[form] = fit_form(kind, cells, prior=kind.prior(cells))
        except NoMaximum:
            continue  # the card lists the forms that fit; with none of them `fit_value` abstains
        finally:
            progress.advance(1)
    progress.done()
    return fits


def _choose(fits: Mapping[str, Fit], backtest: Backtest | None) -> str:
    """Return the form that foretold best; without a back-test the one that explains the past best."""
    if backtest is not None and backtest.chosen in fits:
        return backtest.chosen
    return max(fits, key=lambda form: fits[form].log_likelihood)


def _without_margin(summary: Summary) -> Abstention | None:
    n_positive = int(summary.margins.count[summary.margins.mean_minor > 0].sum())
    if n_positive >= MIN_PEOPLE:
        return None
    template = text(
        "Only {n_positive} customers brought a positive margin; it takes at least {min_people}. Check costs and refunds, "
        "and the setting `margin_rate`."
    )
    return Abstention(
        code="no_margin",
        reason=Note(template=template, values={"n_positive": n_positive, "min_people": MIN_PEOPLE}),
    )


def _beaten(backtest: Backtest) -> Abstention | None:
    """Decline where a naive rule foretold the orders better in every way: absolute error, squared error and ranking.

    A rule that is closer on average but ranks people worse does not replace the model; the card names it.
    """
    mine = backtest.error(backtest.chosen, measure="orders")
    better = [backtest.error(name, measure="orders") for name in backtest.better_baselines("orders")]
    rules = [rule for rule in better if rule.correlation > mine.correlation]
    if not rules:
        return None
    rule = min(rules, key=lambda e: e.rmse)
    template = text(
        'In the {horizon_days} days before this date the rule "{rule}" foretold orders better than the best model: mean '
        "absolute error {rule_mae:.3f} against {model_mae:.3f}, root mean square error {rule_rmse:.3f} against "
        "{model_rmse:.3f}. Use the rule, or fit again with more history."
    )
    values = {
        "horizon_days": backtest.horizon_days,
        "rule": rule.forecast,
        "rule_mae": rule.mae,
        "model_mae": mine.mae,
        "rule_rmse": rule.rmse,
        "model_rmse": mine.rmse,
    }
    return Abstention(code="beaten_by_rule", reason=Note(template=template, values=values))


def _card(
    model: ValueModel,
    *,
    summary: Summary,
    fits: Mapping[str, Fit],
    backtest: Backtest | None,
    as_of: datetime,
) -> ModelCard:
    cells, margin = summary.cells, model.margin
    chosen = model.fit.model.form
    return ModelCard(
        model_id=model_id_of("value", as_of=as_of, body=model.as_data()),
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
        margin=margin_card(margin),
        margin_correlation=margin.correlation,
        not_positive_rate=margin.not_positive_rate,
        backtest=backtest,
    )
