"""Outliers: an exact test, corrected for the number of keys."""

import random
from collections.abc import Iterator
from fractions import Fraction
from itertools import combinations
from math import comb

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shared.domain.outliers import (
    LEVEL,
    Comparison,
    could_be_outliers,
    find_outliers,
    holm,
    p_value_of,
)
from tests.unit.examples import scaled


def exact_chance(table: Comparison) -> Fraction:
    """Return the upper tail of the hypergeometric distribution, computed with integers."""
    total = table.orders + table.other_orders
    refunded = table.refunded_orders + table.other_refunded_orders
    ways = sum(
        comb(refunded, x) * comb(total - refunded, table.orders - x)
        for x in range(table.refunded_orders, min(refunded, table.orders) + 1)
    )
    return Fraction(ways, comb(total, table.orders))


@st.composite
def tables(draw: st.DrawFn, most: int = 60) -> Comparison:
    orders, others = draw(st.integers(1, most)), draw(st.integers(0, most))
    return Comparison(
        "key", draw(st.integers(0, orders)), orders, draw(st.integers(0, others)), others
    )


def test_the_chance_equals_a_count_of_all_ways_to_deal_the_orders() -> None:
    """Three of the key's four orders are refunded, and one of five others."""
    at_least_as_many = sum(
        sum(order < 4 for order in refunded) >= 3 for refunded in combinations(range(9), 4)
    )
    assert p_value_of(Comparison("key", 3, 4, 1, 5)) == pytest.approx(at_least_as_many / comb(9, 4))


@settings(max_examples=scaled(400))
@given(tables())
def test_the_chance_is_the_exact_one(table: Comparison) -> None:
    assert p_value_of(table) == pytest.approx(float(exact_chance(table)), rel=1e-9, abs=1e-14)


@pytest.mark.parametrize(
    ("here", "of", "elsewhere", "others"),
    [(9, 12, 30, 1_000), (60, 800, 2_940, 99_200), (40, 800, 2_960, 99_200), (3, 3, 0, 99_997)],
)
def test_the_chance_is_the_exact_one_among_a_hundred_thousand(
    here: int, of: int, elsewhere: int, others: int
) -> None:
    table = Comparison("key", here, of, elsewhere, others)
    assert p_value_of(table) == pytest.approx(float(exact_chance(table)), rel=1e-6)


@given(tables())
def test_one_more_refunded_order_is_never_more_likely(table: Comparison) -> None:
    if table.refunded_orders < table.orders and table.other_refunded_orders > 0:
        more = Comparison(
            "key",
            table.refunded_orders + 1,
            table.orders,
            table.other_refunded_orders - 1,
            table.other_orders,
        )
        assert p_value_of(more) <= p_value_of(table)


def test_holm_multiplies_each_chance_by_the_number_of_those_left() -> None:
    # The example of Wikipedia's article, computed by hand.
    assert holm([0.01, 0.04, 0.03, 0.005]) == pytest.approx([0.03, 0.06, 0.06, 0.02])
    assert holm([]) == []
    assert holm([0.7, 0.9]) == [1.0, 1.0]


@given(st.lists(st.floats(0, 1), max_size=30))
def test_holm_rejects_as_the_step_down_procedure_does(chances: list[float]) -> None:
    adjusted = holm(chances)
    order = sorted(range(len(chances)), key=lambda at: adjusted[at])
    assert all(adjusted[at] >= chances[at] for at in order)
    for level in (0.001, 0.01, 0.05, 0.3):
        rejected = set()
        for rank, at in enumerate(sorted(range(len(chances)), key=lambda at: chances[at])):
            if not chances[at] * (len(chances) - rank) < level:
                break
            rejected.add(at)
        assert {at for at in order if adjusted[at] < level} == rejected


def tarone_by_the_book(comparisons: list[Comparison]) -> Iterator[Comparison]:
    """Tarone's rule as published, with the smallest chances as fractions."""
    able = []
    for each in comparisons:
        total = each.orders + each.other_orders
        refunded = each.refunded_orders + each.other_refunded_orders
        most = min(each.orders, refunded)
        if most >= 2:
            extreme = Comparison(each.key, most, each.orders, refunded - most, total - each.orders)
            able.append((exact_chance(extreme), each))
    k = 1
    while sum(least <= Fraction(1, 100) / k for least, _ in able) > k:
        k += 1
    return (each for least, each in able if least <= Fraction(1, 100) / k)


