"""The counts of a studio's requests, in the template's table."""

import uuid
from datetime import UTC, datetime, timedelta
from itertools import count

import pytest

from infra.build.deployed_template import deployed_resources
from infra.local.stack import Stack
from shared.clock import utc_now
from shared.domain.errors import TooManyRequestsError
from shared.edge.fair_share import LIMITS, FairShare, Share
from shared.gateways.records.keys import primary_key, request_count_sk, studio_pk
from shared.gateways.request_counts import KEPT_FOR, RequestCounts, RequestsNotCountedError
from tests.at_once import at_once
from tests.operate import outputs_of

pytestmark = pytest.mark.stack

MINUTE = utc_now().replace(second=0, microsecond=0)
ENVIRONMENTS = 8


@pytest.fixture(scope="module")
def table(stack: Stack) -> str:
    return outputs_of(stack)["RequestCountsTableName"]


@pytest.fixture
def counts(stack: Stack, table: str) -> RequestCounts:
    return RequestCounts(table, lambda: stack.aws.dynamodb)


@pytest.fixture
def studio_id() -> str:
    return f"st_{uuid.uuid4().hex}"


def test_environments_that_run_at_once_let_the_limit_and_their_rest_through(
    counts: RequestCounts, studio_id: str
) -> None:
    limit = LIMITS[Share.WRITES]

    def let_through(_: int) -> int:
        """Return how many requests one environment lets through before it refuses."""
        environment = FairShare(counts, lambda: MINUTE)
        for passed in count():
            try:
                environment.take(studio_id, Share.WRITES)
            except TooManyRequestsError:
                return passed
        raise AssertionError

    passed = sum(at_once(ENVIRONMENTS, let_through))
    # Each environment goes on until it knows, so all of the limit is used.
    assert limit.a_minute <= passed <= limit.a_minute + ENVIRONMENTS * (limit.step - 1)


def test_a_count_is_the_studio_s_the_share_s_and_the_minute_s_own(
    counts: RequestCounts, studio_id: str
) -> None:
    assert counts.add(studio_id, Share.READS, MINUTE, 10) == 10
    assert counts.add(studio_id, Share.READS, MINUTE, 10) == 20
    assert counts.add(studio_id, Share.WRITES, MINUTE, 10) == 10
    assert counts.add(f"{studio_id}x", Share.READS, MINUTE, 10) == 10
    assert counts.add(studio_id, Share.READS, MINUTE + timedelta(minutes=1), 10) == 10


def test_dynamodb_deletes_a_count_after_two_days(
    stack: Stack, table: str, counts: RequestCounts, studio_id: str
) -> None:
    counts.add(studio_id, Share.READS, MINUTE, 10)
    key = primary_key(studio_pk(studio_id), request_count_sk(MINUTE, Share.READS))
    item = stack.aws.dynamodb.get_item(TableName=table, Key=key)["Item"]
    # The local engine does not switch it on.
    ttl = deployed_resources()["RequestCountsTable"]["Properties"]["TimeToLiveSpecification"]
    assert ttl["Enabled"] is True
    expires_at = datetime.fromtimestamp(int(item[ttl["AttributeName"]]["N"]), UTC)
    assert expires_at == MINUTE + KEPT_FOR


def test_a_studio_that_cannot_be_counted_is_let_through(stack: Stack, studio_id: str) -> None:
    lost = RequestCounts("no-such-table", lambda: stack.aws.dynamodb)
    with pytest.raises(RequestsNotCountedError):
        lost.add(studio_id, Share.REPORTS, MINUTE, 1)
    environment = FairShare(lost, lambda: MINUTE)
    for _ in range(LIMITS[Share.REPORTS].a_minute + 10):
        environment.take(studio_id, Share.REPORTS)
