"""Patterns among refunds, on real tables."""

import json
import uuid
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from functions.refund_report.answer_patterns import AnswerPatterns
from functions.refund_request.request_refund import RefundRequest
from shared.domain.attribution import By
from shared.domain.errors import DateRangeError, StudioNotFoundError
from shared.domain.patterns import Patterns
from shared.domain.refund import Refund, RefundType
from shared.domain.refund_quote import ChosenLine, RefundChoice
from shared.domain.report import ReportRow
from shared.domain.report_filter import NO_KEY, ReportFilter
from shared.edge.auth import Caller, Role
from shared.gateways.records.keys import ORDER_SK, order_pk, primary_key
from shared.views.patterns import PatternsView, PatternView, patterns_view
from tests.integration.backend import Backend, MakeBackend
from tests.integration.bookkeeper import Bookkeeper
from tests.records import line_record

pytestmark = pytest.mark.stack

CHICAGO = ZoneInfo("America/Chicago")
ALL = RefundChoice(RefundType.FULL)


class PatternStudio:
    """A studio that sells and refunds orders, and finds patterns among the refunds."""

    def __init__(self, backend: Backend) -> None:
        self.backend = backend
        nothing: Any = None  # few enough orders to be counted at once
        find = Bookkeeper(backend).find_patterns
        self.answer = AnswerPatterns(backend.studios, find, nothing, backend.clock)
        self.today = backend.clock().astimezone(CHICAGO)

    def days_ago(self, days: int) -> str:
        """Return a day that many days ago, as the studio counts them."""
        return (self.today - timedelta(days=days)).date().isoformat()

    def order(self, days_ago: int = 0, **changes: Any) -> dict[str, Any]:  # noqa: ANN401  # an import record's fields
        """Return an order that was placed some days ago."""
        placed = self.backend.clock() - timedelta(days=days_ago, minutes=1)
        return self.backend.order(placed_at=placed.isoformat(timespec="seconds"), **changes)

    def import_orders(self, *records: dict[str, Any]) -> None:
        """Import orders without charges at Stripe."""
        report = self.backend.import_orders([json.dumps(record) for record in records])
        assert report.imported == len(records), report

    def sell(self, days_ago: int = 0, **changes: Any) -> str:  # noqa: ANN401  # an import record's fields
        """Import an order and make its charge; return its id."""
        record = self.order(days_ago, **changes)
        self.import_orders(record)
        self.backend.charge(record)
        return str(record["order_id"])

    def refund(
        self, order_id: str, choice: RefundChoice = ALL, reason: str = "other", by: str = "ana"
    ) -> Refund:
        """Request a refund."""
        key = uuid.uuid4().hex
        refund, _ = self.backend.request_refund(
            Caller(by, self.backend.studio_id, frozenset({Role.OWNER})),
            RefundRequest(
                self.backend.key(order_id), choice, reason, None, key, {"key": key}, "corr"
            ),
        )
        return refund

    def settle(self) -> None:
        """Deliver Stripe's events and settle the refunds."""
        self.backend.settle_all()

    def patterns(self, by: By, first: int | None = None, last: int | None = None) -> PatternsView:
        """Return the patterns from so many days ago to so many days ago."""
        since, until = (None if ago is None else self.days_ago(ago) for ago in (first, last))
        found = self.answer(self.backend.studio_id, by, since, until, "corr")
        assert isinstance(found, Patterns)
        return patterns_view(found)


def refunds_behind(studio: PatternStudio, by: By, key: str | None) -> list[ReportRow]:
    """Return the refunds that the report lists for a pattern."""
    wanted: dict[str, Any] = {by.value: NO_KEY if key is None else key}
    only = ReportFilter(effective=True, **wanted)
    return Bookkeeper(studio.backend).report(newest_first=True, only=only).rows


def by_key(view: PatternsView) -> dict[str | None, PatternView]:
    return {each.key: each for each in view.items}


def figures(pattern: PatternView) -> tuple[int, int, int, int, str | None]:
    return (
        pattern.refund_count,
        pattern.refunded_amount,
        pattern.orders,
        pattern.refunded_orders,
        pattern.refund_rate,
    )


