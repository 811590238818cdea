"""``users``: lists, invites and changes a studio's users, and adopts those of the user pool."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Annotated, Any

import typer

from infra.failure import Failure
from infra.operate.functions import USERS, invoke
from infra.operate.options import AsJson, By, StackName, Studio
from infra.operate.output import print_json, print_line, print_table
from infra.operate.stack import OperatedStack, find_stack
from shared.domain.person import display_name
from shared.domain.studio_user import StudioRole

app = typer.Typer(
    help="Manage a studio's users, as its owners do on the dashboard.", rich_markup_mode=None
)

UserId = Annotated[str, typer.Argument(help="The user's id, from `list`.")]
Role = Annotated[StudioRole, typer.Option("--role", help="What the user may do.")]
DryRun = Annotated[
    bool, typer.Option("--dry-run", help="Print who would be adopted, and change nothing.")
]

_COLUMNS = ("user_id", "name", "role", "status", "changed_at", "changed_by")


@app.command("list")
def list_(studio: Studio, stack: StackName = None, *, as_json: AsJson = False) -> None:
    """List a studio's users, the removed ones too."""
    event = {"operation": "list", "studio_id": studio}
    found = _answer_of(find_stack(stack), event)["items"]
    if as_json:
        print_json(found)
    elif found:
        print_table(_COLUMNS, [[each[name] for name in _COLUMNS] for each in found])
    else:
        print_line(f"No user of studio {studio} is recorded.")


@app.command()
def invite(  # noqa: PLR0913  # its options
    *,
    studio: Studio,
    email: Annotated[
        str, typer.Option("--email", metavar="ADDRESS", help="Where the first password goes.")
    ],
    name: Annotated[str, typer.Option("--name", metavar="TEXT", help="What people call them.")],
    role: Role,
    by: By,
    stack: StackName = None,
    as_json: AsJson = False,
) -> None:
    """Invite a user. Cognito emails them a user name and a first password."""
    user = {"email": email, "name": name, "role": role.value}
    event = {"operation": "invite", "studio_id": studio, "by": by, "user": user}
    _do(stack, event, as_json=as_json)


@app.command("change-role")
def change_role(  # noqa: PLR0913  # its options
    user_id: UserId,
    *,
    studio: Studio,
    role: Role,
    by: By,
    stack: StackName = None,
    as_json: AsJson = False,
) -> None:
    """Give a user another role, and end their sessions."""
    event = {
        "operation": "change_role",
        "studio_id": studio,
        "by": by,
        "user_id": user_id,
        "role": role.value,
    }
    _do(stack, event, as_json=as_json)


@app.command()
def disable(
    user_id: UserId,
    studio: Studio,
    by: By,
    stack: StackName = None,
    *,
    as_json: AsJson = False,
) -> None:
    """Keep a user from signing in until they are enabled, and end their sessions."""
    _change_access("disable", user_id, studio, by, stack, as_json=as_json)


@app.command()
def enable(
    user_id: UserId,
    studio: Studio,
    by: By,
    stack: StackName = None,
    *,
    as_json: AsJson = False,
) -> None:
    """Let a disabled user sign in again, with the role they had."""
    _change_access("enable", user_id, studio, by, stack, as_json=as_json)


@app.command()
def remove(
    user_id: UserId,
    studio: Studio,
    by: By,
    stack: StackName = None,
    *,
    as_json: AsJson = False,
) -> None:
    """Remove a user from the studio. What they did stays."""
    _change_access("remove", user_id, studio, by, stack, as_json=as_json)


