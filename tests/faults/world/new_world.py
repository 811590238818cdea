"""Starts a world: one after the other, each from the same empty state."""

import json
import logging
import random
import warnings
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import cache
from typing import Any
from unittest.mock import patch

from botocore.retries.quota import RetryQuota

from infra.stripe_standin import identifiers
from shared.edge.observability import logger, metrics
from shared.gateways import aws
from tests.faults.one_process.execution_environments import ExecutionEnvironments
from tests.faults.one_process.function_settings import (
    STRIPE_KEY_SECRET,
    function_settings,
    secret_in_template,
)
from tests.faults.one_process.in_process_engine import InProcessEngine
from tests.faults.one_process.in_process_stripe import KEY, WEBHOOK_SECRETS, NumberedIds
from tests.faults.one_process.outside_calls import OutsideCalls
from tests.faults.one_process.virtual_clock import VirtualClock
from tests.faults.world.world import FaultWorld
from tests.roles import RoleCheck

_SILENT = logging.getLogger("faults.silent")
_SILENT.disabled = True
# Powertools' own mark; without it Powertools gives the product's handler another formatter.
_SILENT.init = True  # type: ignore[attr-defined]  # see above


@dataclass(frozen=True)
class _ReusedParts:
    """The parts that a process has only once; each world uses them after the one before."""

    engine: InProcessEngine
    outside_calls: OutsideCalls
    environments: ExecutionEnvironments


@cache
def _reused_parts() -> _ReusedParts:
    engine = InProcessEngine()
    outside_calls = OutsideCalls(engine)
    session = aws._SESSION  # noqa: SLF001  # the product's only session
    session.register("before-send", outside_calls.to_aws)  # type: ignore[arg-type]  # handlers may answer

    @cache
    def name_in_template(function: str, name: str) -> str:
        return engine.name_in_template(secret_in_template(function, name))

    check = RoleCheck(outside_calls.calling_function, name_in_template)
    session.register("before-parameter-build", check)  # type: ignore[arg-type]  # botocore passes them by name
    return _ReusedParts(engine, outside_calls, ExecutionEnvironments())


@contextmanager
def new_world(seed: int = 0) -> Iterator[FaultWorld]:
    """Start a world without studios. Two worlds of the same seed behave the same."""
    parts, clock = _reused_parts(), VirtualClock()
    state_before = random.getstate()
    random.seed(seed)
    with ExitStack() as stack:
        stack.enter_context(clock.installed())
        parts.engine.reset()
        stack.enter_context(patch.dict("os.environ", function_settings(parts.engine)))
        stack.enter_context(patch.object(identifiers, "secrets", NumberedIds()))
        stack.enter_context(parts.outside_calls.installed())
        stack.enter_context(silence())
        # Each world has a full budget of retries, even if the world before used it up.
        stack.enter_context(patch.object(RetryQuota, "acquire", lambda *_: True))
        parts.environments.restart_all()
        _create_secrets(parts.engine)
        try:
            yield FaultWorld(parts.engine, parts.outside_calls, parts.environments, clock)
        finally:
            random.setstate(state_before)


@contextmanager
def silence() -> Iterator[None]:
    """Drop logs and metrics. The harness looks only at the records."""
    with (
        warnings.catch_warnings(),
        patch.object(metrics, "add_metric", lambda *_, **_options: None),
        patch.object(logger, "_logger", _SILENT),
    ):
        warnings.filterwarnings("ignore", message="No application metrics to publish")
        yield


def _create_secrets(engine: InProcessEngine) -> None:
    secrets: dict[str, Any] = {
        STRIPE_KEY_SECRET: {"api_key": KEY},
        "StripeWebhookSecret": {kind: [secret] for kind, secret in WEBHOOK_SECRETS.items()},
    }
    for name, value in secrets.items():
        engine.call(
            "secrets-manager",
            "secretsmanager.CreateSecret",
            Name=name,
            SecretString=json.dumps(value),
            ClientRequestToken="0" * 32,
        )
