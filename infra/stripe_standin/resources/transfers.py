"""Transfers to connected accounts: https://stripe.com/docs/api/transfers."""

from infra.stripe_standin.call import Call, Operation
from infra.stripe_standin.errors import StripeError, money, resource_missing
from infra.stripe_standin.identifiers import new_id
from infra.stripe_standin.listing import list_page
from infra.stripe_standin.params import (
    Boolean,
    Currency,
    MetadataChange,
    Params,
    Positive,
    Text,
    TimedListParams,
    merge_metadata,
)
from infra.stripe_standin.records import (
    Charge,
    Json,
    Metadata,
    Refund,
    Transfer,
    TransferReversal,
)
from infra.stripe_standin.rendering.connect import render_transfer, render_transfer_reversal
from infra.stripe_standin.resources.balance import move_balance
from infra.stripe_standin.standin import Cause, Standin


class CreateTransfer(Params):
    """Parameters of POST /v1/transfers."""

    amount: Positive
    currency: Currency
    destination: Text
    description: Text | None = None
    metadata: MetadataChange | None = None
    source_transaction: Text | None = None
    source_type: Text = "card"
    transfer_group: Text | None = None


def _create(call: Call[CreateTransfer]) -> Json:
    params, standin = call.params, call.standin
    if not params.destination.startswith("acct_"):
        raise resource_missing("destination", params.destination, param="destination", status=400)
    _check_source(call)
    outcome = call.take_outcome()
    if outcome == "insufficient_funds":
        raise StripeError(
            400,
            "You have insufficient available funds in your Stripe account. Try adding funds "
            "directly to your available balance by creating Charges using the 4000000000000077 "
            "test card. See: https://stripe.com/docs/testing#available-balance",
            code="balance_insufficient",
        )
    transfer = _add_transfer(call)
    standin.emit(
        "transfer.created",
        render_transfer(standin.store, transfer),
        account=call.account,
        cause=call.cause,
    )
    if outcome == "fail_at_once":
        _reverse(standin, transfer, transfer.amount, type_="transfer_failure", cause=call.cause)
    return render_transfer(standin.store, transfer)


def _check_source(call: Call[CreateTransfer]) -> None:
    params = call.params
    if params.source_transaction is None:
        return
    charges = call.standin.store.charges
    charge = charges.find(
        params.source_transaction, call.account, param="source_transaction", status=400
    )
    if params.amount > charge.amount:
        raise StripeError(
            400,
            f"Transfer amount ({money(params.amount, params.currency)}) is greater than the "
            f"source transaction's ({money(charge.amount, charge.currency)})",
            param="amount",
        )


def _add_transfer(call: Call[CreateTransfer]) -> Transfer:
    """Debit the platform and credit the destination, where the money arrives as a payment."""
    params, standin = call.params, call.standin
    id_, payment, now = new_id("tr"), new_id("py"), standin.clock.now()
    debit = move_balance(
        standin,
        "transfer",
        -params.amount,
        currency=params.currency,
        source=id_,
        account=call.account,
    )
    credit = move_balance(
        standin,
        "payment",
        params.amount,
        currency=params.currency,
        source=payment,
        account=params.destination,
    )
    standin.store.charges.add(
        Charge(
            id=payment,
            account=params.destination,
            created=now,
            amount=params.amount,
            currency=params.currency,
            balance_transaction=credit,
            source_transfer=id_,
        )
    )
    return standin.store.transfers.add(
        Transfer(
            id=id_,
            account=call.account,
            created=now,
            amount=params.amount,
            currency=params.currency,
            destination=params.destination,
            destination_payment=payment,
            balance_transaction=debit,
            description=params.description,
            metadata=merge_metadata({}, params.metadata),
            source_transaction=params.source_transaction,
            source_type=params.source_type,
            transfer_group=params.transfer_group,
        )
    )


