"""Every error of the domain has an answer: one status, one stable code, RFC 9457 members."""

import json
from collections.abc import Iterator

import pytest

from shared.domain.errors import (
    ChargeDisputedError,
    DomainError,
    ForbiddenError,
    StripeRefusedError,
    TooManyRequestsError,
)
from shared.edge.http import ProblemView, described
from shared.edge.problems import MEDIA_TYPE, STATUS, STRIPE_STATUS, Problem, problem_of


def _below(error: type[DomainError]) -> Iterator[type[DomainError]]:
    for each in error.__subclasses__():
        yield each
        yield from _below(each)


REFUSED = list(_below(DomainError))


def raised(error: type[DomainError]) -> DomainError:
    """Return an error of this class, as the code would raise it."""
    if issubclass(error, StripeRefusedError):
        return error("Look it up.", "stripe_refused")
    if issubclass(error, ForbiddenError):
        return error("Ask your studio's owner.", "role")
    if issubclass(error, TooManyRequestsError):
        return error("Try again in 24 seconds.", 24)
    return error("Look at the order again.")


def test_the_table_has_every_domain_error_and_no_other() -> None:
    assert STATUS.keys() == set(REFUSED)


def test_each_error_has_its_own_code() -> None:
    codes = [error.code for error in REFUSED]
    assert len(set(codes)) == len(codes)
    assert all(code.replace("_", "").isalpha() and code.islower() for code in codes)


def test_each_error_has_its_own_title() -> None:
    titles = [title for _, title in STATUS.values()]
    assert len(set(titles)) == len(titles)


@pytest.mark.parametrize("error", REFUSED)
def test_an_error_becomes_problem_json(error: type[DomainError]) -> None:
    problem = problem_of(raised(error))
    body = json.loads(problem.body())
    status, title = STATUS[error]
    assert body == {
        "type": f"urn:pps:problem:{error.code}",
        "title": title,
        "status": status,
        "detail": raised(error).detail,
        "code": error.code,
    }
    assert 400 <= status < 600
    assert problem.status == status
    assert MEDIA_TYPE == "application/problem+json"


@pytest.mark.parametrize("status", [400, 403, 404, 409, 422, 429, 500, 502, 503, 504])
def test_a_client_is_told_when_to_try_again_and_only_if_that_may_help(status: int) -> None:
    retry_after = Problem(status, "c", "t", "d").headers.get("Retry-After")
    assert (retry_after is not None) == (status in {429, 503, 504})
    assert retry_after is None or retry_after.isdigit()


def test_a_problem_names_its_request_if_it_is_known() -> None:
    problem = Problem(404, "not_found", "t", "d")
    assert json.loads(problem.body("req-1"))["request_id"] == "req-1"
    assert "request_id" not in json.loads(problem.body())


def test_refused_fields_are_listed() -> None:
    fields = [{"field": "amount", "message": "Input should be greater than 0"}]
    body = json.loads(Problem(422, "invalid_input", "t", "d", fields).body())
    assert body["errors"] == fields


@pytest.mark.parametrize("reason", [*STRIPE_STATUS, "charge_not_found", "stripe_refused"])
def test_a_refusal_by_stripe_is_answered_with_its_reason(reason: str) -> None:
    problem = problem_of(StripeRefusedError("Look it up.", reason))
    assert problem.code == reason
    assert (problem.status, problem.title) == STRIPE_STATUS.get(reason, STATUS[StripeRefusedError])


def test_a_dispute_gets_the_same_answer_whether_we_or_stripe_noticed_it() -> None:
    by_stripe = problem_of(StripeRefusedError("Answer it.", "charge_disputed"))
    by_us = problem_of(ChargeDisputedError("Answer it."))
    assert by_stripe.body() == by_us.body()


def test_no_reason_of_stripe_uses_the_code_of_another_error() -> None:
    others = {error.code for error in REFUSED} - {"charge_disputed", "stripe_refused"}
    assert not STRIPE_STATUS.keys() & others


@pytest.mark.parametrize(
    "status", sorted({status for status, _ in [*STATUS.values(), *STRIPE_STATUS.values()]})
)
def test_the_apis_description_has_every_status_of_the_table(status: int) -> None:
    assert status in described(201, ProblemView, "made")
