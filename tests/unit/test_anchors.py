"""Anchors bind a ledger to its history, and a recorded restore releases it from lost anchors."""

from dataclasses import replace

import pytest

from shared.domain.anchor import Anchor, anchor_from, superseded, verify_anchors
from shared.domain.ledger import GENESIS_HASH, LedgerHead


def head(seq: int, line: str = "true") -> LedgerHead:
    """Return the head after an entry of a line of history. The same line has the same hashes."""
    name = f"{line}-{seq}" if seq else GENESIS_HASH
    return LedgerHead("st_1", "usd", seq, 100 * seq, 0, name)


def anchored(seq: int, day: int, line: str = "true") -> Anchor:
    return Anchor(head(seq, line), f"2026-11-{day:02}T00:00:00.000Z")


def restored(seq: int, day: int, to_seq: int, line: str = "true") -> Anchor:
    made = anchored(seq, day, line)
    return replace(made, restored_to_seq=to_seq, restored_because="on call, tables lost")


def hashes(upto: int, line: str = "true", *, line_from: int = 1) -> dict[int, str]:
    return {seq: head(seq, line if seq >= line_from else "true").hash for seq in range(1, upto + 1)}


DAYS = [anchored(0, 1), anchored(4, 2), anchored(4, 3), anchored(9, 4)]


def problem(anchors: list[Anchor], ends_at: int, found: dict[int, str]) -> str | None:
    fault = verify_anchors(anchors, ends_at, found)
    return f"{fault.anchored_at[8:10]}: {fault.problem}" if fault else None


def test_a_ledger_that_grew_agrees_with_its_anchors() -> None:
    assert problem(DAYS, 12, hashes(12)) is None
    assert problem([], 12, {}) is None


def test_a_rewritten_entry_is_found_by_the_first_anchor_after_it() -> None:
    forged = hashes(12, "forged", line_from=3)
    assert problem(DAYS, 12, forged) == (
        "02: entry 4 is not the one that was anchored: history was rewritten"
    )
    forged = hashes(12, "forged", line_from=6)
    assert str(problem(DAYS, 12, forged)).startswith("04: entry 9 is not the one")


def test_a_ledger_that_was_cut_off_is_found() -> None:
    assert problem(DAYS, 8, hashes(8)) == (
        "04: entry 9 is anchored, and the ledger ends at 8: it was cut off"
    )


def test_anchors_that_go_back_are_a_fault_even_if_the_ledger_agrees_with_them() -> None:
    assert problem([*DAYS, anchored(5, 5)], 12, hashes(12)) == (
        "05: it goes back to entry 5, and entry 9 was anchored before"
    )


def test_a_recorded_restore_releases_only_from_the_anchors_beyond_it() -> None:
    anchors = [*DAYS, restored(6, 5, to_seq=4), anchored(11, 6, "after")]
    after = hashes(11, "after", line_from=7)
    assert problem(anchors, 11, after) is None
    assert superseded(anchors) == {DAYS[3]}
    older = hashes(11, "forged", line_from=2)
    assert str(problem(anchors, 11, older)).startswith("02: entry 4 is not the one")
    later = hashes(11, "forged", line_from=7)
    assert str(problem(anchors, 11, later)).startswith("06: entry 11 is not the one")


@pytest.mark.parametrize(("first", "second"), [(4, 0), (0, 4)])
def test_of_two_restores_the_one_that_went_back_further_counts(first: int, second: int) -> None:
    anchors = [*DAYS, restored(first, 5, first), restored(second, 6, second)]
    assert DAYS[3] in superseded(anchors)
    assert (DAYS[1] in superseded(anchors)) is (0 in {first, second})


def test_an_anchor_is_read_as_it_was_signed() -> None:
    for anchor in (DAYS[1], restored(4, 5, to_seq=0)):
        assert anchor_from(anchor.statement()) == anchor
        assert anchor_from(anchor.statement()).signed_bytes() == anchor.signed_bytes()


def test_the_signed_text_is_known_to_the_byte() -> None:
    assert DAYS[0].signed_bytes() == (
        b'{"anchored_at":"2026-11-01T00:00:00.000Z","carried_amount":0,"closed_seq":0,'
        b'"currency":"usd","direct_balance_amount":0,"hash":"' + GENESIS_HASH.encode() + b'",'
        b'"payable_balance_amount":0,"seq":0,"studio_id":"st_1"}'
    )


@pytest.mark.parametrize("changes", [{"seq": None}, {"more": 1}, {"restored_to_seq": 3}])
def test_a_malformed_statement_is_refused(changes: dict[str, int | None]) -> None:
    statement = {
        name: value for name, value in (DAYS[1].statement() | changes).items() if value is not None
    }
    with pytest.raises(ValueError, match="no statement of an anchor"):
        anchor_from(statement)
