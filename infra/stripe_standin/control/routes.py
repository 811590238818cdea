"""The routes of the control API."""

from starlette.routing import Route

from infra.stripe_standin.control.accounts import AccountCommands
from infra.stripe_standin.control.balance_transactions import BalanceTransactionCommands
from infra.stripe_standin.control.charges import ChargeCommands
from infra.stripe_standin.control.clock import ClockCommands
from infra.stripe_standin.control.command import Commands
from infra.stripe_standin.control.disputes import DisputeCommands
from infra.stripe_standin.control.faults import FaultCommands
from infra.stripe_standin.control.keys import KeyCommands
from infra.stripe_standin.control.refunds import RefundCommands
from infra.stripe_standin.control.state import StateCommands
from infra.stripe_standin.control.transfers import TransferCommands
from infra.stripe_standin.control.webhooks import WebhookCommands
from infra.stripe_standin.state import StandinState

_SUBJECTS: list[type[Commands]] = [
    AccountCommands,
    BalanceTransactionCommands,
    ChargeCommands,
    ClockCommands,
    DisputeCommands,
    FaultCommands,
    KeyCommands,
    RefundCommands,
    StateCommands,
    TransferCommands,
    WebhookCommands,
]


def control_routes(standin: StandinState) -> list[Route]:
    """Return the routes of all commands, relative to `/_standin`."""
    return [route for subject in _SUBJECTS for route in subject(standin).routes()]
