"""A decision in words: why a person got what they got from a campaign, or got nothing; and whether the receipt leads there again.

Every sentence is a marked text with its values, so that a face can say it in the user's language.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from aimwell.base.words import CLAUSES, Sentence, Series, Words, text
from aimwell.promote.campaigns.model import Act, Round, Terms
from aimwell.promote.campaigns.replay import Decision, Replay, Worth
from aimwell.promote.gate.explain import REASONS
from aimwell.promote.outbox.model import Receipt
from aimwell.promote.plan.certificate import Certificate
from aimwell.promote.plan.model import MILLI, PRICE_UNIT

__all__ = [
    "act_sentences",
    "arm_sentence",
    "chance_sentences",
    "obstacle",
    "offer_sentences",
    "product_sentences",
    "replay_sentence",
    "sending_sentences",
    "setting_sentences",
]

_ARMS = {
    "treatment": text("in the treatment: to get what the plan chose"),
    "holdout": text(
        "held out: chosen like all others, and left alone on purpose, so that the effect can be measured"
    ),
    "random": text(
        "in the random arm: to get one of the possible offers by lot, so that the shop keeps learning"
    ),
    "business_as_usual": text(
        "in the arm of business as usual: to get what the shop would send without a plan"
    ),
    "explore": text(
        "an explorer: to get what a draw from what is believed says is best, so that the shop keeps learning"
    ),
    "global_holdout": text("in the shop-wide holdout: no campaign contacts this person for now"),
    "resting": text(
        "resting: was in the last shop-wide holdout, and is neither contacted nor compared until habits are back"
    ),
}

_OUTBOX_REASONS = {
    "no_address": text("No address is known for this channel."),
    "duplicate_address": text("Somebody else with the same address has got the message."),
    "too_late": text("It could only have gone after the end of the campaign."),
    "template_failed": text("The template could not be filled for this person."),
    "deferred": text("The server put it off every time."),
    "unknown": text("The connection broke every time after the message was handed over."),
}

_OUTCOMES = {
    "sent": text("{day}: handed over ({detail})."),
    "refused": text("{day}: the server refused it for good ({detail})."),
    "deferred": text("{day}: the server put it off ({detail}); tried again later."),
    "unknown": text(
        "{day}: the connection broke after the hand-over ({detail}); tried again under the same message id."
    ),
    "dead": text("{day}: given up after {n} tries ({detail})."),
    "not_yet": text("{day}: put off. {reasons}"),
    "skipped": text("{day}: not sent. {reasons}"),
    "stopped": text("{day}: not sent, because the campaign was stopped."),
    "bounced": text("{day}: came back for good ({detail}); the address is suppressed."),
    "soft_bounced": text("{day}: came back this time ({detail})."),
    "delayed": text("{day}: still on its way, says a server ({detail})."),
    "delivered": text("{day}: arrived, says a server ({detail})."),
    "complained": text(
        "{day}: complained about ({detail}); the address is suppressed, and the consent to marketing withdrawn."
    ),
}

_ACTS = {
    "planned": text("{day}: planned by {actor}."),
    "approved": text("{day}: approved by {actor}."),
    "queued": text("{day}: queued by {actor}."),
    "paused": text("{day}: paused by {actor}."),
    "resumed": text("{day}: resumed by {actor}."),
    "stopped": text("{day}: stopped by {actor}."),
}


def setting_sentences(decision: Decision, found: Round, *, words: Words) -> tuple[Sentence, ...]:
    """Say what it was decided from: the moment, the model, the inputs."""
    terms = found.terms
    basis = text("assumed effects") if terms.is_assumed else text("assumed and measured effects together")
    told = [
        Sentence(
            text("Decided on {day} from portraits and values as of {as_of} (model {model}, {basis})."),
            {
                "day": words.day(decision.decided_at),
                "as_of": words.day(terms.as_of),
                "model": terms.model,
                "basis": Sentence(basis),
            },
        )
    ]
    if decision.response_prob is not None:
        told.append(
            Sentence(
                text(
                    "Expected: an order within {days} days with probability {prob}, worth {order}, of which margin {margin}."
                ),
                {
                    "days": terms.horizon_days,
                    "prob": words.percent(decision.response_prob, decimals=1),
                    "order": _money(decision.order_minor, terms, words=words),
                    "margin": _money(decision.margin_minor, terms, words=words),
                },
            )
        )
    return tuple(told)


def arm_sentence(decision: Decision, *, words: Words) -> Sentence:
    """Say which arm the person is in, and how probable that was."""
    return Sentence(
        text("The person is {arm} (probability {prob})."),
        {"arm": Sentence(_ARMS[decision.arm]), "prob": words.percent(decision.propensity, decimals=1)},
    )


def offer_sentences(
    decision: Decision,
    found: Sequence[Worth],
    *,
    terms: Terms,
    certificate: Certificate,
    words: Words,
) -> tuple[Sentence, ...]:
    """Say of each offer what stood in its way or what it was worth, and what came out."""
    told = [_offer(k, decision, found, terms=terms, words=words) for k in range(len(terms.offer_ids))]
    rate = certificate.budget_price / PRICE_UNIT
    told.append(
        Sentence(
            text(
                "The price of budget was {rate}: a contact has to earn this for each unit of cost beyond the cost itself."
            ),
            {"rate": words.number(rate, decimals=4)},
        )
    )
    if not decision.chosen:
        told.append(Sentence(text("No offer was worth more than that: nothing was chosen.")))
        return tuple(told)
    names = ", ".join(terms.offer_names[offer_id] for offer_id in decision.chosen)
    chosen = text("Chosen: {offers}.")
    if decision.arm == "holdout":
        chosen = text("Would have got: {offers}. Held out, so nothing goes out.")
    return (*told, Sentence(chosen, {"offers": names}))


def chance_sentences(decision: Decision, *, terms: Terms, words: Words) -> tuple[Sentence, ...]:
    """Say of an explorer how probable each action was, and what the lot fell on."""
    if not decision.chances:
        return ()
    told = [
        Sentence(
            text("The lot could fall on {offer} with probability {prob}."),
            {
                "offer": Sentence(text("nothing")) if offer_id is None else terms.offer_names[offer_id],
                "prob": words.percent(prob, decimals=1),
            },
        )
        for offer_id, prob in zip((None, *terms.offer_ids), decision.chances, strict=True)
        if prob > 0
    ]
    drawn: object = _names(decision.chosen, terms) if decision.chosen else Sentence(text("nothing"))
    return (*told, Sentence(text("It fell on {offer}."), {"offer": drawn}))


def product_sentences(products: Mapping[str, Sequence[str]], *, terms: Terms) -> tuple[Sentence, ...]:
    """Say which products each offer's message shows this person."""
    return tuple(
        Sentence(
            text("Shown with {offer}: {products}."),
            {"offer": terms.offer_names[offer_id], "products": ", ".join(names)},
        )
        for offer_id, names in products.items()
        if names
    )


