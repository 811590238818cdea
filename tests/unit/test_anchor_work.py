"""A message says up to where a ledger is verified, and nothing else passes for such a place."""

import json
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.domain.anchor import Anchor, AnchorWork, place_of
from shared.domain.ledger import EntryAmounts, EntryFacts, EntryKind, LedgerHead, append
from shared.domain.ledger_chain import follow_chain, verify_chain

AT = "2026-11-25T23:59:59.999Z"


def sale(head: LedgerHead, at: str = AT) -> tuple[dict[str, str | int], LedgerHead]:
    facts = EntryFacts(EntryKind.SALE, f"ord_{head.seq}", at)
    entry, after = append(head, facts, EntryAmounts(1000, -30, -150, 820, 0))
    return entry.content(), after


def ledger(length: int) -> tuple[list[dict[str, str | int]], LedgerHead]:
    contents, head = [], LedgerHead("st_1", "usd")
    for _ in range(length):
        content, head = sale(head)
        contents.append(content)
    return contents, head


def test_a_ledger_is_due_when_the_day_of_its_first_new_entry_has_ended() -> None:
    _, head = sale(LedgerHead("st_1", "usd"))
    assert head.anchor_due_at == "2026-11-26T00:00:00.000Z"
    _, later = sale(head, "2026-11-27T08:00:00.000Z")
    assert later.anchor_due_at == "2026-11-26T00:00:00.000Z"


def test_when_a_ledger_is_anchored_is_no_part_of_what_is_signed() -> None:
    _, head = sale(LedgerHead("st_1", "usd"))
    statement = Anchor(head, AT).statement()
    assert "anchor_due_at" not in statement
    assert statement == Anchor(replace(head, anchor_due_at=None), AT).statement()


@given(st.integers(0, 8), st.integers(0, 8))
def test_a_ledger_verified_in_two_parts_is_verified(length: int, stop: int) -> None:
    contents, head = ledger(length)
    place, fault = follow_chain(contents[:stop], head)
    assert (place.seq, fault) == (min(stop, length), None)
    again = AnchorWork("st_1", place_of(place)).place
    assert again == place
    assert verify_chain(contents[stop:], head, again) == (length, None)


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"studio_id": "st_2"}, "another studio"),
        ({"more": 1}, "other fields"),
        ({"anchor_due_at": AT}, "other fields"),
    ],
)
def test_a_place_of_another_form_is_refused(changes: dict[str, object], problem: str) -> None:
    place = json.loads(place_of(ledger(2)[1])) | changes
    with pytest.raises(ValueError, match=problem):
        _ = AnchorWork("st_1", json.dumps(place)).place


@pytest.mark.parametrize("garbage", ["", "nonsense", "[]", "{}", "null", "7"])
def test_garbage_is_no_place(garbage: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011  # JSON's own message, or ours
        _ = AnchorWork("st_1", garbage).place
