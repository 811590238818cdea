"""Letters about a refund, and a reader that takes their HTML apart as a mail program does."""

from dataclasses import replace
from html.parser import HTMLParser
from typing import Any

from functions.send_message.compose_message import Draft, compose
from shared.domain.imported_order import ChargeIds, ImportedOrder, Parent, Product
from shared.domain.message_template import Template
from shared.domain.order import OrderState
from shared.domain.record_source import RecordSource
from shared.domain.refund import HistoryEntry, Refund, RefundStatus, RefundType
from shared.gateways.orders_table import OrderRecord

from .studios import LAKESIDE

ORDER = ImportedOrder(
    order_id="ord_1",
    studio_id="st_1",
    placed_at="2026-10-14T17:04:00Z",
    currency="usd",
    parent=Parent("Dana Whitfield", "dana@mail.example"),
    subjects=(),
    photo_day=None,
    products=(
        Product("li_1", "8x10 Print", "PRT", 2, 50_000, 0, 0),
        Product("li_2", "Class photo", "CLS", 1, 1500, 0, 0),
    ),
    shipping_amount=1000,
    shipping_tax_amount=0,
    total_amount=102_500,
    rev_share_amount=0,
    stripe_fee_amount=320,
    charge=ChargeIds("ch_1"),
)


def record_of(refund: Refund, **changes: Any) -> OrderRecord:  # noqa: ANN401  # an order's fields
    """Return the order, with changes and one refund."""
    imported = replace(ORDER, currency=refund.currency, **changes)
    state = OrderState("ord_1", "st_1", refund.currency, imported.total_amount, 0, 320)
    return OrderRecord(imported, state, {refund.refund_id: refund})


def refund_of(
    kind: RefundType = RefundType.FULL,
    amount: int = 102_500,
    status: RefundStatus = RefundStatus.PENDING,
    **changes: Any,  # noqa: ANN401  # a refund's fields
) -> Refund:
    """Return a refund that was requested on 20 October, 17:04 UTC."""
    at = "2026-10-20T17:04:00.000Z"
    path = [RefundStatus.REQUESTED, RefundStatus.PENDING]
    if status in {RefundStatus.SUCCEEDED, RefundStatus.SETTLED}:
        path += [RefundStatus.SUCCEEDED]
    refund = Refund(
        refund_id="rf_1",
        order_id="ord_1",
        studio_id="st_1",
        type=kind,
        status=status,
        amount=amount,
        currency="usd",
        charge_id="ch_1",
        requested_by="owner",
        requested_at=at,
        source=RecordSource.API,
        correlation_id="c",
        history=tuple(HistoryEntry(each, at, "x") for each in (*path, status)),
    )
    return replace(refund, **changes)


def confirmation(refund: Refund, **changes: Any) -> Draft:  # noqa: ANN401  # an import record's fields
    """Compose the letter that confirms a refund."""
    return compose(record_of(refund, **changes), LAKESIDE, Template.REFUND_CONFIRMATION, "rf_1")


def failure(refund: Refund) -> Draft:
    """Compose the letter about a failed refund."""
    return compose(record_of(refund), LAKESIDE, Template.REFUND_FAILED, "rf_1")


class HtmlReader(HTMLParser):
    """Collects the tags, attributes and readable text of HTML, as a mail program sees them.

    The header has the studio's name, which the text of the letter does not repeat.
    """

    def __init__(self) -> None:
        super().__init__()
        self._inside = ""
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str | None]] = []
        self.read: list[str] = []
        self.header = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._inside = tag
        self.tags.append(tag)
        self.attributes += attrs

    def handle_endtag(self, tag: str) -> None:
        self._inside = "" if tag == self._inside else self._inside

    def handle_data(self, data: str) -> None:
        if self._inside == "header":
            self.header += data
        elif self._inside != "style":
            self.read.append(data)


def read(html: str) -> HtmlReader:
    """Read HTML to its end."""
    reader = HtmlReader()
    reader.feed(html)
    return reader


def words(text: str) -> list[str]:
    """Return the words of a text, without the marks of its lists and the colons before amounts."""
    return text.replace("\n- ", "\n").replace(":", "").split()


# What every page has once, and its attributes. A letter adds others.
LAYOUT = ["html", "head", "meta", "meta", "meta", "meta", "style", "body", "div", "header"]
LAYOUT_ATTRIBUTES = [
    ("lang", "en"),
    ("charset", "utf-8"),
    ("name", "viewport"),
    ("content", "width=device-width"),
    ("name", "color-scheme"),
    ("content", "light dark"),
    ("name", "supported-color-schemes"),
    ("content", "light dark"),
    ("class", "letter"),
]
