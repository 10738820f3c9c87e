"""Real exports' habits: multi-line orders, cancellations, several files that belong together."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

import ibis
import pytest

from aimwell.intake.service import load_files


def test_shopify_orders_carry_the_order_on_their_first_row(export, british, load, write, held) -> None:
    first = {
        "Name": "#1001", "Email": "Ann@Mail.co.uk", "Financial Status": "partially_refunded", "Currency": "GBP",
        "Subtotal": "27.00", "Shipping": "3.00", "Taxes": "0.00", "Total": "30.00", "Discount Code": "SPRING",
        "Discount Amount": "3.00", "Created at": "2024-06-01 10:00:00 +0100", "Lineitem quantity": "2",
        "Lineitem name": "Mug", "Lineitem price": "10.00", "Lineitem sku": "M1", "Refunded Amount": "5.00",
        "Billing Name": "Ann Lee", "Notes": "call me on +44 20 7946 0958", "Shipping Country": "GB",
    }  # fmt: skip
    second = {"Name": "#1001", "Email": "Ann@Mail.co.uk", "Created at": "2024-06-01 10:00:00 +0100",
              "Lineitem quantity": "1", "Lineitem name": "Plate", "Lineitem price": "10.00", "Lineitem sku": "P1"}  # fmt: skip
    other = first | {"Name": "#1002", "Email": "", "Financial Status": "voided", "Cancelled at": "2024-06-02 09:00:00 +0100",
                     "Subtotal": "20.00", "Total": "20.00", "Shipping": "", "Refunded Amount": "0.00", "Tags": "vip, Test"}  # fmt: skip
    report = load(write("orders.csv", export("shopify_orders_export", first, second, other)), british)
    assert vars(report.books) == {"n_received": 3, "n_stored": 3, "n_duplicate": 0, "n_quarantined": 0}
    orders = held(
        "orders",
        "order_id",
        "ordered_at",
        "local_at",
        "status",
        "n_lines",
        "items_minor",
        "total_minor",
        "coupon_code",
        "is_test",
    )
    assert orders == [
        {
            "order_id": "1001", "ordered_at": datetime(2024, 6, 1, 9), "local_at": datetime(2024, 6, 1, 10), "status": "paid",
            "n_lines": 2, "items_minor": 2700, "total_minor": 3000, "coupon_code": "SPRING", "is_test": False,
        },
        {
            "order_id": "1002", "ordered_at": datetime(2024, 6, 1, 9), "local_at": datetime(2024, 6, 1, 10), "status": "cancelled",
            "n_lines": 1, "items_minor": 2000, "total_minor": 2000, "coupon_code": "SPRING", "is_test": True,
        },
    ]  # fmt: skip
    # 3 pounds off the whole order are spread over its lines: 20 and 10 become 18 and 9.
    lines = held("order_lines", "order_id", "line_no", "product_id", "net_minor", "discount_minor")
    assert lines[:2] == [
        {"order_id": "1001", "line_no": 1, "product_id": "M1", "net_minor": 1800, "discount_minor": 200},
        {"order_id": "1001", "line_no": 2, "product_id": "P1", "net_minor": 900, "discount_minor": 100},
    ]
    assert held("refunds", "order_id", "amount_minor") == [{"order_id": "1001", "amount_minor": 500}]


def test_cancellations_and_returns_become_refunds(british, load, write, held) -> None:
    rows = """InvoiceNo,StockCode,Description,Quantity,InvoiceDate,UnitPrice,CustomerID,Country
