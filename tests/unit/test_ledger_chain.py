"""The ledger's chain verifies as written, and every kind of tampering is found at its entry."""

from collections.abc import Callable
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.domain.ledger import (
    GENESIS_HASH,
    EntryAmounts,
    EntryFacts,
    EntryKind,
    LedgerEntry,
    LedgerHead,
    append,
    entry_hash,
)
from shared.domain.ledger_chain import verify_chain
from shared.domain.record_source import RecordSource

from .orders import AT

type Content = dict[str, str | int]

LENGTH = 6


def ledger(length: int = LENGTH, studio: str = "st_1") -> tuple[list[Content], LedgerHead]:
    """Return a ledger of sales and refunds, as stored."""
    head = LedgerHead(studio, "usd")
    contents = []
    for number in range(length):
        facts = EntryFacts(EntryKind.SALE, f"ord_{number}", AT)
        amounts = EntryAmounts(10_000 + number, -320, -1_500, 8_180 + number, 0)
        if number % 2:
            facts = EntryFacts(
                EntryKind.REFUND, f"ord_{number}", AT, refund_id=f"rf_{number}", reason="é"
            )
            amounts = EntryAmounts(-1_000, 0, 150, 0, -850, 32)
        entry, head = append(head, facts, amounts)
        contents.append(entry.content())
    return contents, head


def rehashed(content: Content) -> Content:
    return content | {"hash": entry_hash(content)}


def chained_again(contents: list[Content]) -> list[Content]:
    """Return the entries with every hash computed again, as a patient forger would."""
    before, chained = GENESIS_HASH, []
    for content in contents:
        chained.append(rehashed(content | {"prev_hash": before}))
        before = str(chained[-1]["hash"])
    return chained


def first_fault(contents: list[Content], head: LedgerHead) -> int | None:
    count, fault = verify_chain(contents, head)
    if fault is None:
        assert count == len(contents)
        return None
    assert fault.problem
    assert count == fault.seq - 1
    return fault.seq


def changed(contents: list[Content], seq: int, **fields: str | int) -> list[Content]:
    return [each | fields if each["seq"] == seq else each for each in contents]


def test_a_ledger_verifies_as_written() -> None:
    assert first_fault(*ledger()) is None


def test_an_empty_ledger_verifies() -> None:
    assert verify_chain([], LedgerHead("st_1", "usd")) == (0, None)


def test_entries_are_numbered_without_gaps_and_each_names_the_hash_before() -> None:
    contents, head = ledger()
    assert [each["seq"] for each in contents] == list(range(1, LENGTH + 1))
    hashes = [GENESIS_HASH, *(str(each["hash"]) for each in contents)]
    assert [each["prev_hash"] for each in contents] == hashes[:-1]
    assert head.hash == hashes[-1]


def test_an_entry_holds_ids_and_amounts_and_nothing_that_is_not_set() -> None:
    contents, _ = ledger(1)
    assert None not in contents[0].values()
    assert "refund_id" not in contents[0]
    assert all(type(value) in {str, int} for value in contents[0].values())


def test_the_hash_can_be_computed_by_anyone_from_the_stored_fields() -> None:
    # printf '{"a":"\\u00e9","b":1}' | sha256sum
    expected = "6d9eb45284090145dc16661b06abe01185a16a7dabba07c992a131bffa6b8114"
    assert entry_hash({"b": 1, "a": "é", "hash": "not part of it"}) == expected


@given(
    seq=st.integers(1, LENGTH),
    name=st.sampled_from(sorted(ledger(1)[0][0].keys() - {"seq", "hash"})),
)
def test_any_changed_field_is_found_at_its_entry(seq: int, name: str) -> None:
    contents, head = ledger()
    value = contents[seq - 1][name]
    other: str | int = value + 1 if isinstance(value, int) else f"{value}x"
    assert first_fault(changed(contents, seq, **{name: other}), head) == seq


