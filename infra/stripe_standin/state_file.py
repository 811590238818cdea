"""Keeps the state of the stand-in between runs."""

import os
import tempfile
from pathlib import Path
from types import GenericAlias
from typing import Any, Literal

from pydantic import ValidationError, create_model

from infra.stripe_standin.records.base import StoredModel
from infra.stripe_standin.records.saved_responses import SavedResponse
from infra.stripe_standin.records.webhooks import WebhookDelivery
from infra.stripe_standin.state import StandinState
from infra.stripe_standin.store import Store
from infra.stripe_standin.webhooks.settings import WebhookSettings


class StateFileError(Exception):
    """The stand-in cannot use its state file."""


class _StateHeader(StoredModel):
    """What the file holds besides the collections of the store.

    Faults and the request log belong to one run: the file does not keep them.
    """

    format: Literal["stripe-standin-3"] = "stripe-standin-3"
    clock_offset_s: int
    deliveries: list[WebhookDelivery]
    saved_responses: list[SavedResponse]
    webhook_settings: WebhookSettings


_COLLECTION_FIELDS: dict[str, Any] = {
    name: (GenericAlias(list, (collection.record_type,)), ...)
    for name, collection in Store().collections().items()
}
_State = create_model("_State", __base__=_StateHeader, **_COLLECTION_FIELDS)


def load_state(standin: StandinState, path: Path) -> None:
    """Load the state from the file, if the file exists.

    Raises:
        StateFileError: If the file cannot be read or is not a state file.
    """
    if not path.parent.is_dir():
        message = f"there is no folder for the state file {path}: create it first"
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
        message = (
            f"{path} is not a state file of this stand-in: {place}: {problem['msg']}. "
            "Delete it to start empty, or name another file"
        )
        raise StateFileError(message) from error
    standin.clock.offset_s = state.clock_offset_s
    standin.webhooks.configure(state.webhook_settings)
    _restore_store(standin.store, state)


def _restore_store(store: Store, state: _StateHeader) -> None:
    for name, collection in store.collections().items():
        for record in getattr(state, name):
            collection.add(record)
    for delivery in state.deliveries:
        store.deliveries[delivery.event].append(delivery)
    for response in state.saved_responses:
        store.saved_responses[response.account, response.key] = response


def save_state(standin: StandinState, path: Path) -> None:
    """Write the state to the file, which is never left half written.

    Raises:
        StateFileError: If the file cannot be written.
    """
    store = standin.store
    records: dict[str, Any] = {
        name: list(collection) for name, collection in store.collections().items()
    }
    # Everything is valid already, and there is a lot of it: skip the validation.
    state = _State.model_construct(
        format="stripe-standin-3",
        clock_offset_s=standin.clock.offset_s,
        deliveries=standin.webhooks.all_deliveries(),
        saved_responses=list(store.saved_responses.values()),
        webhook_settings=standin.webhooks.settings,
        **records,
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
