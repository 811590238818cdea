"""PPS's own books: in each currency, Stripe's balance = owed + PPS's own + open items."""

from collections import Counter
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import invariant, run_state_machine_as_test

from shared.domain.books_proof import (
    BooksFindingKind,
    Measured,
    WrongHead,
    findings_of,
    prove,
)
from shared.domain.ledger import (
    OPENING_KINDS,
    EntryAmounts,
    EntryFacts,
    EntryKind,
    LedgerHead,
    append,
)
from shared.domain.payout import PayoutStatus
from shared.domain.platform_books import OpenItem, PlatformBooks
from shared.domain.platform_line import EntryName, OwnLine, PlatformLine, line_of
from shared.domain.platform_movement import (
    PlatformMovement,
    platform_balance_from,
    platform_movement_from,
)
from shared.domain.stripe_object import MalformedStripeObjectError
from shared.gateways.records.attributes import unmarshal
from shared.gateways.records.platform_books import books_from_values, books_to_item

from .examples import scaled
from .money_rules import MoneyRules
from .orders import STUDIO

EVER = "1970-01-01T00:00:00.000Z"
AT = "2026-10-14T17:04:00.000Z"
NEXT_DAY = "2026-10-15T18:00:00.000Z"
NOTHING = PlatformBooks(EVER, EVER)

subjects = st.sampled_from(
    ["charge:ch_1", "refund:re_1", "dispute:dp_1", "fee:fee_1", "payout:po_1", "transfer:tr_1"]
)
amounts = st.integers(-(10**12), 10**12)
currencies = st.sampled_from(["usd", "eur"])
ids = st.integers(1, 10**6)
movements = st.builds(
    PlatformMovement,
    ids.map("txn_{}".format),
    st.sampled_from(["charge", "payout", "stripe_fee"]),
    amounts,
    currencies,
    st.just(AT),
    subject=st.none() | subjects,
)
lines = st.builds(
    PlatformLine,
    st.builds(EntryName, st.just(STUDIO), ids),
    subjects,
    currencies,
    st.just(0),
    st.none(),
    amounts,
    st.just(AT),
)


def movement(amount: int, subject: str | None = "charge:ch_1", **changed: Any) -> PlatformMovement:  # noqa: ANN401  # its fields
    return replace(
        PlatformMovement("txn_1", "charge", amount, "usd", AT, subject=subject), **changed
    )


def line(amount: int, subject: str | None = "charge:ch_1", **changed: Any) -> PlatformLine:  # noqa: ANN401  # its fields
    own = None
    return replace(
        PlatformLine(EntryName(STUDIO, 1, "ord_1"), subject, "usd", amount, own, amount, AT),
        **changed,
    )


def balanced(books: PlatformBooks) -> None:
    """Check the equation of each currency."""
    open_amounts: Counter[str] = Counter()
    for item in books.open_items:
        assert item.difference_amount
        open_amounts[item.currency] += item.difference_amount
    for currency, sums in books.currencies.items():
        own = sum(sums.own.values())
        assert sums.stripe_amount == sums.owed_amount + own + open_amounts[currency]


def measured(books: PlatformBooks) -> Measured:
    """Return both balances, if nobody has changed them."""
    sums = books.currencies
    return Measured({name: each.stripe_amount for name, each in sums.items()})


@given(st.lists(st.tuples(st.lists(movements, max_size=6), st.lists(lines, max_size=6))))
def test_the_equation_holds_after_any_movements_and_entries(
    periods: list[tuple[list[PlatformMovement], list[PlatformLine]]],
) -> None:
    books = NOTHING
    for moved, entered in periods:
        # As entries do: what Stripe moves is what is owed, and PPS's share.
        shared = [
            replace(each, owed_amount=each.stripe_amount - 7, own=(OwnLine.REVENUE_SHARE, 7))
            for each in entered
        ]
        books = books.with_period(moved, shared, NEXT_DAY)
        balanced(books)
        left = sum(each.difference_amount for each in prove(books, measured(books)))
        found = list(findings_of(books, measured(books)))
        assert left == sum(each.found_amount - each.books_amount for each in found)
        assert books_from_values(unmarshal(books_to_item(books))) == books


