"""Refunds are attributed to the last cent, and outliers are described in plain words."""

from collections import Counter
from dataclasses import replace
from datetime import date
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.domain.attribution import (
    By,
    attribute,
    keys_of,
    names_of,
    parts_of,
    share_out,
)
from shared.domain.imported_order import ChargeIds, OrderContents, PhotoDay, Product, Subject
from shared.domain.local_days import LocalDays
from shared.domain.outliers import Comparison, Outlier, Outliers
from shared.domain.patterns import Patterns
from shared.domain.refund_counts import Count
from shared.views.patterns import once_in, patterns_view, rate


def line(line_id: str, sku: str, subject_id: str | None, amount: int) -> Product:
    return Product(line_id, sku.title(), sku, 1, amount, 0, 0, subject_id)


KAI, MIA = Subject("kai", "Kai"), Subject("mia", "Mia")


def order(*lines: Product, **changes: Any) -> OrderContents:  # noqa: ANN401  # an order's fields
    contents = OrderContents(
        order_id="ord_1",
        subjects=(KAI, MIA),
        photo_day=PhotoDay("fall", "Fall"),
        products=lines,
        shipping_amount=0,
        shipping_tax_amount=0,
        charge=ChargeIds("ch_1"),
    )
    return replace(contents, **changes)


TWO_CHILDREN = order(
    line("li_1", "MUG", "kai", 3000),
    line("li_2", "PRINT", "mia", 5001),
    line("li_3", "CLASS", None, 1000),
    shipping_amount=900,
    shipping_tax_amount=99,
)


def test_a_full_refund_belongs_to_all_lines() -> None:
    assert attribute(parts_of(By.PRODUCT, TWO_CHILDREN), 10000, None) == {
        "MUG": 3000,
        "PRINT": 5001,
        "CLASS": 1000,
        None: 999,
    }
    # The class photo belongs to both children, shipping to no child.
    assert attribute(parts_of(By.SUBJECT, TWO_CHILDREN), 10000, None) == {
        "kai": 3500,
        "mia": 5501,
        None: 999,
    }
    assert attribute(parts_of(By.PHOTO_DAY, TWO_CHILDREN), 10000, None) == {"fall": 10000}


def test_an_amount_is_shared_by_the_price_of_the_lines() -> None:
    contents = order(line("li_1", "MUG", "kai", 2), line("li_2", "PRINT", "mia", 1))
    assert attribute(parts_of(By.PRODUCT, contents), 100, None) == {"MUG": 67, "PRINT": 33}


def test_a_line_item_refund_belongs_only_to_its_lines() -> None:
    returned = {"li_2": 1667}
    assert attribute(parts_of(By.PRODUCT, TWO_CHILDREN), 1667, returned) == {"PRINT": 1667}
    assert attribute(parts_of(By.SUBJECT, TWO_CHILDREN), 1667, returned) == {"mia": 1667}
    assert attribute(parts_of(By.SUBJECT, TWO_CHILDREN), 999, {"shipping": 999}) == {None: 999}


def test_a_refund_without_a_key_is_counted_as_none() -> None:
    nobody = order(line("li_1", "MUG", None, 10), subjects=(), photo_day=None)
    assert attribute(parts_of(By.SUBJECT, nobody), 7, None) == {None: 7}
    assert attribute(parts_of(By.PHOTO_DAY, nobody), 7, None) == {None: 7}
    assert attribute([], 7, None) == {None: 7}
    assert keys_of(parts_of(By.SUBJECT, nobody)) == {None}


def test_two_lines_of_a_product_are_one_refund_of_it() -> None:
    twice = order(line("li_1", "MUG", "kai", 10), line("li_2", "MUG", "mia", 20))
    count = Count()
    count.add_order(
        keys_of(parts_of(By.PRODUCT, twice)), [attribute(parts_of(By.PRODUCT, twice), 30, None)]
    )
    tally = count.tallies["MUG"]
    assert (tally.refund_count, tally.refunded_amount, tally.refunded_orders) == (1, 30, 1)
    assert count.orders_of == {"MUG": 1}


