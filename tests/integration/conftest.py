"""A backend on the local engine's tables, with a Stripe stand-in of this process."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import pytest

from infra.local.stack import Stack
from infra.stripe_standin import RunningStandin, running_standin
from tests.integration.backend import Backend, MakeBackend
from tests.integration.bookkeeper import Bookkeeper
from tests.integration.disaster import Disaster
from tests.integration.message_sender import MessageSender
from tests.integration.print_station import PrintStation
from tests.integration.reconcile_desk import ReconcileDesk
from tests.integration.studio_payouts import ACCOUNT, StudioPayouts
from tests.local_http import HTTP
from tests.operate import outputs_of, stack_with_outputs, use_environment
from tests.roles import RoleCheck, calling_use_case


@pytest.fixture(scope="session")
def stack(stack: Stack) -> Stack:
    """The stack, whose tables let a function's use case do only what the function's role allows."""
    orders, ledger = stack.tables["orders"], stack.tables["ledger"]

    def name_in_template(_: str, table: str) -> str:
        # A test's own table is named after the deployed one.
        if table.startswith(orders):
            return "OrdersTable"
        return "LedgerTable" if table.startswith(ledger) else table

    check = RoleCheck(calling_use_case, name_in_template)
    stack.aws.dynamodb.meta.events.register("before-parameter-build", check)
    return stack


@pytest.fixture(scope="session")
def standin_server() -> Iterator[RunningStandin]:
    with running_standin() as server:
        yield server


@pytest.fixture
def standin(standin_server: RunningStandin) -> RunningStandin:
    """The stand-in, empty, with its webhooks held: tests deliver events themselves."""
    HTTP.delete(f"{standin_server.control_url}/state").raise_for_status()
    HTTP.post(f"{standin_server.control_url}/webhooks", json={"mode": "hold"}).raise_for_status()
    return standin_server


@pytest.fixture
def make_backend(stack: Stack, standin: RunningStandin) -> MakeBackend:
    """Return a function that makes a studio's backend: ``make_backend(direct=True, …)``."""

    def make(**changes: object) -> Backend:
        return Backend(
            dynamodb=stack.aws.dynamodb,
            sqs=stack.aws.sqs,
            orders_table=stack.tables["orders"],
            ledger_table=stack.tables["ledger"],
            stripe_url=standin.url,
            **changes,  # type: ignore[arg-type]  # the Backend's own fields
        )

    return make


@pytest.fixture
def backend(make_backend: MakeBackend) -> Backend:
    """A studio whose orders are charged on the platform's account, in dollars."""
    return make_backend()


@pytest.fixture
def payouts(make_backend: MakeBackend) -> StudioPayouts:
    """The payouts of a studio that has a payout account."""
    return StudioPayouts(make_backend(studio={"payout_account_id": ACCOUNT}))


@pytest.fixture
def station(backend: Backend) -> PrintStation:
    """The print station of a studio of its own."""
    return PrintStation(backend)


@pytest.fixture
def bookkeeper(backend: Backend) -> Bookkeeper:
    """The bookkeeper of a studio of its own."""
    return Bookkeeper(backend)


@pytest.fixture
def sender(backend: Backend, stack: Stack) -> MessageSender:
    """Sends messages about a refund to the parent of one order."""
    return MessageSender(backend, stack)


@pytest.fixture
def operated(stack: Stack, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., str]]:
    """Return a function that deploys a stack with a backend's tables and queues for ``--stack``."""
    use_environment(stack, monkeypatch)
    with ExitStack() as deployed:

        def name_of(backend: Backend, **outputs: str) -> str:
            own = {
                "OrdersTableName": backend.orders_table,
                "LedgerTableName": backend.ledger_table,
                "AdjustQueueUrl": backend.adjust_url,
                "FeeRefundQueueUrl": backend.fee_url,
                "ChargeQueueUrl": backend.charge_url,
            }
            return deployed.enter_context(
                stack_with_outputs(stack, outputs_of(stack) | own | outputs)
            )

        yield name_of


@pytest.fixture
def disaster(make_backend: MakeBackend, stack: Stack) -> Callable[..., Disaster]:
    """Return a function that makes the disaster of a studio with a payout account."""

    def make(**changes: Any) -> Disaster:  # noqa: ANN401  # the Backend's fields
        studio = {"payout_account_id": ACCOUNT}
        return Disaster(make_backend(studio=studio, **changes), stack)

    return make


@pytest.fixture(params=[False, True], ids=["platform", "direct"])
def reconcile_desk(
    make_backend: Callable[..., Backend], request: pytest.FixtureRequest
) -> ReconcileDesk:
    """A studio that is paid out, whose orders are charged on either account."""
    return ReconcileDesk(make_backend(direct=request.param, studio={"payout_account_id": ACCOUNT}))


@pytest.fixture
def platform_desk(make_backend: Callable[..., Backend]) -> ReconcileDesk:
    """A studio that is paid out, whose orders are charged on the platform."""
    return ReconcileDesk(make_backend(studio={"payout_account_id": ACCOUNT}))


@pytest.fixture
def direct_desk(make_backend: Callable[..., Backend]) -> ReconcileDesk:
    """A studio whose orders are charged on its own account."""
    return ReconcileDesk(make_backend(direct=True))
