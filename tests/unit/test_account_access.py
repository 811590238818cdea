"""Which connected accounts have left: only Stripe's answer about the account itself decides."""

import itertools
from dataclasses import dataclass, field
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.domain.account_access import AccountAccess, LearnedFrom, access_after
from shared.domain.errors import StripeOutcomeUnknownError, StripeRefusedError
from shared.gateways.conflict import StaleStateError
from shared.gateways.records.account_access import access_from_values, access_to_item
from shared.gateways.records.attributes import unmarshal
from shared.gateways.stripe.accounts import StripeAccounts
from shared.gateways.stripe.charges import StripeCharges
from shared.gateways.stripe.connection import StripeConnection
from shared.workflow.account_watch import AccountOutcome, AccountWatch
from tests.unit.scripted_stripe import HTML, HttpAnswer, ScriptedStripe, error_answer, json_answer

T1, T2, T3 = (f"2026-10-0{day}T00:00:00.000Z" for day in (1, 2, 3))
AWAY = AccountAccess("acct_1", T1, LearnedFrom.EVENT)
DENIED = StripeRefusedError("No.", "stripe_refused", access_denied=True)


@dataclass
class Accesses:
    """The accounts' items in memory."""

    items: dict[str, AccountAccess] = field(default_factory=dict)
    is_contended: bool = False

    def get(
        self,
        account_id: str,
        *,
        consistent: bool = True,  # noqa: ARG002  # memory is always consistent
    ) -> AccountAccess | None:
        return self.items.get(account_id)

    def record(self, access: AccountAccess) -> None:
        if self.is_contended:
            raise StaleStateError
        self.items[access.account_id] = access


@dataclass
class Accounts:
    """Stripe, which answers what a test says."""

    answer: bool | Exception
    asked: int = 0

    def is_connected(self, _: str) -> bool:
        self.asked += 1
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer


def watch(accesses: Accesses, accounts: Accounts) -> AccountWatch:
    now = datetime(2026, 10, 3, tzinfo=UTC)
    return AccountWatch(accesses, accounts, lambda: now)  # type: ignore[arg-type]  # a stand-in


def test_an_account_that_leaves_and_comes_back_keeps_both_times() -> None:
    event, refusal = LearnedFrom.EVENT, LearnedFrom.REFUSAL
    assert access_after(None, "acct_1", T1, event, is_connected=True) is None
    away = access_after(None, "acct_1", T1, event, is_connected=False)
    assert away == AWAY
    assert access_after(away, "acct_1", T2, refusal, is_connected=False) == away
    back = access_after(away, "acct_1", T2, refusal, is_connected=True)
    assert back is not None
    assert (back.is_disconnected, back.disconnected_at, back.connected_at) == (False, T1, T2)
    assert access_after(back, "acct_1", T3, event, is_connected=True) == back
    again = access_after(back, "acct_1", T3, refusal, is_connected=False)
    assert again == AccountAccess("acct_1", T3, refusal)


@given(st.lists(st.booleans(), max_size=8))
def test_the_last_answer_of_stripe_decides(answers: list[bool]) -> None:
    known = None
    for is_connected in answers:
        known = access_after(known, "acct_1", T1, LearnedFrom.EVENT, is_connected=is_connected)
    is_away = known is not None and known.is_disconnected
    assert is_away == (bool(answers) and not answers[-1])


def test_what_was_reconciled_before_the_account_came_back_is_not_complete() -> None:
    back = AccountAccess("acct_1", T1, LearnedFrom.EVENT, connected_at=T2)
    assert [back.was_away_at(at) for at in (T1, T2, T3)] == [True, True, False]
    assert AWAY.was_away_at(T3)


@pytest.mark.parametrize("connected_at", [None, T2])
def test_an_access_comes_back_as_it_was_stored(connected_at: str | None) -> None:
    access = AccountAccess("acct_1", T1, LearnedFrom.REFUSAL, connected_at, 3)
    item = access_to_item(access)
    assert access_from_values(unmarshal(item)) == access
    assert (item["PK"], item["SK"]) == ({"S": "ACCOUNT#acct_1"}, {"S": "ACCESS"})


def test_a_denied_call_marks_its_account_only_if_stripe_says_that_it_left() -> None:
    for answer, is_marked in ((False, True), (True, False)):
        accesses, accounts = Accesses(), Accounts(answer)
        assert watch(accesses, accounts).explains(DENIED, "acct_1") is is_marked
        assert bool(accesses.items) is is_marked