@settings(max_examples=scaled(200))
@given(st.lists(tables(12), max_size=12))
def test_only_keys_that_could_be_outliers_are_counted(comparisons: list[Comparison]) -> None:
    assert could_be_outliers(comparisons) == list(tarone_by_the_book(comparisons))


def test_the_example_of_one_bad_photo_day_is_an_outlier() -> None:
    found = find_outliers(
        [Comparison("bad", 9, 12, 30, 1_000)]
        + [Comparison(f"pd_{n}", 3, 100, 36, 912) for n in range(10)]
    ).found
    assert [finding.comparison.key for finding in found] == ["bad"]
    assert found[0].p_value < 1e-9


@pytest.mark.parametrize(
    "small",
    [
        Comparison("one of one", 1, 1, 10, 100_000),
        Comparison("one of two, the only refund there is", 1, 2, 0, 100_000),
        Comparison("two of two, where refunds are common", 2, 2, 200, 1_000),
        Comparison("no better than the others", 20, 100, 200, 1_000),
        Comparison("every order has it", 40, 1_000, 0, 0),
        Comparison("nothing is refunded", 0, 500, 0, 500),
        Comparison("the only order there is", 1, 1, 0, 0),
        Comparison("sure, but too little to matter", 3_600, 100_000, 2_500, 100_000),
    ],
    ids=lambda comparison: comparison.key,
)
def test_small_or_ordinary_rates_are_no_outliers(small: Comparison) -> None:
    assert find_outliers([small]).found == []


def test_one_subject_with_five_refunds_is_an_outlier_among_many() -> None:
    """50,000 subjects with one order each cannot be outliers, and do not count against it."""
    others = [Comparison(f"sub_{n}", n % 50 == 0, 1, 1_005, 50_004) for n in range(50_000)]
    findings = find_outliers([*others, Comparison("again", 5, 5, 1_000, 50_000)])
    assert [finding.comparison.key for finding in findings.found] == ["again"]
    assert findings.tested == 1


def _null_report(rng: random.Random) -> list[Comparison]:
    """Return a studio whose refunds do not depend on the photo day, large or small."""
    sizes = [rng.choice([1, 2, 3, 5, 10, 40, 200]) for _ in range(rng.randint(2, 60))]
    rate = rng.choice([0.01, 0.03, 0.1, 0.3])
    refunded = [sum(rng.random() < rate for _ in range(size)) for size in sizes]
    orders, all_refunded = sum(sizes), sum(refunded)
    return [
        Comparison(str(at), here, size, all_refunded - here, orders - size)
        for at, (here, size) in enumerate(zip(refunded, sizes, strict=True))
    ]


@pytest.mark.slow
def test_with_only_chance_at_work_false_alarms_stay_below_the_level() -> None:
    rng = random.Random(20261124)  # noqa: S311  # a simulation
    reports = 3_000
    alarms = sum(bool(find_outliers(_null_report(rng)).found) for _ in range(reports))
    assert alarms / reports <= LEVEL
    assert alarms > 0, "a test that never speaks would prove nothing"


def test_a_bad_photo_day_of_ordinary_size_is_found() -> None:
    """The test's power: a third of 30 orders refunded, against three in a hundred elsewhere."""
    rng = random.Random(7)  # noqa: S311  # a simulation
    found = 0
    for _ in range(200):
        sizes = [30] + [60] * 30
        rates = [0.33] + [0.03] * 30
        refunded = [
            sum(rng.random() < rate for _ in range(size))
            for size, rate in zip(sizes, rates, strict=True)
        ]
        tables = [
            Comparison(str(at), here, size, sum(refunded) - here, sum(sizes) - size)
            for at, (here, size) in enumerate(zip(refunded, sizes, strict=True))
        ]
        found += [each.comparison.key for each in find_outliers(tables).found] == ["0"]
    assert found >= 180
