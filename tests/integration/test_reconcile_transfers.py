"""The daily reconciliation finds what differs in payouts and transfers."""

from datetime import timedelta

import pytest

from functions.reconcile.findings import FindingKind
from shared.gateways.records.keys import (
    OpenWork,
    payout_sk,
    studio_pk,
)
from tests.integration.reconcile_desk import ReconcileDesk, late

pytestmark = pytest.mark.stack


@pytest.mark.parametrize("kind", ["transfer", "transfer_refund"])
def test_a_transfer_that_moved_the_balance_otherwise_is_found(
    platform_desk: ReconcileDesk, kind: str
) -> None:
    backend = platform_desk.backend
    backend.sell()
    transfer = platform_desk.paid_out()
    if kind == "transfer_refund":
        backend.stripe_call("POST", f"transfers/{transfer['id']}/reversals", amount=1)
    (moved,) = backend.stripe_call("GET", "balance_transactions", type=kind)["data"]
    backend.control(f"balance_transactions/{moved['id']}", amount=moved["amount"] + 1)
    late(platform_desk)

    (finding,) = [
        each for each in platform_desk.findings() if each.kind is FindingKind.BALANCE_DIFFERS
    ]
    assert (finding.stripe_id, finding.amount) == (moved["id"], moved["amount"])
    assert finding.stripe_amount == moved["amount"] + 1


def test_a_transfer_that_was_reversed_weeks_later_is_found(platform_desk: ReconcileDesk) -> None:
    platform_desk.backend.sell()
    transfer = platform_desk.paid_out()
    late(platform_desk)
    assert platform_desk.kinds() == {}
    platform_desk.pass_time(timedelta(days=60))
    assert platform_desk.kinds() == {}
    platform_desk.backend.stripe_call("POST", f"transfers/{transfer['id']}/reversals", amount=80)
    late(platform_desk)

    (finding,) = platform_desk.findings()
    assert (finding.kind, finding.healed) == (FindingKind.TRANSFER_REVERSED, True)
    assert (finding.amount, finding.stripe_amount) == (transfer["amount"], transfer["amount"] - 80)
    assert finding.payout_id == transfer["transfer_group"]
    assert platform_desk.payouts.run().done["PayoutReversed"] == 1
    assert platform_desk.kinds() == {}


def test_payouts_and_transfers_that_do_not_fit_are_found(platform_desk: ReconcileDesk) -> None:
    backend = platform_desk.backend
    backend.sell()
    transfer = platform_desk.paid_out()
    payout = platform_desk.payouts.last()
    late(platform_desk)
    pk, sk = studio_pk(backend.studio_id), payout_sk(payout.payout_id)

    def changed(**values: object) -> dict[FindingKind, int]:
        for name, value in values.items():
            platform_desk.change(backend.orders_table, pk, sk, **{name: value})
        return platform_desk.kinds()

    assert changed(paid_amount=1) == {
        FindingKind.TRANSFER_AMOUNT_DIFFERS: 1,
        FindingKind.LEDGER_DIFFERS: 1,
    }
    assert changed(paid_amount=payout.paid_amount, transfer_id="tr_of_nobody") == {
        FindingKind.TRANSFER_UNKNOWN_HERE: 1,
        FindingKind.TRANSFER_NOT_AT_STRIPE: 1,
    }
    still_open = {"status": "transferring", "open_pk": OpenWork.PAYOUT}
    assert changed(transfer_id=transfer["id"], open_due=payout.closed_at, **still_open) == {}
    platform_desk.pass_time(timedelta(hours=4))
    assert changed() == {FindingKind.TRANSFER_NOT_CONFIRMED: 1}
    assert changed(status="failed") == {FindingKind.TRANSFER_UNKNOWN_HERE: 1}
    assert changed(status="paid") == {}
