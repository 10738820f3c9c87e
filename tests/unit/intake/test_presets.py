"""Presets know the true headers of exports, and nothing else."""

from __future__ import annotations

import json
from importlib import resources

import pytest

from aimwell.intake.errors import ColumnsMissing, MappingInvalid, PresetUnknown
from aimwell.intake.formats.model import Wire
from aimwell.intake.mapping.presets import bound, preset, presets, read_mapping, recognised

HEADERS = json.loads((resources.files("aimwell.intake.presets") / "headers.json").read_text("utf-8"))


@pytest.mark.parametrize(
    ("export", "name"),
    [
        ("shopify_orders_export", "shopify_orders"),
        ("shopify_customers_export", "shopify_customers"),
        ("shopify_customers_export_2024plus", "shopify_customers"),
        ("amazon_seller_orders_report_tsv", "amazon_orders"),
        ("amazon_seller_orders_legacy_tsv", "amazon_orders"),
        ("amazon_fulfilled_shipments_tsv", "amazon_shipments"),
        ("taobao_tmall_ExportOrderList", "taobao_orders"),
        ("taobao_tmall_ExportOrderDetailList", "taobao_lines"),
        ("jd_order_export", "jd_orders"),
        ("rees46_events", "rees46_events"),
        ("retailrocket_events", "retailrocket_events"),
        ("woocommerce_products_csv", "woocommerce_products"),
        ("klaviyo_campaigns_export", None),
        ("klaviyo_profiles_export", None),
    ],
)
def test_true_headers_are_recognised(export, name) -> None:
    wire = Wire(kind="csv", columns=tuple(HEADERS[export]))
    found = recognised(wire)
    assert (found and found.name) == name
    if found is not None:
        bound(found, wire, path=export)  # and every rule finds its columns


def test_every_preset_is_recognised_by_its_own_columns() -> None:
    for name, mapping in presets().items():
        columns = [either.split("|")[0] for either in mapping.recognise]
        columns += [n for c in mapping.cells().values() for n in c.named if n not in columns]
        tests = (*mapping.orders.cancelled_when, *mapping.orders.test_when)
        columns += [n for condition in tests for n in condition.columns if n not in columns]
        wire = Wire(kind=mapping.kind or "csv", columns=tuple(dict.fromkeys(columns)))
        assert recognised(wire).name == name


def test_case_does_not_matter_and_the_file_spells() -> None:
    wire = Wire(kind="csv", columns=("ORDER_ID", "Customer_Id", "Date", "TOTAL"))
    mapping = bound(recognised(wire), wire, path="x.csv")
    assert mapping.orders.total.columns == ("TOTAL",)
    assert mapping.orders.coupon_code is None


def test_missing_columns_are_named() -> None:
    wire = Wire(kind="csv", columns=("InvoiceNo", "StockCode"))
    with pytest.raises(ColumnsMissing, match=r"lacks columns that mapping online_retail needs: .*Quantity"):
        bound(preset("online_retail"), wire, path="x.csv")


@pytest.mark.parametrize(
    ("toml", "where"),
    [
        ("source = ", "TOML"),
        ('grain = "order"\nsource = "x"', "with grain `order` also orders.ordered_at"),
        (
            'grain = "order"\nsource = "x"\n[reading]\nzone = "Mars"\n[orders]\nordered_at = "d"',
            "reading.zone`: it says 'Mars', allowed is an IANA time zone",
        ),
        (
            'grain = "order"\nsource = "x"\n[reading]\ncurrency = "ZZZ"\n[orders]\nordered_at = "d"',
            "it says 'ZZZ', allowed is an ISO 4217 code",
        ),
        ('grain = "trip"\nsource = "x"', "grain"),
        ('grain = "order"\nsource = "x"\n[orders]\nordered_at = "d"\nwhen = "d"', "orders.when"),
        ('grain = "order"\nsource = "x"\n[orders]\nordered_at = {}', "orders.ordered_at"),
        (
            'grain = "order"\nsource = "x"\n[orders]\nordered_at = "d"\nstatus = {column = "s", words = "w"}',
            "`orders.status`: it says 'w', allowed is ",
        ),
    ],
)
def test_a_wrong_mapping_says_where(toml, where) -> None:
    with pytest.raises(MappingInvalid) as caught:
        read_mapping(toml, name="mine.toml")
    assert where in str(caught.value)


def test_an_unknown_preset_names_the_known() -> None:
    with pytest.raises(PresetUnknown, match=r"no preset `shopware`; allowed: .*shopify_orders"):
        preset("shopware")
