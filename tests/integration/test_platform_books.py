"""PPS's own books: every movement of the platform's balance has its other side, to the cent."""

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from itertools import count

import pytest

from shared.clock import rfc3339
from shared.domain.books_proof import BooksFindingKind as Kind
from shared.domain.ledger import LISTED_AFTER_CHANGE, EntryAmounts, EntryFacts, EntryKind
from shared.domain.platform_line import OwnLine
from shared.gateways.conflict import StaleStateError
from shared.gateways.reconcile_queue import BOOKS, work_from
from shared.gateways.records.keys import HEAD_SK, studio_pk
from shared.gateways.records.platform_books import books_to_item
from tests.integration.backend import Backend, MakeBackend
from tests.integration.books_desk import TOO_LATE, BooksDesk
from tests.integration.own_resources import drain
from tests.integration.pps_admins import PpsAdmins
from tests.integration.studio_payouts import ACCOUNT, NET, TRANSFERS, WEEK, StudioPayouts

pytestmark = pytest.mark.stack

EVER = "1970-01-01T00:00:00.000Z"


@pytest.fixture
def backend(make_backend: MakeBackend) -> Backend:
    """A studio that is paid out, whose orders are charged on the platform."""
    return make_backend(studio={"payout_account_id": ACCOUNT})


@pytest.fixture
def desk(backend: Backend) -> BooksDesk:
    return BooksDesk(backend)


@pytest.fixture
def direct(make_backend: MakeBackend, backend: Backend) -> Backend:
    """Another studio of the same platform, whose orders are charged on its own account."""
    return make_backend(direct=True, neighbor=backend, clock=backend.clock)


def charge_of(backend: Backend, order_id: str) -> str:
    charge_id = backend.record(order_id).order.charge_id
    assert charge_id is not None
    return charge_id


def test_all_that_a_platform_does_leaves_no_difference(
    make_backend: MakeBackend, desk: BooksDesk, direct: Backend
) -> None:
    backend = desk.backend
    euros = make_backend(currency="eur", neighbor=backend, clock=backend.clock)
    euros.refund_and_settle(euros.sell(), 1234)
    # Sales, refunds in parts, one that fails late, and disputes of which one is won.
    backend.refund_and_settle(backend.sell())
    twice = backend.sell()
    backend.refund_and_settle(twice, 3333)
    failed = backend.refund_and_settle(twice, 1111)
    backend.control(f"refunds/{failed.stripe_refund_id}", status="failed")
    for status in ("won", "lost"):
        charge = charge_of(backend, backend.sell())
        dispute = backend.control("disputes", charge=charge, amount=6000)["id"]
        backend.settle_all()
        backend.control(f"disputes/{dispute}", status=status)
    backend.settle_all()
    # Direct charges: a refund with its share, a dispute that is won after the share went back.
    direct.refund_and_settle(direct.sell(), 5001)
    dispute = direct.control("disputes", charge=charge_of(direct, direct.sell()))["id"]
    direct.settle_all()
    direct.control(f"disputes/{dispute}", status="won")
    direct.settle_all()
    PpsAdmins(backend).approve(PpsAdmins(backend).propose(-1250))
    assert desk.findings() == []
    # A payout, of which a part comes back, and what PPS does with its own money.
    payouts = StudioPayouts(backend)
    desk.pass_time(WEEK)
    assert payouts.run().done["PayoutPaid"] == 1
    payouts.take_back(1000)
    assert payouts.run().done["PayoutReversed"] == 1
    desk.move_balance("payout", -2000, "po_bank")
    desk.move_balance("topup", 700, "tu_1")
    desk.move_balance("stripe_fee", -55, "stripe_fee_1")

    assert desk.findings() == []
    proof = desk.prove()
    assert proof.in_transit == []
    (eur, usd) = proof.currencies
    assert (eur.stripe_amount, eur.owed_amount) == (10_000 - 320 - 1234, NET - 1234 + 185)
    assert eur.own == {OwnLine.REVENUE_SHARE: 1500 - 185}
    owed = backend.head().payable_balance_amount + direct.head().payable_balance_amount
    assert usd.owed_amount == owed
    assert {name: usd.own[name] for name in ("payout", "topup", "stripe_fee")} == {
        "payout": -2000,
        "topup": 700,
        "stripe_fee": -55,
    }
    assert usd.own[OwnLine.ADJUSTMENTS] == 1250
    assert usd.stripe_amount == usd.owed_amount + sum(usd.own.values())


