"""What ``erase`` and ``personal-data`` show of people."""

from dataclasses import asdict
from typing import Any

from infra.operate.erasing.people import OrderPeople
from infra.operate.erasing.users import UserData
from infra.operate.output import print_line, print_table
from shared.domain.fulfillment import PRINT_QUEUE_STATUSES
from shared.domain.studio_user import erased_name

_STAYS = (
    ("amounts, products, refunds, disputes, prints", "the books must explain them; no names"),
    ("the ledger and its anchors", "they hold ids and amounts; no names"),
    ("ids of orders, subjects, charges and users", "records refer to each other by them"),
    ("the charge at Stripe", "Stripe keeps it for itself; redact it in Stripe"),
    ("DynamoDB's backups of the last 35 days", "they expire; a restore erases the orders again"),
)
_STAYS_OF_USER = (
    ("the user's id, wherever they did something", "the history says that one person did it"),
    ("notes and messages that name them", "they are about an order; erase the order's people"),
    ("DynamoDB's backups of the last 35 days", "they expire; a restore erases the user again"),
)


def print_orders(found: list[OrderPeople], files: int) -> None:
    """Print what an erasure takes of orders, and what stays and why.

    Args:
        found: The orders.
        files: How many export files may name their people.
    """
    names = sum(each.imported.erased() != each.imported for each in found)
    print_table(
        ("is erased", "how many", "afterwards"),
        (
            ("orders with names or an address", names, "the order shows no names"),
            (
                "messages",
                sum(len(each.messages_with_words) for each in found),
                "who sent one, and when, stays",
            ),
            ("notes", sum(len(each.notes) for each in found), "gone"),
            (
                "search words",
                sum(len(each.words_of_names) for each in found),
                "the order's id still finds it",
            ),
            ("export files of the studio", files, "they can be made again"),
        ),
    )
    print_table(("stays", "why"), _STAYS)
    waiting = [
        each.imported.order_id
        for each in found
        if each.state.fulfillment_status in PRINT_QUEUE_STATUSES
    ]
    if waiting:
        print_line(f"The print station still has to print {', '.join(waiting)}, without names.")


def print_user(user: UserData, files: int) -> None:
    """Print what an erasure takes of a user, and what stays and why.

    Args:
        user: The user.
        files: How many export files may name them.
    """
    instead = erased_name(user.key.studio_id, user.key.user_id)
    print_table(
        ("is erased", "how many", "afterwards"),
        (
            ("name", int(user.name is not None), f"they are called {instead}"),
            ("address", int(user.email is not None), "gone"),
            ("account in the user pool", int(user.account is not None), "gone"),
            ("export files of the studio", files, "they can be made again"),
        ),
    )
    print_table(("stays", "why"), _STAYS_OF_USER)


def user_data(user: UserData) -> dict[str, Any]:
    """Return what says who a user is, as JSON."""
    return {
        "user_id": user.key.user_id,
        "name": user.name,
        "member": user.member and asdict(user.member),
        "account": user.account and asdict(user.account),
    }


def order_data(each: OrderPeople) -> dict[str, Any]:
    """Return what is stored about the people of an order, as JSON."""
    imported = each.imported
    return {
        "order_id": imported.order_id,
        "placed_at": imported.placed_at,
        "parent": asdict(imported.parent),
        "subjects": [asdict(subject) for subject in imported.subjects],
        "photo_day": asdict(imported.photo_day) if imported.photo_day else None,
        "products": [product.product for product in imported.products],
        "currency": imported.currency,
        "total_amount": imported.total_amount,
        "charge": asdict(imported.charge),
        "refunds": [
            {
                "refund_id": refund.refund_id,
                "status": refund.status,
                "amount": refund.amount,
                "requested_at": refund.requested_at,
            }
            for refund in each.refunds
        ],
        "messages": [
            {
                "message_id": message.message_id,
                "to": message.to_address,
                "subject": message.subject,
                "text": message.text,
                "created_at": message.created_at,
                "status": message.status,
                "reports": [report.detail for report in message.reports],
            }
            for message in each.messages
        ],
        "notes": each.notes,
        "search_words": each.tokens,
    }
