"""The report's bodies. Amounts in minor units, times RFC 3339 in UTC."""

from pydantic import BaseModel, Field

from shared.gateways.exports import ExportStatus


class RowView(BaseModel):
    """A refund, or its late failure as a row of its own with all signs reversed.

    `refunded_amount` went to the parent; `rev_share_adjustment_amount` is the share that came back
    to the studio for it; `net_deduction_amount`, negative, is what the studio bears. For an open
    refund the effects are estimates. For a failed one `refunded_amount` did not reach the parent,
    and the effects are 0. Names are null or missing where they were erased.
    """

    settled_at: str | None
    requested_at: str | None
    failed_at: str | None
    refund_id: str
    order_id: str
    parent_name: str | None
    subject_names: list[str]
    type: str | None
    reason: str | None
    status: str
    currency: str
    original_amount: int | None
    refunded_amount: int
    rev_share_adjustment_amount: int
    stripe_fee_retained_amount: int
    net_deduction_amount: int
    tax_refunded_amount: int
    processed_by: str | None
    stripe_refund_id: str | None
    source: str | None


class TotalsView(BaseModel):
    """The sums of all rows, those of the other pages included."""

    count: int
    currency: str
    refunded_amount: int
    rev_share_adjustment_amount: int
    stripe_fee_retained_amount: int
    net_deduction_amount: int
    tax_refunded_amount: int


class ReportView(BaseModel):
    """A page of the report, with the totals of all.

    `from` and `to` are days in the studio's time zone, both included.
    """

    from_day: str = Field(serialization_alias="from")
    to_day: str = Field(serialization_alias="to")
    items: list[RowView]
    next_cursor: str | None
    totals: TotalsView


class ExportView(BaseModel):
    """A report that is written to a file on the side.

    `url` is a path to ask again while it is running; once it is ready, it is where the file can be
    fetched for five minutes; null if it failed.
    """

    export_id: str
    status: ExportStatus
    url: str | None