@pytest.mark.parametrize("seq", range(1, LENGTH + 1))
@pytest.mark.parametrize(
    "name",
    [
        "gross_amount",
        "stripe_fee_amount",
        "rev_share_amount",
        "net_amount",
        "payable_amount",
        "direct_amount",
        "payable_balance_amount",
        "direct_balance_amount",
    ],
)
def test_a_changed_amount_is_found_at_its_entry_even_if_every_hash_matches(
    seq: int, name: str
) -> None:
    contents, head = ledger()
    forged = chained_again(changed(contents, seq, **{name: int(contents[seq - 1][name]) + 1}))
    assert first_fault(forged, replace(head, hash=str(forged[-1]["hash"]))) == seq


@pytest.mark.parametrize("seq", range(1, LENGTH))
def test_a_consistent_change_is_found_at_the_entry_after_it(seq: int) -> None:
    contents, head = ledger()
    lie = changed(contents, seq, order_id="ord_other")
    lie[seq - 1] = rehashed(lie[seq - 1])
    assert first_fault(lie, head) == seq + 1


def test_a_consistent_change_of_the_last_entry_is_found_by_the_head() -> None:
    contents, head = ledger()
    lie = changed(contents, LENGTH, order_id="ord_other")
    lie[-1] = rehashed(lie[-1])
    _, fault = verify_chain(lie, head)
    assert fault is not None
    assert fault.seq == LENGTH


@pytest.mark.parametrize("seq", range(1, LENGTH + 1))
def test_a_removed_entry_is_found_where_it_was(seq: int) -> None:
    contents, head = ledger()
    assert first_fault([each for each in contents if each["seq"] != seq], head) == seq


@pytest.mark.parametrize("length", range(LENGTH))
def test_a_cut_off_tail_is_found_at_the_first_missing_entry(length: int) -> None:
    contents, head = ledger()
    assert first_fault(contents[:length], head) == length + 1


@pytest.mark.parametrize("seq", range(1, LENGTH))
def test_swapped_entries_are_found_at_the_first_of_them(seq: int) -> None:
    contents, head = ledger()
    contents[seq - 1], contents[seq] = contents[seq], contents[seq - 1]
    assert first_fault(contents, head) == seq


@pytest.mark.parametrize("seq", range(1, LENGTH))
def test_entries_swapped_and_numbered_again_are_found_at_the_first_of_them(seq: int) -> None:
    contents, head = ledger()
    first, second = contents[seq - 1], contents[seq]
    contents[seq - 1] = rehashed(second | {"seq": seq})
    contents[seq] = rehashed(first | {"seq": seq + 1})
    assert first_fault(contents, head) == seq


@pytest.mark.parametrize("seq", range(1, LENGTH + 1))
def test_a_repeated_entry_is_found_at_the_repeat(seq: int) -> None:
    contents, head = ledger()
    assert first_fault([*contents[:seq], *contents[seq - 1 :]], head) == seq + 1


@pytest.mark.parametrize("seq", range(1, LENGTH + 1))
def test_an_inserted_entry_is_found_by_the_entry_after_it_or_by_the_head(seq: int) -> None:
    contents, head = ledger()
    _, at = ledger(seq - 1)
    entry, _ = append(
        at, EntryFacts(EntryKind.SALE, "ord_made_up", AT), EntryAmounts(1, 0, 0, 1, 0)
    )
    forged = [*contents[: seq - 1], entry.content(), *contents[seq - 1 :]]
    assert first_fault(forged, head) == min(seq + 1, LENGTH)


def test_an_entry_added_after_the_head_is_found_there() -> None:
    contents, head = ledger()
    longer, _ = ledger(LENGTH + 2)
    assert longer[:LENGTH] == contents
    _, fault = verify_chain(longer, head)
    assert fault is not None
    assert fault.seq == LENGTH + 1


