"""Mappings: the usual exports of shops work as they are, and a malformed mapping says why."""

from pathlib import Path
from typing import Any

import pytest

from infra.failure import Failure
from infra.operate.importing.mapping import (
    Mapping,
    built_in_mappings,
    in_zone,
    load_mapping,
    with_settings,
)
from tests.unit.import_files import contents, problems, read, write_file

SETTINGS = {
    "studio_id": "st_1",
    "rev_share_amount": "15 %",
    "stripe_fee_amount": "2.9 % + 0.30",
}

# As the shops write them: the order's columns are on its first row, or on each.
SHOPIFY = """\
Name,Email,Financial Status,Paid at,Fulfillment Status,Fulfilled at,Accepts Marketing,Currency,\
Subtotal,Shipping,Taxes,Total,Discount Code,Discount Amount,Shipping Method,Created at,\
Lineitem quantity,Lineitem name,Lineitem price,Lineitem compare at price,Lineitem sku,\
Billing Name,Payment Method,Payment Reference
#1001,ana@mail.example,paid,2026-09-03 10:15:00 -0400,fulfilled,,no,USD,\
47.00,6.00,3.29,56.29,FALL5,5.00,Standard,2026-09-03 10:14:00 -0400,\
2,8x10 Print,16.00,,PRT-810,Ana Ruiz,Stripe,ch_1
#1001,ana@mail.example,,,,,,,,,,,,,,,1,Mug,20.00,,,,,
"""
SQUARESPACE = """\
Order ID,Email,Financial Status,Paid at,Fulfillment Status,Fulfilled at,Currency,Subtotal,\
Shipping,Taxes,Amount Refunded,Total,Discount Code,Discount Amount,Shipping Method,Created at,\
Lineitem quantity,Lineitem name,Lineitem price,Lineitem sku,Lineitem variant,Billing Name,\
Payment Method,Payment Reference
00012,ana@mail.example,PAID,2026-07-25 21:06:12 -0400,PENDING,,USD,20.00,10.00,0.00,0.00,30.00,,\
0.00,Flat rate,2026-07-25 21:06:12 -0400,1,8x10 Print,20.00,SQ0509144,Matte,Ana Ruiz,Stripe,ch_1
"""
WOOCOMMERCE = """\
order_id,order_number,order_date,status,shipping_total,shipping_tax_total,fee_total,fee_tax_total,\
tax_total,order_total,order_currency,billing_first_name,billing_last_name,billing_email,item_name,\
item_sku,item_quantity,item_subtotal,item_total,item_total_tax,transaction_id
31,31,2026-09-03 10:14:00,completed,6.00,0.48,1.00,0.08,3.68,51.16,EUR,Ana,Ruiz,\
ana@mail.example,8x10 Print,PRT-810,3,20.00,18.00,1.44,ch_1
31,31,2026-09-03 10:14:00,completed,6.00,0.48,1.00,0.08,3.68,51.16,EUR,Ana,Ruiz,\
ana@mail.example,Mug,,1,22.37,22.37,1.79,ch_1
"""
STRIPE = """\
id,Created date (UTC),Amount,Amount Refunded,Currency,Captured,Fee,Status,Description,\
Customer Email,Customer Description,PaymentIntent ID,order_id (metadata)
ch_1,2026-06-05 20:38:34,31.25,0.00,usd,true,1.21,Paid,Spring prints,ana@mail.example,,pi_1,A-77
"""


def mapped(name: str, settings: dict[str, str] | None = None) -> Mapping:
    return with_settings("orders", load_mapping("orders", name), settings or SETTINGS)


def order_of(folder: Path, text: str, mapping: Mapping) -> dict[str, Any]:
    (order,) = contents(read(write_file(folder, text), mapping=mapping))
    return order


def test_shopifys_export_is_read_as_it_is(tmp_path: Path) -> None:
    order = order_of(tmp_path, SHOPIFY, mapped("shopify"))
    assert (order["order_id"], order["placed_at"]) == ("1001", "2026-09-03T10:14:00-04:00")
    assert (order["total_amount"], order["rev_share_amount"]) == (5629, 844)
    assert order["stripe_fee_amount"] == 193
    assert order["fulfillment"]["status"] == "shipped"
    assert order["stripe"]["charge_id"] == "ch_1"
    first, second = order["line_items"]
    # The order's discount and tax are shared out by 32.00 and 20.00.
    assert (first["discount_amount"], second["discount_amount"]) == (308, 192)
    assert first["tax_amount"] + second["tax_amount"] == 329
    assert (second["line_id"], second["sku"]) == ("li_2", "none")


def test_squarespaces_export_is_read_as_it_is(tmp_path: Path) -> None:
    order = order_of(tmp_path, SQUARESPACE, mapped("squarespace"))
    assert (order["order_id"], order["total_amount"]) == ("00012", 3000)
    assert order["fulfillment"]["status"] == "queued"
    assert order["parent"] == {"name": "Ana Ruiz", "email": "ana@mail.example"}


def test_woocommerces_export_needs_the_shops_zone(tmp_path: Path) -> None:
    mapping = mapped("woocommerce")
    path = write_file(tmp_path, WOOCOMMERCE)
    assert "--timezone" in problems(read(path, mapping=mapping))[0]
    order = order_of(tmp_path, WOOCOMMERCE, in_zone(mapping, "Europe/Oslo"))
    assert order["placed_at"] == "2026-09-03T10:14:00+02:00"
    first = order["line_items"][0]
    # Three for 20.00 are 6.67 each. The cent too many and the coupon are the discount.
    assert (first["unit_amount"], first["discount_amount"], first["tax_amount"]) == (667, 201, 144)
    assert (order["shipping_amount"], order["shipping_tax_amount"]) == (700, 56)
    assert order["parent"]["name"] == "Ana Ruiz"


