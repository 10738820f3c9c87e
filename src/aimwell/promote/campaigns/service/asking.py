"""Answers why: a person's receipts in a round, replayed, and the whole in words."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from aimwell.base.words import Sentence, Words
from aimwell.people.service import explain
from aimwell.promote.campaigns import rows
from aimwell.promote.campaigns.errors import PersonNotConsidered
from aimwell.promote.campaigns.explain import (
    act_sentences,
    arm_sentence,
    chance_sentences,
    offer_sentences,
    product_sentences,
    replay_sentence,
    sending_sentences,
    setting_sentences,
)
from aimwell.promote.campaigns.model import Act, Round
from aimwell.promote.campaigns.replay import Decision, Replay, Worth, replay, worths
from aimwell.promote.campaigns.service.life import contacts_of, decisions_of, explorers_of, round_of
from aimwell.promote.campaigns.service.showing import catalogue_of, products_shown
from aimwell.promote.campaigns.service.tools import Tools
from aimwell.promote.outbox.model import Receipt
from aimwell.promote.outbox.service import receipts
from aimwell.promote.plan.certificate import Certificate
from aimwell.promote.plan.explain import assumptions
from aimwell.promote.plan.service import read_plan
from aimwell.promote.plan.service.settling import settled_for
from aimwell.storage.lake.lake import Lake

__all__ = ["Why", "why"]


@dataclass(frozen=True, kw_only=True)
class Why:
    """All that is known of one person's part in one round."""

    round: Round
    decision: Decision
    worths: tuple[Worth, ...]
    certificate: Certificate
    receipts: tuple[Receipt, ...]
    acts: tuple[Act, ...]
    replay: Replay
    products: Mapping[str, tuple[str, ...]]
    """Names of the products shown, by offer id."""

    def sentences(self, *, words: Words) -> tuple[Sentence, ...]:
        """Tell it, from the inputs to the last message, and say whether replaying leads to the same decision."""
        terms = self.round.terms
        given = self.decision.arm in ("treatment", "holdout")
        offers = offer_sentences(
            self.decision, self.worths, terms=terms, certificate=self.certificate, words=words
        )
        return (
            *setting_sentences(self.decision, self.round, words=words),
            *assumptions(self.certificate, words=words),
            arm_sentence(self.decision, words=words),
            *(offers if given else offers[: len(terms.offer_ids)]),
            *chance_sentences(self.decision, terms=terms, words=words),
            *product_sentences(self.products, terms=terms),
            *act_sentences(self.acts, words=words),
            *sending_sentences(self.receipts, words=words),
            replay_sentence(self.replay, terms=terms, words=words),
        )


def why(person_id: int, name: str, *, tools: Tools) -> Why:
    """Return why a person got what they got from a campaign, or got nothing.

    Parameters
    ----------
    person_id
        Any id of the person, that of a linked account too.
    name
        A campaign (its latest round) or a round's id.
    tools
        The shop.

    Raises
    ------
    NotPlanned
        If there is no such campaign.
    PersonUnknown
        If there is no such person.
    PersonNotConsidered
        If nothing was decided about the person.
    """
    found = round_of(name, tools=tools)
    lake = tools.lake
    table = decisions_of(found, lake=lake)
    told = lake.engine.rows(table.filter(table.person_id == person_id))
    if not told:  # an account that is linked to the person, perhaps
        head = explain(person_id, lake=lake, database=tools.database, vault=tools.vault).canonical_id
        told = lake.engine.rows(table.filter(table.person_id == head))
    if not told:
        as_of = f"{found.terms.as_of:%Y-%m-%d}"
        raise PersonNotConsidered(person_id=person_id, campaign_id=found.campaign_id, as_of=as_of)
    who = int(told[0]["person_id"])
    contacts = contacts_of(found, lake=lake)
    chosen = lake.engine.rows(contacts.filter(contacts.person_id == who).select("offer_id"))
    decision = Decision.of(
        told[0],
        chosen=[row["offer_id"] for row in chosen],
        chances=_chances(who, found, arm=told[0]["arm"], lake=lake),
    )
    certificate = read_plan(lake=lake, plan_id=found.plan_id).certificate
    with tools.database.read() as connection:
        acts = tuple(rows.acts_of(connection, found.campaign_id))
    return Why(
        round=found,
        decision=decision,
        worths=worths(decision, terms=found.terms, certificate=certificate),
        certificate=certificate,
        receipts=tuple(receipts(found.campaign_id, person_id=who, database=tools.database)),
        acts=acts,
        replay=replay(
            decision,
            terms=found.terms,
            certificate=certificate,
            settled=settled_for(who, lake=lake, certificate=certificate),
        ),
        products=_products(who, found, tools=tools),
    )


def _chances(person_id: int, found: Round, *, arm: str, lake: Lake) -> tuple[float, ...]:
    """Return the chances of an explorer; who could get nothing has none."""
    if arm != "explore":
        return ()
    table = explorers_of(found, lake=lake)
    rows = lake.engine.rows(table.filter(table.person_id == person_id).select("chances"))
    return tuple(rows[0]["chances"]) if rows else ()


def _products(person_id: int, found: Round, *, tools: Tools) -> dict[str, tuple[str, ...]]:
    shown = products_shown(found, lake=tools.lake)
    rows = tools.lake.engine.rows(shown.filter(shown.person_id == person_id).order_by("offer_id"))
    catalogue = catalogue_of(found, tools=tools) if rows else {}
    return {
        row["offer_id"]: tuple(str(catalogue[one]["name"]) for one in row["product_ids"] if one in catalogue)
        for row in rows
    }