@pytest.mark.parametrize("in_windows", [False, True])
def test_each_planted_difference_is_found_and_no_other(desk: BooksDesk, in_windows: bool) -> None:  # noqa: FBT001  # pytest's own
    backend = desk.backend
    if in_windows:
        desk.shorten_windows(timedelta(hours=1))
    for _ in range(3):
        backend.refund_and_settle(backend.sell(), 2500)
    # A charge that was never imported, and a transfer by hand.
    backend.charge(backend.order())
    unknown = [each for each in backend.charged if backend.charges.find(each) is None]
    by_hand = backend.stripe_call(
        "POST", "transfers", amount=700, currency="usd", destination=ACCOUNT
    )
    # A refund that moved the balance twice, and a sale whose fee is another than Stripe took.
    refund = backend.refund_and_settle(backend.sell(), 4000)
    again = desk.move_balance("refund", -4000, str(refund.stripe_refund_id))
    sold = backend.sell()
    (moved,) = backend.stripe_call("GET", "balance_transactions", source=charge_of(backend, sold))[
        "data"
    ]
    backend.control(f"balance_transactions/{moved['id']}", amount=moved["amount"] - 1)
    # An entry for which nothing ever moved.
    facts = EntryFacts(
        EntryKind.REFUND_FAILED,
        sold,
        rfc3339(backend.clock()),
        refund_id="rf_planted",
        stripe_refund_id="re_planted",
    )
    seq = desk.enter(facts, EntryAmounts(900, 0, 0, 900, 0))
    desk.pass_time(TOO_LATE)

    found = {each.subject: each for each in desk.findings()}
    assert {subject: each.kind for subject, each in found.items()} == {
        f"charge:{unknown[0]}": Kind.TRANSACTION_WITHOUT_ENTRY,
        f"transfer:{by_hand['id']}": Kind.TRANSACTION_WITHOUT_ENTRY,
        f"refund:{refund.stripe_refund_id}": Kind.AMOUNTS_DIFFER,
        f"charge:{charge_of(backend, sold)}": Kind.AMOUNTS_DIFFER,
        "refund:re_planted": Kind.ENTRY_WITHOUT_TRANSACTION,
    }
    twice = found[f"refund:{refund.stripe_refund_id}"]
    assert (twice.books_amount, twice.found_amount) == (-4000, -8000)
    assert again in twice.transactions
    assert twice.entries[0].refund_id == refund.refund_id
    less = found[f"charge:{charge_of(backend, sold)}"]
    assert (less.books_amount, less.found_amount) == (9680, 9679)
    assert (less.transactions, less.entries[0].order_id) == ((moved["id"],), sold)
    (named,) = found["refund:re_planted"].entries
    assert (named.studio_id, named.seq, named.refund_id) == (backend.studio_id, seq, "rf_planted")
    # They are found again until they are gone.
    assert {each.subject for each in desk.findings()} == found.keys()