def sending_sentences(receipts: Sequence[Receipt], *, words: Words) -> tuple[Sentence, ...]:
    """Say what became of each message, try by try, with the proof of consent and the state of the caps then."""
    return tuple(sentence for receipt in receipts for sentence in _sending(receipt, words=words))


def act_sentences(acts: Sequence[Act], *, words: Words) -> tuple[Sentence, ...]:
    """Say who did what to the round."""
    return tuple(Sentence(_ACTS[one.act], {"day": words.day(one.at), "actor": one.actor}) for one in acts)


def replay_sentence(replayed: Replay, *, terms: Terms, words: Words) -> Sentence:
    """Say whether the receipt leads to the same decision again."""
    missed = _money(replayed.missed_milli / MILLI, terms, words=words)
    if replayed.verdict == "same" and replayed.is_settled:
        return Sentence(
            text(
                "Replayed from this receipt, the plan's prices and its sealed last step, which settles the last few in whole people: "
                "the same decision."
            )
        )
    if replayed.verdict == "same":
        return Sentence(text("Replayed from this receipt and the plan's prices: the same decision."))
    if replayed.verdict == "edge":
        return Sentence(
            text(
                "Replayed: at the plan's prices alone it would be {offers}, worth {missed} more. Budget and limits come in whole people, "
                "so the last few were settled together; the plan's certificate covers this difference."
            ),
            {"offers": _names(replayed.chosen, terms), "missed": missed},
        )
    return Sentence(
        text(
            "Replayed: a DIFFERENT decision: arm {arm}, offers {offers}. The receipt or the plan was changed; do not trust either before this is explained."
        ),
        {"arm": replayed.arm, "offers": _names(replayed.chosen, terms)},
    )


def obstacle(code: str, *, caps: str = "") -> Sentence:
    """Say what a code of the gate or the outbox means."""
    known = _OUTBOX_REASONS.get(code) or REASONS.get(code)
    if known is None:
        return Sentence("{code}", {"code": code})
    return Sentence(known, {"caps": caps or "-"} if code == "cap" else {})


def _offer(k: int, decision: Decision, found: Sequence[Worth], *, terms: Terms, words: Words) -> Sentence:
    offer_id = terms.offer_ids[k]
    values: dict[str, object] = {"offer": terms.offer_names[offer_id]}
    if not decision.is_meant[k]:
        return Sentence(text("{offer}: not for this person, by its segment or rule."), values)
    if decision.in_the_way[k]:
        ways = [obstacle(code) for code in decision.in_the_way[k].split(",")]
        values |= {"channel": terms.channels[offer_id], "reasons": Series(ways, CLAUSES)}
        return Sentence(text("{offer}: could not go by {channel}. {reasons}"), values)
    worth = next((one for one in found if one.offer_id == offer_id), None)
    if worth is None:
        return Sentence(text("{offer}: nothing is known that it could earn with this person."), values)
    values |= {
        "value": _money(worth.value_milli / MILLI, terms, words=words),
        "cost": _money(worth.cost_milli / MILLI, terms, words=words),
        "net": _money(worth.net_milli / MILLI, terms, words=words),
    }
    return Sentence(
        text(
            "{offer}: expected to earn {value} after its cost of {cost}; after the prices of budget and limits, {net}."
        ),
        values,
    )


def _sending(receipt: Receipt, *, words: Words) -> list[Sentence]:
    full = ", ".join(f"{cap} ({state})" for cap, state in receipt.caps.items())
    ways = Series([obstacle(code, caps=full) for code in receipt.reasons], CLAUSES)
    values = {
        "day": words.day(receipt.at),
        "detail": receipt.detail or "-",
        "n": receipt.n_attempts,
        "reasons": ways,
    }
    told = [Sentence(_OUTCOMES[receipt.outcome], values)]
    if receipt.consent_reason is not None:
        proof = "-" if receipt.consent_proof is None else str(receipt.consent_proof)
        told.append(
            Sentence(
                text(
                    "Consent then: {reason} by rule {rule}, act number {proof} in the ledger; caps: {caps}."
                ),
                {
                    "reason": receipt.consent_reason,
                    "rule": receipt.consent_rule or "-",
                    "proof": proof,
                    "caps": full or "-",
                },
            )
        )
    return told


def _names(offer_ids: Sequence[str], terms: Terms) -> str:
    return ", ".join(terms.offer_names[offer_id] for offer_id in offer_ids) or "-"


def _money(minor: float | None, terms: Terms, *, words: Words) -> str:
    return "-" if minor is None else words.money(minor, terms.currency)
