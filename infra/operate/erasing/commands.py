"""``erase`` and ``personal-data``: what is stored about parents and subjects, see docs/privacy.md.

The AWS credentials of the environment must be an administrator's.
"""

from collections.abc import Iterator
from dataclasses import asdict
from typing import Annotated, Any

import typer

from infra.failure import Failure
from infra.operate.erasing.choose import Choice, choice
from infra.operate.erasing.erase import ErasePeople
from infra.operate.erasing.people import OrderPeople
from infra.operate.options import AsJson, By, StackName, Why
from infra.operate.output import print_json, print_line, print_table, progress
from infra.operate.stack import OperatedStack, find_stack
from shared.domain.fulfillment import PRINT_QUEUE_STATUSES
from shared.domain.mail_address import mail_address
from shared.gateways.mail import Mail
from shared.gateways.studio_directory import StudioDirectory

OneStudio = Annotated[
    str | None,
    typer.Option("--studio", metavar="ID", help="The studio. Only --older-than works without it."),
]
OneOrder = Annotated[str | None, typer.Option("--order", metavar="ID", help="One order.")]
Email = Annotated[
    str | None,
    typer.Option("--email", metavar="ADDRESS", help="All orders of the parent with this address."),
]
SubjectName = Annotated[
    str | None,
    typer.Option("--subject", metavar="NAME", help="All orders of this subject, by name or id."),
]

_PAGE = 100

_STAYS = (
    ("amounts, products, refunds, disputes, prints", "the books must explain them; no names"),
    ("the ledger and its anchors", "they hold ids and amounts; no names"),
    ("ids of orders, subjects, charges and users", "records refer to each other by them"),
    ("the charge at Stripe", "Stripe keeps it for itself; redact it in Stripe"),
    ("DynamoDB's backups of the last 35 days", "they expire; a restore erases the orders again"),
)


def erase(  # noqa: PLR0913  # its options
    *,
    by: By,
    why: Why,
    studio: OneStudio = None,
    order: OneOrder = None,
    email: Email = None,
    subject: SubjectName = None,
    older_than: Annotated[
        str | None,
        typer.Option(
            "--older-than", metavar="AGE", help="All orders placed longer ago, such as 7y."
        ),
    ] = None,
    yes: Annotated[
        bool, typer.Option("--yes", help="Erase it. Without it, only show what would be erased.")
    ] = False,
    stack: StackName = None,
    as_json: AsJson = False,
) -> None:
    """Erase what is stored about the people of orders. Nothing brings it back.

    Without --yes it shows what would be erased, and what stays and why. What was interrupted
    before is carried on.
    """
    chosen = choice(order, email, subject, older_than)
    operated = find_stack(stack)
    use_case = ErasePeople.on(operated)
    found = use_case.find(_studios(operated, studio, chosen), chosen)
    unfinished = use_case.unfinished()
    keys = list(dict.fromkeys([*unfinished, *(each.imported.key for each in found)]))
    if not keys:
        raise Failure("There is no such order, so nothing is erased.")
    if not as_json:
        _print_preview(use_case, found, len(unfinished))
    if not yes:
        if as_json:
            print_json({"erased": 0, "would_erase": [asdict(each) for each in keys]})
        else:
            print_line("\nNothing was erased. Run it again with --yes to erase it.")
        return
    with progress.stage("erase") as stage:
        done = use_case(
            keys,
            by=by,
            why=why,
            chosen_by=chosen.kind,
            on_order=lambda key: stage.progress(key.order_id),
        )
        stage.result = f"{done} orders"
    if as_json:
        print_json({"erased": done, "orders": [asdict(each) for each in keys]})
    else:
        print_line(f"Erased the people of {done} orders.")


def personal_data(
    studio: Annotated[str, typer.Option("--studio", metavar="ID", help="The studio's id.")],
    *,
    order: OneOrder = None,
    email: Email = None,
    subject: SubjectName = None,
    stack: StackName = None,
) -> None:
    """Print what is stored about one person, as JSON."""
    chosen = choice(order, email, subject)
    operated = find_stack(stack)
    use_case = ErasePeople.on(operated)
    found = use_case.find([studio], chosen)
    if not found:
        raise Failure("There is no such order.")
    files = list(use_case.export_files(studio))
    addresses = {mail_address(each.imported.parent.email or "") for each in found}
    mail = Mail(operated.aws.mail, operated.aws.mail)
    print_json(
        {
            "studio_id": studio,
            "orders": [_order(each) for each in found],
            "export_files_that_may_name_them": files,
            "addresses_that_get_no_mail": sorted(
                each for each in addresses if each and mail.suppression(each)
            ),
        }
    )


def _studios(stack: OperatedStack, studio: str | None, chosen: Choice) -> Iterator[str]:
    """Yield the studios to look at.

    Raises:
        Failure: No studio is named, and the choice needs one.
    """
    if studio is not None:
        yield studio
        return
    if chosen.older_than_years is None:
        raise Failure("Name the studio with --studio.")
    directory = StudioDirectory(stack.aws.dynamodb, stack.output("OrdersTableName"))
    place = None
    while True:
        page = directory.page("", _PAGE, place)
        yield from (each.studio_id for each in page.studios)
        place = page.last_place
        if place is None:
            return


def _print_preview(use_case: ErasePeople, found: list[OrderPeople], unfinished: int) -> None:
    if unfinished:
        print_line(f"{unfinished} orders were interrupted before. They are carried on.")
    studios = sorted({each.imported.studio_id for each in found})
    files = sum(1 for studio in studios for _ in use_case.export_files(studio))
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


def _order(each: OrderPeople) -> dict[str, Any]:
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