def test_a_difference_that_is_repaired_or_accepted_is_gone(desk: BooksDesk) -> None:
    backend = desk.backend
    record = backend.order()
    backend.charge(record)
    by_hand = backend.stripe_call(
        "POST", "transfers", amount=700, currency="usd", destination=ACCOUNT
    )
    refund = backend.refund_and_settle(backend.sell(), 4000)
    desk.move_balance("refund", -4000, str(refund.stripe_refund_id))
    desk.pass_time(TOO_LATE)
    assert len(desk.findings()) == 3
    backend.import_orders([json.dumps(record)])
    backend.stripe_call("POST", f"transfers/{by_hand['id']}/reversals", amount=700)
    (left,) = desk.findings()
    assert left.subject == f"refund:{refund.stripe_refund_id}"
    command = desk.command
    accepted = {"accept": left.subject, "because": "op_1: Stripe gave it back by check"}
    assert "error" not in command(accepted, time_is_up=lambda: False)
    assert command(accepted, time_is_up=lambda: False)["error"].startswith("nothing is open")
    proof = desk.prove()
    assert proof.findings == []
    assert proof.currencies[0].own[OwnLine.ACCEPTED] == -4000


def test_what_is_under_way_is_in_transit_and_not_a_difference(
    desk: BooksDesk, direct: Backend
) -> None:
    backend = desk.backend
    # A charge before its import, a refund whose webhook is late, a fee refund in its queue.
    backend.charge(backend.order())
    backend.refund(backend.sell(), 2500)
    direct.refund(direct.sell(), 1000)
    direct.deliver()
    direct.settle()  # all but the fee refund
    desk.pass_time(timedelta(minutes=30))
    proof = desk.prove()
    assert proof.findings == []
    assert {each.subject.partition(":")[0] for each in proof.in_transit} == {
        "charge",
        "refund",
        "fee",
    }
    assert proof.currencies[0].in_transit_amount == 9680 - 2500 + 150
    backend.settle_all()
    direct.drain()
    desk.pass_time(timedelta(minutes=30))
    assert [each.subject[:7] for each in desk.prove().in_transit] == ["charge:"]


def test_what_has_just_arrived_is_no_difference_although_the_proof_ends_before_it(
    desk: BooksDesk,
) -> None:
    backend = desk.backend
    record = backend.order()
    backend.charge(record)
    desk.pass_time(TOO_LATE)
    (missing,) = desk.findings()
    assert missing.kind is Kind.TRANSACTION_WITHOUT_ENTRY
    backend.import_orders([json.dumps(record)])
    proof = desk.prove()
    assert (proof.findings, len(proof.in_transit)) == ([], 1)
    desk.pass_time(timedelta(minutes=30))
    proof = desk.prove()
    assert (proof.findings, proof.in_transit) == ([], [])


def test_a_payout_that_waits_for_balance_is_in_transit_for_three_days(desk: BooksDesk) -> None:
    backend, payouts = desk.backend, StudioPayouts(desk.backend)
    backend.sell()
    desk.pass_time(WEEK)
    backend.control("faults", fault="insufficient_funds", times=1, match=TRANSFERS)
    assert payouts.run().done == {"PayoutWaitsForBalance": 1}
    assert desk.findings() == []
    (waiting,) = desk.prove().in_transit
    assert (waiting.subject, waiting.difference_amount) == (
        f"payout:{payouts.last().payout_id}",
        NET,
    )
    desk.pass_time(timedelta(days=3))
    (found,) = desk.findings()
    assert (found.kind, found.books_amount) == (Kind.ENTRY_WITHOUT_TRANSACTION, -NET)
    assert found.entries[0].payout_id == payouts.last().payout_id
    assert payouts.run().done == {"PayoutPaid": 1}
    assert desk.findings() == []


def test_books_that_begin_later_know_what_was_before(desk: BooksDesk) -> None:
    backend, payouts = desk.backend, StudioPayouts(desk.backend)
    backend.refund_and_settle(backend.sell(), 2500)
    late_import = backend.order()
    backend.charge(late_import)
    backend.sell()
    desk.pass_time(WEEK)
    backend.control("faults", fault="insufficient_funds", times=1, match=TRANSFERS)
    payouts.run()
    desk.pass_time(timedelta(minutes=30))
    begin = backend.clock() - timedelta(minutes=20)
    proof = desk.prove(since=begin)
    assert proof.findings == []
    # The order is imported now, and the payout goes through: their other sides are older.
    backend.import_orders([json.dumps(late_import)])
    desk.pass_time(timedelta(hours=1))
    assert payouts.run().done == {"PayoutPaid": 1}
    assert desk.findings() == []
    (usd,) = desk.prove().currencies
    assert usd.difference_amount == 0
    assert sum(usd.own.values()) == 1500 * 3 - 375


