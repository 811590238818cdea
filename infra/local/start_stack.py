"""Starts the local stack for `make run` and the tests, and stops all of it together."""

import json
import shutil
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from fcntl import LOCK_EX, LOCK_NB, flock
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from infra.build.dashboard import OUTPUT, build_dashboard
from infra.build.functions import Architecture, build
from infra.failure import Failure
from infra.local.charge_progress import ChargeProgress
from infra.local.demo_users import STUDIO_ROLES, DemoUser, sign_in_demo_users
from infra.local.deployment import STACK_NAME, Deployment, deploy
from infra.local.engine import Aws, run_engine
from infra.local.environments import install_tools
from infra.local.mailbox import verify_sending_domains
from infra.local.options import Options, StripeServer
from infra.local.order_import import Imported, import_file, well_formed
from infra.local.processes import claim_port
from infra.local.stack import STACK_FILE, Stack
from infra.local.stripe_server import Standin, run_standin
from infra.operate.importing.fields import ImportKind
from infra.operate.importing.send import Counts
from infra.operate.publish_dashboard import publish
from infra.operate.stack import OperatedStack
from infra.operate.stripe.keys import STRIPE_KEYS
from infra.progress import Progress

_REFUSALS_SHOWN = 20


@contextmanager
def start_stack(options: Options, progress: Progress) -> Iterator[Stack]:
    """Run a stack for as long as the context lasts.

    While the stack runs, `stack.json` in its directory says where everything is.
    Leaving the context stops everything that was started, also after an error.

    Raises:
        Failure: The stack cannot start.
    """
    options.directory.mkdir(parents=True, exist_ok=True)
    with ExitStack() as running:
        running.enter_context(_locked(options.directory))
        claim_state(options)
        scratch = running.enter_context(_scratch(options.directory))
        shutil.rmtree(options.logs, ignore_errors=True)
        port = claim_port(options.port, setting="PORT")
        with progress.stage("environments") as stage:
            stage.result = ", ".join(install_tools()) or "up to date"
        # The engine and the stand-in start while the functions are built.
        engine = running.enter_context(run_engine(options, port, scratch))
        standin, stripe = None, options.stripe
        if stripe is None:
            stripe_port = claim_port(options.stripe_port, setting="STRIPE_PORT")
            standin = running.enter_context(run_standin(options, stripe_port, scratch))
            stripe = standin.server
        with progress.stage("build") as stage:
            built = build(Architecture.of_this_machine())
            stage.result = f"{len(built)} functions, {sum(a.changed for a in built)} changed"
        with progress.stage("build the page") as stage:
            stage.result = "changed" if build_dashboard().changed else "up to date"
        with progress.stage("engine") as stage:
            engine.wait_until_ready()
            stage.result = engine.aws.endpoint_url
        if standin is not None:
            with progress.stage("Stripe stand-in") as stage:
                standin.wait_until_ready()
                stage.result = standin.url
        stack = _Assembly(options, progress, engine.aws, stripe, standin, scratch).assemble()
        stack_file = options.directory / STACK_FILE
        _write_atomically(stack_file, json.dumps(stack.description(), indent=2) + "\n")
        running.callback(stack_file.unlink, missing_ok=True)
        yield stack