@app.command()
def adopt(by: By, stack: StackName = None, *, dry_run: DryRun = False) -> None:
    """Record the users whom the user pool has and no studio recorded.

    Exits 1 if somebody could not be adopted.
    """
    operated = find_stack(stack)
    studios: dict[str, dict[str, Any]] = {}
    rows: list[tuple[str, ...]] = []
    for user in _pool_users(operated):
        answer = _studio(operated, user.studio_id, studios)
        if any(each["user_id"] == user.user_id for each in answer.get("items", ())):
            continue
        outcome = user.reason or answer.get("error")
        if outcome is None:
            outcome = "would be adopted" if dry_run else _adopt(operated, user, by)
        rows.append((user.studio_id, user.user_id, user.role, outcome))
    if not rows:
        print_line("Each user of the user pool is recorded with their studio.")
        return
    print_table(("studio_id", "user_id", "role", "outcome"), rows)
    left = sum("adopted" not in row[-1] for row in rows)
    if left:
        raise Failure(f"{left} users were not adopted. The table says why.")


@dataclass(frozen=True, slots=True)
class _PoolUser:
    """A user of a studio in the user pool. ``reason`` says why they cannot be adopted."""

    user_id: str
    studio_id: str
    name: str
    role: str
    reason: str | None


def _pool_users(stack: OperatedStack) -> Iterator[_PoolUser]:
    """Yield the user pool's users, without PPS's own people, who belong to no studio."""
    cognito, pool = stack.aws.cognito, stack.output("UserPoolId")
    for page in cognito.get_paginator("list_users").paginate(UserPoolId=pool):
        for user in page["Users"]:
            username = user["Username"]
            attributes = {each["Name"]: each.get("Value", "") for each in user["Attributes"]}
            groups = {
                each["GroupName"]
                for found in cognito.get_paginator("admin_list_groups_for_user").paginate(
                    UserPoolId=pool, Username=username
                )
                for each in found["Groups"]
            }
            if "pps_admin" not in groups:
                yield _pool_user(username, attributes, groups, enabled=user["Enabled"])


def _pool_user(
    username: str, attributes: dict[str, str], groups: set[str], *, enabled: bool
) -> _PoolUser:
    studio_id = attributes.get("custom:studio_id", "")
    roles = sorted(each.value for each in StudioRole if each.value in groups)
    reason = None
    if not studio_id:
        reason = "has no studio"
    elif not enabled:
        reason = "is disabled in the user pool"
    elif len(roles) != 1:
        reason = "has several roles: leave one" if roles else "has no role: add one"
    # The id that the ledger keeps: never an address, which could not be erased.
    user_id = attributes["sub"] if "@" in username else username
    name = display_name(attributes.get("name")) or user_id
    return _PoolUser(user_id, studio_id, name, ", ".join(roles), reason)


def _studio(
    stack: OperatedStack, studio_id: str, known: dict[str, dict[str, Any]]
) -> dict[str, Any]:
    """Return who is recorded with a studio, or why nobody can be. Each studio is asked once."""
    if studio_id and studio_id not in known:
        known[studio_id] = invoke(stack, USERS, {"operation": "list", "studio_id": studio_id})
    return known.get(studio_id, {})


def _adopt(stack: OperatedStack, user: _PoolUser, by: str) -> str:
    event = {
        "operation": "adopt",
        "studio_id": user.studio_id,
        "by": by,
        "user_id": user.user_id,
        "name": user.name,
        "role": user.role,
    }
    answer = invoke(stack, USERS, event)
    return str(answer["error"]) if "error" in answer else "adopted"


def _change_access(  # noqa: PLR0913  # the options of three operations
    operation: str, user_id: str, studio: str, by: str, stack: str | None, *, as_json: bool
) -> None:
    event = {"operation": operation, "studio_id": studio, "by": by, "user_id": user_id}
    _do(stack, event, as_json=as_json)


def _do(stack: str | None, event: dict[str, Any], *, as_json: bool) -> None:
    """Call the function and print the user as they are afterwards."""
    user = _answer_of(find_stack(stack), event)["user"]
    if as_json:
        print_json(user)
    else:
        print_table(_COLUMNS, [[user[name] for name in _COLUMNS]])


def _answer_of(stack: OperatedStack, event: dict[str, Any]) -> dict[str, Any]:
    """Return the function's answer.

    Raises:
        Failure: The function refused it, and changed nothing.
    """
    answer = invoke(stack, USERS, event)
    if "error" in answer:
        raise Failure(answer["error"])
    return answer
