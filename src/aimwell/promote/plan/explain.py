"""A plan in words: what holds it back, what one more unit of budget would earn, and why a person was chosen.

Every sentence is a marked text with its values, so that a face can say it in the user's language.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from aimwell.base.money import minor_units
from aimwell.base.words import Sentence, Words, text
from aimwell.promote.plan.assumed import WHY_NOT, Assumed, PastPrices
from aimwell.promote.plan.certificate import Certificate, LimitUse
from aimwell.promote.plan.effects import ASSUMED, ASSUMED_BY_OFFER, COMBINED, COMBINED_BY_OFFER, MEASURED
from aimwell.promote.plan.model import MILLI, PRICE_UNIT, Belief, Limit

__all__ = ["assumptions", "basis", "beliefs", "binding", "limit_name", "marginal", "reasons"]

_NOTABLE = 1.1  # times the average, from which on something is a reason

_LIMIT_NAMES = {
    "channel": text("channel {name}"),
    "stock": text("stock of {name}"),
    "offer": text("offer {name}"),
    "segment": text("segment {segment}"),
    "offer_segment": text("offer {name} in segment {segment}"),
}


def marginal(certificate: Certificate, *, words: Words) -> Sentence:
    """Say what one more unit of budget would earn."""
    rate = certificate.budget_price / PRICE_UNIT
    if certificate.budget_price == 0:
        return Sentence(text("The budget does not hold this plan back: more of it would earn nothing more."))
    unit = words.money(100 * minor_units(certificate.currency), certificate.currency, whole=True)
    more = words.money(100 * minor_units(certificate.currency) * rate, certificate.currency)
    return Sentence(
        text("{unit} more budget would earn about {more} more profit, after its own cost."),
        {"unit": unit, "more": more},
    )


def basis(certificate: Certificate) -> Sentence:
    """Say whether effects are assumed, measured, or both."""
    if certificate.is_table:
        return Sentence(MEASURED)
    if certificate.assumed or certificate.incrementality is None:
        return Sentence(COMBINED_BY_OFFER if certificate.is_measured else ASSUMED_BY_OFFER)
    return Sentence(COMBINED if certificate.is_measured else ASSUMED, certificate.incrementality)


def assumptions(certificate: Certificate, *, words: Words) -> tuple[Sentence, ...]:
    """Say of each offer what past prices say that it adds, and from what they say it; nothing where the file states the range of all."""
    return tuple(_assumption(name, one, words=words) for name, one in certificate.assumed.items())


def beliefs(certificate: Certificate, *, words: Words) -> tuple[Sentence, ...]:
    """Say of each offer what is assumed, what was measured, and what the plan made of both; nothing where nothing was measured."""
    if not certificate.is_measured:
        return ()
    return tuple(_belief(one, certificate, words=words) for one in certificate.beliefs)


def binding(certificate: Certificate, *, words: Words) -> tuple[Sentence, ...]:
    """Say which limits hold the plan back, the costliest first, and what moving each by one contact would bring."""
    held = [limit for limit in certificate.limits if limit.binds]
    held.sort(key=lambda limit: (-abs(limit.price_milli), limit.key))
    return tuple(_binds(limit, certificate, words=words) for limit in held)


def limit_name(limit: Limit | LimitUse) -> Sentence:
    """Return what a limit is called."""
    name = limit.key.removeprefix("channel ") if limit.kind == "channel" else ", ".join(limit.offer_ids)
    return Sentence(_LIMIT_NAMES[limit.kind], {"name": name, "segment": limit.segment or ""})


def reasons(assignment: Mapping[str, Any], *, currency: str, words: Words) -> tuple[Sentence, ...]:
    """Say why a person was chosen, the strongest reason first.

    Parameters
    ----------
    assignment
        A row of `plan_assignments`.
    currency
        The plan's currency.
    words
        Language of numbers inside the sentences.
    """
    found = [
        (
            assignment["response_ratio"],
            text("orders within the horizon with probability {prob}, {times} times the average"),
            {"prob": words.percent(assignment["response_prob"] or 0.0)},
        ),
        (assignment["margin_ratio"], text("an order brings {times} times the average margin"), {}),
        (assignment["liking_ratio"], text("is {times} times as likely as average to want just this"), {}),
    ]
    notable = sorted((f for f in found if f[0] is not None and f[0] >= _NOTABLE), key=lambda f: -f[0])
    told = [Sentence(t, values | {"times": words.number(times, decimals=1)}) for times, t, values in notable]
    profit = words.money(assignment["value_milli"] / MILLI, currency)
    last = Sentence(
        text(
            "this offer is expected to earn {profit} after its costs, the best that budget and limits leave"
        ),
        {"profit": profit},
    )
    return (*told, last)


def _assumption(offer_id: str, one: Assumed, *, words: Words) -> Sentence:
    values: dict[str, object] = {
        "offer": offer_id,
        "mid": words.percent(one.range.mid, decimals=1),
        "low": words.percent(one.range.low, decimals=1),
        "high": words.percent(one.range.high, decimals=1),
    }
    if one.why_not is not None:
        reason = Sentence(WHY_NOT[one.why_not])
        return Sentence(
            text(
                "{offer}: past prices are not used, because {reason}; the stated range counts: {mid} (between {low} and {high})."
            ),
            values | {"reason": reason},
        )
    return Sentence(
        text(
            "{offer}: at {discount} off, past prices say that {mid} of the orders with it would not have been made without it (90% interval "
            "{low} to {high}); elasticity {elasticity} ± {error} from {products} over {weeks} weeks before {day}, {seen} (model {model})."
        ),
        values | (_provenance(one.prices, words=words) if one.prices else {}),
    )


def _provenance(prices: PastPrices, *, words: Words) -> dict[str, object]:
    counted = {
        "product": text("product {about}"),
        "category": text("{n} products of {about}"),
        "shop": text("{n} products of the whole shop"),
    }
    if prices.scope != "product":
        seen = text("{n_seen} of them seen that cheap")
    else:
        seen = text("seen that cheap") if prices.n_seen else text("never seen that cheap")
    told = {"n": words.number(prices.n_products), "about": prices.about}
    return {
        "discount": words.percent(prices.discount_rate, decimals=1),
        "elasticity": words.number(prices.elasticity, decimals=2),
        "error": words.number(prices.elasticity_se, decimals=2),
        "products": Sentence(counted[prices.scope], told),
        "weeks": words.number(prices.n_weeks),
        "day": words.day(datetime.fromisoformat(prices.as_of)),
        "seen": Sentence(seen, {"n_seen": words.number(prices.n_seen)}),
        "model": prices.model_id,
    }


def _belief(one: Belief, certificate: Certificate, *, words: Words) -> Sentence:
    values: dict[str, object] = {
        "offer": one.offer_id,
        "assumed": words.money(one.assumed_minor, certificate.currency),
    }
    if one.measured_minor is None or one.measured_se_minor is None:
        return Sentence(text("{offer}: not measured yet; {assumed} per person contacted is assumed."), values)
    values |= {
        "measured": words.money(one.measured_minor, certificate.currency),
        "error": words.money(one.measured_se_minor, certificate.currency),
        "share": words.percent(one.weight),
        "gain": words.money(one.gain_minor, certificate.currency),
    }
    if one.is_by_person:
        return Sentence(
            text(
                "{offer}: {assumed} per person contacted was assumed, {measured} ± {error} measured; the measurement counts {share}, which "
                "makes {gain} on average. Who gains more is measured too."
            ),
            values,
        )
    return Sentence(
        text(
            "{offer}: {assumed} per person contacted was assumed, {measured} ± {error} measured; the measurement counts {share}, which "
            "makes {gain} on average. Who gains more is assumed."
        ),
        values,
    )


def _binds(limit: LimitUse, certificate: Certificate, *, words: Words) -> Sentence:
    worth = words.money(abs(limit.price_milli) / MILLI, certificate.currency)
    values = {"limit": limit_name(limit), "end": words.number(limit.use), "worth": worth}
    if limit.binds == "maximum":
        return Sentence(text("{limit}: all {end} are used; one more would earn {worth}."), values)
    return Sentence(text("{limit}: no more than the {end} demanded; one fewer would earn {worth}."), values)
