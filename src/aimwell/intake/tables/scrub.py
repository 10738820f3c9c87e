"""The last gate before the lake: texts that look like an e-mail address or a phone number lose them."""

from __future__ import annotations

import ibis.expr.types as ir

__all__ = ["scrubbed"]

_EMAIL = r"[^\s@<>,;\"]+@[^\s@<>,;\"]+\.[^\s@<>,;\"]+"
_PHONE = r"(^|[^\d])(\+\d{1,3}[\s.-]?)?1[3-9]\d[\s-]?\d{4}[\s-]?\d{4}([^\d]|$)|\+\d[\d\s().-]{7,16}\d"


def scrubbed(text: ir.StringValue) -> ir.StringValue:
    """Return the text with e-mail addresses and phone numbers taken out; null where nothing is left."""
    return text.re_replace(_EMAIL, "").re_replace(_PHONE, "").strip().nullif("")
