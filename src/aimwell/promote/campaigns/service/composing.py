"""Writes messages at the moment of sending: the approved template, what is known of the person, and the way out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from aimwell.base.errors import AimwellError
from aimwell.base.words import LANGUAGES
from aimwell.promote.campaigns.errors import NoPublicUrl
from aimwell.promote.campaigns.model import Definition, Round
from aimwell.promote.campaigns.service.showing import catalogue_of
from aimwell.promote.campaigns.service.tools import Tools
from aimwell.promote.channels.model import ChannelKind, Message
from aimwell.promote.content.facts import facts_for
from aimwell.promote.content.files import content_folder
from aimwell.promote.content.template import Template
from aimwell.promote.outbox.model import Parcel
from aimwell.promote.plan.model import Offer
from aimwell.trust.consent.links import Links
from aimwell.trust.consent.tokens import Claim, UnsubscribeTokens

__all__ = [
    "NAME",
    "TEMPLATE_FAILED",
    "Writer",
    "check_template",
    "open_writer",
]

NAME = "name"
"""Among the traits of a campaign: the person's name, read from the vault at the moment of sending."""

TEMPLATE_FAILED = "template_failed"


@dataclass(frozen=True, kw_only=True)
class Writer:
    """Writes a campaign's messages from what was approved, as it was read when the sender began.

    Attributes
    ----------
    definition, template
        The campaign and its template.
    products
        What templates may say of the products that the round shows, by id.
    kinds
        Of the channels, by name.
    links
        Makes the links out; None for purposes that need no consent.
    tools
        The shop.
    """

    definition: Definition
    template: Template
    products: Mapping[str, Mapping[str, Any]]
    kinds: Mapping[str, ChannelKind]
    links: Links | None
    tools: Tools

    def __call__(self, parcels: Sequence[Parcel]) -> Mapping[str, Message | str]:
        """Return for each message id the message, or the code `TEMPLATE_FAILED`."""
        names = self._names(parcels) if NAME in self.definition.traits else {}
        return {p.entry.message_id: self._written(p, names.get(p.entry.person_id)) for p in parcels}

    def _written(self, parcel: Parcel, name: str | None) -> Message | str:
        entry = parcel.entry
        try:
            content = self.template.render(
                self._facts(parcel, name), locale=entry.locale or self.tools.language
            )
        except AimwellError:  # this person's values break the template; the others still go
            return TEMPLATE_FAILED
        return Message(
            message_id=entry.message_id,
            person_id=entry.person_id,
            campaign_id=entry.campaign_id,
            offer_id=entry.offer_id,
            channel=entry.channel,
            address=parcel.point.address,
            subject=content.subject,
            text=content.text,
            html=content.html,
            unsubscribe_url=self.links.unsubscribe(self._claim(parcel)) if self.links else None,
            template_id=content.template_id,
            params=content.params,
        )

    def _facts(self, parcel: Parcel, name: str | None) -> dict[str, object]:
        entry, claim = parcel.entry, self._claim(parcel)
        offers = {offer.offer_id: offer for offer in self.definition.offers}
        return facts_for(
            traits=entry.facts,
            name=name,
            shop=_shop(self.tools),
            offer=_offer(offers.get(str(entry.offer_id))),
            products=[self.products[one] for one in entry.products if one in self.products],
            unsubscribe_url=self.links.unsubscribe(claim) if self.links else None,
            preferences_url=self.links.preferences(claim) if self.links else None,
        )

    def _claim(self, parcel: Parcel) -> Claim:
        return Claim(
            person_id=parcel.entry.person_id,
            channel=self.kinds[parcel.entry.channel],
            purpose=self.definition.purpose,
            campaign_id=parcel.entry.campaign_id,
            contact_point=parcel.point.token,
        )

    def _names(self, parcels: Sequence[Parcel]) -> dict[int, str]:
        held = {p.entry.person_id: self.tools.vault.reveal(p.entry.person_id) for p in parcels}
        found = {who: [one.value for one in held[who] if one.kind == "name"] for who in held}
        return {who: names[0] for who, names in found.items() if names}


def check_template(definition: Definition, *, tools: Tools) -> None:
    """Read a campaign's template and render it for a made-up person, strictly: what is unknown in it, or lacking for it, is said now.

    Raises
    ------
    NoPublicUrl
        If its messages need a link to unsubscribe.
    ContentMissing, TemplateWrong, VariableUnknown
        If the template is not there, or wrong; with its file and line.
    """
    _links(definition, tools=tools)
    template = Template.read(content_folder(tools.folder, definition.template))
    for offer in definition.offers:
        facts = facts_for(
            traits=dict.fromkeys(definition.traits),
            name=None,
            shop=_shop(tools),
            offer=_offer(offer),
            unsubscribe_url="https://shop.example/u/",
            preferences_url="https://shop.example/p/",
        )
        for locale in LANGUAGES:
            template.render(facts, locale=locale, is_strict=True)


def open_writer(found: Round, definition: Definition, *, tools: Tools) -> Writer:
    """Read all that a sender needs to write a round's messages.

    Raises
    ------
    NoPublicUrl
        If the messages need a link to unsubscribe and there is nowhere to point it to.
    """
    return Writer(
        definition=definition,
        template=Template.read(content_folder(tools.folder, definition.template)),
        products=catalogue_of(found, tools=tools),
        kinds={name: channel.kind for name, channel in tools.channels.items()},
        links=_links(definition, tools=tools),
        tools=tools,
    )


def _shop(tools: Tools) -> dict[str, object]:
    return {"name": tools.name, "currency": tools.currency}


def _offer(offer: Offer | None) -> dict[str, object] | None:
    """Return what a template may say of an offer: nothing of what it costs the shop."""
    if offer is None:
        return None
    return {"id": offer.offer_id, "name": offer.name, "category": offer.category}


def _links(definition: Definition, *, tools: Tools) -> Links | None:
    if tools.public_url is None:
        if definition.purpose == "transactional":
            return None
        raise NoPublicUrl(purpose=definition.purpose)
    tokens = UnsubscribeTokens(tools.vault.derived_key("unsubscribe"))
    return Links(base_url=tools.public_url, tokens=tokens)