def test_stripes_own_export_gives_orders_of_one_line(tmp_path: Path) -> None:
    settings = {"studio_id": "st_1", "rev_share_amount": "15 %"}
    order = order_of(tmp_path, STRIPE, mapped("stripe", settings))
    assert (order["order_id"], order["total_amount"]) == ("A-77", 3125)
    assert (order["rev_share_amount"], order["stripe_fee_amount"]) == (469, 121)
    assert order["parent"]["name"] == "ana@mail.example"
    assert order["stripe"] == {
        "charge_id": "ch_1",
        "payment_intent_id": "pi_1",
        "account_id": None,
        "application_fee_id": None,
    }


@pytest.mark.parametrize("name", built_in_mappings())
def test_a_shop_mapping_says_which_fields_the_export_lacks(tmp_path: Path, name: str) -> None:
    mapping = load_mapping("orders", name)
    columns = dict.fromkeys(
        column for source in mapping.fields.values() for column in source.columns
    )
    path = write_file(tmp_path, ",".join(columns) + "\n")
    with pytest.raises(Failure, match=r"nothing says what these fields are: studio_id, rev_share"):
        read(path, mapping=mapping)


def test_an_export_of_another_shop_is_refused_by_the_missing_column(tmp_path: Path) -> None:
    path = write_file(tmp_path, SHOPIFY)
    with pytest.raises(Failure, match=r"no column 'Order ID' for order_id. Is it the right"):
        read(path, mapping=mapped("squarespace"))


@pytest.mark.parametrize(
    ("toml", "reason"),
    [
        ("fields = [", "is not TOML"),
        ("[field]", "field: "),
        ("is_template = true", "is_template is not a setting"),
        ('[fields]\norder = "Order"', "order is not a field of orders. The fields are order_id"),
        ('[fields]\nsku = { column = "A", value = "B" }', "give exactly one of"),
        ("[fields]\nsku = {}", "give exactly one of"),
        ('[fields]\nsku = { share = "15 %" }', "sku cannot be a share"),
        ('[fields]\nunit_amount = { share = "15 %" }', "unit_amount cannot be a share"),
        ('[fields]\nsku = { sum = ["A", "B"] }', "sku cannot be a sum"),
        ('[amounts]\nunit = "cents"', "amounts.unit"),
        ('[amounts]\ndecimal = ","\nthousands = ","', "must differ"),
        ('[dates]\ntimezone = "Lakeside"', "not an IANA time zone"),
    ],
)
def test_a_malformed_mapping_is_refused_with_its_entry(
    tmp_path: Path, toml: str, reason: str
) -> None:
    path = write_file(tmp_path, toml, "shop.toml")
    with pytest.raises(Failure) as refused:
        load_mapping("orders", str(path))
    assert reason in str(refused.value)


def test_a_mapping_that_does_not_exist_names_the_built_in_ones() -> None:
    with pytest.raises(Failure, match=r"no mapping etsy.* shopify, squarespace, stripe"):
        load_mapping("orders", "etsy")
    with pytest.raises(Failure, match="for orders"):
        load_mapping("studios", "shopify")


def test_a_setting_of_an_unknown_field_or_zone_is_refused() -> None:
    mapping = load_mapping("orders", "shopify")
    with pytest.raises(Failure, match="--set: studio is not a field"):
        with_settings("orders", mapping, {"studio": "st_1"})
    with pytest.raises(Failure, match="Lakeside is not an IANA time zone"):
        in_zone(mapping, "Lakeside")


def test_words_defaults_and_columns_of_ones_own(tmp_path: Path) -> None:
    toml = """
        [amounts]
        unit = "major"
        decimal = ","
        thousands = "."
        [dates]
        format = "%d.%m.%Y"
        timezone = "Europe/Berlin"
        [fields]
        order_id = { column = "Bestellung", strip = "#/" }
        studio_id = { value = "st_1" }
        placed_at = "Datum"
        currency = { value = "eur" }
        parent_name = { join = ["Vorname", "Name"] }
        product = "Artikel"
        sku = { column = "Nummer", default = "none" }
        quantity = "Menge"
        line_total_amount = "Summe"
        unit_amount = "Preis"
        total_amount = "Betrag"
        rev_share_amount = { share = "10 %" }
        stripe_fee_amount = { share = "1.5 % + 0,25" }
        charge_id = "Zahlung"
        fulfillment_status = { column = "Status", words = { Versandt = "shipped" } }
    """
    mapping = load_mapping("orders", str(write_file(tmp_path, toml, "shop.toml")))
    text = (
        "Bestellung;Datum;Vorname;Name;Artikel;Nummer;Menge;Preis;Summe;Betrag;Zahlung;Status\n"
        "#77/;20.09.2026;Ana;Ruiz;Foto;;2;600,00 €;1.150,00 €;1.150,00 €;ch_1;VERSANDT\n"
    )
    order = order_of(tmp_path, text, mapping)
    assert (order["order_id"], order["placed_at"]) == ("77", "2026-09-20T00:00:00+02:00")
    assert (order["total_amount"], order["rev_share_amount"]) == (115000, 11500)
    assert order["stripe_fee_amount"] == 1750
    assert order["line_items"][0]["discount_amount"] == 5000
    assert order["fulfillment"]["status"] == "shipped"
