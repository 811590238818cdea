"""Import records for the tests, as a studio's shop would send them."""

from typing import Any

type Record = dict[str, Any]


def line_record(line_id: str, quantity: int, unit: int, **changes: Any) -> Record:  # noqa: ANN401  # an import record's fields
    """Return a line of an order: so many prints at so many minor units each, with changes."""
    return {
        "line_id": line_id,
        "product": "Print",
        "sku": "PRT",
        "quantity": quantity,
        "unit_amount": unit,
        "discount_amount": 0,
        "tax_amount": 0,
        "subject_id": "sub_1",
    } | changes


def order_record(
    name: str,
    studio_id: str,
    *lines: Record,
    account_id: str | None = None,
    **changes: Any,  # noqa: ANN401  # an import record's fields
) -> Record:
    """Return an order of 10000 minor units, 1500 of them rev share, with changes.

    Args:
        name: The part of the ids of the order, charge and fee after their prefix.
        studio_id: The studio's id.
        lines: The ordered lines; by default four prints at 2500.
        account_id: The account of a direct charge, or None for a platform charge.
        changes: Fields with other values.
    """
    return {
        "order_id": f"ord_{name}",
        "studio_id": studio_id,
        "placed_at": "2026-10-20T17:10:00Z",
        "currency": "usd",
        "parent": {"name": "Wilhelmina Testparent", "email": "wilhelmina@mail.example"},
        "subjects": [{"subject_id": "sub_1", "name": "Bartholomew Testparent"}],
        "photo_day": {"photo_day_id": "pd_1", "name": "Fall"},
        "line_items": list(lines) or [line_record("li_1", 4, 2500)],
        "shipping_amount": 0,
        "shipping_tax_amount": 0,
        "total_amount": 10000,
        "rev_share_amount": 1500,
        "stripe_fee_amount": 320,
        "stripe": {
            "charge_id": f"ch_{name}",
            "payment_intent_id": f"pi_{name}",
            "account_id": account_id,
            "application_fee_id": f"fee_{name}" if account_id else None,
        },
        "fulfillment": {"status": "none", "claimed_by": None},
    } | changes


# As long as the ids of real shops.
SCHOOL_LINE_IDS = [f"5e0c7b1a-9d42-4f7e-8a35-{number:012d}" for number in range(1_000)]
SCHOOL_TOTAL = 2_500 * len(SCHOOL_LINE_IDS)


def school_order_changes() -> Record:
    """Return the changes that make an order one of a whole school: 1,000 lines and subjects."""
    lines = [
        line_record(
            line_id,
            1,
            2_300,
            product="Spring Portrait Package with Class Photo, 8x10",
            sku="SPRING-PKG-8X10-GLOSSY",
            tax_amount=200,
            subject_id=f"sub-{line_id}",
        )
        for line_id in SCHOOL_LINE_IDS
    ]
    subjects = [
        {"subject_id": f"sub-{line_id}", "name": f"Bartholomew Featherstone {number}"}
        for number, line_id in enumerate(SCHOOL_LINE_IDS)
    ]
    return {
        "line_items": lines,
        "subjects": subjects,
        "total_amount": SCHOOL_TOTAL,
        "rev_share_amount": SCHOOL_TOTAL * 15 // 100,
        "stripe_fee_amount": SCHOOL_TOTAL * 29 // 1000 + 30,
        "fulfillment": {"status": "queued", "claimed_by": None},
    }
