"""Anchoring a ledger day by day, on real tables, with the stack's bucket and key."""

import base64
import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    PublicFormat,
    load_der_public_key,
)

from functions.anchor_ledger import anchor_ledger
from functions.anchor_ledger.anchor_ledger import AnchorLedger, AnchorMismatchError, AnchorOutcome
from functions.anchor_ledger.anchor_ledgers import AnchorLedgers
from infra.local.stack import Stack
from shared.clock import rfc3339
from shared.domain.anchor import Anchor, AnchorWork, SignedAnchor
from shared.domain.ledger import LedgerHead, entry_hash
from shared.gateways.anchors import AnchorKey, Anchors
from shared.gateways.ledger_entries import LedgerEntries
from shared.gateways.payouts_table import PayoutsTable
from shared.gateways.queues import AnchorQueue
from shared.gateways.records.attributes import marshal
from shared.gateways.records.keys import entry_sk, primary_key, studio_pk
from shared.gateways.records.ledger import head_to_item
from tests.integration.backend import Backend
from tests.integration.own_resources import drain, make_queue
from tests.operate import failure_of, operate

pytestmark = pytest.mark.stack

DAY = timedelta(days=1)


@dataclass
class Anchorage:
    """A studio's backend and its anchors."""

    backend: Backend
    stack: Stack

    def __post_init__(self) -> None:
        backend, aws = self.backend, self.stack.aws
        self.anchors = Anchors(aws.s3, self.stack.anchors["bucket"])
        self.key = AnchorKey(aws.kms, self.stack.anchors["key"])
        self.queue_url = make_queue(backend.sqs, f"anchor-{backend.run}")
        self.anchor = AnchorLedger(
            backend.books,
            LedgerEntries(backend.dynamodb, backend.ledger_table),
            self.anchors,
            self.key,
            AnchorQueue(backend.sqs, self.queue_url),
            backend.clock,
        )

    def today(self) -> AnchorOutcome:
        return self.anchor(AnchorWork(self.backend.studio_id))

    def next_day(self) -> AnchorOutcome:
        self.backend.clock.ahead += DAY
        return self.today()

    def due(self) -> list[str]:
        """Return the studios whose ledger is due for an anchor."""
        backend = self.backend
        return [studio for studio, _ in backend.books.due_for_anchor(rfc3339(backend.clock()))]

    def announced(self) -> list[AnchorWork]:
        """Take the work that workers announced for others."""
        works: list[AnchorWork] = []
        drain(self.backend.sqs, self.queue_url, lambda body: works.append(AnchorWork(**body)))
        return works

    def all(self) -> list[Anchor]:
        return list(self.anchors.newest_first(self.backend.studio_id))

    def forge(self, seq: int) -> None:
        """Change an entry and its hash."""
        backend = self.backend
        (entry,) = (each for each in backend.entries() if each["seq"] == seq)
        changed = entry | {"order_id": "ord_of_somebody_else"}
        key = primary_key(studio_pk(backend.studio_id), entry_sk(seq))
        item = key | marshal(changed | {"hash": entry_hash(changed)})
        backend.dynamodb.put_item(TableName=backend.ledger_table, Item=item)

    def cut_off_after(self, seq: int, head: LedgerHead) -> None:
        """Cut the ledger back to this head, as a restore does."""
        backend = self.backend
        for entry in backend.entries()[seq:]:
            key = primary_key(studio_pk(backend.studio_id), entry_sk(int(entry["seq"])))
            backend.dynamodb.delete_item(TableName=backend.ledger_table, Key=key)
        backend.dynamodb.put_item(TableName=backend.orders_table, Item=head_to_item(head))


@pytest.fixture
def anchorage(backend: Backend, stack: Stack) -> Anchorage:
    return Anchorage(backend, stack)


def test_each_day_has_one_anchor_of_the_ledgers_head(anchorage: Anchorage) -> None:
    backend = anchorage.backend
    heads = [backend.head()]
    assert anchorage.today() is AnchorOutcome.ANCHORED
    backend.sell()
    assert anchorage.today() is AnchorOutcome.ALREADY
    for _ in range(2):
        assert anchorage.next_day() is AnchorOutcome.ANCHORED
        heads.append(backend.head())
        backend.sell()
    assert [anchor.head for anchor in reversed(anchorage.all())] == heads


def test_a_ledger_is_due_from_the_end_of_the_day_on_which_it_changed_until_it_is_anchored(
    anchorage: Anchorage,
) -> None:
    backend = anchorage.backend
    assert anchorage.due() == []
    for _ in range(2):
        backend.sell()
    assert anchorage.due() == []
    backend.clock.ahead += DAY
    assert anchorage.due() == [backend.studio_id]
    assert anchorage.today() is AnchorOutcome.ANCHORED
    assert anchorage.due() == []
    assert anchorage.next_day() is AnchorOutcome.UNCHANGED
    backend.sell()  # after today's look
    backend.clock.ahead += DAY
    assert anchorage.due() == [backend.studio_id]