536365,85123A,HEART HOLDER,6,2010-12-01 08:26:00,2.55,17850.0,United Kingdom
536365,POST,POSTAGE,1,2010-12-01 08:26:00,18.00,17850.0,United Kingdom
536365,85123A,HEART HOLDER,6,2010-12-01 08:26:00,2.55,17850.0,United Kingdom
C536379,85123A,HEART HOLDER,-2,2010-12-02 09:00:00,2.55,17850.0,United Kingdom
536400,22139,,-10,2010-12-03 10:00:00,0.0,,United Kingdom
A563186,B,Adjust bad debt,1,2011-08-12 14:51:00,-11062.06,,United Kingdom
"""
    report = load(write("retail.csv", rows), british)
    assert report.books.n_stored == 6
    assert held("orders", "order_id", "n_lines", "items_minor", "total_minor") == [
        {"order_id": "536365", "n_lines": 3, "items_minor": 2 * 1530, "total_minor": 2 * 1530 + 1800}
    ]
    lines = held("order_lines", "line_no", "product_id", "is_fee", "account_id")
    assert [(line["product_id"], line["is_fee"], line["account_id"]) for line in lines] == [
        ("85123A", False, "17850"),
        ("POST", True, "17850"),
        ("85123A", False, "17850"),  # twice in one order is two lines
    ]
    assert held("refunds", "refund_id", "order_id", "quantity", "amount_minor", "account_id") == [
        {"refund_id": "536400-1", "order_id": None, "quantity": 10, "amount_minor": 0, "account_id": None},
        {
            "refund_id": "A563186-1",
            "order_id": None,
            "quantity": 1,
            "amount_minor": 1106206,
            "account_id": None,
        },
        {
            "refund_id": "C536379-1",
            "order_id": None,
            "quantity": 2,
            "amount_minor": 510,
            "account_id": "17850",
        },
    ]
    assert held("products", "product_id", "name") == [{"product_id": "85123A", "name": "HEART HOLDER"}]


def test_taobao_lines_find_their_orders_in_whatever_order_they_come(export, desk, write, held) -> None:
    orders = export(
        "taobao_tmall_ExportOrderList",
        {
            "订单编号": '="2001"', "买家会员名": "小白兔", "买家应付货款": "100.00", "买家应付邮费": "8.00", "买家实际支付金额": "108.00",
            "订单状态": "交易成功", "收货人姓名": "张三", "联系手机": "'13812345678", "订单创建时间": "2024-05-01 00:30:00",
            "宝贝种类": "2", "是否手机订单": "手机订单", "买家留言": "快点",
        },
    )  # fmt: skip
    lines = export(
        "taobao_tmall_ExportOrderDetailList",
        {"子订单编号": "2001-1", "主订单编号": "2001", "标题": "茶杯", "价格": "30.00", "购买数量": "2", "商家编码": "TB1",
         "买家实际支付金额": "60.00", "退款状态": "没有申请退款", "退款金额": "0.00"},
        {"子订单编号": "2001-2", "主订单编号": "2001", "标题": "茶壶", "价格": "40.00", "购买数量": "1", "商家编码": "TH1",
         "买家实际支付金额": "40.00", "退款状态": "退款成功", "退款金额": "40.00"},
        {"子订单编号": "2999-1", "主订单编号": "2999", "标题": "茶盘", "价格": "9.00", "购买数量": "1", "商家编码": "TP1",
         "买家实际支付金额": "9.00", "退款金额": "0.00"},
    )  # fmt: skip
    report = load_files(
        [write("宝贝.csv", lines.encode("gb18030")), write("订单.csv", orders.encode("gb18030"))], desk=desk
    )
    assert [(file.mapping, file.books.n_stored, dict(file.reasons)) for file in report.files] == [
        ("taobao_orders", 1, {}),
        ("taobao_lines", 2, {"unknown_order": 1}),
    ]
    assert held("orders", "order_id", "status", "device", "items_minor", "shipping_minor", "total_minor", "ordered_at") == [
        {"order_id": "2001", "status": "completed", "device": "mobile", "items_minor": 10000, "shipping_minor": 800,
         "total_minor": 10800, "ordered_at": datetime(2024, 4, 30, 16, 30)}
    ]  # fmt: skip
    people = {row["person_id"] for row in held("order_lines", "person_id") + held("orders", "person_id")}
    assert len(people) == 1
    assert None not in people
    assert held("refunds", "order_id", "product_id", "amount_minor") == [
        {"order_id": "2001", "product_id": "TH1", "amount_minor": 4000}
    ]


def test_olist_files_make_whole_orders_together(desk, write, held) -> None:
    files = [
        write("items.csv", "order_id,order_item_id,product_id,seller_id,shipping_limit_date,price,freight_value\n"
              "o1,1,p1,s1,2017-10-06 11:07:15,58.90,13.29\no1,2,p1,s1,2017-10-06 11:07:15,58.90,13.29\n"),
        write("orders.csv", "order_id,customer_id,order_status,order_purchase_timestamp\n"
              "o1,k1,delivered,2017-10-02 10:56:33\no2,k2,canceled,2017-10-03 10:00:00\n"),
        write("customers.csv", "customer_id,customer_unique_id,customer_zip_code_prefix,customer_city,customer_state\n"
              "k1,u1,14409,franca,SP\nk2,u1,14409,franca,SP\n"),
        write("products.csv", "product_id,product_category_name,product_name_lenght,product_photos_qty,product_weight_g\np1,perfumaria,40,1,225\n"),
        write("payments.csv", "order_id,payment_sequential,payment_type,payment_installments,payment_value\no1,1,voucher,1,144.38\n"),
    ]  # fmt: skip
    report = load_files(files, desk=replace(desk, currency="BRL", zone="America/Sao_Paulo"))
    assert {file.mapping: (file.state, file.books.n_stored) for file in report.files} == {
        "olist_payments": ("ignored", 0),
        "olist_customers": ("loaded", 1),  # two records of one customer: the other is a duplicate
        "olist_products": ("loaded", 1),
        "olist_orders": ("loaded", 2),
        "olist_items": ("loaded", 2),
    }
    # 2 x 58.90 goods and 2 x 13.29 freight.
    assert held("orders", "order_id", "account_id", "status", "n_lines", "items_minor", "shipping_minor", "total_minor") == [
        {"order_id": "o1", "account_id": "u1", "status": "completed", "n_lines": 2, "items_minor": 11780, "shipping_minor": 2658, "total_minor": 14438},
        {"order_id": "o2", "account_id": "u1", "status": "cancelled", "n_lines": None, "items_minor": None, "shipping_minor": None, "total_minor": None},
    ]  # fmt: skip
    assert held("products", "product_id", "category", "price_minor") == [
        {"product_id": "p1", "category": "perfumaria", "price_minor": 5890}
    ]


def test_jd_and_amazon_and_woocommerce(export, desk, write, load, held) -> None:
    jd = export(
        "jd_order_export",
        {"订单号": "7001", "商品ID": "100", "货号": "J1", "商品名称": "灯", "订购数量": "2", "下单时间": "2024/1/2 3:04", "京东价": "50.00",
         "订单金额": "90.00", "应付金额": "95.00", "运费金额": "5.00", "订单状态": "完成", "下单帐号": "jd_abc", "联系电话": "138****5678"},
    )  # fmt: skip
    amazon = export(
        "amazon_seller_orders_legacy_tsv",
        {"order-id": "026-1", "order-item-id": "9", "purchase-date": "2024-01-02T03:04:05+00:00", "buyer-email": "x1@marketplace.amazon.co.uk",
         "sku": "A1", "product-name": "Lamp", "quantity-purchased": "1", "currency": "CNY", "item-price": "20.00",
         "item-promotion-discount": "-2.00", "shipping-price": "3.00", "item-tax": "1.00"},
        delimiter="\t",
    )  # fmt: skip
    woo = (
        "Order Number,Order Status,Order Date,Email (Billing),Order Total Amount,Order Refund Amount,SKU,Item Name,Quantity (- Refund),Item Cost\n"
        "31,Completed,2024-01-02 10:00,w@shop.cn,30.00,4.00,W1,Cup,1,10.00\n31,Completed,2024-01-02 10:00,w@shop.cn,30.00,4.00,W2,Pot,2,10.00\n"
    )
    for name, content, preset in (
        ("jd.csv", jd.encode("gb18030"), "jd_orders"),
        ("a.txt", amazon, "amazon_orders"),
        ("w.csv", woo, "woocommerce_orders"),
    ):
        assert load(write(name, content), desk).mapping == preset
    assert held("orders", "order_id", "items_minor", "shipping_minor", "tax_minor", "total_minor", "status") == [
        {"order_id": "026-1", "items_minor": 1800, "shipping_minor": 300, "tax_minor": 100, "total_minor": 2200, "status": "paid"},
        {"order_id": "31", "items_minor": 3000, "shipping_minor": None, "tax_minor": None, "total_minor": 3000, "status": "completed"},
        {"order_id": "7001", "items_minor": 9000, "shipping_minor": 500, "tax_minor": None, "total_minor": 9500, "status": "completed"},
    ]  # fmt: skip
    assert held("refunds", "order_id", "amount_minor") == [{"order_id": "31", "amount_minor": 400}]


def test_orders_without_an_id_are_told_apart(desk, write, load, held) -> None:
    rows = "customer_id date number_of_cds dollar_value\n00001 19970101 1 11.77\n00001 19970101 2 5.00\n00002 19970112 1 12.00\n"
    report = load(write("cdnow.txt", rows), replace(desk, currency="USD"))
    assert report.mapping == "cdnow"
    assert [row["order_id"] for row in held("orders", "order_id")] == [
        "00001-19961231160000-1",
        "00001-19961231160000-2",
        "00002-19970111160000-1",
    ]
    # A later export that overlaps: the same orders again, whatever the order of its rows.
    again = load(
        write("later.txt", rows.replace("1 11.77\n00001 19970101 2 5.00", "2 5.00\n00001 19970101 1 11.77")),
        replace(desk, currency="USD"),
    )
    assert (again.books.n_stored, again.books.n_duplicate) == (0, 3)


def test_events_of_a_clickstream(desk, write, load, held) -> None:
    rows = (
        "event_time,event_type,product_id,category_id,category_code,brand,price,user_id,user_session\n"
        "2019-10-01 00:00:00 UTC,view,p1,2,electronics.phone,acme,10.00,u1,s1\n"
        "2019-10-01 00:00:00 UTC,view,p1,2,electronics.phone,acme,10.00,u1,s1\n"
        "2019-10-01 00:00:01 UTC,cart,p1,2,electronics.phone,acme,10.00,u1,s1\n"
    )
    report = load(write("events.csv", rows), replace(desk, currency="USD"))
    assert report.books.n_stored == 3
    assert held("events", "name", "occurred_at", "properties")[0] == {
        "name": "Product Added",
        "occurred_at": datetime(2019, 10, 1, 0, 0, 1),
        "properties": '{"price": "10.00", "category": "electronics.phone"}',
    }
    again = load(
        write("more.csv", rows + "2019-10-02 00:00:00 UTC,view,p1,2,x,acme,10.00,u1,s1\n"),
        replace(desk, currency="USD"),
    )
    assert (again.books.n_stored, again.books.n_duplicate) == (1, 3)


@pytest.mark.parametrize("has_rates", [False, True])
def test_other_currencies_need_a_rate_of_their_day(desk, write, load, held, has_rates) -> None:
    rows = "order_id,customer_id,date,total,currency\n1,a,2024-01-05,10.00,CNY\n2,a,2024-01-05,10.00,EUR\n3,a,2024-02-05,10.00,EUR\n4,a,2023-01-05,10.00,EUR\n"
    spans = {
        "currency": ["EUR", "EUR"],
        "since_on": ["2024-01-01", "2024-02-01"],
        "until_on": ["2024-02-01", "9999-12-31"],
        "rate": ["7.8", "7.755"],
    }
    rates = ibis.memtable(spans).cast({"since_on": "date", "until_on": "date", "rate": "decimal(18, 8)"})
    report = load(write("orders.csv", rows), replace(desk, rates=rates if has_rates else None))
    assert report.reasons == {"no_rate": 1 if has_rates else 3}
    totals = {row["order_id"]: row["total_minor"] for row in held("orders", "order_id", "total_minor")}
    assert totals == ({"1": 1000, "2": 7800, "3": 7755} if has_rates else {"1": 1000})
