"""A running local stack: its addresses, names and tokens."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from infra.local.demo_users import DemoUser
from infra.local.engine import Aws
from infra.local.stripe_server import Standin

STACK_FILE = "stack.json"


@dataclass(frozen=True)
class Stack:
    """A running local stack.

    Attributes:
        api_url: The API's address, including its stage.
        dashboard_url: The page's address.
        stripe_url: The address of the Stripe that it uses.
        stripe_api_key: A key that may do everything there.
        standin: Control of the Stripe stand-in; None if another Stripe is used.
        users: Who can sign in, by studio and role.
        anchors: The bucket with the ledgers' anchors, and the key that signs them.
        functions: Physical names by function.
        logs: Log files by process.
        orders: The imported orders.
        refused: How many records of the imported files were refused.
    """

    aws: Aws
    api_url: str
    dashboard_url: str
    stripe_url: str
    stripe_api_key: str
    standin: Standin | None
    users: Mapping[str, Mapping[str, DemoUser]]
    tables: Mapping[str, str]
    queues: Mapping[str, str]
    anchors: Mapping[str, str]
    functions: Mapping[str, str]
    logs: Mapping[str, Path]
    orders: list[dict[str, Any]] = field(default_factory=list, repr=False)
    refused: int = 0

    @property
    def tokens(self) -> dict[str, dict[str, str]]:
        """ID tokens by studio and role."""
        return {
            studio: {role: user.token for role, user in users.items()}
            for studio, users in self.users.items()
        }

    @classmethod
    def described_in(cls, stack_file: Path) -> "Stack":
        """Return the stack that another process started and described in its `stack.json`."""
        described = json.loads(stack_file.read_text(encoding="utf-8"))
        return cls(
            aws=Aws(described["aws_endpoint_url"], described["region"]),
            api_url=described["api_url"],
            dashboard_url=described["dashboard_url"],
            stripe_url=described["stripe_url"],
            stripe_api_key=described["stripe_api_key"],
            standin=Standin(described["stripe_url"]) if "stripe" in described["logs"] else None,
            users={
                studio: {role: DemoUser(**user) for role, user in users.items()}
                for studio, users in described["users"].items()
            },
            tables=described["tables"],
            queues=described["queues"],
            anchors=described["anchors"],
            functions=described["functions"],
            logs={name: Path(path) for name, path in described["logs"].items()},
        )

    def log_lines(self, function: str) -> list[str]:
        """Return a function's log lines, oldest first."""
        settings = self.aws.lambda_.get_function_configuration(
            FunctionName=self.functions[function]
        )
        logs = self.aws.session.client("logs", endpoint_url=self.aws.endpoint_url)
        pages = logs.get_paginator("filter_log_events").paginate(
            logGroupName=settings["LoggingConfig"]["LogGroup"]
        )
        return [event["message"] for page in pages for event in page["events"]]

    def iam_decisions(self) -> list[dict[str, Any]]:
        """Return the engine's IAM decisions about roles, see `engine_launcher.py`."""
        lines = self.logs["iam"].read_text(encoding="utf-8").splitlines()
        return [json.loads(line) for line in lines]

    def description(self) -> dict[str, Any]:
        """Return the content of `stack.json`, which any client may read."""
        return {
            "api_url": self.api_url,
            "dashboard_url": self.dashboard_url,
            "aws_endpoint_url": self.aws.endpoint_url,
            "region": self.aws.region,
            "stripe_url": self.stripe_url,
            "stripe_api_key": self.stripe_api_key,
            "tokens": self.tokens,
            "users": {
                studio: {role: asdict(user) for role, user in users.items()}
                for studio, users in self.users.items()
            },
            "tables": self.tables,
            "queues": self.queues,
            "anchors": self.anchors,
            "functions": self.functions,
            "logs": {name: str(path) for name, path in self.logs.items()},
        }