def test_a_ledger_is_listed_as_changed_for_three_days_and_then_costs_nothing(
    anchorage: Anchorage,
) -> None:
    backend = anchorage.backend
    backend.sell()
    assert anchorage.today() is AnchorOutcome.ANCHORED
    for _ in range(2):
        assert anchorage.next_day() is AnchorOutcome.UNCHANGED
        assert list(backend.books.changed_lately()) == [backend.studio_id]
    for _ in range(2):
        assert anchorage.next_day() is AnchorOutcome.UNCHANGED
    assert list(backend.books.changed_lately()) == []
    assert backend.head().anchor_due_at is None


def test_an_entry_after_todays_anchor_is_due_tomorrow(anchorage: Anchorage) -> None:
    backend = anchorage.backend
    backend.sell()
    anchorage.today()
    tomorrow = backend.head().anchor_due_at
    backend.sell()
    assert backend.head().anchor_due_at == tomorrow
    assert anchorage.today() is AnchorOutcome.ALREADY
    assert (backend.head().anchor_due_at, anchorage.due()) == (tomorrow, [])
    assert anchorage.next_day() is AnchorOutcome.ANCHORED


def test_an_entry_that_comes_while_the_ledger_is_anchored_is_not_forgotten(
    anchorage: Anchorage, monkeypatch: pytest.MonkeyPatch
) -> None:
    backend = anchorage.backend
    backend.sell()
    sign = AnchorKey.sign

    def sell_and_sign(key: AnchorKey, anchor: Anchor) -> SignedAnchor:
        monkeypatch.setattr(AnchorKey, "sign", sign)
        backend.sell()
        return sign(key, anchor)

    monkeypatch.setattr(AnchorKey, "sign", sell_and_sign)
    assert anchorage.today() is AnchorOutcome.ANCHORED
    assert [anchor.head.seq for anchor in anchorage.all()] == [1]
    assert backend.head().anchor_due_at is not None
    assert anchorage.next_day() is AnchorOutcome.ANCHORED
    assert [anchor.head.seq for anchor in anchorage.all()] == [2, 1]


