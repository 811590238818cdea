"""A migration brings stored data up to what today's code stores, and may be run again."""

import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from infra.local.stack import Stack
from infra.operate.migrate.schema import add_versions
from infra.operate.migrate.search_words import LEFT, renew_search_words
from shared.domain.order import OrderKey
from shared.domain.search import order_tokens
from shared.gateways.records.imported_order import imported_order_to_item, search_items
from shared.gateways.records.keys import primary_key, search_pk
from shared.gateways.search_words import SearchWords
from tests.integration.backend import Backend
from tests.integration.order_search import find, ids, import_all, named
from tests.operate import operate, use_local_stack

pytestmark = pytest.mark.stack

# What an earlier rule may have stored of 김민수: the name as one word, and a word nobody writes.
OLD_TOKENS = ["sub1", "김민수"]


@pytest.fixture
def old_order(backend: Backend) -> str:
    """An order whose search entries are from before a change of the rules."""
    (order_id,) = import_all(backend, named(backend, "김민수", ["Ann"]))
    return _with_old_entries(backend, order_id)


def test_an_order_of_before_is_found_by_todays_rules(backend: Backend, old_order: str) -> None:
    assert ids(find(backend, "민수")) == []
    assert _renew(backend) == {"renewed": 1}
    assert ids(find(backend, "민수")) == [old_order]
    assert ids(find(backend, "sub1")) == []
    assert _stored(backend) == order_tokens(old_order, ["김민수", "Ann"])
    assert _renew(backend) == {"up to date": 1}


def test_a_dry_run_counts_and_changes_nothing(backend: Backend, old_order: str) -> None:
    before = _stored(backend)
    assert _renew(backend, dry_run=True) == {"renewed": 1}
    assert _stored(backend) == before
    assert ids(find(backend, old_order)) == [old_order]


def test_a_run_that_died_half_way_is_finished_by_the_next(
    backend: Backend, old_order: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def dies(*_: object) -> list[object]:
        raise RuntimeError("killed")

    with monkeypatch.context() as patched:
        patched.setattr("shared.gateways.search_words.search_items", dies)
        with pytest.raises(RuntimeError):
            _renew(backend)
    assert _renew(backend) == {"renewed": 1}
    assert _stored(backend) == order_tokens(old_order, ["김민수", "Ann"])


def test_an_order_erased_meanwhile_gets_no_words_back(
    backend: Backend, old_order: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    read = SearchWords.stored_tokens

    def erased(words: SearchWords, key: OrderKey, tokens: list[str]) -> dict[str, list[str]]:
        stored = read(words, key, tokens)
        record = backend.orders.load_order(OrderKey(backend.studio_id, old_order))
        assert record is not None
        item = imported_order_to_item(record.imported.erased(), record.state.placed_at)
        backend.dynamodb.put_item(TableName=backend.orders_table, Item=item)
        return stored

    before = _stored(backend)
    monkeypatch.setattr(SearchWords, "stored_tokens", erased)
    assert _renew(backend) == {LEFT: 1}
    assert _stored(backend) == before


def test_the_command_records_who_ran_it(
    stack: Stack, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    use_local_stack(stack, tmp_path, monkeypatch)
    dry = operate("migrate", "run", "search-words", "--by", "op_dry", "--dry-run", "--json")
    assert json.loads(dry.stdout)["dry_run"] is True
    assert _last_run_by() != "op_dry"
    assert operate("migrate", "run", "search-words", "--by", "op_7").exit_code == 0
    assert _last_run_by() == "op_7"


def test_what_is_left_fails_the_run_and_is_not_recorded(
    stack: Stack, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    use_local_stack(stack, tmp_path, monkeypatch)
    monkeypatch.setattr(
        "infra.operate.migrate.commands.renew_search_words",
        lambda *_, **__: iter([Counter({LEFT: 1})]),
    )
    result = operate("migrate", "run", "search-words", "--by", "op_8", "--workers", "1")
    assert result.exit_code == 1
    assert "1 are left. Run `migrate run search-words` again." in result.stderr
    assert _last_run_by() != "op_8"


def test_items_of_before_get_a_version_once_and_stay_otherwise_as_they_are(
    backend: Backend,
) -> None:
    import_all(backend, named(backend, "Ann Lee", ["Kim"]))
    backend.sell()
    dynamodb, table = backend.dynamodb, backend.orders_table

    def items() -> dict[str, Any]:
        found = dynamodb.scan(TableName=table, ConsistentRead=True)["Items"]
        return {f"{each['PK']['S']} {each['SK']['S']}": each for each in found}

    def add(*, dry_run: bool) -> Counter[str]:
        done: Counter[str] = Counter()
        for segment in range(3):
            for counts in add_versions(dynamodb, table, segment, 3, dry_run=dry_run):
                done.update(counts)
        return done

    today = items()
    assert all(each["schema"] == {"N": "1"} for each in today.values())
    old = [each for name, each in today.items() if "SEARCH" in name]
    for each in old:
        dynamodb.put_item(
            TableName=table, Item={name: each[name] for name in each if name != "schema"}
        )
    counts = {"has schema 1": len(today) - len(old), "version added": len(old)}
    assert add(dry_run=True) == counts
    assert add(dry_run=False) == counts
    assert items() == today
    assert add(dry_run=False) == {"has schema 1": len(today)}


def _with_old_entries(backend: Backend, order_id: str) -> str:
    pk = search_pk(backend.studio_id)
    for token in order_tokens(order_id, ["김민수", "Ann"]):
        backend.dynamodb.delete_item(
            TableName=backend.orders_table, Key=primary_key(pk, f"{token}#{order_id}")
        )
    order = OrderKey(backend.studio_id, order_id)
    for item in search_items(order, [*order_tokens(order_id, []), *OLD_TOKENS]):
        backend.dynamodb.put_item(TableName=backend.orders_table, Item=item)
    return order_id


def _stored(backend: Backend) -> list[str]:
    """Return the tokens that have an entry."""
    found = backend.dynamodb.query(
        TableName=backend.orders_table,
        KeyConditionExpression="PK = :pk",
        ExpressionAttributeValues={":pk": {"S": search_pk(backend.studio_id)}},
    )["Items"]
    return sorted(each["SK"]["S"].partition("#")[0] for each in found)


def _renew(backend: Backend, *, dry_run: bool = False) -> dict[str, int]:
    words = SearchWords(backend.dynamodb, backend.orders_table)
    return dict(sum(renew_search_words(words, 0, 1, dry_run=dry_run), Counter[str]()))


def _last_run_by() -> str | None:
    rows = json.loads(operate("migrate", "list", "--json").stdout)
    by: str | None = next(row["by"] for row in rows if row["migration"] == "search-words")
    return by
