"""Draft a mapping for a file that no preset knows, from the names of its columns and what stands in them.

A guess that is wrong costs the user one corrected line; a guess that is missing costs a search through the manual. So
the draft names what it found, and what it did not.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

__all__ = ["Draft", "draft"]

_DATE = re.compile(r"^\d{4}[-/.年]\d{1,2}|^\d{1,2}[-/.]\d{1,2}[-/.]\d{2,4}|^(19|20)\d{6}$")
_EMAIL = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+$")
_NUMBER = re.compile(r"^[-+(]?[¥￥£$€]?\s*[\d.,\s]*\d\)?$")

# Names of columns, most telling first; the first column that fits a role has it.
_ROLES: dict[str, str] = {
    "email": r"e-?mail|邮箱|邮件",
    "phone": r"phone|mobile|\btel|手机|电话",
    "currency": r"currency|币种|货币",
    "status": r"status|状态",
    "order_id": r"order.?(id|no|num|#)|^order$|invoice|receipt|basket|transaction.?(id|no)|订单(编?号|id)|单号|交易号|流水号",
    "line_id": r"line.?(id|no|item)|order.?item|子订单|行号",
    "ordered_at": r"order.*(date|time|at$)|invoice.?date|purchase.*(date|time)|created|date|time|下单|付款时间|日期|时间",
    "product_id": r"sku|asin|ean|barcode|(product|item|stock|goods|article).?(id|code|no|num)|商品.?(编号|编码|id)|货号|商家编码|条码",
    "quantity": r"qty|quantity|units|count|数量|件数",
    "discount": r"discount|优惠(金额)?$|折扣|立减",
    "shipping": r"shipping|freight|delivery.?(fee|cost|price)|postage|运费|邮费",
    "tax": r"\btax|vat\b|税",
    "refund": r"refund|退款",
    "cost": r"\bcost|成本",
    "net": r"line.?total|net|sub.?total|小计",
    "price": r"price|单价|价格|售价",
    "total": r"total|amount|revenue|paid|sales|value|实付|应付|总额|金额",
    "coupon_code": r"coupon|voucher|promo|优惠券|优惠码",
    "channel": r"channel|渠道|来源",
    "category": r"categor|department|class|类目|分类|品类",
    "brand": r"brand|品牌",
    "event": r"event|action|behaviou?r|行为",
    "session_id": r"session|会话",
    "account": r"customer.?(id|no|num|code)|client|user|buyer|member|household|account|visitor|customer|客户|会员|买家|用户|帐号|账号",
    "address": r"address|street|city|zip|postal|地址|城市|邮编",
    "person_name": r"(first|last|full|customer|recipient|buyer|ship).?name|收货人|姓名",
    "product_name": r"(product|item|goods).?(name|title|desc)|description|title|product|item|商品|标题|品名|名称",
}
_NUMBERS = {"quantity", "discount", "shipping", "tax", "refund", "cost", "net", "price", "total"}


@dataclass(frozen=True, kw_only=True)
class Draft:
    """A drafted mapping: its TOML, and the rules it needs but found no column for."""

    toml: str
    missing: tuple[str, ...]


def draft(columns: Sequence[str], samples: Sequence[Mapping[str, str | None]]) -> Draft:
    """Return a mapping to be corrected.

    Parameters
    ----------
    columns
        Names of the file's columns.
    samples
        Some of its rows, as text.
    """
    roles = _assigned(columns, samples)
    grain = _grain(roles)
    sections = _sections(roles, grain)
    needed = {
        "line": ("order_id", "ordered_at", "product_id", "quantity", "price"),
        "order": ("ordered_at", "total", "account"),
        "product": ("product_id",),
        "customer": ("account",),
        "event": ("event", "ordered_at", "account"),
    }[grain]
    stand_ins = {"price": {"net", "total"}, "account": {"email", "phone"}}
    missing = tuple(r for r in needed if r not in roles and not stand_ins.get(r, set()) & roles.keys())
    unused = [name for name in columns if name not in roles.values()]
    return Draft(toml=_toml(grain, sections, missing=missing, unused=unused), missing=missing)


def _assigned(columns: Sequence[str], samples: Sequence[Mapping[str, str | None]]) -> dict[str, str]:
    """Return the column of each role; a column has one role, and its content must not speak against it."""
    contents = {name: [row[name] for row in samples if row.get(name)] for name in columns}
    roles: dict[str, str] = {}
    for role, pattern in _ROLES.items():
        for name in columns:
            if (
                name not in roles.values()
                and re.search(pattern, name, re.IGNORECASE)
                and _fits(role, contents[name])
            ):
                roles[role] = name
                break
    for name in columns:  # what the header does not tell, the content may
        if "email" not in roles and contents[name] and _all(_EMAIL, contents[name]):
            roles["email"] = name
        if "ordered_at" not in roles and contents[name] and _all(_DATE, contents[name]):
            roles["ordered_at"] = name
    return roles


def _fits(role: str, content: Sequence[str | None]) -> bool:
    if role in _NUMBERS:
        return _all(_NUMBER, content) and not _all(_DATE, content)
    if role == "ordered_at":
        return (
            not content
            or _all(_DATE, content)
            or _all(re.compile(r"^\d{5}(\.\d+)?$|^1\d{9}(\d{3})?$"), content)
        )
    return role != "email" or not content or _all(_EMAIL, content)


def _all(pattern: re.Pattern[str], content: Sequence[str | None]) -> bool:
    """Say whether nearly all cells look like this: one in ten may be odd."""
    hits = sum(bool(pattern.search((cell or "").strip())) for cell in content)
    return hits >= 0.9 * len(content)


def _grain(roles: Mapping[str, str]) -> str:
    if "event" in roles and "ordered_at" in roles and "quantity" not in roles:
        return "event"
    if "product_id" in roles and ("order_id" in roles or "quantity" in roles):
        return "line"
    if "order_id" in roles or {"ordered_at", "total"} <= roles.keys():
        return "order"
    if "product_id" in roles:
        return "product"
    return "customer" if {"account", "email", "phone"} & roles.keys() else "order"


_WHO = {"account": "account", "email": "email", "phone": "phone", "name": "person_name", "address": "address"}
_PRODUCT = {
    "product_id": "product_id",
    "name": "product_name",
    "category": "category",
    "brand": "brand",
    "price": "price",
}
_EVENT = {
    "name": "event",
    "occurred_at": "ordered_at",
    "session_id": "session_id",
    "product_id": "product_id",
}
_ORDER = ("order_id", "ordered_at", "currency", "status", "channel", "coupon_code")
_ORDER_AMOUNTS = ("discount", "shipping", "tax", "total")
_LINE = ("line_id", "product_id", "quantity", "price", "net", "discount", "cost")
# Per grain: section, rule and the role whose column it takes.
_PLACES: dict[str, dict[str, dict[str, str]]] = {
    "order": {"orders": {n: n for n in (*_ORDER, *_ORDER_AMOUNTS)}, "refunds": {"amount": "refund"}},
    "line": {
        "orders": {n: n for n in _ORDER},
        "lines": {n: n for n in _LINE},
        "refunds": {"amount": "refund"},
        "products": _PRODUCT,
    },
    "product": {"products": _PRODUCT},
    "event": {"events": _EVENT},
    "customer": {},
}


def _sections(roles: Mapping[str, str], grain: str) -> dict[str, dict[str, str]]:
    """Return section, rule and column for every role that this grain uses."""
    places = {"who": _WHO} | _PLACES[grain]
    found = {s: {rule: roles[r] for rule, r in rules.items() if r in roles} for s, rules in places.items()}
    if "account" not in found["who"] and (stand_in := roles.get("email") or roles.get("phone")):
        found["who"] = {"account": stand_in} | found["who"]
    if grain == "line" and not {"price", "net"} & found["lines"].keys() and "total" in roles:
        found["lines"]["net"] = roles["total"]
    return {section: rules for section, rules in found.items() if rules}


def _toml(
    grain: str, sections: Mapping[str, Mapping[str, str]], *, missing: Sequence[str], unused: Sequence[str]
) -> str:
    lines = [
        "# A draft by `aimwell inspect`: correct it, then load with `--mapping THIS_FILE`. See docs/intake.md.",
        'source = "shop"',
        f'grain = "{grain}"  # what one row is: line, order, product, customer or event',
    ]
    lines += [f"# MISSING: {rule}" for rule in missing]
    lines += [f"# not used: {_quoted(name)}" for name in unused]
    lines += ["", "[reading]", '# zone = "Europe/London"', '# currency = "GBP"', '# dates = "dmy"']
    for section, rules in sections.items():
        lines += ["", f"[{section}]"]
        for rule, name in rules.items():
            words = (
                {"status": "order_status", "name": "event_name"}.get(rule)
                if section in ("orders", "events")
                else None
            )
            value = f'{{ column = {_quoted(name)}, words = "{words}" }}' if words else _quoted(name)
            lines.append(f"{rule} = {value}")
        if section == "who" and "account" in rules:
            lines.append('account_kind = "nickname"  # "id" only if the key tells nothing about the person')
    return "\n".join(lines) + "\n"


def _quoted(name: str) -> str:
    escaped = name.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n").replace("\t", "\\t")
    return f'"{escaped}"'
