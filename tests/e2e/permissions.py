"""What the roles of the deployed functions grant, and what of it was used."""

import json
from fnmatch import fnmatchcase
from typing import Any

from infra.local.stripe_server import api_key_of
from infra.operate.stripe.keys import StripeKey
from tests.e2e.world import DeployedStack

type Permission = tuple[str, str]


# Permissions that a function needs only now and then, and the class whose calls need them: to ask
# about an account that denied a call, or to read a charge that nobody read before.
RARELY_NEEDED = {
    "rak_connected_account_read": {"StripeAccounts"},
    "rak_dispute_read": {"StripeCharges"},
    "rak_balance_transaction_source_read": {"StripeCharges", "StripeBalance"},
}


def role_of(world: DeployedStack, function: str) -> str:
    found = world.stack.aws.lambda_.get_function_configuration(
        FunctionName=world.stack.functions[function]
    )
    return found["Role"].rpartition("/")[2]


def code_policy(world: DeployedStack, function: str) -> dict[str, Any]:
    """Return what the function's code may do; `runtime` is what Lambda does on its behalf."""
    iam = world.stack.aws.iam
    try:
        found = iam.get_role_policy(RoleName=role_of(world, function), PolicyName="code")
    except iam.exceptions.NoSuchEntityException:  # its code calls nothing
        return {"Version": "2012-10-17", "Statement": []}
    document: Any = found["PolicyDocument"]
    return dict(json.loads(document) if isinstance(document, str) else document)


def as_list(value: Any) -> list[str]:  # noqa: ANN401  # a policy has one or many
    return [value] if isinstance(value, str) else list(value)


def granted(world: DeployedStack, function: str) -> set[Permission]:
    return {
        (action, resource)
        for statement in code_policy(world, function)["Statement"]
        for action in as_list(statement["Action"])
        for resource in as_list(statement["Resource"])
    }


def covers(permission: Permission, use: Permission) -> bool:
    """Return whether a use is what a permission is for."""
    return permission[0] == use[0] and fnmatchcase(use[1], permission[1])


def used(world: DeployedStack) -> dict[str, set[Permission]]:
    """Return what each role was seen to be allowed, by role name."""
    seen: dict[str, set[Permission]] = {}
    for decision in world.stack.iam_decisions():
        if decision["allowed"]:
            role = decision["principal"].split("/")[1]
            seen.setdefault(role, set()).add((decision["action"], decision["resource"]))
    return seen


def unused_permissions(world: DeployedStack, key: StripeKey) -> set[str]:
    """Return the permissions of one of Stripe's keys that no call has needed yet.

    Those that only rare calls need are left out: `tests/unit/test_stripe_keys.py` has them.
    """
    answer = world.http.get(f"{world.standin.url}/_standin/requests").json()
    calls = [each for each in answer["requests"] if each["api_key"] == api_key_of(key)]
    own = {name for each in calls if not each["account"] for name in each["permissions"]}
    connect = {name for each in calls if each["account"] for name in each["permissions"]}
    return {f"own {name}" for name in key.own - own - RARELY_NEEDED.keys()} | {
        f"connect {name}" for name in key.connect - connect - RARELY_NEEDED.keys()
    }
