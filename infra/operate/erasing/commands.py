"""``erase`` and ``personal-data``: what is stored about people, see docs/privacy.md.

The AWS credentials of the environment must be an administrator's.
"""

from collections.abc import Iterator
from dataclasses import asdict
from typing import Annotated

import typer

from infra.failure import Failure
from infra.operate.erasing.choose import Choice, choice
from infra.operate.erasing.erase import ErasePeople
from infra.operate.erasing.people import OrderPeople
from infra.operate.erasing.records import UserKey, Whom
from infra.operate.erasing.shown import order_data, print_orders, print_user, user_data
from infra.operate.erasing.user_traces import UserTraces
from infra.operate.erasing.users import UserData
from infra.operate.options import AsJson, By, StackName, Why
from infra.operate.output import print_json, print_line, progress
from infra.operate.stack import OperatedStack, find_stack
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
OneUser = Annotated[
    str | None,
    typer.Option("--user", metavar="ID", help="A user of the studio, by the id of `users list`."),
]

_PAGE = 100


def erase(  # noqa: PLR0913  # its options
    *,
    by: By,
    why: Why,
    studio: OneStudio = None,
    order: OneOrder = None,
    email: Email = None,
    subject: SubjectName = None,
    user: OneUser = None,
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
    """Erase what is stored about the people of orders, or about a studio's user who was removed.

    Without --yes it shows what would be erased, and what stays and why. What was interrupted
    before is carried on. Nothing brings back what was erased.
    """
    chosen = choice(order, email, subject, user=user, older_than=older_than)
    operated = find_stack(stack)
    use_case = ErasePeople.on(operated)
    found = _find(use_case, _studios(operated, studio, chosen), chosen)
    unfinished = use_case.unfinished()
    keys: list[Whom] = list(dict.fromkeys([*unfinished, *(each.key for each in found)]))
    if not keys and user is None:
        raise Failure("There is no such order, so nothing is erased.")
    if keys and not as_json:
        _print_preview(use_case, found, len(unfinished))
    if not yes or not keys:
        if as_json:
            print_json({"erased": 0, "would_erase": [asdict(each) for each in keys]})
        elif keys:
            print_line("\nNothing was erased. Run it again with --yes to erase it.")
        else:
            print_line(f"User {user} is erased already. Nothing is left to erase.")
        return
    with progress.stage("erase") as stage:
        done = use_case(
            keys,
            by=by,
            why=why,
            chosen_by=chosen.kind,
            on_each=lambda key: stage.progress(_id_of(key)),
        )
        stage.result = f"{done} orders and users"
    orders = [each for each in keys if not isinstance(each, UserKey)]
    users = [each for each in keys if isinstance(each, UserKey)]
    if as_json:
        shown = {"orders": list(map(asdict, orders)), "users": list(map(asdict, users))}
        print_json({"erased": done} | shown)
        return
    if orders:
        print_line(f"Erased the people of {len(orders)} orders.")
    if users:
        print_line(f"Erased {done - len(orders)} of {len(users)} users.")
    if done < len(keys):
        print_line("The others were invited again since, and stay. Remove them first.")


def personal_data(  # noqa: PLR0913  # its options
    studio: Annotated[str, typer.Option("--studio", metavar="ID", help="The studio's id.")],
    *,
    order: OneOrder = None,
    email: Email = None,
    subject: SubjectName = None,
    user: OneUser = None,
    stack: StackName = None,
) -> None:
    """Print what is stored about one person, as JSON."""
    chosen = choice(order, email, subject, user=user)
    operated = find_stack(stack)
    use_case = ErasePeople.on(operated)
    if user is not None:
        _print_user_data(operated, use_case, UserKey(studio, user))
        return
    found = use_case.find([studio], chosen)
    if not found:
        raise Failure("There is no such order.")
    files = list(use_case.export_files(studio))
    addresses = {mail_address(each.imported.parent.email or "") for each in found}
    mail = Mail(operated.aws.mail, operated.aws.mail)
    print_json(
        {
            "studio_id": studio,
            "orders": [order_data(each) for each in found],
            "export_files_that_may_name_them": files,
            "addresses_that_get_no_mail": sorted(
                each for each in addresses if each and mail.suppression(each)
            ),
        }
    )


def _print_user_data(stack: OperatedStack, use_case: ErasePeople, key: UserKey) -> None:
    """Print what is stored about a user: who they are, and each record that has their id.

    Raises:
        Failure: There is no such user.
    """
    found = use_case.users.load(key)
    tables = stack.output("OrdersTableName"), stack.output("LedgerTableName")
    records = list(UserTraces(stack.aws.dynamodb, *tables).find(key))
    if not found.is_known and not records:
        raise Failure(f"There is no user {key.user_id} of studio {key.studio_id}.")
    print_json(
        {
            "studio_id": key.studio_id,
            "user": user_data(found),
            "records_with_the_id": records,
            "export_files_that_may_name_them": list(use_case.export_files(key.studio_id)),
        }
    )


def _find(
    use_case: ErasePeople, studios: Iterator[str], chosen: Choice
) -> list[OrderPeople] | list[UserData]:
    """Return the chosen orders, or the chosen user if something of them is left to erase.

    Raises:
        Failure: There is no such user, or the studio still has them.
    """
    if chosen.user_id is None:
        return use_case.find(studios, chosen)
    user = use_case.find_user(UserKey(next(studios), chosen.user_id))
    return [] if user.is_erased else [user]


def _print_preview(
    use_case: ErasePeople, found: list[OrderPeople] | list[UserData], unfinished: int
) -> None:
    if unfinished:
        print_line(f"{unfinished} erasures were interrupted before. They are carried on.")
    studios = {each.key.studio_id for each in found}
    files = sum(1 for studio in studios for _ in use_case.export_files(studio))
    orders = [each for each in found if isinstance(each, OrderPeople)]
    if orders:
        print_orders(orders, files)
    for user in [each for each in found if isinstance(each, UserData)]:
        print_user(user, files)


def _id_of(whom: Whom) -> str:
    return whom.user_id if isinstance(whom, UserKey) else whom.order_id


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
