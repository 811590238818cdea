"""Any order, written as rows of the template and read back, is the same JSON line."""

import json
import tempfile
from pathlib import Path
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from functions.import_orders.bodies import OrderBody, StudioBody
from infra.operate.importing.fields import STUDIO_FIELDS
from shared.domain.money import SUPPORTED_CURRENCIES
from tests.unit.import_files import contents, csv_text, read, template_rows, write_file

ids = st.from_regex(r"[A-Za-z0-9_-]{1,20}", fullmatch=True)
stripe_ids = st.from_regex(r"(ch|py|acct|fee)_[A-Za-z0-9_]{1,20}", fullmatch=True)
# Letters, marks, quotes, separators and spaces at the ends. Control characters are refused.
names = st.text(
    st.characters(categories=("L", "N", "P", "S", "Zs"), exclude_characters="\u2028\u2029"),
    min_size=1,
    max_size=30,
).filter(str.strip)
amounts = st.integers(0, 5_000)


@st.composite
def orders(draw: st.DrawFn) -> dict[str, Any]:
    """Draw an order whose amounts add up. Each subject is on a line, in the lines' order."""
    subjects: dict[str, str] = draw(st.dictionaries(ids, names, min_size=1, max_size=3))
    lines: list[dict[str, Any]] = []
    line_ids = draw(st.lists(ids.filter(lambda each: each != "shipping"), min_size=1, unique=True))
    for line_id in line_ids:
        quantity, unit = draw(st.integers(1, 5)), draw(amounts)
        line: dict[str, Any] = {
            "line_id": line_id,
            "product": draw(names),
            "sku": draw(names),
            "quantity": quantity,
            "unit_amount": unit,
            "tax_amount": draw(amounts),
            "discount_amount": draw(st.integers(0, quantity * unit)),
            "subject_id": draw(st.sampled_from([None, *subjects])),
        }
        lines.append(line)
    used = dict.fromkeys(line["subject_id"] for line in lines if line["subject_id"] is not None)
    shipping, shipping_tax = draw(amounts), draw(amounts)
    total = shipping + shipping_tax
    for line in lines:
        total += line["quantity"] * line["unit_amount"]
        total += line["tax_amount"] - line["discount_amount"]
    account_id = draw(st.none() | stripe_ids) if total else None
    return {
        "order_id": draw(ids),
        "studio_id": draw(ids),
        "placed_at": draw(st.sampled_from(["2026-09-20T17:10:00Z", "2026-01-02T03:04:05.6-05:00"])),
        "currency": draw(st.sampled_from(sorted(SUPPORTED_CURRENCIES))),
        "parent": {"name": draw(names), "email": draw(st.sampled_from([None, "a.b@mail.example"]))},
        "subjects": [{"subject_id": each, "name": subjects[each]} for each in used],
        "photo_day": draw(st.none() | st.fixed_dictionaries({"photo_day_id": ids, "name": names})),
        "line_items": lines,
        "shipping_amount": shipping,
        "shipping_tax_amount": shipping_tax,
        "total_amount": total,
        "rev_share_amount": draw(st.integers(0, total)),
        "stripe_fee_amount": draw(st.integers(0, total)),
        "stripe": {
            "charge_id": draw(stripe_ids) if total else None,
            "payment_intent_id": draw(st.none() | stripe_ids),
            "account_id": account_id,
            "application_fee_id": draw(stripe_ids) if account_id else None,
        },
        "fulfillment": {
            "status": draw(st.sampled_from(["none", "queued", "claimed", "printed", "shipped"])),
            "claimed_by": draw(st.none() | names),
        },
    }


@given(orders(), st.sampled_from(",;\t"), st.sampled_from(["utf-8", "utf-8-sig", "utf-16"]))
def test_an_order_comes_back_from_rows_of_the_template(
    order: dict[str, Any], separator: str, encoding: str
) -> None:
    expected = OrderBody.model_validate(order).model_dump()
    with tempfile.TemporaryDirectory() as folder:
        text = csv_text(template_rows(order), separator)
        path = write_file(Path(folder), text.encode(encoding))
        (content,) = contents(read(path))
    assert OrderBody.model_validate(content).model_dump() == expected
    # A row has no room for the parts of a tax.
    written = OrderBody.model_validate(order).model_dump_json(
        exclude={"shipping_taxes": True, "line_items": {"__all__": {"taxes"}}}
    )
    assert content == json.loads(written)


@given(
    st.fixed_dictionaries(
        {
            "studio_id": ids,
            "name": names,
            "timezone": st.sampled_from(["UTC", "Asia/Tokyo"]),
            "currency": st.sampled_from(["usd", "jpy"]),
            "rev_share_bps": st.integers(0, 10_000),
            "from_address": st.just("orders@lakeside.example"),
            "negative_balance_limit": amounts,
        },
        optional={
            "stripe_account_id": stripe_ids,
            "payout_account_id": stripe_ids,
            "payout_schedule": st.fixed_dictionaries(
                {
                    "interval": st.sampled_from(["daily", "weekly", "monthly"]),
                    "weekday": st.integers(0, 6),
                }
            ),
            "on_negative_limit": st.sampled_from(["warn", "refuse"]),
            "ledger_starts_at": st.just("2026-01-01T00:00:00Z"),
            "hold_disputed": st.booleans(),
            "staff_refund_limit_amount": amounts,
            "status": st.sampled_from(["active", "closed"]),
            "locale": st.sampled_from(["en-US", "nb-NO"]),
        },
    )
)
def test_a_studio_comes_back_from_a_row_of_the_template(studio: dict[str, Any]) -> None:
    schedule = studio.get("payout_schedule", {})
    flat = studio | {f"payout_{name}": value for name, value in schedule.items()}
    row = {field.name: flat.get(field.name) for field in STUDIO_FIELDS}
    with tempfile.TemporaryDirectory() as folder:
        (content,) = contents(read(write_file(Path(folder), csv_text([row])), "studios"))
    assert content == studio
    assert StudioBody.model_validate(content) == StudioBody.model_validate(studio)
