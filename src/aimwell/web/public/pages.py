"""Makes the pages: our own templates, every value escaped, style inside, no script, nothing asked from outside."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from aimwell.base.words import LANGUAGES, Language, Words, text
from aimwell.trust.consent.links import (
    ONE_CLICK_FIELD,
    ONE_CLICK_VALUE,
    PREFERENCES_PATH,
    UNSUBSCRIBE_PATH,
)
from aimwell.trust.consent.model import ChannelKind, Purpose
from aimwell.trust.consent.service import Choice

__all__ = ["Pages", "language_of", "line_key"]

_CHANNELS: Mapping[ChannelKind, str] = {
    "email": text("e-mail"),
    "sms": text("text message"),
    "wechat": text("WeChat"),
    "push": text("app notification"),
    "post": text("letter"),
    "webhook": text("other ways"),
}
_LINES: Mapping[Purpose, str] = {
    "marketing": text("Offers and news by {channel}"),
    "transactional": text("Messages about my orders by {channel}"),
    "analytics": text("Use of what I buy and look at to learn what customers like"),
    "sharing": text("Passing my data on to partners of the shop"),
    "personalisation": text("Recommendations chosen for me from what I bought"),
}
_OTHER: Mapping[Language, tuple[Language, str]] = {"en": ("zh", "中文"), "zh": ("en", "English")}
_TAGS: Mapping[Language, str] = {"en": "en", "zh": "zh-Hans"}


@dataclass(frozen=True)
class _Line:
    key: str
    label: str
    is_on: bool


class Pages:
    """The pages of one shop.

    Parameters
    ----------
    shop_name
        As customers know it.
    """

    def __init__(self, *, shop_name: str) -> None:
        self._shop_name = shop_name
        self._environment = Environment(
            loader=PackageLoader("aimwell.web.public"),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        # our own file, without values: what stands between the tags is what the policy's digest allows
        self._style = self._environment.get_template("style.css").render()

    @property
    def headers(self) -> Mapping[str, str]:
        """What a browser must be told with every page."""
        digest = base64.b64encode(hashlib.sha256(self._style.encode()).digest()).decode()
        return {
            "content-security-policy": (
                f"default-src 'none'; style-src 'sha256-{digest}'; form-action 'self'; base-uri 'none'; "
                "frame-ancestors 'none'"
            ),
            "referrer-policy": "no-referrer",
            "cache-control": "no-store",
            "x-content-type-options": "nosniff",
            "x-frame-options": "DENY",
            "x-robots-tag": "noindex, nofollow",
            "cross-origin-opener-policy": "same-origin",
            "cross-origin-resource-policy": "same-origin",
        }

    def ask(self, token: str, choice: Choice, *, language: Language) -> str:
        """Return the page with the button that unsubscribes."""
        return self._page("ask.html", language, **self._about(choice, language), **_links(token))

    def done(self, token: str, choice: Choice, *, language: Language) -> str:
        """Return the page that says it is done."""
        return self._page("done.html", language, **self._about(choice, language), **_links(token))

    def preferences(
        self, token: str, choices: Sequence[Choice], *, language: Language, is_saved: bool
    ) -> str:
        """Return the preference centre."""
        lines = [
            _Line(line_key(choice), self._about(choice, language)["line"], choice.is_on) for choice in choices
        ]
        return self._page("preferences.html", language, lines=lines, is_saved=is_saved, **_links(token))

    def message(self, words: str, *, language: Language) -> str:
        """Return a page that says one thing; `words` is a marked text."""
        return self._page("message.html", language, message=Words(language).say(words))

    def _about(self, choice: Choice, language: Language) -> dict[str, str]:
        words = Words(language)
        channel = words.say(_CHANNELS[choice.channel]) if choice.channel else ""
        return {"line": words.say(_LINES[choice.purpose], channel=channel)}

    def _page(self, template: str, language: Language, **values: object) -> str:
        other, other_name = _OTHER[language]
        return self._environment.get_template(template).render(
            say=Words(language).say,
            shop_name=self._shop_name,
            style=Markup(self._style),  # noqa: S704 - our own file
            language=language,
            tag=_TAGS[language],
            other=other,
            other_tag=_TAGS[other],
            other_name=other_name,
            **values,
        )


def line_key(choice: Choice) -> str:
    """Return the name of a line in forms, such as `email.marketing` or `.sharing`."""
    return f"{choice.channel}.{choice.purpose}"


def language_of(accepted: str, *, chosen: str | None, default: Language) -> Language:
    """Return the language to answer in: the one chosen by a link, else what the browser likes best, else the shop's.

    Parameters
    ----------
    accepted
        The header Accept-Language.
    chosen
        The `lang` of the address.
    default
        The shop's own.

    Examples
    --------
    >>> language_of("fr, zh-CN;q=0.8, en;q=0.5", chosen=None, default="en")
    'zh'

    References
    ----------
    Fielding et al. (2022), RFC 9110, section 12.5.4.
    """
    for known in LANGUAGES:
        if chosen == known:
            return known
    best: tuple[float, Language] = (0.0, default)
    for part in accepted[:500].split(","):
        tag, _, weight = part.partition(";")
        primary = tag.strip().lower().partition("-")[0]
        for known in LANGUAGES:
            if primary == known and _quality(weight) > best[0]:
                best = (_quality(weight), known)
    return best[1]


def _quality(weight: str) -> float:
    name, _, value = weight.strip().partition("=")
    if name.strip() != "q":
        return 1.0
    try:
        return float(value)
    except ValueError:
        return 0.0


def _links(token: str) -> dict[str, str]:
    """Return links from page to page: relative, since a server in front may keep the pages in a folder."""
    return {
        "unsubscribe_path": f"..{UNSUBSCRIBE_PATH}{token}",
        "preferences_path": f"..{PREFERENCES_PATH}{token}",
        "field": ONE_CLICK_FIELD,
        "value": ONE_CLICK_VALUE,
    }
