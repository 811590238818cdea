"""A studio's share of the API: who is refused, when, and what that costs."""

import json
import logging
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, cast
from unittest.mock import patch

import pytest
from hypothesis import given
from hypothesis import strategies as st

from infra.paths import DASHBOARD
from shared.domain.errors import TooManyRequestsError
from shared.edge.fair_share import LIMITS, FairShare, Limit, Share, share_of
from shared.edge.http import api_handler, api_resolver, caller
from shared.edge.observability import logger
from shared.gateways.request_counts import RequestsNotCountedError
from tests.lambda_context import LambdaContext

NOON = datetime(2026, 11, 30, 12, tzinfo=UTC)
SMALL = {
    Share.READS: Limit(7, step=3, words="lookups"),
    Share.REPORTS: Limit(4, step=1, words="reports"),
    Share.WRITES: Limit(5, step=2, words="changes"),
}
ISSUER, CLIENT = "https://cognito.example/pool", "client"


@dataclass
class Counts:
    """The counts of all environments, in memory."""

    counted: Counter[tuple[str, str, datetime]] = field(default_factory=Counter)
    calls: int = 0
    fails: bool = False

    def add(self, studio_id: str, share: str, minute: datetime, requests: int) -> int:
        self.calls += 1
        if self.fails:
            raise RequestsNotCountedError
        self.counted[studio_id, share, minute] += requests
        return self.counted[studio_id, share, minute]

    def connect(self) -> None: ...


@dataclass
class Time:
    """A clock that a test moves."""

    now: datetime = NOON

    def __call__(self) -> datetime:
        return self.now


@dataclass
class Fleet:
    """Some execution environments that share their counts."""

    size: int
    counts: Counts = field(default_factory=Counts)
    time: Time = field(default_factory=Time)

    def __post_init__(self) -> None:
        self.environments = [FairShare(self.counts, self.time) for _ in range(self.size)]

    def lets_through(self, environment: int, studio_id: str, share: Share) -> bool:
        try:
            self.environments[environment % self.size].take(studio_id, share)
        except TooManyRequestsError:
            return False
        return True


@dataclass
class Sent:
    """What was sent and let through, by studio, share and minute."""

    sent: Counter[tuple[str, Share, datetime]] = field(default_factory=Counter)
    passed: Counter[tuple[str, Share, datetime]] = field(default_factory=Counter)


# Most are of one busy studio and one share, so that it is used up beside a studio that is not busy.
requests = st.tuples(
    st.integers(0, 3),  # which environment
    st.sampled_from(("st_busy", "st_busy", "st_busy", "st_busy", "st_other")),
    st.sampled_from((Share.READS, Share.READS, Share.READS, Share.REPORTS, Share.WRITES)),
    st.sampled_from((0,) * 30 + (25,)),  # seconds before it
)


def sent_to(
    fleet: Fleet, sequence: list[tuple[int, str, Share, int]]
) -> Iterator[tuple[Sent, Any]]:
    """Send the requests, and yield what was sent so far after each, with its key if refused."""
    so_far = Sent()
    for environment, studio_id, share, wait in sequence:
        fleet.time.now += timedelta(seconds=wait)
        key = studio_id, share, fleet.time.now.replace(second=0)
        so_far.sent[key] += 1
        passed = fleet.lets_through(environment, studio_id, share)
        so_far.passed[key] += passed
        yield so_far, None if passed else key


@given(st.integers(1, 4), st.lists(requests, min_size=40, max_size=120))
def test_no_more_than_the_limit_and_what_is_not_added_yet_gets_through(
    size: int, sequence: list[tuple[int, str, Share, int]]
) -> None:
    with patch.dict(LIMITS, SMALL):
        for so_far, _ in sent_to(Fleet(size), sequence):
            for (_, share, _), passed in so_far.passed.items():
                limit = SMALL[share]
                assert passed <= limit.a_minute + size * (limit.step - 1)