@pytest.mark.parametrize("other", [{"studio": "st_2"}, {"studio": "st_1", "currency": "eur"}])
def test_a_ledger_of_another_studio_or_currency_is_found_at_its_first_entry(
    other: dict[str, str],
) -> None:
    contents, head = ledger()
    claimed = replace(
        head, studio_id=other["studio"], currency=other.get("currency", head.currency)
    )
    assert first_fault(contents, claimed) == 1


@pytest.mark.parametrize("seq", range(1, LENGTH + 1))
def test_an_entry_of_another_studio_is_found_where_it_was_put(seq: int) -> None:
    contents, head = ledger()
    foreign, _ = ledger(studio="st_2")
    contents[seq - 1] = foreign[seq - 1]
    assert first_fault(contents, head) == seq


@pytest.mark.parametrize("name", ["note", "PK"])
def test_a_field_that_no_entry_has_is_found(name: str) -> None:
    contents, head = ledger()
    contents[2] = rehashed(contents[2] | {name: "paid in cash"})
    assert first_fault(contents, head) == 3


@pytest.mark.parametrize("name", sorted(ledger(1)[0][0].keys() - {"hash"}))
def test_an_entry_that_lost_a_field_is_found_even_if_its_hash_matches(
    name: str,
) -> None:
    contents, head = ledger()
    contents[2] = rehashed({key: value for key, value in contents[2].items() if key != name})
    assert first_fault(contents, head) == 3


@pytest.mark.parametrize("value", ["", "a lot"])
def test_an_amount_that_is_no_number_is_found(value: str) -> None:
    contents, head = ledger()
    contents[2] = rehashed(contents[2] | {"gross_amount": value})
    assert first_fault(contents, head) == 3


@pytest.mark.parametrize(
    "tampered",
    [
        lambda head: replace(head, payable_balance_amount=head.payable_balance_amount + 1),
        lambda head: replace(head, direct_balance_amount=head.direct_balance_amount - 1),
        lambda head: replace(head, hash=GENESIS_HASH),
        lambda head: replace(head, seq=head.seq + 1),
        lambda head: replace(head, seq=head.seq - 1),
    ],
)
def test_a_changed_head_is_found(
    tampered: Callable[[LedgerHead], LedgerHead],
) -> None:
    contents, head = ledger()
    _, fault = verify_chain(contents, tampered(head))
    assert fault is not None


def test_a_head_with_a_balance_before_any_entry_is_found() -> None:
    _, fault = verify_chain([], LedgerHead("st_1", "usd", payable_balance_amount=1))
    assert fault is not None


def test_an_entry_keeps_every_field_it_was_given() -> None:
    facts = EntryFacts(
        EntryKind.REFUND,
        "ord_1",
        AT,
        refund_id="rf_1",
        refund_type="full",
        reason="other",
        source=RecordSource.API,
        processed_by="ana",
        stripe_refund_id="re_1",
        correlation_id="c_1",
    )
    amounts = EntryAmounts(-10_000, 0, 1_500, -8_500, 0, 320, -700)
    entry, head = append(LedgerHead("st_1", "usd", 4, 100, 7, "a" * 64), facts, amounts)
    assert entry == LedgerEntry(
        studio_id="st_1",
        seq=5,
        kind=EntryKind.REFUND,
        order_id="ord_1",
        currency="usd",
        gross_amount=-10_000,
        stripe_fee_amount=0,
        rev_share_amount=1_500,
        net_amount=-8_500,
        payable_amount=-8_500,
        direct_amount=0,
        stripe_fee_retained_amount=320,
        tax_amount=-700,
        payable_balance_amount=-8_400,
        direct_balance_amount=7,
        recorded_at=AT,
        prev_hash="a" * 64,
        refund_id="rf_1",
        refund_type="full",
        reason="other",
        source=RecordSource.API,
        processed_by="ana",
        stripe_refund_id="re_1",
        correlation_id="c_1",
        hash=entry_hash(entry.content()),
    )
    assert head == LedgerHead("st_1", "usd", 5, -8_400, 7, entry.hash)
