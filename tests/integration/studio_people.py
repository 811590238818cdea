"""A studio's users in this process: invited, removed and erased, with the deployed user pool."""

import json
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Any

from functions.users.change_users import ChangeUsers
from infra.local.stack import Stack
from infra.operate.erasing.erase import ErasePeople
from infra.operate.erasing.records import UserKey
from infra.operate.erasing.users import UserData
from infra.operate.stack import OperatedStack
from shared.domain.refund import Refund
from shared.domain.studio_user import StudioRole, StudioUser
from shared.edge.auth import Caller, Role
from shared.gateways.people import People
from shared.gateways.studio_users import StudioUsers
from shared.gateways.user_pool import UserPool
from tests.integration.backend import Backend
from tests.integration.crash import CrashError
from tests.integration.own_resources import copy_table
from tests.operate import outputs_of

NAME = "Dana Marked"
_WRITES = {
    *("PutItem", "UpdateItem", "DeleteItem", "TransactWriteItems"),
    *("AdminDeleteUser", "DeleteObject"),
}


@dataclass
class StudioPeople:
    """The users of a backend's studio, with a table of erasures of their own."""

    backend: Backend
    stack: Stack
    outputs: dict[str, str] = field(init=False)

    def __post_init__(self) -> None:
        deployed, backend = outputs_of(self.stack), self.backend
        erasures = copy_table(backend.dynamodb, deployed["ErasuresTableName"], backend.run)
        self.outputs = deployed | {
            "OrdersTableName": backend.orders_table,
            "LedgerTableName": backend.ledger_table,
            "ErasuresTableName": erasures,
        }
        self.erase = ErasePeople.on(OperatedStack("stack", self.stack.aws, self.outputs))
        self.users = StudioUsers(backend.dynamodb, backend.orders_table)
        self.people = People(backend.dynamodb, backend.orders_table)
        self.pool = UserPool(self.stack.aws.cognito, self.outputs["UserPoolId"])
        self.change = ChangeUsers(self.users, self.pool, backend.clock)
        self.owner = Caller("owner", backend.studio_id, frozenset({Role.OWNER}))

    def email(self) -> str:
        return f"{uuid.uuid4().hex}@mail.example"

    def invite(self, email: str | None = None, role: StudioRole = StudioRole.STAFF) -> UserKey:
        """Invite a user, a new one unless an address is given."""
        user = self.change.invite(self.owner, email or self.email(), NAME, role)
        return UserKey(user.studio_id, user.user_id)

    def remove(self, key: UserKey) -> None:
        self.change.remove(self.owner, key.user_id)

    def removed(self, email: str | None = None) -> UserKey:
        """Invite and remove a user."""
        key = self.invite(email)
        self.remove(key)
        return key

    def member(self, key: UserKey) -> StudioUser:
        found = self.users.get(key.studio_id, key.user_id)
        assert found is not None
        return found

    def load(self, key: UserKey) -> UserData:
        return self.erase.users.load(key)

    def name(self, key: UserKey) -> str | None:
        """Return what everything that shows people calls a user."""
        return self.people.names(key.studio_id, [key.user_id]).get(key.user_id)

    def refund_by(self, key: UserKey, order_id: str) -> Refund:
        """Let a user refund a dollar of an order."""
        caller, self.backend.caller = self.backend.caller, replace(self.owner, user=key.user_id)
        try:
            return self.backend.refund(order_id, 100)
        finally:
            self.backend.caller = caller

    def stored(self) -> str:
        """Return all that the studio's tables and the user pool have, as text."""
        aws = self.stack.aws
        found: list[Any] = []
        for name in ("OrdersTableName", "LedgerTableName", "ErasuresTableName"):
            for page in aws.dynamodb.get_paginator("scan").paginate(TableName=self.outputs[name]):
                found += page["Items"]
        pool = self.outputs["UserPoolId"]
        for users in aws.cognito.get_paginator("list_users").paginate(UserPoolId=pool):
            for user in users["Users"]:
                attributes = {each["Name"]: each.get("Value") for each in user["Attributes"]}
                if attributes.get("custom:studio_id") == self.backend.studio_id:
                    found.append([user["Username"], attributes])
        return json.dumps(found)

    @contextmanager
    def crashing_after(self, calls: int) -> Iterator[list[str]]:
        """Let the n-th write to a table, the user pool or the bucket be the last one."""
        made: list[str] = []

        def count(model: Any, **_: object) -> None:  # noqa: ANN401  # botocore's model
            if model.name in _WRITES:
                if len(made) == calls:
                    raise CrashError
                made.append(model.name)

        aws = self.stack.aws
        clients = (aws.dynamodb, aws.cognito, aws.s3)
        for client in clients:
            client.meta.events.register("before-call", count)
        try:
            yield made
        finally:
            for client in clients:
                client.meta.events.unregister("before-call", count)