@pytest.fixture
def studio(make_backend: MakeBackend) -> PatternStudio:
    return PatternStudio(make_backend())


def two_children() -> dict[str, Any]:
    return {
        "subjects": [{"subject_id": "kai", "name": "Kai"}, {"subject_id": "mia", "name": "Mia"}],
        "photo_day": {"photo_day_id": "pd_fall", "name": "Fall"},
        "line_items": [
            line_record("li_1", 3, 2000, product="Mug", sku="MUG", subject_id="kai"),
            line_record("li_2", 1, 3000, product="Print", sku="PRT", subject_id="mia"),
        ],
        "shipping_amount": 1000,
    }


def test_counts_amounts_and_rates_are_right_by_each_of_the_five_keys(studio: PatternStudio) -> None:
    backend = studio.backend
    whole, some, part, kept = (studio.sell(**two_children()) for _ in range(4))
    studio.refund(whole, ALL, "wrong_print", "ana")
    mugs = RefundChoice(RefundType.LINE_ITEMS, lines=(ChosenLine("li_1", 2),), shipping=False)
    studio.refund(some, mugs, "quality_issue", "ben")
    studio.refund(part, RefundChoice(RefundType.PARTIAL, amount=999), "quality_issue", "ana")
    backend.stripe_refund(kept, 1000)
    studio.settle()
    studio.import_orders(studio.order(line_items=[line_record("li_1", 4, 2500)]))

    product = studio.patterns(By.PRODUCT)
    assert (product.orders, product.refunded_orders) == (5, 4)
    assert (product.refund_count, product.refunded_amount) == (4, 10000 + 4000 + 999 + 1000)
    assert product.currency == "usd"
    # 999 and 1000 are shared among 6000, 3000 and 1000 of shipping.
    assert {key: figures(each) for key, each in by_key(product).items()} == {
        "MUG": (4, 6000 + 4000 + 599 + 600, 4, 4, "1.0000"),
        "PRT": (3, 3000 + 300 + 300, 5, 3, "0.6000"),
        None: (3, 1000 + 100 + 100, 4, 3, "0.7500"),
    }
    assert by_key(product)["MUG"].name == "Mug"
    assert [each.key for each in product.items] == ["MUG", "PRT", None]

    subject = by_key(studio.patterns(By.SUBJECT))
    assert figures(subject["kai"]) == (4, 11199, 4, 4, "1.0000")
    assert (subject["mia"].name, subject["mia"].refunded_amount) == ("Mia", 3600)

    photo_day = by_key(studio.patterns(By.PHOTO_DAY))
    assert figures(photo_day["pd_fall"]) == (4, 15999, 4, 4, "1.0000")
    assert photo_day.keys() == {"pd_fall"}

    reason = by_key(studio.patterns(By.REASON))
    assert {key: figures(each) for key, each in reason.items()} == {
        "wrong_print": (1, 10000, 1, 1, "0.2000"),
        "quality_issue": (2, 4999, 2, 2, "0.4000"),
        None: (1, 1000, 1, 1, "0.2000"),
    }
    operator = by_key(studio.patterns(By.PROCESSED_BY))
    assert figures(operator["ana"]) == (2, 10999, 2, 2, "0.4000")
    assert operator["stripe"].name == "Stripe's dashboard"

    for by, patterns in (
        (By.PRODUCT, by_key(product)),
        (By.SUBJECT, subject),
        (By.PHOTO_DAY, photo_day),
        (By.REASON, reason),
        (By.PROCESSED_BY, operator),
    ):
        for key, pattern in patterns.items():
            assert len(refunds_behind(studio, by, key)) == pattern.refund_count, (by, key)
    mia = refunds_behind(studio, By.SUBJECT, "mia")
    assert {row.order_id for row in mia} == {whole, part, kept}
    assert refunds_behind(studio, By.SUBJECT, "nobody") == []


