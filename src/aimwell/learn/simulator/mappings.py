"""How `aimwell load` reads the files of a world: one mapping per kind of file, written beside it.

Account keys tell nothing about people, so the lake keeps them as they are (`account_kind = "id"`). The headers are nobody else's: without
its mapping such a file is refused, and never read in another way.
"""

from __future__ import annotations

__all__ = ["KINDS", "SOURCE", "mapping_of"]

SOURCE = "simulated"

_READING = 'source = "simulated"\n\n[reading]\nzone = "UTC"\ncurrency = "{currency}"\ndates = "ymd"\ndecimal = "."\n\n'
_WHO = '[who]\naccount = "account"\n'
_LINES = """[orders]
order_id = "order"
ordered_at = "placed_at"
status = "status"
channel = "channel"
device = "device"
coupon_code = {{ column = "coupon", is_optional = true }}
test_when = {{ column = "tags", contains = "test" }}

[lines]
line_id = "line"
product_id = "product"
quantity = "pieces"
net = "net"
discount = "discount"
cost = "cost"

[refunds]
amount = "refunded"
refunded_at = "refunded_at"
reason = "refund_reason"
"""
_CUSTOMERS = """email = "email"
phone = "phone"
name = "name"

[customers]
created_at = "created_at"
region = "region"
locale = "locale"

[customers.attributes]
age_band = "age_band"
accepts_email_marketing = "accepts_email_marketing"
accepts_sms_marketing = "accepts_sms_marketing"
"""
_PRODUCTS = """[products]
product_id = "product"
name = "name"
category = "category"
brand = "brand"
price = "price"
cost = "cost"

[products.attributes]
colour = "colour"
size = "size"
"""
_EVENTS = """[events]
message_id = "event_id"
name = "name"
occurred_at = "at"
session_id = "session"
product_id = "product"
device = "device"
"""
_BODIES = {
    "customers": 'grain = "customer"\n' + _READING + _WHO + _CUSTOMERS,
    "products": 'grain = "product"\n' + _READING + _PRODUCTS,
    "order_lines": 'grain = "line"\n' + _READING + _WHO + "\n" + _LINES,
    "events": 'grain = "event"\n' + _READING + _WHO + 'device = "device_id"\n\n' + _EVENTS,
}
KINDS = tuple(_BODIES)  # in the order in which they are loaded


def mapping_of(kind: str, *, currency: str) -> str:
    """Return the TOML of the mapping of a kind of file."""
    return f"# A simulated shop: {kind}. `aimwell load {kind}.parquet --mapping {kind}.toml`\n" + _BODIES[
        kind
    ].format(currency=currency)