def test_names_that_were_erased_leave_the_ids() -> None:
    erased = order(line("li_1", "MUG", "kai", 10), subjects=(Subject("kai", None),))
    assert names_of(By.SUBJECT, erased) == {"kai": None}
    assert names_of(By.PRODUCT, erased) == {"MUG": "Mug"}
    assert names_of(By.PHOTO_DAY, erased) == {"fall": "Fall"}
    assert names_of(By.PHOTO_DAY, order(photo_day=None)) == {}


@given(st.integers(0, 10**8), st.lists(st.integers(0, 10**8), min_size=1, max_size=30))
def test_shares_add_up_and_each_is_within_a_unit_of_its_own(
    amount: int, weights: list[int]
) -> None:
    shares = list(share_out(amount, weights))
    assert sum(shares) == amount
    assert min(shares) >= 0
    whole = sum(weights)
    if whole:
        for share, weight in zip(shares, weights, strict=True):
            assert abs(share * whole - amount * weight) <= whole


@st.composite
def orders(draw: st.DrawFn) -> OrderContents:
    lines = [
        line(
            f"li_{n}",
            draw(st.sampled_from(["MUG", "PRINT", "CLASS"])),
            draw(st.sampled_from(["kai", "mia", None])),
            draw(st.integers(0, 9_999)),
        )
        for n in range(draw(st.integers(1, 6)))
    ]
    subjects = draw(st.sampled_from([(), (KAI, MIA)]))
    return order(*lines, subjects=subjects, shipping_amount=draw(st.integers(0, 1_500)))


@given(st.data(), st.sampled_from([By.SUBJECT, By.PRODUCT, By.PHOTO_DAY]))
def test_over_all_keys_the_amounts_add_up_and_no_key_has_more_than_its_orders(
    data: st.DataObject, by: By
) -> None:
    count, sold, amounts, refunds = Count(), 0, 0, 0
    for contents in data.draw(st.lists(orders(), max_size=8)):
        mine = []
        for _ in range(data.draw(st.integers(0, 3))):
            returned = None
            if by is not By.PHOTO_DAY and data.draw(st.booleans()):
                # Shipping is a line only if the parent paid for it.
                ids = [each.line_id for each in contents.lines]
                some = data.draw(st.sets(st.sampled_from(ids), min_size=1))
                returned = {line_id: data.draw(st.integers(0, 5_000)) for line_id in some}
            amount = data.draw(st.integers(1, 20_000))
            amounts, refunds = amounts + amount, refunds + 1
            mine.append(attribute(parts_of(by, contents), amount, returned))
        placed_in_range = data.draw(st.booleans())
        if placed_in_range:
            sold += 1
            count.add_order(keys_of(parts_of(by, contents)), mine)
        elif mine:
            count.add_refunds(mine)
    assert sum(tally.refunded_amount for tally in count.tallies.values()) == amounts
    assert (count.refunded_amount, count.refund_count, count.orders) == (amounts, refunds, sold)
    for key, tally in count.tallies.items():
        assert tally.refunded_orders <= min(count.orders_of[key], count.refunded_orders)
        assert tally.refunded_orders <= tally.orders_behind
        assert tally.refunded_orders <= tally.refund_count
        assert tally.touched_orders <= count.orders_of[key]
    for table in count.compared_with_other_orders():
        assert 0 <= table.refunded_orders <= table.orders
        assert 0 <= table.other_refunded_orders <= table.other_orders
        assert table.orders + table.other_orders == sold


def test_a_rate_is_a_decimal_string_rounded_half_up() -> None:
    assert rate(1, 8) == "0.1250"
    assert rate(12, 12) == "1.0000"
    assert rate(1, 20_000) == "0.0001"
    assert rate(0, 3) == "0.0000"
    assert rate(3, 0) is None


@pytest.mark.parametrize(
    ("p_value", "reports"),
    [(0.0099, 100), (0.001, 100), (0.00099, 1_000), (2e-12, 1_000_000), (0.0, 1_000_000)],
)
def test_a_chance_is_written_as_once_in_so_many(p_value: float, reports: int) -> None:
    assert once_in(p_value) == reports
    assert p_value * reports < 1