@given(st.integers(1, 4), st.lists(requests, min_size=40, max_size=120))
def test_nobody_is_refused_who_sent_no_more_than_the_share_whatever_others_send(
    size: int, sequence: list[tuple[int, str, Share, int]]
) -> None:
    with patch.dict(LIMITS, SMALL):
        for so_far, refused in sent_to(Fleet(size), sequence):
            if refused is not None:
                assert so_far.sent[refused] > SMALL[refused[1]].a_minute


@given(st.integers(1, 4), st.lists(requests, min_size=20, max_size=60))
def test_if_nothing_can_be_counted_everything_is_let_through(
    size: int, sequence: list[tuple[int, str, Share, int]]
) -> None:
    fleet = Fleet(size, Counts(fails=True))
    with patch.dict(LIMITS, SMALL):
        assert all(refused is None for _, refused in sent_to(fleet, sequence))
    assert fleet.counts.calls <= len(sequence)


@pytest.mark.parametrize("share", Share)
def test_one_environment_lets_exactly_the_limit_through_each_minute(share: Share) -> None:
    fleet = Fleet(1)
    for _ in range(2):
        tries = [fleet.lets_through(0, "st_a", share) for _ in range(LIMITS[share].a_minute + 50)]
        assert sum(tries) == LIMITS[share].a_minute
        fleet.time.now += timedelta(minutes=1)


@pytest.mark.parametrize("share", [Share.READS, Share.WRITES])
def test_the_first_requests_of_an_environment_make_no_call_and_one_of_ten_does(
    share: Share,
) -> None:
    fleet = Fleet(1)
    for _ in range(9):
        fleet.environments[0].take("st_a", share)
    assert fleet.counts.calls == 0
    for _ in range(91):
        fleet.environments[0].take("st_a", share)
    assert fleet.counts.calls == 10


def test_a_refused_request_makes_no_call() -> None:
    fleet = Fleet(2)
    for _ in range(LIMITS[Share.REPORTS].a_minute):
        fleet.environments[0].take("st_a", Share.REPORTS)
    assert not fleet.lets_through(1, "st_a", Share.REPORTS)  # this one had to ask
    calls = fleet.counts.calls
    assert not any(fleet.lets_through(each, "st_a", Share.REPORTS) for each in (0, 1, 0, 1))
    assert fleet.counts.calls == calls


def test_reports_use_up_neither_lookups_nor_refunds() -> None:
    fleet = Fleet(1)
    while fleet.lets_through(0, "st_a", Share.REPORTS):
        pass
    assert fleet.lets_through(0, "st_a", Share.READS)
    assert fleet.lets_through(0, "st_a", Share.WRITES)


def test_a_count_that_fails_is_not_tried_again_at_once() -> None:
    fleet = Fleet(1, Counts(fails=True))
    for _ in range(35):
        fleet.environments[0].take("st_a", Share.READS)
    assert fleet.counts.calls == 3


def test_an_environment_remembers_nothing_of_the_minute_before() -> None:
    """A restored snapshot therefore begins with nothing, and memory does not grow."""
    fleet = Fleet(1)
    for number in range(50):
        fleet.environments[0].take(f"st_{number}", Share.READS)
    fleet.time.now += timedelta(minutes=1)
    fleet.environments[0].take("st_a", Share.READS)
    assert len(fleet.environments[0]._tallies) == 1  # noqa: SLF001  # nothing else shows memory


@pytest.mark.parametrize(
    ("second", "wait", "words"),
    [(0, 60, "60 seconds"), (36, 24, "24 seconds"), (59, 1, "1 second")],
)
def test_the_refusal_says_what_is_used_up_and_when_the_minute_ends(
    second: int, wait: int, words: str
) -> None:
    fleet = Fleet(1, time=Time(NOON + timedelta(seconds=second, milliseconds=999)))
    while fleet.lets_through(0, "st_a", Share.REPORTS):
        pass
    with pytest.raises(TooManyRequestsError) as refused:
        fleet.environments[0].take("st_a", Share.REPORTS)
    assert refused.value.retry_after_seconds == wait
    assert refused.value.detail == (
        "Your studio has used up its 300 reports of this minute. Nothing was changed. "
        f"Try again in {words}."
    )


