"""The local stack: everything `make run` and the tests need, started and stopped together."""

import json
import shutil
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from fcntl import LOCK_EX, LOCK_NB, flock
from pathlib import Path
from typing import Any

from infra.build.functions import Architecture, build
from infra.local.demo_users import STUDIO_ROLES, sign_in_demo_users
from infra.local.deployment import Deployment, deploy
from infra.local.engine import Aws, Engine, run_engine
from infra.local.environments import install_tools
from infra.local.mailbox import verify_sending_domains
from infra.local.options import Options, StripeServer
from infra.local.order_import import ImportKind, import_file
from infra.local.processes import claim_port
from infra.local.progress import Progress
from infra.local.stripe_server import STANDIN_KEY, Standin, run_standin
from infra.operate.failure import Failure

STACK_FILE = "stack.json"
_REFUSALS_SHOWN = 20


@dataclass(frozen=True)
class Stack:
    """A running local stack.

    Attributes:
        api_url: The API, with its stage.
        stripe_url: The Stripe it talks to.
        standin: That Stripe's stand-in; None when it is one from outside.
        tokens: ID tokens by studio and role.
        anchors: The bucket that anchors of ledgers are in, and the key that signs them.
        functions: Physical names by function.
        orders: The orders that were imported.
    """

    aws: Aws
    api_url: str
    stripe_url: str
    standin: Standin | None
    tokens: Mapping[str, Mapping[str, str]]
    tables: Mapping[str, str]
    queues: Mapping[str, str]
    anchors: Mapping[str, str]
    functions: Mapping[str, str]
    logs: Mapping[str, Path]
    orders: list[dict[str, Any]] = field(default_factory=list, repr=False)

    @classmethod
    def described_in(cls, stack_file: Path) -> "Stack":
        """Return the stack that another process started, from its `stack.json`."""
        described = json.loads(stack_file.read_text(encoding="utf-8"))
        return cls(
            aws=Aws(described["aws_endpoint_url"], described["region"]),
            api_url=described["api_url"],
            stripe_url=described["stripe_url"],
            standin=Standin(described["stripe_url"]) if "stripe" in described["logs"] else None,
            tokens=described["tokens"],
            tables=described["tables"],
            queues=described["queues"],
            anchors=described["anchors"],
            functions=described["functions"],
            logs={name: Path(path) for name, path in described["logs"].items()},
        )

    @classmethod
    def running(cls) -> "Stack":
        """Return the stack that ``make run`` has started here.

        Raises:
            Failure: There is none.
        """
        try:
            return cls.described_in(Path(".local") / STACK_FILE)
        except OSError as error:
            raise Failure("no local stack is there; start one with `make run`") from error

    def log_lines(self, function: str) -> list[str]:
        """Return what a function has logged, oldest first."""
        settings = self.aws.lambda_.get_function_configuration(
            FunctionName=self.functions[function]
        )
        logs = self.aws.session.client("logs", endpoint_url=self.aws.endpoint_url)
        pages = logs.get_paginator("filter_log_events").paginate(
            logGroupName=settings["LoggingConfig"]["LogGroup"]
        )
        return [event["message"] for page in pages for event in page["events"]]

    def iam_decisions(self) -> list[dict[str, Any]]:
        """Return what the engine decided about roles, see `engine_launcher.py`."""
        lines = self.logs["iam"].read_text(encoding="utf-8").splitlines()
        return [json.loads(line) for line in lines]

    def description(self) -> dict[str, Any]:
        """Return what `stack.json` tells any client."""
        return {
            "api_url": self.api_url,
            "aws_endpoint_url": self.aws.endpoint_url,
            "region": self.aws.region,
            "stripe_url": self.stripe_url,
            "tokens": self.tokens,
            "tables": self.tables,
            "queues": self.queues,
            "anchors": self.anchors,
            "functions": self.functions,
            "logs": {name: str(path) for name, path in self.logs.items()},
        }