def _reverse(  # noqa: PLR0913 - a reversal is made of these
    standin: Standin,
    transfer: Transfer,
    amount: int,
    *,
    type_: str,
    cause: Cause,
    metadata: Metadata | None = None,
) -> TransferReversal:
    """Move money of a transfer back, as a balance transaction of `type_` on the platform."""
    before = render_transfer(standin.store, transfer)
    id_, now = new_id("trr"), standin.clock.now()
    credit = move_balance(
        standin,
        type_,
        amount,
        currency=transfer.currency,
        source=id_,
        account=transfer.account,
    )
    reversal = TransferReversal(
        id=id_,
        account=transfer.account,
        created=now,
        transfer=transfer.id,
        amount=amount,
        currency=transfer.currency,
        balance_transaction=credit,
        destination_payment_refund=_take_from_destination(standin, transfer, amount),
        metadata=metadata or {},
    )
    standin.store.transfer_reversals.add(reversal)
    after = render_transfer(standin.store, transfer)
    standin.emit("transfer.reversed", after, account=transfer.account, cause=cause, before=before)
    return reversal


def _take_from_destination(standin: Standin, transfer: Transfer, amount: int) -> str:
    id_ = new_id("pyr")
    debit = move_balance(
        standin,
        "payment_refund",
        -amount,
        currency=transfer.currency,
        source=id_,
        account=transfer.destination,
    )
    refund = Refund(
        id=id_,
        account=transfer.destination,
        created=standin.clock.now(),
        charge=transfer.destination_payment,
        payment_intent=None,
        amount=amount,
        currency=transfer.currency,
        status="succeeded",
        balance_transaction=debit,
    )
    return standin.store.refunds.add(refund).id


class ListTransfers(TimedListParams):
    """Parameters of GET /v1/transfers."""

    destination: Text | None = None
    transfer_group: Text | None = None


def _list(call: Call[ListTransfers]) -> Json:
    params, store = call.params, call.standin.store

    def keep(transfer: Transfer) -> bool:
        return (
            params.destination in {None, transfer.destination}
            and params.transfer_group in {None, transfer.transfer_group}
            and params.created.holds(transfer.created)
        )

    return list_page(
        store.transfers,
        store.transfers.of_account(call.account),
        params,
        account=call.account,
        url="/v1/transfers",
        keep=keep,
        render=lambda transfer: render_transfer(store, transfer),
    )


def _retrieve(call: Call[Params]) -> Json:
    store = call.standin.store
    transfer = store.transfers.find(call.ids["transfer"], call.account, param="transfer")
    return render_transfer(store, transfer)


class CreateReversal(Params):
    """Parameters of POST /v1/transfers/{id}/reversals."""

    amount: Positive | None = None
    description: Text | None = None
    metadata: MetadataChange | None = None
    refund_application_fee: Boolean = False


def _create_reversal(call: Call[CreateReversal]) -> Json:
    store = call.standin.store
    transfer = store.transfers.find(call.ids["id"], call.account, param="id")
    left = transfer.amount - store.amount_reversed(transfer)
    if left == 0:
        raise StripeError(400, f"Transfer {transfer.id} is already fully reversed.")
    amount = left if call.params.amount is None else call.params.amount
    if amount > left:
        raise StripeError(
            400,
            f"Reversal amount ({money(amount, transfer.currency)}) is greater than unreversed "
            f"amount on transfer ({money(left, transfer.currency)})",
            param="amount",
        )
    reversal = _reverse(
        call.standin,
        transfer,
        amount,
        type_="transfer_refund",
        cause=call.cause,
        metadata=merge_metadata({}, call.params.metadata),
    )
    return render_transfer_reversal(reversal)


OPERATIONS = [
    Operation("POST", "/v1/transfers", CreateTransfer, "transfer", _create),
    Operation("GET", "/v1/transfers", ListTransfers, "list of transfer", _list),
    Operation("GET", "/v1/transfers/{transfer}", Params, "transfer", _retrieve),
    Operation(
        "POST",
        "/v1/transfers/{id}/reversals",
        CreateReversal,
        "transfer_reversal",
        _create_reversal,
    ),
]