def test_the_log_names_the_studio_once_a_minute_and_share(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(logging.getLogger(logger.name), "propagate", True)
    fleet = Fleet(1)
    for _ in range(LIMITS[Share.REPORTS].a_minute + 20):
        fleet.lets_through(0, "st_a", Share.REPORTS)
    (line,) = (each for each in caplog.records if each.message == "share used up")
    assert (vars(line)["studio_id"], vars(line)["share"]) == ("st_a", Share.REPORTS)


def test_fifty_people_with_a_pending_refund_each_have_most_of_the_lookups_for_themselves() -> None:
    """The page polls. Its constants are in the page's code."""
    code = (DASHBOARD / "src" / "api" / "queries.ts").read_text("utf-8")

    def milliseconds(name: str) -> list[int]:
        (found,) = re.findall(rf"const {name} = \[?([\d_, ]+)\]?;", code)
        return [int(each) for each in found.split(",")]

    a_minute = 60_000
    polls = sum(a_minute / milliseconds(name)[0] for name in ("STOPS_POLL_MS", "ATTENTION_POLL_MS"))
    polls += len(milliseconds("FIRST_POLLS_MS")) + 1  # of the refund, then once a minute
    share_of_one = LIMITS[Share.READS].a_minute / 50
    assert share_of_one - polls >= 40


def test_reads_are_what_http_calls_reads() -> None:
    assert share_of("GET") is Share.READS
    assert {share_of(each) for each in ("POST", "PATCH", "DELETE", "PUT")} == {Share.WRITES}


@pytest.fixture
def settings(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ALLOWED_ORIGIN", "https://dashboard.example")
    monkeypatch.setenv("REQUEST_COUNTS_TABLE", "counts")
    monkeypatch.setenv("TOKEN_ISSUER", ISSUER)
    monkeypatch.setenv("TOKEN_CLIENT_ID", CLIENT)


def event(studio_id: str, role: str = "owner", named: str | None = None) -> dict[str, Any]:
    claims = {
        "token_use": "id",
        "iss": ISSUER,
        "aud": CLIENT,
        "sub": "u",
        "cognito:username": "u",
        "custom:studio_id": studio_id,
        "cognito:groups": role,
    }
    query = {"studio_id": named} if named else None
    return {
        "httpMethod": "GET",
        "path": "/orders",
        "resource": "/orders",
        "headers": {},
        "queryStringParameters": query,
        "multiValueQueryStringParameters": {"studio_id": [named]} if named else None,
        "requestContext": {"requestId": "req-1", "authorizer": {"claims": claims}},
    }


@pytest.mark.filterwarnings("ignore:No application metrics to publish")
@pytest.mark.usefixtures("settings")
def test_the_api_answers_problem_json_and_counts_pps_admins_with_the_studio_they_name() -> None:
    app, counts = api_resolver(), Counts()
    app.fair_share = FairShare(counts, Time(NOON + timedelta(seconds=36)))

    @app.get("/orders")
    def orders() -> dict[str, str]:
        return {"studio": caller(app, Share.REPORTS).studio_id}

    handle, context = api_handler(app), cast("Any", LambdaContext())
    for _ in range(LIMITS[Share.REPORTS].a_minute // 2):
        assert handle(event("st_a"), context)["statusCode"] == 200
        assert handle(event("", "pps_admin", named="st_a"), context)["statusCode"] == 200
    answer = handle(event("st_a"), context)
    problem = json.loads(answer["body"])
    assert answer["statusCode"] == problem["status"] == 429
    assert (problem["code"], problem["request_id"]) == ("too_many_requests", "req-1")
    assert answer["multiValueHeaders"]["Retry-After"] == ["24"]
    assert answer["multiValueHeaders"]["Content-Type"] == ["application/problem+json"]
    assert handle(event("", "pps_admin", named="st_a"), context)["statusCode"] == 429
    assert handle(event("st_b"), context)["statusCode"] == 200