@contextmanager
def start_stack(options: Options, progress: Progress) -> Iterator[Stack]:
    """Run a stack for as long as the context lasts.

    While it runs, `stack.json` tells where things are. However the context is
    left, all that was started is stopped.

    Raises:
        Failure: When something stands in the way, in words for people.
    """
    options.directory.mkdir(parents=True, exist_ok=True)
    with ExitStack() as running:
        running.enter_context(_only_one(options.directory))
        scratch = running.enter_context(_scratch(options.directory))
        shutil.rmtree(options.logs, ignore_errors=True)
        port = claim_port(options.port, setting="PORT")
        with progress.stage("environments") as stage:
            stage.result = ", ".join(install_tools()) or "up to date"
        # Engine and stand-in take seconds to start; building uses them.
        engine = running.enter_context(run_engine(options, port, scratch))
        standin, standin_process = None, None
        if options.stripe is None:
            stripe_port = claim_port(options.stripe_port, setting="STRIPE_PORT")
            standin, standin_process = running.enter_context(
                run_standin(options, stripe_port, scratch)
            )
        with progress.stage("build") as stage:
            built = build(Architecture.of_this_machine())
            stage.result = f"{len(built)} functions, {sum(a.changed for a in built)} changed"
        with progress.stage("engine") as stage:
            engine.wait_until_ready()
            stage.result = engine.aws.endpoint_url
        if standin is not None and standin_process is not None:
            with progress.stage("Stripe stand-in") as stage:
                standin_process.wait_for(standin.health_url)
                stage.result = standin.url
        stack = _Assembly(options, progress, engine, standin, scratch).assemble()
        stack_file = options.directory / STACK_FILE
        _write_atomically(stack_file, json.dumps(stack.description(), indent=2) + "\n")
        running.callback(stack_file.unlink, missing_ok=True)
        yield stack