def test_a_late_failure_takes_its_refund_back(studio: PatternStudio) -> None:
    first, second = studio.sell(), studio.sell()
    refunds = [studio.refund(first), studio.refund(second)]
    studio.settle()
    assert studio.patterns(By.PHOTO_DAY).refund_count == 2
    failed = studio.backend.current(refunds[0])
    studio.backend.control(
        f"refunds/{failed.stripe_refund_id}", status="failed", failure_reason="lost_or_stolen_card"
    )
    studio.settle()
    assert [entry["kind"] for entry in studio.backend.entries()][-1] == "refund_failed"

    for by in By:
        view = studio.patterns(by)
        assert (view.refund_count, view.refunded_amount, view.refunded_orders) == (1, 10000, 1)
        assert [each.refund_count for each in view.items] == [1]
        behind = refunds_behind(studio, by, view.items[0].key)
        assert [row.refund_id for row in behind] == [refunds[1].refund_id]


def test_a_failure_after_the_range_takes_back_a_refund_of_the_range(studio: PatternStudio) -> None:
    refund = studio.refund(studio.sell())
    studio.settle()
    studio.backend.clock.ahead = timedelta(days=20)
    settled = studio.backend.current(refund)
    studio.backend.control(f"refunds/{settled.stripe_refund_id}", status="failed")
    studio.settle()
    assert studio.backend.entries()[-1]["kind"] == "refund_failed"
    assert studio.patterns(By.REASON, 0, 0).refund_count == 0
    # The day of the failure itself does not count below zero.
    assert studio.patterns(By.REASON, -20, -20).refund_count == 0


def test_refunds_of_older_orders_count_and_do_not_raise_the_rate(studio: PatternStudio) -> None:
    old, new = studio.sell(40), studio.sell()
    mug = RefundChoice(RefundType.LINE_ITEMS, lines=(ChosenLine("li_2", 1),))
    studio.refund(old, mug)
    studio.refund(new)
    studio.settle()
    view = studio.patterns(By.PHOTO_DAY, 10, 0)
    assert (view.orders, view.refunded_orders, view.refund_count) == (1, 1, 2)
    assert figures(view.items[0]) == (2, 12500, 1, 1, "1.0000")
    view = studio.patterns(By.REASON, 10, 0)
    assert figures(view.items[0]) == (2, 12500, 2, 1, "1.0000")
    assert by_key(studio.patterns(By.PRODUCT, 10, 0))["PRT"].name == "Print"
    # Days without orders have no rate.
    studio.backend.clock.ahead = timedelta(days=2)
    assert studio.patterns(By.PRODUCT, -1, -2).items == []


def test_a_day_is_in_the_studio_s_time_zone(studio: PatternStudio) -> None:
    midnight = datetime(2026, 9, 20, tzinfo=CHICAGO)
    for seconds in (-1, 0, 86_399, 86_400):
        placed = (midnight + timedelta(seconds=seconds)).isoformat()
        studio.import_orders(studio.backend.order(placed_at=placed))

    def orders(first: str, last: str) -> int:
        found = studio.answer(studio.backend.studio_id, By.PRODUCT, first, last, "corr")
        assert isinstance(found, Patterns)
        return found.count.orders

    assert orders("2026-09-20", "2026-09-20") == 2
    assert orders("2026-09-19", "2026-09-21") == 4


def photo_day(name: str) -> dict[str, Any]:
    return {"photo_day": {"photo_day_id": f"pd_{name.lower()}", "name": name}}