@given(st.lists(movements, max_size=8), st.lists(lines, max_size=8), st.integers(0, 8))
def test_a_period_in_two_parts_gives_the_same_books(
    moved: list[PlatformMovement], entered: list[PlatformLine], cut: int
) -> None:
    # In one currency: whether Stripe converted something is known only when both sides are.
    moved = [replace(each, currency="usd") for each in moved]
    entered = [replace(each, currency="usd", owed_amount=each.stripe_amount) for each in entered]
    whole = NOTHING.with_period(moved, entered, NEXT_DAY)
    first = NOTHING.with_period(moved[:cut], entered[:cut], AT)
    parts = first.with_period(moved[cut:], entered[cut:], NEXT_DAY)
    assert parts.currencies == whole.currencies

    def open_in(books: PlatformBooks) -> dict[str, int]:
        return {each.subject: each.difference_amount for each in books.open_items}

    assert open_in(parts) == open_in(whole)


@given(st.lists(lines, max_size=8))
def test_movements_that_fit_their_entries_leave_nothing_open(
    entered: list[PlatformLine],
) -> None:
    moved = [
        PlatformMovement(f"txn_{n}", "charge", each.stripe_amount, each.currency, AT)
        for n, each in enumerate(entered)
    ]
    moved = [replace(each, subject=of.subject) for each, of in zip(moved, entered, strict=True)]
    owed = [replace(each, owed_amount=each.stripe_amount) for each in entered]
    books = NOTHING.with_period(moved[::-1], owed, NEXT_DAY)
    assert books.open_items == ()
    assert list(findings_of(books, measured(books))) == []


class PlatformMoney(MoneyRules):
    """A studio's money, whatever happens to it."""

    @invariant()
    def the_platform_has_what_the_lines_of_the_ledger_say(self) -> None:
        """Except for what Stripe has not moved yet, or the ledger has not entered yet."""
        books = self.books
        said = sum(
            line_of(each, books.sales[each.order_id].order if each.order_id else None).stripe_amount
            for each in books.entries
        )
        # The books before the ledger paid out what these left, all but the share.
        said -= sum(
            each.rev_share_amount
            for each in books.entries
            if each.kind in OPENING_KINDS or each.elsewhere_amount
        )
        sales = books.sales.values()
        not_booked = sum(sale.not_booked_yet() for sale in sales if not sale.direct)
        fees_to_come = sum(
            sale.fee.target_amount - sale.fee.refunded_amount for sale in sales if sale.direct
        )
        under_way = {PayoutStatus.CLOSING, PayoutStatus.TRANSFERRING}
        transfers_to_come = sum(
            each.paid_amount for each in books.payouts.values() if each.status in under_way
        )
        assert books.cash["pps"] == said - not_booked + fees_to_come + transfers_to_come


@pytest.mark.hypothesis
def test_entries_say_what_the_platform_has_after_any_sequence() -> None:
    run_state_machine_as_test(
        PlatformMoney, settings=settings(max_examples=scaled(60), stateful_step_count=50)
    )


@pytest.mark.parametrize(
    ("moved", "entered", "kind"),
    [
        ([movement(9680)], [], BooksFindingKind.TRANSACTION_WITHOUT_ENTRY),
        ([], [line(9680)], BooksFindingKind.ENTRY_WITHOUT_TRANSACTION),
        ([movement(9679)], [line(9680)], BooksFindingKind.AMOUNTS_DIFFER),
        ([movement(1), movement(1)], [line(1)], BooksFindingKind.AMOUNTS_DIFFER),
        ([movement(-5, "transfer:tr_1")], [], BooksFindingKind.TRANSACTION_WITHOUT_ENTRY),
    ],
)
def test_a_difference_is_found_with_its_ids(
    moved: list[PlatformMovement], entered: list[PlatformLine], kind: BooksFindingKind
) -> None:
    books = NOTHING.with_period(moved, entered, NEXT_DAY)
    (found,) = findings_of(books, measured(books))
    assert found.kind is kind
    assert found.transactions == tuple(each.movement_id for each in moved)
    assert found.entries == tuple(each.name for each in entered)
    (proof,) = prove(books, measured(books))
    assert proof.difference_amount == found.found_amount - found.books_amount != 0


