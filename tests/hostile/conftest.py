"""Handlers in this process without any service behind them, and the deployed stack."""

import io
import json
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass, field
from importlib import import_module
from types import ModuleType
from typing import Any

import pytest

from infra.local.stack import Stack
from shared.edge.observability import logger
from tests.e2e.world import DeployedStack

ISSUER = "https://cognito-idp.us-east-1.amazonaws.com/us-east-1_ours"
CLIENT_ID = "client-ours"

_SETTINGS = {
    "AWS_DEFAULT_REGION": "us-east-1",
    "AWS_ACCESS_KEY_ID": "none",
    "AWS_SECRET_ACCESS_KEY": "none",
    "ALLOWED_ORIGIN": "*",
    "TOKEN_ISSUER": ISSUER,
    "TOKEN_CLIENT_ID": CLIENT_ID,
    "ORDERS_TABLE": "orders",
    "LEDGER_TABLE": "ledger",
    "REQUEST_COUNTS_TABLE": "counts",
    "ADJUST_QUEUE_URL": "http://127.0.0.1:9/adjust",
    "CHARGE_QUEUE_URL": "http://127.0.0.1:9/charge",
    "STRIPE_API_BASE": "http://127.0.0.1:9",
    "STRIPE_SECRET_ARN": "arn",
    "STRIPE_WEBHOOK_SECRET_ARN": "arn",
    "STRIPE_LIVEMODE": "false",
}


@dataclass
class Output:
    """The log lines and metrics of the code under test, as they leave the process."""

    logs: io.StringIO
    _printed: Callable[[], str]
    printed: list[str] = field(default_factory=list)

    def metrics(self) -> dict[tuple[str, str | None], int]:
        """Return the metrics counted so far, by name and reason."""
        self.printed += self._printed().splitlines()
        counted: dict[tuple[str, str | None], int] = {}
        for line in self.printed:
            blob = json.loads(line)
            for metric in blob["_aws"]["CloudWatchMetrics"][0]["Metrics"]:
                name = (metric["Name"], blob.get("reason"))
                value = blob[metric["Name"]]
                total = sum(value) if isinstance(value, list) else value
                counted[name] = counted.get(name, 0) + int(total)
        return counted

    def log_text(self) -> str:
        """Return the text logged so far."""
        return self.logs.getvalue()


@pytest.fixture
def output(capsys: pytest.CaptureFixture[str]) -> Iterator[Output]:
    """The logs and metrics that are written while the test lasts."""
    logs = io.StringIO()
    handler: Any = logger.registered_handler
    before = handler.setStream(logs)
    yield Output(logs, lambda: capsys.readouterr().out)
    handler.setStream(before)


@pytest.fixture
def handler_of(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], ModuleType]:
    """Return a function that imports a Lambda's handler, with settings of no real service."""
    for name, value in _SETTINGS.items():
        monkeypatch.setenv(name, value)

    def handler(function: str) -> ModuleType:
        return import_module(f"functions.{function}.handler")

    return handler


@pytest.fixture(scope="session")
def world(stack: Stack) -> Iterator[DeployedStack]:
    """The deployed stack with its three studios."""
    with closing(DeployedStack(stack)) as world:
        yield world
