"""Normal forms: two spellings of one e-mail or phone become one; placeholders and masked values become nothing.

A value without a matched form is still kept for display; it just never speaks for two accounts being one person.
"""

from __future__ import annotations

import re
import unicodedata

import phonenumbers

__all__ = ["matched_form", "plain_form"]

_EMAIL = re.compile(r"[^@\s*]+@(?:[^@\s*.]+\.)+[^@\s*.\d]{2,}")
# fmt: off
_PLACEHOLDER_LOCALS = frozenset({
    "anon", "anonymous", "asdf", "customer", "demo", "do-not-reply", "donotreply", "example", "fake",
    "guest", "n/a", "na", "nan", "nil", "no-email", "no-reply", "noemail", "nomail", "none", "noreply",
    "null", "sample", "test", "tester", "testing", "unknown", "xxx",
})
# fmt: on
_PLACEHOLDER_DOMAINS = re.compile(
    r"(?:^|[@.])(?:example\.(?:com|net|org)|test\.com|(?:test|example|invalid|localhost))$"
)

_MANGLED_PHONE = re.compile(r"^'|\.0$")  # what spreadsheets do to a number: 'text mark, float
_PHONE = re.compile(r"\+?[\d\s().\-/]+(?:(?:x|ext\.?|#)\s*\d+)?", re.IGNORECASE)
_CHINESE_MOBILE = re.compile(r"(\+86|0086|86)?(1[3-9]\d{9})")
_SEPARATORS = re.compile(r"[\s().\-/]+")
_MANY_ZEROS = "0" * 7
_COUNTING = "01234567890123456789 98765432109876543210"
_PLACEHOLDER_PHONES = frozenset({"13800138000"})  # an operator's hotline that forms are filled with


def plain_form(value: str) -> str:
    """Return a text with one form per character (NFKC), single spaces, and none at the ends.

    >>> plain_form(" Ａｎｎ   Lee ")
    'Ann Lee'
    """
    return " ".join(unicodedata.normalize("NFKC", value).split())


def matched_form(kind: str, value: str, *, region: str | None) -> str | None:
    """Return the form by which values are compared, or None if this one identifies nobody.

    Parameters
    ----------
    kind
        "email" or "phone"; nothing else has such a form.
    value
        As the source has it.
    region
        Two-letter country that phone numbers without a country code belong to; None: those match nothing.

    Examples
    --------
    >>> matched_form("email", " Ann.Lee+shop@Mail.COM ", region=None)
    'ann.lee+shop@mail.com'
    >>> matched_form("phone", "138 1234 5678", region="CN")
    '+8613812345678'
    >>> matched_form("phone", "138****5678", region="CN") is None
    True
    """
    if kind == "email":
        return _email(value)
    return _phone(value, region=region) if kind == "phone" else None


def _email(value: str) -> str | None:
    form = "".join(unicodedata.normalize("NFKC", value).split()).lower()
    if not _EMAIL.fullmatch(form):
        return None
    local, _, domain = form.rpartition("@")
    is_placeholder = local.partition("+")[0] in _PLACEHOLDER_LOCALS or _PLACEHOLDER_DOMAINS.search(domain)
    return None if is_placeholder else form


def _phone(value: str, *, region: str | None) -> str | None:
    text = _MANGLED_PHONE.sub("", unicodedata.normalize("NFKC", value).strip())
    chinese = _CHINESE_MOBILE.fullmatch(_SEPARATORS.sub("", text))
    if chinese and (
        region == "CN" or chinese[1] == "+86"
    ):  # most numbers of a Chinese shop: twenty times faster
        return None if _is_placeholder_number(chinese[2]) else f"+86{chinese[2]}"
    if not _PHONE.fullmatch(text):
        return None
    try:
        number = phonenumbers.parse(text, region)
    except phonenumbers.NumberParseException:
        return None
    national = phonenumbers.national_significant_number(number)
    if not phonenumbers.is_possible_number(number) or _is_placeholder_number(national):
        return None
    extension = f"x{number.extension}" if number.extension else ""
    form = f"+{number.country_code}{national}{extension}"
    # a zero in front belongs to the number in some countries (Italy); elsewhere it is left over from dialling
    is_odd = number.italian_leading_zero and form != text and _phone(form, region=None) != form
    return None if is_odd else form


def _is_placeholder_number(national: str) -> bool:
    return (
        national in _PLACEHOLDER_PHONES
        or national.endswith(_MANY_ZEROS)
        or national == national[0] * len(national)
        or national in _COUNTING
    )