@pytest.mark.parametrize(
    ("subject", "one_side", "limit"),
    [
        ("charge:ch_1", "stripe", timedelta(days=1)),
        ("refund:re_1", "stripe", timedelta(days=1)),
        ("dispute:dp_1", "stripe", timedelta(days=1)),
        ("fee:fee_1", "stripe", timedelta(days=1)),
        ("fee:fee_1", "books", timedelta(days=1)),
        ("payout:po_1", "books", timedelta(days=3)),
        # The ledger follows Stripe here: an entry alone is wrong at once.
        ("charge:ch_1", "books", None),
        ("refund:re_1", "books", None),
        ("dispute:dp_1", "books", None),
        ("transfer:tr_1", "stripe", None),
        ("order:st_1/ord_1", "books", None),
    ],
)
def test_an_open_item_is_in_transit_only_while_its_other_side_may_come(
    subject: str, one_side: str, limit: timedelta | None
) -> None:
    at_stripe = {"stripe_amount": 5, "transactions": ("txn_1",)}
    in_books = {"books_amount": 5, "entries": (EntryName(STUDIO, 1),)}
    side: dict[str, Any] = at_stripe if one_side == "stripe" else in_books
    item = OpenItem(subject, "usd", since=AT, **side)
    began = datetime.fromisoformat(AT)
    assert item.is_in_transit(began) is (limit is not None)
    if limit is not None:
        assert item.is_in_transit(began + limit)
        assert not item.is_in_transit(began + limit + timedelta(seconds=1))


def test_an_adjustment_is_pps_giving_of_its_own() -> None:
    facts = EntryFacts(EntryKind.ADJUSTMENT, None, AT, adjustment_id="adj_1")
    entry, _ = append(LedgerHead(STUDIO, "usd"), facts, EntryAmounts(-1250, 0, 0, -1250, 0))
    books = NOTHING.with_period([], [line_of(entry)], NEXT_DAY)
    usd = books.currencies["usd"]
    assert (usd.stripe_amount, usd.owed_amount) == (0, -1250)
    assert usd.own == {OwnLine.ADJUSTMENTS: 1250}
    balanced(books)


def test_accepting_moves_a_difference_to_ppss_own_and_needs_one() -> None:
    books = NOTHING.with_period([movement(100)], [line(93)], NEXT_DAY)
    accepted = books.accepting("charge:ch_1")
    assert (accepted.open_items, accepted.currencies["usd"].own[OwnLine.ACCEPTED]) == ((), 7)
    balanced(accepted)
    with pytest.raises(LookupError, match="nothing is open about"):
        accepted.accepting("charge:ch_1")


def test_books_that_begin_with_balances_find_older_sides_among_them() -> None:
    begun = PlatformBooks.beginning(AT, {"usd": 1000}, {"usd": 700, "eur": 5})
    balanced(begun)
    assert begun.currencies["usd"].own == {OwnLine.OPENING: 300}
    entered = begun.with_period([], [line(80, own=(OwnLine.REVENUE_SHARE, 0))], NEXT_DAY)
    (item,) = entered.open_items
    closed = entered.with_earlier(item, 80, 0)
    assert (closed.open_items, closed.currencies["usd"].own[OwnLine.OPENING]) == ((), 220)
    balanced(closed)