@dataclass(frozen=True)
class _Assembly:
    """Turns an empty engine into a stack: deploys the template and fills what it made."""

    options: Options
    progress: Progress
    aws: Aws
    stripe: StripeServer
    standin: Standin | None
    scratch: Path

    def assemble(self) -> Stack:
        """Deploy the template, fill it with secrets, users and orders, and return the stack."""
        deployment = self._deploy()
        self._publish_page(deployment)
        self._fill_secrets(deployment)
        studios = self._import(deployment, "studios", self.options.studios)
        self._verify_sending_domains(studios.records)
        users = self._sign_in(deployment, [studio["studio_id"] for studio in studios.records])
        orders = Imported(Counts())
        if self.options.orders is not None:
            # The import has the charges read at once, so they must be there.
            self._seed(well_formed(self.options.orders, "orders"))
            orders = self._import(deployment, "orders", self.options.orders)
            self._verify_charges(deployment, orders.records)
        outputs = deployment.outputs
        return Stack(
            aws=self.aws,
            api_url=deployment.api_url,
            dashboard_url=deployment.outputs["DashboardUrl"],
            stripe_url=self.stripe.api_base,
            stripe_api_key=self.stripe.api_key,
            standin=self.standin,
            users=users,
            tables={"orders": outputs["OrdersTableName"], "ledger": outputs["LedgerTableName"]},
            queues={
                "adjust": outputs["AdjustQueueUrl"],
                "adjust_dlq": outputs["AdjustDLQUrl"],
                "fee_refund": outputs["FeeRefundQueueUrl"],
                "fee_refund_dlq": outputs["FeeRefundDLQUrl"],
                "charge": outputs["ChargeQueueUrl"],
                "charge_dlq": outputs["ChargeDLQUrl"],
                "payout": outputs["PayoutQueueUrl"],
                "payout_dlq": outputs["PayoutDLQUrl"],
                "reconcile": outputs["ReconcileQueueUrl"],
                "reconcile_dlq": outputs["ReconcileDLQUrl"],
                "resume": outputs["ResumeQueueUrl"],
                "resume_dlq": outputs["ResumeDLQUrl"],
                "anchor": outputs["AnchorQueueUrl"],
                "anchor_dlq": outputs["AnchorDLQUrl"],
                "export": outputs["ExportQueueUrl"],
                "export_dlq": outputs["ExportDLQUrl"],
                "mail_event": outputs["MailEventQueueUrl"],
                "mail_event_dlq": outputs["MailEventDLQUrl"],
            },
            anchors={"bucket": outputs["AnchorBucketName"], "key": outputs["AnchorKeyArn"]},
            functions=deployment.functions,
            logs={path.stem: path for path in sorted(self.options.logs.iterdir())},
            orders=orders.records,
            refused=studios.counts.refused + orders.counts.refused,
        )

    def _deploy(self) -> Deployment:
        parameters = {
            "StripeApiBase": self.stripe.api_base,
            "StripeLivemode": "false",
            "AllowedOrigin": "*",
            "DashboardUrl": _dashboard_url(self.aws.endpoint_url),
            "SignInUrl": self.aws.endpoint_url,
            "ViewerProtocol": "allow-all",
            "DeletionProtection": "false",
            "MetricMath": "false",
            # The engine starts each function at each deployment for a snapshot that it cannot keep.
            "SnapStart": "None",
            "TokenHours": "24",
            "Mfa": "OPTIONAL",
            "RetryAfterSeconds": str(self.options.retry_after_s),
        }
        with self.progress.stage("deploy") as stage:
            deployment = deploy(self.aws, parameters, self.scratch)
            stage.result = deployment.api_url
        return deployment

    def _publish_page(self, deployment: Deployment) -> None:
        with self.progress.stage("publish the page") as stage:
            publish(self.aws, deployment.outputs, OUTPUT)
            stage.result = deployment.outputs["DashboardUrl"]

    def _fill_secrets(self, deployment: Deployment) -> None:
        with self.progress.stage("webhooks and secrets"):
            if self.standin is not None:
                signing = self.standin.register_webhooks(deployment.api_url)
            else:
                # The program that forwards webhooks to us signs both kinds with this secret.
                secret = self.stripe.webhook_secret
                signing = {"platform": [secret], "connect": [secret]}
            for key in STRIPE_KEYS:
                # The stand-in has restricted keys. Somebody's test mode has one key for all.
                stored = self.standin.restricted_key(key) if self.standin else self.stripe.api_key
                self.aws.secrets.put_secret_value(
                    SecretId=deployment.outputs[key.output],
                    SecretString=json.dumps({"api_key": stored}),
                )
            self.aws.secrets.put_secret_value(
                SecretId=deployment.outputs["StripeWebhookSecretArn"],
                SecretString=json.dumps(signing),
            )

    def _import(self, deployment: Deployment, kind: ImportKind, path: Path) -> Imported:
        operated = OperatedStack(STACK_NAME, self.aws, deployment.outputs)
        with self.progress.stage(f"import {kind}") as stage:
            done = import_file(operated, kind, path, stage.progress)
            stage.result = str(done.counts)
        self._warn([f"{path.name} {problem}" for problem in done.counts.problems], "problems")
        return done

    def _sign_in(
        self, deployment: Deployment, studios: list[str]
    ) -> dict[str, dict[str, DemoUser]]:
        with self.progress.stage("users") as stage:
            users = sign_in_demo_users(
                self.aws,
                pool_id=deployment.outputs["UserPoolId"],
                client_id=deployment.outputs["UserPoolClientId"],
                orders_table=deployment.outputs["OrdersTableName"],
                studios=studios,
            )
            stage.result = f"{len(STUDIO_ROLES)} roles in {len(users)} studios, and a PPS admin"
        return users

    def _verify_sending_domains(self, studios: list[dict[str, Any]]) -> None:
        with self.progress.stage("sending domains") as stage:
            stage.result = f"{len(verify_sending_domains(self.aws, studios))} verified"

    def _seed(self, orders: list[dict[str, Any]]) -> None:
        if self.standin is not None:
            with self.progress.stage("seed charges") as stage:
                seeded = self.standin.seed(orders)
                stage.result = f"{seeded.charges} charges"
            self._warn(seeded.refused, "charges")

    def _verify_charges(self, deployment: Deployment, orders: list[dict[str, Any]]) -> None:
        outputs = deployment.outputs
        reading = ChargeProgress(self.aws, outputs["OrdersTableName"], outputs["ChargeQueueUrl"])
        with self.progress.stage("verify charges") as stage:
            stage.result = reading.wait(orders, stage.progress)

    def _warn(self, refused: list[str], what: str) -> None:
        for reason in refused[:_REFUSALS_SHOWN]:
            self.progress.warn(reason)
        if len(refused) > _REFUSALS_SHOWN:
            self.progress.warn(f"... and {len(refused) - _REFUSALS_SHOWN} more {what}")