def test_history_that_was_paid_out_elsewhere_is_nobodys_debt(make_backend: MakeBackend) -> None:
    soon = make_backend().clock() + timedelta(days=1)
    backend = make_backend(studio={"payout_account_id": ACCOUNT, "ledger_starts_at": rfc3339(soon)})
    desk = BooksDesk(backend)
    record = backend.order()
    backend.charge(record)
    backend.stripe_call("POST", "refunds", charge=record["stripe"]["charge_id"], amount=2500)
    backend.import_orders([json.dumps(record)])
    backend.settle_all()
    assert {entry["kind"] for entry in backend.entries()} == {"opening_sale", "opening_refund"}
    assert desk.findings() == []
    (usd,) = desk.prove().currencies
    assert (usd.owed_amount, usd.difference_amount) == (0, 0)
    assert usd.own == {OwnLine.ELSEWHERE: 9680 - 2500}


def test_a_head_or_a_balance_that_was_changed_is_found(desk: BooksDesk) -> None:
    backend = desk.backend
    backend.sell()
    assert desk.findings() == []
    desk.desk.change(
        backend.orders_table, studio_pk(backend.studio_id), HEAD_SK, payable_balance_amount=NET + 5
    )
    (found,) = desk.findings()
    assert (found.kind, found.books_amount, found.found_amount) == (
        Kind.OWED_DIFFERS,
        NET,
        NET + 5,
    )
    # A transaction that Stripe shows only now, as if it had been there long ago.
    old = desk.move_balance("topup", 300, "tu_late")
    long_ago = int((backend.clock() - timedelta(days=1)).timestamp())
    backend.control(f"balance_transactions/{old}", created=long_ago)
    kinds = {each.kind for each in desk.findings()}
    assert kinds == {Kind.OWED_DIFFERS, Kind.BALANCE_DIFFERS}


def test_a_run_without_time_and_a_race_change_nothing(desk: BooksDesk) -> None:
    desk.backend.sell()
    desk.pass_time(timedelta(minutes=30))
    command = desk.command
    assert command({"waits": True}, time_is_up=lambda: True) == {"continues": EVER}
    stopped = desk.store.get()
    assert stopped is not None
    assert (stopped.until, stopped.currencies, stopped.open_items) == (EVER, {}, ())
    desk.store.put(stopped.with_window(timedelta(0)))
    assert "no time" in command({}, time_is_up=lambda: True)["error"]
    desk.store.put(replace(stopped, version=stopped.version + 1))
    books = desk.prove().books
    desk.prove()
    with pytest.raises(StaleStateError):
        desk.store.put(books)
    answer = command({}, time_is_up=lambda: False)
    assert (answer["findings"], answer["in_transit"]) == ([], [])
    assert answer["currencies"][0]["difference_amount"] == 0


def stops_after(calls: int) -> Callable[[], bool]:
    """Return a clock of a run that has time for so many calls."""
    asked = count()
    return lambda: next(asked) >= calls


def test_a_proof_that_runs_out_of_time_anywhere_goes_on_and_finds_the_same(
    desk: BooksDesk, direct: Backend
) -> None:
    backend = desk.backend
    desk.shorten_windows(timedelta(hours=2))
    for studio in (backend, direct):
        studio.refund_and_settle(studio.sell(), 2500)
    by_hand = backend.stripe_call(
        "POST", "transfers", amount=700, currency="usd", destination=ACCOUNT
    )
    desk.pass_time(TOO_LATE)
    answers = [desk.command({}, time_is_up=stops_after(calls)) for calls in range(1, 12)]
    assert answers[0].keys() == {"continues"}
    ends = [each["continues"] for each in answers if "continues" in each]
    assert ends == sorted(ends)
    # Each stop has sent a message, and workers go on until the proof is at its end.
    outcomes: list[str] = []

    def go_on(message: dict[str, str]) -> None:
        assert work_from(message).account_id == BOOKS
        outcomes.append(desk.command.go_on(time_is_up=lambda: False))

    drain(backend.sqs, desk.desk.queue_url, go_on)
    assert outcomes
    assert set(outcomes) == {"BooksProofEnded"}
    proof = desk.prove()
    assert [each.subject for each in proof.findings] == [f"transfer:{by_hand['id']}"]
    owed = backend.head().payable_balance_amount + direct.head().payable_balance_amount
    (usd,) = proof.currencies
    assert (usd.owed_amount, usd.difference_amount) == (owed, 700 * -1)


