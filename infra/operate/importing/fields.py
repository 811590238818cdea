"""The fields of a studio and of an order. They are the columns of the CSV template."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Literal

type ImportKind = Literal["studios", "orders"]
type Location = tuple[str | int, ...]


class Form(StrEnum):
    """How a cell is read."""

    TEXT = "text"
    ID = "id"
    CURRENCY = "currency"
    NUMBER = "number"
    AMOUNT = "amount"
    TIME = "time"
    YES_NO = "yes or no"


class Need(StrEnum):
    """What the file must have of a field."""

    VALUE = "value"
    COLUMN = "column"
    NOTHING = "nothing"


@dataclass(frozen=True)
class Field:
    """A field of a studio or an order.

    Attributes:
        name: Its name, which is the header of its column in the template.
        form: How its cells are read.
        location: Where the JSON line has it. A line item's is relative to the item.
        example: Its cell in the template. Empty for a field that only a mapping can name.
        need: What the file must have of it.
        of_line: Whether each line item has its own.
        in_template: Whether the template has its column.
    """

    name: str
    form: Form
    location: Location
    example: str = ""
    need: Need = Need.NOTHING
    of_line: bool = False
    in_template: bool = True


STUDIO_FIELDS = (
    Field("studio_id", Form.ID, ("studio_id",), "st_lakeside", Need.VALUE),
    Field("name", Form.TEXT, ("name",), "Lakeside School Portraits", Need.VALUE),
    Field("timezone", Form.ID, ("timezone",), "America/Chicago", Need.VALUE),
    Field("currency", Form.CURRENCY, ("currency",), "usd", Need.VALUE),
    Field("rev_share_bps", Form.NUMBER, ("rev_share_bps",), "1500", Need.VALUE),
    Field("from_address", Form.ID, ("from_address",), "orders@lakeside.example", Need.VALUE),
    Field("stripe_account_id", Form.ID, ("stripe_account_id",)),
    Field("payout_account_id", Form.ID, ("payout_account_id",), "acct_1LakesidePayout0"),
    Field("payout_interval", Form.ID, ("payout_schedule", "interval"), "weekly"),
    Field("payout_weekday", Form.NUMBER, ("payout_schedule", "weekday"), "0"),
    Field("negative_balance_limit", Form.AMOUNT, ("negative_balance_limit",), "50000", Need.VALUE),
    Field("on_negative_limit", Form.ID, ("on_negative_limit",), "warn"),
    Field("ledger_starts_at", Form.TIME, ("ledger_starts_at",)),
    Field("hold_disputed", Form.YES_NO, ("hold_disputed",), "false"),
    Field("staff_refund_limit_amount", Form.AMOUNT, ("staff_refund_limit_amount",)),
    Field("status", Form.ID, ("status",), "active"),
    Field("locale", Form.ID, ("locale",), "en-US"),
)

_ORDER = (
    Field("order_id", Form.ID, ("order_id",), "ord_1001", Need.VALUE),
    Field("studio_id", Form.ID, ("studio_id",), "st_lakeside", Need.VALUE),
    Field("placed_at", Form.TIME, ("placed_at",), "2026-10-02T15:24:00Z", Need.VALUE),
    Field("currency", Form.CURRENCY, ("currency",), "usd", Need.VALUE),
    Field("parent_name", Form.TEXT, ("parent", "name"), "Grace Okafor", Need.VALUE),
    Field("parent_email", Form.ID, ("parent", "email"), "grace.okafor@mail.example"),
    Field("photo_day_id", Form.ID, ("photo_day", "photo_day_id"), "pd_harbor_2026"),
    Field("photo_day_name", Form.TEXT, ("photo_day", "name"), "Harbor Elementary Fall 2026"),
)
_ORDER_LINE = (
    Field("line_id", Form.ID, ("line_id",), "li_1", of_line=True),
    Field("product", Form.TEXT, ("product",), "5x7 Print", Need.VALUE, of_line=True),
    Field("sku", Form.TEXT, ("sku",), "PRT-57", Need.VALUE, of_line=True),
    Field("quantity", Form.NUMBER, ("quantity",), "3", Need.VALUE, of_line=True),
    Field("unit_amount", Form.AMOUNT, ("unit_amount",), "1200", of_line=True),
    Field("discount_amount", Form.AMOUNT, ("discount_amount",), "100", of_line=True),
    Field("tax_amount", Form.AMOUNT, ("tax_amount",), "280", of_line=True),
    Field("subject_id", Form.ID, ("subject_id",), "sub_ada", of_line=True),
    Field("subject_name", Form.TEXT, ("subject_name",), "Ada Okafor", of_line=True),
)
_ORDER_MONEY = (
    Field("shipping_amount", Form.AMOUNT, ("shipping_amount",), "795"),
    Field("shipping_tax_amount", Form.AMOUNT, ("shipping_tax_amount",), "50"),
    Field("total_amount", Form.AMOUNT, ("total_amount",), "4625", Need.VALUE),
    Field("rev_share_amount", Form.AMOUNT, ("rev_share_amount",), "694", Need.VALUE),
    Field("stripe_fee_amount", Form.AMOUNT, ("stripe_fee_amount",), "164", Need.VALUE),
    Field("charge_id", Form.ID, ("stripe", "charge_id"), "ch_3Example1001", Need.COLUMN),
    Field("payment_intent_id", Form.ID, ("stripe", "payment_intent_id"), "pi_3Example1001"),
    Field("account_id", Form.ID, ("stripe", "account_id")),
    Field("application_fee_id", Form.ID, ("stripe", "application_fee_id")),
    Field("fulfillment_status", Form.ID, ("fulfillment", "status"), "queued"),
    Field("fulfillment_claimed_by", Form.TEXT, ("fulfillment", "claimed_by")),
)
# What shops export in place of a line's unit price, discount and tax. Only a mapping names them.
_ORDER_SUMS = (
    Field("line_subtotal_amount", Form.AMOUNT, (), of_line=True, in_template=False),
    Field("line_total_amount", Form.AMOUNT, (), of_line=True, in_template=False),
    Field("order_discount_amount", Form.AMOUNT, (), in_template=False),
    Field("order_tax_amount", Form.AMOUNT, (), in_template=False),
)
ORDER_FIELDS = (*_ORDER, *_ORDER_LINE, *_ORDER_MONEY, *_ORDER_SUMS)


def fields_of(kind: ImportKind) -> Mapping[str, Field]:
    """Return the fields of a studio or an order by name, in the template's order."""
    fields = STUDIO_FIELDS if kind == "studios" else ORDER_FIELDS
    return {field.name: field for field in fields}