@dataclass(frozen=True)
class _Assembly:
    """Makes a stack out of an empty engine."""

    options: Options
    progress: Progress
    engine: Engine
    standin: Standin | None
    scratch: Path

    @property
    def aws(self) -> Aws:
        return self.engine.aws

    @property
    def stripe_url(self) -> str:
        return self.standin.url if self.standin is not None else self._outside_stripe.api_base

    @property
    def _outside_stripe(self) -> StripeServer:
        if self.options.stripe is None:
            message = "there is neither a stand-in nor a Stripe outside"
            raise AssertionError(message)
        return self.options.stripe

    def assemble(self) -> Stack:
        """Deploy, and fill what was deployed."""
        deployment = self._deploy()
        self._fill_secrets(deployment)
        studios = self._import(deployment, "studios", self.options.studios)
        self._verify_sending_domains(studios)
        tokens = self._sign_in(deployment, [studio["studio_id"] for studio in studios])
        orders: list[dict[str, Any]] = []
        if self.options.orders is not None:
            orders = self._import(deployment, "orders", self.options.orders)
            self._seed(orders)
        outputs = deployment.outputs
        return Stack(
            aws=self.aws,
            api_url=deployment.api_url,
            stripe_url=self.stripe_url,
            standin=self.standin,
            tokens=tokens,
            tables={"orders": outputs["OrdersTableName"], "ledger": outputs["LedgerTableName"]},
            queues={
                "adjust": outputs["AdjustQueueUrl"],
                "adjust_dlq": outputs["AdjustDLQUrl"],
                "fee_refund": outputs["FeeRefundQueueUrl"],
                "fee_refund_dlq": outputs["FeeRefundDLQUrl"],
                "export": outputs["ExportQueueUrl"],
                "export_dlq": outputs["ExportDLQUrl"],
            },
            anchors={"bucket": outputs["AnchorBucketName"], "key": outputs["AnchorKeyArn"]},
            functions=deployment.functions,
            logs={path.stem: path for path in sorted(self.options.logs.iterdir())},
            orders=orders,
        )

    def _deploy(self) -> Deployment:
        parameters = {
            "StripeApiBase": self.stripe_url,
            "StripeLivemode": "false",
            "AllowedOrigin": "*",
            "DeletionProtection": "false",
            "TokenHours": "24",
            "RetryAfterSeconds": str(self.options.retry_after_s),
        }
        with self.progress.stage("deploy") as stage:
            deployment = deploy(self.aws, parameters, self.scratch)
            stage.result = deployment.api_url
        return deployment

    def _fill_secrets(self, deployment: Deployment) -> None:
        with self.progress.stage("webhooks and secrets"):
            if self.standin is not None:
                api_key = STANDIN_KEY
                signing = self.standin.register_webhooks(deployment.api_url)
            else:
                api_key = self._outside_stripe.api_key
                # Whoever forwards the webhooks here signs both kinds with it.
                secret = self._outside_stripe.webhook_secret
                signing = {"platform": [secret], "connect": [secret]}
            self.aws.secrets.put_secret_value(
                SecretId=deployment.outputs["StripeSecretArn"],
                SecretString=json.dumps({"api_key": api_key}),
            )
            self.aws.secrets.put_secret_value(
                SecretId=deployment.outputs["StripeWebhookSecretArn"],
                SecretString=json.dumps(signing),
            )

    def _import(self, deployment: Deployment, kind: ImportKind, path: Path) -> list[dict[str, Any]]:
        function = deployment.functions["import_orders"]
        with self.progress.stage(f"import {kind}") as stage:
            done = import_file(self.aws, function, kind, path, on_progress=stage.progress)
            stage.result = str(done)
        for refusal in done.refused[:_REFUSALS_SHOWN]:
            self.progress.warn(f"{path.name} line {refusal.line}: {refusal.reason}")
        if len(done.refused) > _REFUSALS_SHOWN:
            self.progress.warn(f"... and {len(done.refused) - _REFUSALS_SHOWN} lines more")
        return done.records

    def _sign_in(self, deployment: Deployment, studios: list[str]) -> dict[str, dict[str, str]]:
        with self.progress.stage("users") as stage:
            tokens = sign_in_demo_users(
                self.aws,
                pool_id=deployment.outputs["UserPoolId"],
                client_id=deployment.outputs["UserPoolClientId"],
                studios=studios,
            )
            stage.result = f"{len(STUDIO_ROLES)} roles in {len(tokens)} studios, and PPS's own"
        return tokens

    def _verify_sending_domains(self, studios: list[dict[str, Any]]) -> None:
        with self.progress.stage("sending domains") as stage:
            stage.result = f"{len(verify_sending_domains(self.aws, studios))} verified"

    def _seed(self, orders: list[dict[str, Any]]) -> None:
        if self.standin is not None:
            with self.progress.stage("seed charges") as stage:
                stage.result = f"{self.standin.seed(orders)} charges"


@contextmanager
def _only_one(directory: Path) -> Iterator[None]:
    """Hold the directory, so that two stacks do not write the same files."""
    with (directory / ".lock").open("w") as lock:
        try:
            flock(lock, LOCK_EX | LOCK_NB)
        except BlockingIOError as error:
            message = f"a stack already runs in {directory}: stop it first"
            raise Failure(message) from error
        yield


@contextmanager
def _scratch(directory: Path) -> Iterator[Path]:
    """Make a folder for what must not outlive the run, without an earlier run's leftovers."""
    scratch = directory / "scratch"
    shutil.rmtree(scratch, ignore_errors=True)
    scratch.mkdir()
    try:
        yield scratch
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


def _write_atomically(path: Path, text: str) -> None:
    """Write a file that is never seen half written, readable by its owner only: it has tokens."""
    new = path.with_suffix(".new")
    new.touch(mode=0o600)
    new.write_text(text, encoding="utf-8")
    new.replace(path)