def test_balances_that_are_not_the_sums_are_found() -> None:
    books = NOTHING.with_period([movement(100)], [line(100)], NEXT_DAY)
    wrong = (WrongHead(EntryName("st_2", 7), "usd", -2), WrongHead(EntryName("st_3", 1), "eur", 4))
    found = list(findings_of(books, Measured({"usd": 101}, wrong)))
    assert [(each.kind, each.currency, each.books_amount, each.found_amount) for each in found] == [
        (BooksFindingKind.OWED_DIFFERS, "eur", 0, 4),
        (BooksFindingKind.BALANCE_DIFFERS, "usd", 100, 101),
        (BooksFindingKind.OWED_DIFFERS, "usd", 100, 98),
    ]
    assert [each.entries for each in found] == [(wrong[1].name,), (), (wrong[0].name,)]
    unread = list(findings_of(books, Measured(None)))
    assert unread == []


def a_transaction(**changed: object) -> dict[str, Any]:
    return {
        "object": "balance_transaction",
        "id": "txn_1",
        "type": "charge",
        "amount": 10_000,
        "fee": 320,
        "net": 9_680,
        "currency": "usd",
        "created": 1_792_000_000,
        "source": {"object": "charge", "id": "ch_1"},
    } | changed


@pytest.mark.parametrize(
    ("source", "subject"),
    [
        ({"object": "charge", "id": "py_1"}, "charge:py_1"),
        ({"object": "refund", "id": "re_1"}, "refund:re_1"),
        ({"object": "dispute", "id": "dp_1"}, "dispute:dp_1"),
        ({"object": "application_fee", "id": "fee_1"}, "fee:fee_1"),
        ({"object": "fee_refund", "id": "fr_1", "fee": "fee_1"}, "fee:fee_1"),
        ({"object": "transfer", "id": "tr_1", "transfer_group": None}, "transfer:tr_1"),
        ({"object": "transfer", "id": "tr_1", "transfer_group": "mine"}, "transfer:tr_1"),
        (
            {"object": "transfer", "id": "tr_1", "transfer_group": "po_st_1_2026-10-14"},
            "payout:po_st_1_2026-10-14",
        ),
        ({"object": "payout", "id": "po_1"}, None),
        ({"object": "topup", "id": "tu_1"}, None),
        ("anything", None),
        (None, None),
    ],
)
def test_a_transaction_is_about_what_its_source_names(source: object, subject: str | None) -> None:
    found = platform_movement_from(a_transaction(source=source))
    assert (found.subject, found.net_amount) == (subject, 9_680)
    assert found.created_at == "2026-10-14T17:46:40.000Z"


def test_a_reversal_names_its_transfer() -> None:
    source = {"object": "transfer_reversal", "id": "trr_1", "transfer": "tr_1"}
    found = platform_movement_from(a_transaction(source=source))
    assert (found.subject, found.reverses, found.source_id) == (None, "tr_1", "trr_1")


@pytest.mark.parametrize(
    "changed",
    [
        {"object": "charge"},
        {"net": 9_681},
        {"amount": "10000"},
        {"fee": None},
        {"created": None},
        {"currency": ""},
        {"id": None},
        {"source": {"object": "refund"}},
        {"source": {"object": "fee_refund", "id": "fr_1"}},
    ],
)
def test_a_malformed_transaction_is_refused(changed: dict[str, object]) -> None:
    with pytest.raises(MalformedStripeObjectError):
        platform_movement_from(a_transaction(**changed))


def test_a_balance_is_all_funds_by_currency_or_refused() -> None:
    funds = [{"amount": 5, "currency": "usd"}, {"amount": -2, "currency": "eur"}]
    balance = {"object": "balance", "available": funds, "pending": funds[:1]}
    assert platform_balance_from(balance) == {"usd": 10, "eur": -2}
    malformed: list[dict[str, Any]] = [
        {"object": "list"},
        {"pending": None},
        {"available": [5]},
        {"pending": [{}]},
    ]
    for wrong in malformed:
        with pytest.raises(MalformedStripeObjectError):
            platform_balance_from(balance | wrong)