def _dashboard_url(engine_url: str) -> str:
    """Return the address under which our launcher has the engine serve the page."""
    port = urlsplit(engine_url).port
    return f"http://dashboard.cloudfront.localhost:{port}"


@contextmanager
def _locked(directory: Path) -> Iterator[None]:
    """Lock the directory, so that two stacks cannot write the same files.

    Raises:
        Failure: Another stack has locked it.
    """
    with (directory / ".lock").open("w") as lock:
        try:
            flock(lock, LOCK_EX | LOCK_NB)
        except BlockingIOError as error:
            raise Failure(f"A stack already runs in {directory}. Stop it first.") from error
        yield


def claim_state(options: Options) -> None:
    """Remember the region of the state that is kept.

    Raises:
        Failure: The state was kept in another region, in which its names and addresses are.
    """
    if not options.keep:
        return
    region_file = options.state / "region"
    if not region_file.exists():
        options.state.mkdir(parents=True, exist_ok=True)
        region_file.write_text(options.region, encoding="utf-8")
    kept = region_file.read_text(encoding="utf-8")
    if kept != options.region:
        raise Failure(
            f"The kept state is of the region {kept}. Set REGION={kept}, or delete {options.state}."
        )


@contextmanager
def _scratch(directory: Path) -> Iterator[Path]:
    """Make an empty folder for files that are deleted when the run ends."""
    scratch = directory / "scratch"
    shutil.rmtree(scratch, ignore_errors=True)
    scratch.mkdir()
    try:
        yield scratch
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


def _write_atomically(path: Path, text: str) -> None:
    """Write the whole file at once. Only its owner can read it, because it contains tokens."""
    new = path.with_suffix(".new")
    new.touch(mode=0o600)
    new.write_text(text, encoding="utf-8")
    new.replace(path)
