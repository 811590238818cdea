"""A filter of the report lists exactly the refunds that patterns attribute to a key."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.domain.attribution import By, attribute, parts_of
from shared.domain.imported_order import OrderContents
from shared.domain.report_filter import NO_KEY, OF_ORDERS, ReportFilter
from tests.unit.test_refund_patterns import TWO_CHILDREN, line, order

NOBODY = order(line("li_1", "MUG", None, 10), subjects=(), photo_day=None)
ORDERS = (TWO_CHILDREN, NOBODY, order())
LINES = ("li_1", "li_2", "li_3", "shipping", "li_unknown")
KEYS = ("kai", "mia", "MUG", "PRINT", "CLASS", "fall", "nobody", NO_KEY)


def only(by: By, key: str) -> ReportFilter:
    keys: dict[str, Any] = {by.value: key}
    return ReportFilter(**keys)


@given(
    st.sampled_from(ORDERS),
    st.none() | st.frozensets(st.sampled_from(LINES), min_size=1),
    st.sampled_from(sorted(OF_ORDERS)),
    st.sampled_from(KEYS),
)
def test_a_refund_is_listed_under_the_keys_that_its_money_is_attributed_to(
    contents: OrderContents, returned: frozenset[str] | None, by: By, key: str
) -> None:
    amounts = None
    if returned is not None and by is not By.PHOTO_DAY:
        amounts = dict.fromkeys(returned, 100)
    counted = attribute(parts_of(by, contents), 100, amounts)
    listed = only(by, key).allows_order(contents, returned)
    assert listed == ((None if key == NO_KEY else key) in counted)


@pytest.mark.parametrize("by", sorted(OF_ORDERS))
def test_the_refund_of_an_erased_order_belongs_to_no_key(by: By) -> None:
    assert only(by, NO_KEY).allows_order(None, None)
    assert not only(by, "kai").allows_order(None, None)


def test_several_keys_must_all_fit() -> None:
    both = ReportFilter(subject="kai", product="PRINT")
    assert both.allows_order(TWO_CHILDREN, None)
    assert not both.allows_order(TWO_CHILDREN, {"li_1"})
    decided = ReportFilter(reason="wrong_print", processed_by="ana")
    assert decided.allows_decision("wrong_print", "ana")
    assert not decided.allows_decision("wrong_print", "ben")
    assert not decided.allows_decision(None, "ana")
    assert ReportFilter(reason=NO_KEY).allows_decision(None, "ana")


def test_only_an_empty_filter_allows_everything() -> None:
    assert ReportFilter().is_empty
    assert not ReportFilter(effective=True).is_empty
    assert not ReportFilter(reason=NO_KEY).is_empty