DAYS = LocalDays(date(2026, 9, 1), date(2026, 9, 30), ZoneInfo("America/Chicago"))
BAD_DAY = Outlier(Comparison("pd_9", 9, 12, 30, 1_000), 0.00002)
NOTHING = Patterns(
    By.PHOTO_DAY, DAYS, "usd", Count(), [], truncated=False, findings=Outliers([], 0), names={}
)


def test_an_outlier_is_described_so_that_an_owner_understands_it() -> None:
    found = replace(NOTHING, findings=Outliers([BAD_DAY], 41), names={"pd_9": "Lincoln 2026"})
    view = patterns_view(found)
    (outlier,) = view.standing_out
    assert outlier.statement == (
        "9 of 12 orders with Lincoln 2026 were refunded; elsewhere 30 of 1,000. Chance alone would "
        "make such a difference less than once in 10,000 reports."
    )
    assert (outlier.refund_rate, outlier.compared_refund_rate) == ("0.7500", "0.0300")
    assert (outlier.compared_with, outlier.p_value) == ("other_orders", "2.0e-05")
    assert view.summary == "1 photo day is an outlier: Lincoln 2026."


def test_an_erased_name_leaves_the_id_in_the_description() -> None:
    view = patterns_view(replace(NOTHING, findings=Outliers([BAD_DAY], 41), names={"pd_9": None}))
    assert view.standing_out[0].statement.startswith("9 of 12 orders with pd_9 were refunded;")
    assert view.standing_out[0].name is None


@pytest.mark.parametrize(
    ("by", "key", "said"),
    [
        (By.REASON, "wrong_print", "9 of 12 orders were refunded for the reason “Wrong print”; "),
        (By.PROCESSED_BY, "ana", "9 of 12 orders were refunded by Ana Ruiz; "),
        (By.PROCESSED_BY, "bo", "9 of 12 orders were refunded by bo; "),
        (By.PROCESSED_BY, "stripe", "9 of 12 orders were refunded by Stripe's dashboard; "),
    ],
)
def test_reasons_and_operators_are_compared_with_the_period_before(
    by: By, key: str, said: str
) -> None:
    finding = replace(BAD_DAY, comparison=replace(BAD_DAY.comparison, key=key))
    found = replace(
        NOTHING,
        by=by,
        findings=Outliers([finding], 3),
        names={"ana": "Ana Ruiz"},
        before=DAYS.before(),
    )
    (outlier,) = patterns_view(found).standing_out
    assert outlier.statement.startswith(f"{said}from 2026-08-02 to 2026-08-31 30 of 1,000.")
    assert outlier.compared_with == "time_before"


def test_the_summary_says_when_nothing_stands_out() -> None:
    for tested in (0, 1, 41):
        view = patterns_view(replace(NOTHING, findings=Outliers([], tested)))
        assert view.summary.startswith("No outliers: ")
        assert view.standing_out == []


def test_the_summary_names_three_and_counts_the_others() -> None:
    findings = [
        replace(BAD_DAY, comparison=replace(BAD_DAY.comparison, key=f"pd_{n}")) for n in range(5)
    ]
    view = patterns_view(replace(NOTHING, findings=Outliers(findings, 41)))
    assert view.summary == "5 photo days are outliers: pd_0, pd_1, pd_2 and 2 more."


def test_a_period_is_compared_with_the_one_before_key_by_key() -> None:
    now, before = Count(), Count()
    for reason in ["wrong_print"] * 3 + [None]:
        now.add_order((), [{reason: 100}])
    now.add_order((), [])
    before.add_order((), [{"other": 100}])
    # The refund of an order before the range counts, and does not raise the rate.
    now.add_refunds([{"wrong_print": 50}])
    assert now.tallies["wrong_print"].orders_behind == 4
    assert Counter(now.compared_with(before)) == Counter(
        [Comparison("wrong_print", 3, 5, 0, 1), Comparison("other", 0, 5, 1, 1)]
    )
