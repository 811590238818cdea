"""Transfers to connected accounts, see https://stripe.com/docs/api/transfers."""

from infra.stripe_standin.changes.balances import move_balance
from infra.stripe_standin.changes.transfers import reverse_transfer
from infra.stripe_standin.identifiers import new_id
from infra.stripe_standin.protocol.errors import StripeError, amount_too_large, resource_missing
from infra.stripe_standin.protocol.metadata import MetadataChange, merge_metadata
from infra.stripe_standin.protocol.operation import ApiCall, Operation
from infra.stripe_standin.protocol.pagination import list_page
from infra.stripe_standin.protocol.parameter_types import Currency, PositiveInteger, Text
from infra.stripe_standin.protocol.params import Params, TimedListParams
from infra.stripe_standin.records.base import JsonObject
from infra.stripe_standin.records.charges import ChargeRecord
from infra.stripe_standin.records.transfers import TransferRecord
from infra.stripe_standin.rendering.transfers import render_transfer
from infra.stripe_standin.state import StandinState


class CreateTransfer(Params):
    """Parameters of POST /v1/transfers."""

    amount: PositiveInteger
    currency: Currency
    destination: Text
    description: Text | None = None
    metadata: MetadataChange | None = None
    source_transaction: Text | None = None
    source_type: Text = "card"
    transfer_group: Text | None = None


def _create(call: ApiCall[CreateTransfer]) -> JsonObject:
    params, store = call.params, call.standin.store
    if not params.destination.startswith("acct_"):
        raise resource_missing("destination", params.destination, param="destination", status=400)
    _check_destination(call)
    _check_source(call)
    fault = call.take_outcome_fault()
    if fault == "insufficient_funds":
        raise StripeError(
            400,
            "You have insufficient available funds in your Stripe account. Try adding funds "
            "directly to your available balance by creating Charges using the 4000000000000077 "
            "test card. See: https://stripe.com/docs/testing#available-balance",
            code="balance_insufficient",
        )
    transfer = _add_transfer(call)
    call.emit("transfer.created", render_transfer(store, transfer))
    if fault == "fail_at_once":
        reverse_transfer(
            call.standin,
            transfer,
            transfer.amount,
            transaction_type="transfer_failure",
            cause=call.cause,
        )
    return render_transfer(store, transfer)


def _check_destination(call: ApiCall[CreateTransfer]) -> None:
    """Refuse an account that left, or that was closed."""
    destination, store = call.params.destination, call.standin.store
    if store.is_connected(destination):
        return
    if store.accounts[destination].access == "deauthorized":
        raise resource_missing("destination", destination, param="destination", status=400)
    raise StripeError(
        400,
        f"The destination account '{destination}' was closed, so it cannot receive transfers.",
        code="account_invalid",
        param="destination",
    )


def _check_source(call: ApiCall[CreateTransfer]) -> None:
    params, name = call.params, "source_transaction"
    if params.source_transaction is None:
        return
    charges = call.standin.store.charges
    charge = charges.find(params.source_transaction, call.account, param=name, status=400)
    if params.amount > charge.amount:
        limit_name = "the source transaction's"
        raise amount_too_large(
            "Transfer amount", params.amount, limit_name, charge.amount, currency=params.currency
        )


def _add_transfer(call: ApiCall[CreateTransfer]) -> TransferRecord:
    """Debit the platform and pay the destination."""
    params, standin = call.params, call.standin
    id_ = new_id("tr")
    debit = move_balance(
        standin,
        "transfer",
        -params.amount,
        currency=params.currency,
        source=id_,
        account=call.account,
    )
    return standin.store.transfers.add(
        TransferRecord(
            id=id_,
            account=call.account,
            created=standin.clock.now(),
            amount=params.amount,
            currency=params.currency,
            destination=params.destination,
            destination_payment=_pay_destination(standin, params, transfer_id=id_),
            balance_transaction=debit,
            description=params.description,
            metadata=merge_metadata({}, params.metadata),
            source_transaction=params.source_transaction,
            source_type=params.source_type,
            transfer_group=params.transfer_group,
        )
    )


def _pay_destination(standin: StandinState, params: CreateTransfer, *, transfer_id: str) -> str:
    """Credit the destination with a payment, and return the payment's id."""
    id_ = new_id("py")
    credit = move_balance(
        standin,
        "payment",
        params.amount,
        currency=params.currency,
        source=id_,
        account=params.destination,
    )
    payment = ChargeRecord(
        id=id_,
        account=params.destination,
        created=standin.clock.now(),
        amount=params.amount,
        currency=params.currency,
        amount_captured=params.amount,
        balance_transaction=credit,
        source_transfer=transfer_id,
    )
    return standin.store.charges.add(payment).id


class ListTransfers(TimedListParams):
    """Parameters of GET /v1/transfers."""

    filters = frozenset({"destination", "transfer_group"})

    destination: Text | None = None
    transfer_group: Text | None = None


def _list(call: ApiCall[ListTransfers]) -> JsonObject:
    store = call.standin.store
    return list_page(call, store.transfers, lambda transfer: render_transfer(store, transfer))


def _retrieve(call: ApiCall[Params]) -> JsonObject:
    store = call.standin.store
    return render_transfer(store, call.find(store.transfers, "transfer"))


OPERATIONS = [
    Operation("POST", "/v1/transfers", CreateTransfer, "transfer", _create),
    Operation("GET", "/v1/transfers", ListTransfers, "list of transfer", _list),
    Operation("GET", "/v1/transfers/{transfer}", Params, "transfer", _retrieve),
]
