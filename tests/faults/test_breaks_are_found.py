"""The product broken on purpose, in ways that have been real elsewhere: each break is found."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Any
from unittest.mock import patch

import pytest

from functions.refund_request.request_refund import RequestRefund
from functions.resume_pending.resume_refund import ResumeRefund
from shared.domain.errors import StripeRefusedError
from shared.domain.refund import Refund, RefundStatus
from shared.gateways.messages import Messages
from shared.gateways.stripe import errors
from shared.gateways.table import Table
from tests.faults import world as worlds
from tests.faults.crash import CrashingLine
from tests.faults.flows import FLOWS
from tests.faults.test_crash_points import played, stopped_at_each_call
from tests.faults.weather import run

# In so many runs every break shows itself.
_RUNS = 60


def in_flow(name: str) -> list[str]:
    """Return what is found first in a flow."""
    flow = next(each for each in FLOWS if each.name == name)
    line = CrashingLine(flow.functions)
    expected = played(flow, line)
    stops = (
        each
        for gives_up in {False, flow.client}
        for each in stopped_at_each_call(flow, expected, len(line.calls), gives_up=gives_up)
    )
    return expected.errors or [each for each, _ in zip(stops, "1", strict=False)]


def in_weather() -> list[str]:
    """Return what is found in the first run where something is."""
    return next((found for seed in range(_RUNS) if (found := run(seed).faults)), [])


def without_conditions() -> AbstractContextManager[object]:
    """Writes overwrite what others have written meanwhile."""

    def when(table: Table, _condition: str, _seen: object, item: Any) -> Any:  # noqa: ANN401  # a step
        return {"Put": {"TableName": table._name, "Item": item}}  # noqa: SLF001  # as the original does

    return patch.object(Table, "when", when)


def stripe_first() -> AbstractContextManager[object]:
    """Stripe is called before the intent is on disk."""
    intent = RequestRefund._intent  # noqa: SLF001  # what is broken

    def called_first(self: RequestRefund, *args: Any, **options: Any) -> Refund:  # noqa: ANN401  # as they come
        refund = intent(self, *args, **options)
        self.stripe.create(refund)
        return refund

    return patch.object(RequestRefund, "_intent", called_first)


def nothing_resumed() -> AbstractContextManager[object]:
    """resume_pending is never called."""
    scheduled = [each for each in worlds.scheduled() if each.function != "resume_pending"]
    return patch.object(worlds, "scheduled", lambda: scheduled)


def new_key_each_time() -> AbstractContextManager[object]:
    """resume_pending begins a new attempt without looking whether the last one took effect."""
    return patch.object(ResumeRefund, "find_at_stripe", lambda *_: None)


@contextmanager
def doubt_is_refusal() -> Iterator[None]:
    """No answer from Stripe is taken for a refusal, and the money is free again."""

    def refused(_error: object) -> Exception:
        return StripeRefusedError("no answer", "no_answer")

    with patch.object(errors, "_unknown_outcome", refused):
        yield


def settled_is_owed() -> AbstractContextManager[object]:
    """A refund that is settled is settled again when the message comes again."""
    owed = property(lambda self: self.status in {RefundStatus.SUCCEEDED, RefundStatus.SETTLED})
    return patch.object(Refund, "settlement_owed", owed)


def any_share() -> AbstractContextManager[object]:
    """Half a cent too much of the share comes back."""
    return patch(
        "shared.domain.settlement.share_of", lambda whole, part, of: -(-whole * part // of)
    )


def forgetful_mail() -> AbstractContextManager[object]:
    """A message is not looked up before it is sent."""
    return patch.multiple(Messages, get=lambda *_: None, record_sending=lambda *_: None)


@pytest.mark.parametrize(
    ("broken", "look"),
    [
        (without_conditions, in_weather),
        (stripe_first, lambda: in_flow("request, full")),
        (nothing_resumed, lambda: in_flow("request, full")),
        (new_key_each_time, lambda: in_flow("resume, failure after effect")),
        (doubt_is_refusal, in_weather),
        (settled_is_owed, lambda: in_flow("adjust")),
        (any_share, in_weather),
        (forgetful_mail, lambda: in_flow("message to the parent")),
    ],
)
def test_a_break_is_found(
    broken: Callable[[], AbstractContextManager[object]], look: Callable[[], list[str]]
) -> None:
    with broken():
        try:
            found = look()
        except AssertionError as never:
            found = [str(never)]
    assert found