def test_a_proof_reads_only_the_ledgers_that_changed(
    desk: BooksDesk, make_backend: MakeBackend, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Ten more studios do not add one call to DynamoDB."""
    backend = desk.backend
    backend.sell()
    assert desk.findings() == []

    def calls_of_a_proof() -> int:
        desk.pass_time(timedelta(hours=1))
        called = count()
        for name in ("query", "get_item", "batch_get_item"):
            plain = getattr(backend.dynamodb, name)

            def counted(plain: Callable[..., object] = plain, **options: object) -> object:
                next(called)
                return plain(**options)

            monkeypatch.setattr(backend.dynamodb, name, counted)
        assert desk.prove().findings == []
        monkeypatch.undo()
        return next(called)

    alone = calls_of_a_proof()
    for _ in range(10):
        make_backend(neighbor=backend)
    assert calls_of_a_proof() == alone


def test_a_proof_that_is_late_reads_all_ledgers_again(desk: BooksDesk) -> None:
    backend = desk.backend
    backend.sell()
    assert desk.findings() == []
    backend.sell()
    desk.forget_change()
    # The ledger left the list of changes before the proof came.
    desk.pass_time(LISTED_AFTER_CHANGE)
    assert desk.findings() == []
    assert desk.prove().currencies[0].owed_amount == 2 * NET


def test_a_wrong_head_is_found_until_it_is_right_however_long_nothing_changes(
    desk: BooksDesk,
) -> None:
    backend = desk.backend
    backend.sell()
    assert desk.findings() == []
    key = studio_pk(backend.studio_id), HEAD_SK
    desk.desk.change(backend.orders_table, *key, payable_balance_amount=NET - 5)
    for _ in range(3):
        (found,) = desk.findings()
        assert (found.kind, found.found_amount - found.books_amount) == (Kind.OWED_DIFFERS, -5)
        assert [each.studio_id for each in found.entries] == [backend.studio_id]
        desk.forget_change()
    desk.desk.change(backend.orders_table, *key, payable_balance_amount=NET)
    assert desk.findings() == []


def test_books_of_an_earlier_version_read_all_ledgers_once(desk: BooksDesk) -> None:
    backend = desk.backend
    backend.sell()
    assert desk.findings() == []
    books = desk.prove().books
    item = books_to_item(books)
    for name in ("by_changes", "watched", "window_seconds"):
        del item[name]
    backend.dynamodb.put_item(TableName=backend.orders_table, Item=item)
    backend.sell()
    desk.forget_change()
    assert desk.findings() == []
    proof = desk.prove()
    assert (proof.books.by_changes, proof.currencies[0].owed_amount) == (True, 2 * NET)


def test_a_charge_in_another_currency_is_shown_as_converted(desk: BooksDesk) -> None:
    backend = desk.backend
    record = backend.order()
    backend.charge(record, settlement={"currency": "eur", "exchange_rate": "0.9"}, fee=0)
    backend.import_orders([json.dumps(record)])
    assert desk.findings() == []
    (eur, usd) = desk.prove().currencies
    assert (eur.stripe_amount, eur.own[OwnLine.CONVERTED]) == (9000, 9000)
    assert usd.own[OwnLine.CONVERTED] == -(10_000 - 320)