@pytest.mark.parametrize(
    "answer",
    [
        StripeOutcomeUnknownError("AuthenticationError 401", key_spent=False, access_denied=True),
        StripeRefusedError("No.", "stripe_refused", access_denied=True),
        StripeOutcomeUnknownError("no answer", key_spent=False),
    ],
    ids=["wrong key", "restricted key", "silence"],
)
def test_a_platform_that_is_denied_itself_marks_no_account(answer: Exception) -> None:
    accesses = Accesses()
    assert not watch(accesses, Accounts(answer)).explains(answer, "acct_1")
    assert accesses.items == {}


def test_no_question_is_asked_about_the_platform_or_after_other_errors() -> None:
    accounts = Accounts(answer=False)
    asking = watch(Accesses(), accounts)
    other = StripeRefusedError("No.", "charge_disputed")
    silence = StripeOutcomeUnknownError("no answer", key_spent=False)
    cases = [(DENIED, None), (other, "acct_1"), (silence, "acct_1"), (ValueError(), "acct_1")]
    assert not any(itertools.starmap(asking.explains, cases))
    assert asking.recheck(None) is AccountOutcome.UNCHANGED
    assert asking.recheck("acct_1") is AccountOutcome.UNCHANGED  # it is not marked
    assert accounts.asked == 0


def test_a_mark_that_another_function_has_written_explains_the_error_too() -> None:
    accesses = Accesses({"acct_1": AWAY})
    assert watch(accesses, Accounts(answer=False)).explains(DENIED, "acct_1")
    lost = Accesses(is_contended=True)
    assert not watch(lost, Accounts(answer=False)).explains(DENIED, "acct_1")
    lost.items["acct_1"] = AWAY
    assert watch(lost, Accounts(answer=False)).explains(DENIED, "acct_1")


def test_a_recheck_clears_the_mark_and_a_silent_stripe_leaves_it() -> None:
    accesses = Accesses({"acct_1": AWAY})
    silence = StripeOutcomeUnknownError("no answer", key_spent=False)
    watch(accesses, Accounts(silence)).recheck_safely("acct_1")
    assert accesses.items["acct_1"].is_disconnected
    assert watch(accesses, Accounts(answer=True)).recheck("acct_1") is AccountOutcome.CONNECTED
    assert not accesses.items["acct_1"].is_disconnected


@pytest.mark.parametrize(
    ("answer", "is_connected"),
    [
        (json_answer(200, {"object": "account", "id": "acct_1"}), True),
        (error_answer(403, "account_invalid"), False),
    ],
)
def test_stripe_says_whether_an_account_is_connected(
    server: ScriptedStripe, connection: StripeConnection, answer: HttpAnswer, *, is_connected: bool
) -> None:
    server.answers_with(answer)
    assert StripeAccounts(connection).is_connected("acct_1") is is_connected


@pytest.mark.parametrize(
    "answer",
    [
        error_answer(401),
        error_answer(403, "more_permissions_required"),
        error_answer(404, "resource_missing"),
        error_answer(500),
        HttpAnswer(403, b"<html>account_invalid</html>", HTML),
        json_answer(403, {"error": "account_invalid"}),
        json_answer(200, {"object": "account", "id": "acct_2"}),
    ],
    ids=lambda answer: f"{answer.status} {answer.body[:30]!r}",
)
def test_any_other_answer_says_nothing_about_the_account(
    server: ScriptedStripe, connection: StripeConnection, answer: HttpAnswer
) -> None:
    server.answers_with(answer)
    with pytest.raises((StripeRefusedError, StripeOutcomeUnknownError)):
        StripeAccounts(connection).is_connected("acct_1")


ANSWERS = [
    (error_answer(401), True),
    (error_answer(403), True),
    (error_answer(403, "account_invalid"), True),
    (HttpAnswer(401, b"<html>", HTML), False),
    (HttpAnswer(403, b"<html>", HTML), False),
    *((error_answer(status), False) for status in (400, 402, 404, 429, 500)),
]


@pytest.mark.parametrize(("answer", "is_denied"), ANSWERS, ids=range(len(ANSWERS)))
def test_only_stripes_own_401_and_403_make_us_ask_about_the_account(
    server: ScriptedStripe, connection: StripeConnection, answer: HttpAnswer, *, is_denied: bool
) -> None:
    server.answers_with(answer)
    accounts = Accounts(answer=False)
    with pytest.raises((StripeRefusedError, StripeOutcomeUnknownError)) as failed:
        StripeCharges(connection).get("ch_1", "acct_1")
    assert watch(Accesses(), accounts).explains(failed.value, "acct_1") is is_denied
    assert accounts.asked == is_denied
