"""The product broken on purpose, in ways that real systems were: the harness finds each break."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import replace
from typing import Any
from unittest.mock import patch

import pytest
import stripe

from functions.refund_request.request_refund import RequestRefund
from functions.resume_pending.resume_refund import ResumeRefund
from functions.run_payouts.book_reversal import BookReversal
from shared.domain.errors import StripeRefusedError
from shared.domain.payment_status import PaymentStatus
from shared.domain.payout import Payout
from shared.domain.refund import Refund, RefundStatus
from shared.gateways.messages import Messages
from shared.gateways.stripe import errors
from shared.gateways.stripe.charges import StripeCharges
from shared.gateways.table import Table
from tests.faults.crash_points import (
    CrashInterceptor,
    crash_at_each_point,
    crash_points,
    play,
)
from tests.faults.flows import FLOWS
from tests.faults.one_process.template import Schedule
from tests.faults.weather.run import run_weather
from tests.faults.world.world import FaultWorld
from tests.roles import PermissionMissingError, without_permission

type Break = Callable[[], AbstractContextManager[object]]
type Search = Callable[[], list[str]]

# Every break shows within so many runs, and as the product is now, in the first of them.
_SEEDS = range(10, 70)


def in_flow(name: str) -> list[str]:
    """Return the first thing found in a flow."""
    flow = next(each for each in FLOWS if each.name == name)
    recorder = CrashInterceptor(flow.function)
    expected = play(flow, recorder)
    if expected.errors:
        return expected.errors
    for gives_up in {False, flow.client_may_give_up}:
        points = crash_points(recorder.calls)
        for found in crash_at_each_point(flow, expected, points, client_gives_up=gives_up):
            return [found]
    return []


def in_weather() -> list[str]:
    """Return the violations of the first run that has any."""
    for seed in _SEEDS:
        if found := run_weather(seed).violations:
            return found
    return []


def writes_without_conditions() -> AbstractContextManager[object]:
    """Writes overwrite what others wrote meanwhile."""

    def when(table: Table, _condition: str, _seen: object, item: Any) -> Any:  # noqa: ANN401  # a transaction's step
        return {"Put": {"TableName": table._name, "Item": item}}  # noqa: SLF001  # as the original does

    return patch.object(Table, "when", when)


def stripe_before_intent() -> AbstractContextManager[object]:
    """Stripe is called before the intent is stored."""
    intent = RequestRefund._intent  # noqa: SLF001  # the break replaces it

    def call_stripe_first(self: RequestRefund, *args: Any, **options: Any) -> Refund:  # noqa: ANN401  # passed on
        refund = intent(self, *args, **options)
        self.stripe.create(refund)
        return refund

    return patch.object(RequestRefund, "_intent", call_stripe_first)


def nothing_resumes() -> AbstractContextManager[object]:
    """No schedule calls resume_pending."""
    schedules = FaultWorld.schedules

    def others(world: FaultWorld) -> list[Schedule]:
        return [each for each in schedules(world) if each.function != "resume_pending"]

    return patch.object(FaultWorld, "schedules", others)


def new_attempt_without_search() -> AbstractContextManager[object]:
    """resume_pending begins a new attempt without a search for the last one at Stripe."""
    return patch.object(ResumeRefund, "find_at_stripe", lambda *_: None)


@contextmanager
def unknown_outcome_is_refusal() -> Iterator[None]:
    """A lost answer from Stripe counts as a refusal, and the money is free again."""

    def refused(_error: object) -> Exception:
        return StripeRefusedError("no answer", "no_answer")

    with patch.object(errors, "_unknown_outcome", refused):
        yield


def unreadable_answer_is_refusal() -> AbstractContextManager[object]:
    """An edge's page, or a body that is cut short, counts as Stripe's refusal."""

    def is_definitive(error: stripe.StripeError, _: object) -> bool:
        status = error.http_status
        return status is not None and status < 500 and status not in {401, 408, 409, 429}

    return patch.object(errors, "is_definitive", is_definitive)


def settled_twice() -> AbstractContextManager[object]:
    """A settled refund is settled again if the message comes again."""
    owed = property(lambda self: self.status in {RefundStatus.SUCCEEDED, RefundStatus.SETTLED})
    return patch.object(Refund, "settlement_owed", owed)


def share_rounded_up() -> AbstractContextManager[object]:
    """The reversed revenue share is rounded up, up to a cent too much."""
    return patch(
        "shared.domain.settlement.share_of", lambda whole, part, of: -(-whole * part // of)
    )


def email_without_record() -> AbstractContextManager[object]:
    """A message is not looked up and not recorded before it is sent."""
    return patch.multiple(Messages, get=lambda *_: None, record_sending=lambda *_: None)


def approved_in_two_steps() -> AbstractContextManager[object]:
    """An adjustment is marked as approved after its ledger entry is written, not with it."""

    def write_apart(table: Table, *steps: Any) -> None:  # noqa: ANN401  # a transaction's steps
        if len(steps) > 1 and "ADJUSTMENT#" in steps[0]["Put"]["Item"]["SK"]["S"]:
            write(table, *steps[1:])
            write(table, steps[0])
        else:
            write(table, *steps)

    write = Table.write
    return patch.object(Table, "write", write_apart)


def any_charge_is_paid() -> AbstractContextManager[object]:
    """A pending charge, and one that is only authorized, is a sale."""
    return patch("shared.domain.payment._status", lambda _: PaymentStatus.PAID)


def dispute_forgotten() -> AbstractContextManager[object]:
    """The charge is read without its disputes."""
    return patch.object(StripeCharges, "list_disputes", lambda *_: [])


def reversal_forgotten() -> AbstractContextManager[object]:
    """What came back of a transfer is not entered."""

    def forget(self: BookReversal, payout: Payout) -> str:
        self.payouts.advance(replace(payout, next_poll_at=None))
        return "PayoutNotReversed"

    return patch.object(BookReversal, "__call__", forget)


@pytest.mark.parametrize(
    ("break_product", "search"),
    [
        (writes_without_conditions, in_weather),
        (stripe_before_intent, lambda: in_flow("request, full")),
        (nothing_resumes, lambda: in_flow("request, full")),
        (new_attempt_without_search, lambda: in_flow("resume, failure after effect")),
        (unknown_outcome_is_refusal, in_weather),
        (unreadable_answer_is_refusal, in_weather),
        (settled_twice, lambda: in_flow("adjust")),
        (share_rounded_up, in_weather),
        (email_without_record, lambda: in_flow("message to the parent")),
        (approved_in_two_steps, lambda: in_flow("adjustment, approved")),
        (any_charge_is_paid, in_weather),
        (dispute_forgotten, lambda: in_flow("charge, disputed")),
        (reversal_forgotten, lambda: in_flow("payout run, transfer taken back")),
    ],
)
def test_the_harness_finds_a_break(break_product: Break, search: Search) -> None:
    with break_product():
        try:
            found = search()
        except AssertionError as error:
            found = [str(error)]
    assert found


@pytest.mark.parametrize(
    ("action", "search"),
    [
        # Both were missing once. Only a refund whose entry is in another window needs this one.
        ("dynamodb:GetItem", lambda: in_flow("reconcile")),
        # In the weather each function runs in a thread of its own.
        ("dynamodb:BatchGetItem", in_weather),
    ],
)
def test_the_harness_finds_a_permission_that_a_role_lacks(action: str, search: Search) -> None:
    lacks = f"reconcile .* lacks {action} on LedgerTable"
    with (
        without_permission("reconcile", action, "LedgerTable"),
        pytest.raises(PermissionMissingError, match=lacks),
    ):
        search()
