"""Keeps the stand-in's state between runs."""

import os
import tempfile
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, ValidationError

from infra.stripe_standin.records import (
    ApplicationFee,
    BalanceTransaction,
    Charge,
    Delivery,
    Dispute,
    Event,
    FeeRefund,
    PaymentIntent,
    Record,
    Refund,
    SavedAnswer,
    Transfer,
    TransferReversal,
    WebhookEndpoint,
)
from infra.stripe_standin.standin import Standin
from infra.stripe_standin.store import Collection
from infra.stripe_standin.webhooks import WebhookSettings


class StateFileError(Exception):
    """The state file cannot be used."""


class _State(BaseModel):
    """What the file holds; faults and the request log belong to one run and are not kept."""

    model_config = ConfigDict(extra="forbid")

    format: Literal["stripe-standin-1"] = "stripe-standin-1"
    clock_offset_s: int
    charges: list[Charge]
    payment_intents: list[PaymentIntent]
    refunds: list[Refund]
    balance_transactions: list[BalanceTransaction]
    application_fees: list[ApplicationFee]
    fee_refunds: list[FeeRefund]
    transfers: list[Transfer]
    transfer_reversals: list[TransferReversal]
    disputes: list[Dispute]
    events: list[Event]
    webhook_endpoints: list[WebhookEndpoint]
    deliveries: list[Delivery]
    saved_answers: list[SavedAnswer]
    webhook_settings: WebhookSettings


def load_state(standin: Standin, path: Path) -> None:
    """Take over the state in the file, if there is one.

    Raises:
        StateFileError: If the file cannot be read or is not a state file.
    """
    if not path.parent.is_dir():
        message = f"there is no folder for the state file {path}"
        raise StateFileError(message)
    try:
        state = _State.model_validate_json(path.read_bytes())
    except FileNotFoundError:
        return
    except OSError as error:
        message = f"cannot read the state file {path}: {error.strerror}"
        raise StateFileError(message) from error
    except ValidationError as error:
        problem = error.errors(include_url=False)[0]
        place = ".".join(str(part) for part in problem["loc"]) or "contents"
        message = f"{path} is not a state file of the stand-in: {place}: {problem['msg']}"
        raise StateFileError(message) from error
    standin.clock.offset_s = state.clock_offset_s
    standin.webhooks.configure(state.webhook_settings)
    _restore_store(standin, state)


def _restore_store(standin: Standin, state: _State) -> None:
    store = standin.store
    _fill(store.charges, state.charges)
    _fill(store.payment_intents, state.payment_intents)
    _fill(store.refunds, state.refunds)
    _fill(store.balance_transactions, state.balance_transactions)
    _fill(store.application_fees, state.application_fees)
    _fill(store.fee_refunds, state.fee_refunds)
    _fill(store.transfers, state.transfers)
    _fill(store.transfer_reversals, state.transfer_reversals)
    _fill(store.disputes, state.disputes)
    _fill(store.events, state.events)
    _fill(store.webhook_endpoints, state.webhook_endpoints)
    for delivery in state.deliveries:
        store.deliveries[delivery.event].append(delivery)
    for answer in state.saved_answers:
        store.saved_answers[answer.account, answer.key] = answer


def _fill[R: Record](collection: Collection[R], records: list[R]) -> None:
    for record in records:
        collection.add(record)


def save_state(standin: Standin, path: Path) -> None:
    """Write the state so that the file is always either the old one or the new one, whole.

    Raises:
        StateFileError: If it cannot be written.
    """
    store = standin.store
    # Built without validation: everything in it is validated already, and there is a lot.
    state = _State.model_construct(
        format="stripe-standin-1",
        clock_offset_s=standin.clock.offset_s,
        charges=list(store.charges),
        payment_intents=list(store.payment_intents),
        refunds=list(store.refunds),
        balance_transactions=list(store.balance_transactions),
        application_fees=list(store.application_fees),
        fee_refunds=list(store.fee_refunds),
        transfers=list(store.transfers),
        transfer_reversals=list(store.transfer_reversals),
        disputes=list(store.disputes),
        events=list(store.events),
        webhook_endpoints=list(store.webhook_endpoints),
        deliveries=standin.webhooks.all_deliveries(),
        saved_answers=list(store.saved_answers.values()),
        webhook_settings=standin.webhooks.settings,
    )
    try:
        _write_atomically(path, state.model_dump_json().encode())
    except OSError as error:
        message = f"cannot write the state file {path}: {error.strerror}"
        raise StateFileError(message) from error


def _write_atomically(path: Path, content: bytes) -> None:
    with tempfile.NamedTemporaryFile(dir=path.parent, prefix=path.name, delete=False) as file:
        try:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
            Path(file.name).replace(path)
        except OSError:
            Path(file.name).unlink(missing_ok=True)
            raise
