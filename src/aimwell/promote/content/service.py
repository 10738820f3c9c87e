"""What a user does with templates: check them all, and see one as a person will."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import ibis

from aimwell.base.errors import UserError
from aimwell.base.words import Sentence, text
from aimwell.people.service import read_facts
from aimwell.portraits.service import portrait_of
from aimwell.portraits.service.state import CATEGORY_DEPTH
from aimwell.predict.lists import product_lists
from aimwell.promote.content.errors import TemplateWrong, VariableUnknown
from aimwell.promote.content.facts import admitted, facts_for
from aimwell.promote.content.files import content_folder
from aimwell.promote.content.model import Content
from aimwell.promote.content.sandbox.filters import FILTERS
from aimwell.promote.content.tables import product_slots
from aimwell.promote.content.template import Template, nearest_names
from aimwell.storage.lake.lake import Lake
from aimwell.trust.vault import Vault

__all__ = ["SELLING_DAYS", "Finding", "Preview", "check_content", "preview_content", "sample_facts"]

SELLING_DAYS = 90
"""What sold best within so many days is shown."""

_MADE_UP: Mapping[str, object] = {
    "boolean": True,
    "date": datetime(2026, 3, 1),  # noqa: DTZ001  # naive UTC is the house rule
    "float64": 0.5,
    "int64": 3,
    "string": "words",
    "timestamp": datetime(2026, 3, 1),  # noqa: DTZ001
}


@dataclass(frozen=True, kw_only=True)
class Finding:
    """What is wrong with a template; None for nothing."""

    name: str
    locales: tuple[str, ...]
    problem: UserError | None


@dataclass(frozen=True, kw_only=True)
class Preview:
    """A message as a person will see it, and the language it was asked for in."""

    name: str
    person_id: int
    locale: str
    content: Content


def check_content(
    folder: Path, name: str, *, traits: Mapping[str, str], shop: Mapping[str, object]
) -> Finding:
    """Read a template, look for names that no message has, in all its branches, and fill it for somebody made up.

    Parameters
    ----------
    folder
        The shop's folder.
    traits
        Ibis type by name of every trait that a template may use.
    shop
        What templates may say of the shop: name, currency.

    Raises
    ------
    ContentMissing
        If there is no such template.
    """
    place = content_folder(folder, name)
    facts = sample_facts(traits, shop=shop)
    try:
        template = Template.read(place)
        for unknown in unknown_names(template, facts):
            return Finding(name=name, locales=template.locales, problem=unknown)
        for locale in template.locales:
            template.render(facts, locale=locale, is_strict=True)
    except UserError as exc:
        return Finding(name=name, locales=(), problem=exc)
    return Finding(name=name, locales=template.locales, problem=None)


def sample_facts(traits: Mapping[str, str], *, shop: Mapping[str, object]) -> dict[str, object]:
    """Return the facts of somebody made up, with a value for every trait and two products."""
    products = [
        {
            "id": f"P{n}",
            "name": "<Mug> & co",
            "category": "Kitchen > Mugs",
            "brand": "Brand",
            "price_minor": 1250,
        }
        | {
            "currency": shop.get("currency"),
            "url": "https://shop.example/p",
            "image_url": "https://shop.example/i",
        }
        for n in (1, 2)
    ]
    return facts_for(
        traits={
            name: _MADE_UP.get(dtype, ["words"] if dtype.startswith("array") else None)
            for name, dtype in traits.items()
        },
        name="Ann <b>Lee</b>",
        shop=shop,
        offer={"id": "offer", "name": "10 % off", "category": "Kitchen"},
        products=products,
        unsubscribe_url="https://shop.example/u/",
        preferences_url="https://shop.example/p/",
    )


def unknown_names(template: Template, facts: Mapping[str, object]) -> Iterator[UserError]:
    """Yield the variables that the facts do not have and the filters that nobody knows, also in branches that are not taken."""
    given = admitted(facts)
    for _, source in template.sources():
        found = source.strict.analyze()
        for name, spans in found.filters.items():
            if name not in FILTERS:
                path, line = source.where(spans[0].template_name, spans[0].index)
                alike = nearest_names(name, tuple(sorted(FILTERS)))
                said = Sentence(
                    text("there is no filter `{name}`; the nearest: {nearest}"),
                    {"name": name, "nearest": alike},
                )
                yield TemplateWrong(file=path, line=line, problem=said)
        for variables in found.globals.values():
            for variable in variables:
                if (missed := _missed(variable.segments, given)) is not None:
                    name, known = missed
                    path, line = source.where(variable.span.template_name, variable.span.index)
                    yield VariableUnknown(file=path, line=line, name=name, nearest=nearest_names(name, known))


def _missed(segments: Any, facts: Mapping[str, object]) -> tuple[str, tuple[str, ...]] | None:
    """Return how far a path of names leads to nothing, and what is there instead; None if it leads somewhere, or depends on data."""
    here: object = facts
    for place, step in enumerate(segments):
        if isinstance(here, list) and here and (isinstance(step, int) or step in ("first", "last")):
            here = here[0]
        elif isinstance(here, Mapping) and isinstance(step, str) and step in here:
            here = here[step]
        elif isinstance(here, Mapping) and isinstance(step, str) and step not in ("size", "first", "last"):
            return ".".join(str(one) for one in segments[: place + 1]), tuple(sorted(here))
        else:
            return None
    return None


def preview_content(
    folder: Path,
    name: str,
    *,
    person_id: int,
    lake: Lake,
    vault: Vault,
    shop: Mapping[str, object],
    locale: str | None,
    language: str,
    offer: Mapping[str, object] | None = None,
    n_slots: int = 4,
    objectors: frozenset[int] = frozenset(),
) -> Preview:
    """Return a template filled for a person as their newest portrait has them, strictly.

    Parameters
    ----------
    folder
        The shop's folder.
    shop
        What templates may say of the shop: name, currency.
    locale
        The reader's; None: as the shop's customer data have it.
    language
        Of whom the data have none.
    offer
        What is offered: id, name, category; None for nothing.
    n_slots
        Products shown: of the offer's category, else of the person's.
    objectors
        People to whom best sellers are shown, as of `aimwell.people.objections.objectors`.

    Raises
    ------
    ContentMissing, TemplateWrong, VariableUnknown, TemplateTooCostly
        If the template is not usable.
    NoPortraits, PersonUnknown
        If the person has no portrait yet.
    """
    template = Template.read(content_folder(folder, name))
    seen = portrait_of(lake=lake, person_id=person_id)
    asked, is_personal = (offer or {}).get("category"), person_id not in objectors
    own = seen.traits.get("top_category") if is_personal else None
    names = [one.value for one in vault.reveal(person_id) if one.kind == "name"]
    facts = facts_for(
        traits=seen.traits,
        name=names[0] if names else None,
        shop=shop,
        offer=offer,
        products=_products(
            lake,
            person={"person_id": person_id, "category": asked or own, "is_asked": bool(asked)},
            as_of=seen.as_of,
            n_slots=n_slots,
            is_personal=is_personal,
        ),
        unsubscribe_url="https://shop.example/u/preview",
        preferences_url="https://shop.example/p/preview",
    )
    wanted = locale or _locale_of(lake, person_id) or language
    content = template.render(facts, locale=wanted, is_strict=True)
    return Preview(name=name, person_id=person_id, locale=wanted, content=content)


def _locale_of(lake: Lake, person_id: int) -> str | None:
    """Return the language that a person's newest account names."""
    customers = read_facts(lake=lake).customers
    named = customers.filter(customers.person_id == person_id, customers.locale.notnull())
    newest = named.order_by([ibis.desc("known_at"), "source", "account_id"]).select("locale").limit(1)
    found = lake.engine.rows(newest)
    return str(found[0]["locale"]) if found else None


def _products(
    lake: Lake, *, person: Mapping[str, object], as_of: datetime, n_slots: int, is_personal: bool
) -> list[dict[str, Any]]:
    facts = read_facts(lake=lake)
    schema = ibis.schema({"person_id": "int64", "category": "string", "is_asked": "boolean"})
    people = ibis.memtable([person], schema=schema)
    slots = product_slots(
        people,
        lines=facts.order_lines,
        products=facts.products,
        since=as_of - timedelta(days=SELLING_DAYS),
        n_slots=n_slots,
        category_depth=CATEGORY_DEPTH,
        lists=product_lists(lake=lake, as_of=as_of) if is_personal else None,
    )
    return lake.engine.rows(slots.order_by("slot").drop("person_id", "shelf", "slot"))