def test_a_long_ledger_is_anchored_by_several_workers(
    anchorage: Anchorage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(anchor_ledger, "_ENTRIES_BETWEEN_LOOKS", 2)
    backend = anchorage.backend
    for _ in range(5):
        backend.sell()
    outcomes, places = [], []
    works = [AnchorWork(backend.studio_id)]
    while works:
        outcomes += [anchorage.anchor(work, time_is_up=lambda: True) for work in works]
        works = anchorage.announced()
        places += [work.place.seq for work in works if work.place]
    assert outcomes == [*[AnchorOutcome.CONTINUES] * 2, AnchorOutcome.ANCHORED]
    assert places == [2, 4]
    assert [anchor.head for anchor in anchorage.all()] == [backend.head()]


def test_a_worker_that_goes_on_finds_what_was_changed_after_its_place(
    anchorage: Anchorage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(anchor_ledger, "_ENTRIES_BETWEEN_LOOKS", 2)
    backend = anchorage.backend
    for _ in range(5):
        backend.sell()
    anchorage.anchor(AnchorWork(backend.studio_id), time_is_up=lambda: True)
    (rest,) = anchorage.announced()
    anchorage.forge(3)
    with pytest.raises(AnchorMismatchError, match="entry 4: its prev_hash"):
        anchorage.anchor(rest)
    anchorage.forge(2)
    with pytest.raises(AnchorMismatchError, match="entry 2 is not there"):
        anchorage.anchor(rest)
    assert anchorage.all() == []


def test_of_two_concurrent_runs_one_writes_the_anchor(anchorage: Anchorage) -> None:
    signed = anchorage.key.sign(Anchor(anchorage.backend.head(), "2026-11-25T00:00:00.000Z"))
    assert anchorage.anchors.write(signed)
    assert not anchorage.anchors.write(signed)


def test_a_ledger_is_not_signed_if_an_entry_since_the_last_anchor_does_not_verify(
    anchorage: Anchorage,
) -> None:
    for _ in range(2):
        anchorage.backend.sell()
    anchorage.today()
    for _ in range(3):
        anchorage.backend.sell()
    anchorage.forge(4)
    with pytest.raises(AnchorMismatchError, match="entry 5: its prev_hash"):
        anchorage.next_day()
    assert len(anchorage.all()) == 1


def test_a_ledger_is_not_signed_if_the_last_anchored_entry_was_rewritten(
    anchorage: Anchorage,
) -> None:
    for _ in range(2):
        anchorage.backend.sell()
    anchorage.today()
    anchorage.forge(2)
    with pytest.raises(AnchorMismatchError, match="entry 2 is not there as it was anchored"):
        anchorage.next_day()


def test_a_studio_that_cannot_be_anchored_costs_no_other_studio_its_anchor(
    anchorage: Anchorage,
) -> None:
    backend = anchorage.backend
    run = AnchorLedgers(anchorage.anchor)
    payouts = PayoutsTable(backend.dynamodb, backend.orders_table)
    assert list(payouts.studios()) == [backend.studio_id]
    studios = ["st_that_is_not_there", backend.studio_id]
    done = run.these(studios, time_is_up=lambda: False)
    assert done == {"AnchorMismatch": 1, "LedgerAnchored": 1}
    assert run.these(studios, time_is_up=lambda: True) == {"LedgerAnchorFailed": 2}


def test_a_restore_is_recorded_once_and_supersedes_the_lost_anchors(anchorage: Anchorage) -> None:
    backend = anchorage.backend
    backend.sell()
    anchorage.today()
    backend.sell()
    kept = backend.head()
    backend.sell()
    anchorage.next_day()
    assert anchorage.anchor.restored(backend.studio_id, "nobody") is AnchorOutcome.UNTOUCHED
    anchorage.cut_off_after(2, kept)
    with pytest.raises(AnchorMismatchError):
        anchorage.next_day()
    assert anchorage.anchor.restored(backend.studio_id, "on call") is AnchorOutcome.ANCHORED
    assert anchorage.anchor.restored(backend.studio_id, "on call") is AnchorOutcome.UNTOUCHED
    newest = anchorage.all()[0]
    assert (newest.head, newest.restored_to_seq) == (backend.head(), 1)
    backend.sell()
    assert anchorage.next_day() is AnchorOutcome.ANCHORED


def test_the_operation_checks_signatures_with_a_key_kept_elsewhere(
    anchorage: Anchorage, operated: Callable[..., str], tmp_path: Path
) -> None:
    backend, stack = anchorage.backend, anchorage.stack
    backend.sell()
    anchorage.today()
    public = stack.aws.kms.get_public_key(KeyId=stack.anchors["key"])["PublicKey"]
    pem = load_der_public_key(public).public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    file = tmp_path / "anchor.pem"
    file.write_bytes(pem)
    verify = ["verify-ledger", "--studio", backend.studio_id, "--stack", operated(backend)]
    sound = operate(*verify, "--anchor-key", str(file))
    assert (sound.exit_code, "sound" in sound.output) == (0, True), sound.output
    assert operate(*verify).exit_code == 0

    # An anchor of tomorrow with today's signature, as a forger without the key would write it.
    forged = replace(anchorage.key.sign(Anchor(backend.head(), "2027-01-01T00:00:00.000Z")))
    anchorage.anchors.write(replace(forged, signature=base64.b64decode("MEUCIQ==")))
    found = operate(*verify)
    assert found.exit_code == 1
    assert "2027-01-01.json: it is not signed with the key" in found.output


@pytest.mark.parametrize(
    ("content", "message"), [(None, "No such file"), ("no key", "not a public key in PEM format")]
)
def test_an_invalid_key_file_prints_one_line(
    anchorage: Anchorage,
    operated: Callable[..., str],
    tmp_path: Path,
    content: str | None,
    message: str,
) -> None:
    file = tmp_path / "anchor.pem"
    if content is not None:
        file.write_text(content)
    result = operate(
        "verify-ledger", "--stack", operated(anchorage.backend), "--anchor-key", str(file)
    )
    assert message in failure_of(result)


def test_the_operation_shows_the_locked_anchors_and_until_when(
    anchorage: Anchorage, operated: Callable[..., str]
) -> None:
    backend = anchorage.backend
    show = ["anchors", "show", "--studio", backend.studio_id, "--stack", operated(backend)]
    assert "has no anchors" in failure_of(operate(*show))
    backend.sell()
    anchorage.today()
    shown = operate(*show)
    assert (shown.exit_code, backend.studio_id in shown.stdout) == (0, True)
    (anchor,) = json.loads(operate(*show, "--json").stdout)
    assert (anchor["entry"], anchor["hash"]) == (1, backend.head().hash)
    assert (anchor["problem"], anchor["locked_until"] > anchor["anchored_at"]) == (None, True)

    forged = replace(anchorage.key.sign(Anchor(backend.head(), "2027-01-01T00:00:00.000Z")))
    anchorage.anchors.write(replace(forged, signature=base64.b64decode("MEUCIQ==")))
    found = operate(*show)
    assert found.exit_code == 1
    assert "2027-01-01.json: it is not signed with the key" in found.stdout