def test_one_bad_photo_day_is_an_outlier_and_small_numbers_are_not(studio: PatternStudio) -> None:
    for day in ("Adams", "Burr", "Clay", "Dole"):
        studio.import_orders(*(studio.order(**photo_day(day)) for _ in range(20)))
        studio.refund(studio.sell(**photo_day(day)), reason="wrong_print")
    # One refund of one order, and two of two: too few to stand out.
    for day in ("Tiny", "Small", "Small"):
        studio.refund(studio.sell(**photo_day(day)))
    for _ in range(6):
        studio.refund(studio.sell(**photo_day("Lincoln")), reason="quality_issue")
    studio.import_orders(*(studio.order(**photo_day("Lincoln")) for _ in range(2)))
    studio.settle()

    view = studio.patterns(By.PHOTO_DAY)
    (found,) = view.standing_out
    assert (found.key, found.name) == ("pd_lincoln", "Lincoln")
    assert (found.refunded_orders, found.orders, found.refund_rate) == (6, 8, "0.7500")
    assert (found.compared_refunded_orders, found.compared_orders) == (7, 87)
    assert found.statement.startswith(
        "6 of 8 orders with Lincoln were refunded; elsewhere 7 of 87. Chance alone would make such "
        "a difference less than once in 1"
    )
    assert view.summary == "1 photo day is an outlier: Lincoln."
    assert by_key(view)["pd_tiny"].refund_rate == "1.0000"
    # All orders have the same product and subject, so there is nothing to compare with.
    for by in (By.PRODUCT, By.SUBJECT):
        assert studio.patterns(by).standing_out == []
    # Nothing was sold in the period before.
    assert studio.patterns(By.REASON).standing_out == []


def test_a_reason_is_an_outlier_against_the_period_before(studio: PatternStudio) -> None:
    for days_ago in (3, 13):
        studio.import_orders(*(studio.order(days_ago) for _ in range(20)))
    for _ in range(10):
        studio.refund(studio.sell(3), reason="wrong_print", by="ana")
    studio.refund(studio.sell(3), reason="other", by="ben")
    studio.settle()
    view = studio.patterns(By.REASON, 9, 0)
    (found,) = view.standing_out
    assert (found.key, found.compared_with) == ("wrong_print", "time_before")
    assert (found.refunded_orders, found.orders) == (10, 31)
    assert (found.compared_refunded_orders, found.compared_orders) == (0, 20)
    assert f"from {studio.days_ago(19)} to {studio.days_ago(10)} 0 of 20." in found.statement
    assert [each.key for each in studio.patterns(By.PROCESSED_BY, 9, 0).standing_out] == ["ana"]
    # The range covers all orders, so no earlier period exists to compare with.
    assert studio.patterns(By.REASON, 60, 0).standing_out == []


def test_an_order_that_was_never_charged_is_not_counted(studio: PatternStudio) -> None:
    free = studio.order()
    free["stripe"] = {"charge_id": None}
    studio.import_orders(free, studio.order())
    assert studio.patterns(By.PHOTO_DAY).orders == 1


def test_another_studio_s_orders_and_refunds_are_not_seen(
    make_backend: MakeBackend,
) -> None:
    ours, theirs = PatternStudio(make_backend()), PatternStudio(make_backend())
    theirs.answer = ours.answer
    ours.refund(ours.sell())
    ours.settle()
    with pytest.raises(StudioNotFoundError):
        theirs.patterns(By.PRODUCT)
    # In the same tables, after the studio was imported there.
    theirs.backend.import_studios = ours.backend.import_studios
    theirs.backend.import_studio()
    for by in By:
        assert theirs.patterns(by).items == []
        assert theirs.patterns(by).orders == 0


def test_the_refund_of_an_erased_order_still_counts(studio: PatternStudio) -> None:
    order_id = studio.sell()
    studio.refund(order_id)
    studio.settle()
    backend = studio.backend
    backend.dynamodb.delete_item(
        TableName=backend.orders_table,
        Key=primary_key(order_pk(backend.key(order_id)), ORDER_SK),
    )
    view = studio.patterns(By.PRODUCT)
    assert [figures(each) for each in view.items] == [(1, 10000, 0, 0, None)]
    assert view.items[0].key is None


def test_a_range_that_ends_before_it_begins_is_refused(studio: PatternStudio) -> None:
    with pytest.raises(DateRangeError):
        studio.patterns(By.REASON, 1, 2)


def test_of_many_keys_those_with_the_most_refunds_are_shown(
    studio: PatternStudio, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("shared.workflow.find_patterns.MOST_PATTERNS", 2)
    for day in ("A", "B", "B", "C", "C", "C"):
        studio.refund(studio.sell(**photo_day(day)))
    studio.settle()
    view = studio.patterns(By.PHOTO_DAY)
    assert [each.name for each in view.items] == ["C", "B"]
    assert view.truncated
    assert view.refund_count == 6
