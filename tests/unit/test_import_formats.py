"""The import format: which lines are accepted, and that a refusal repeats nothing of the line."""

import copy
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel

from functions.import_orders.bodies import OrderBody, StudioBody
from functions.import_orders.import_lines import ImportReport, parse
from shared.gateways.records.attributes import unmarshal
from shared.gateways.records.studio import studio_from_values, studio_to_item

SAMPLES = Path(__file__).parents[3] / "shared" / "samples"

# A child's name in the wrong field, which no refusal may repeat.
PERSONAL = "Dmitri Freeman"

type Place = tuple[str | int, ...]


def studio() -> dict[str, Any]:
    return {
        "studio_id": "st_1",
        "name": "Lakeside School Portraits",
        "timezone": "America/Chicago",
        "currency": "usd",
        "rev_share_bps": 1500,
        "from_address": "orders@lakeside.example",
        "stripe_account_id": None,
        "payout_account_id": "acct_1",
        "negative_balance_limit": 50_000,
    }


def order() -> dict[str, Any]:
    return {
        "order_id": "ord_1",
        "studio_id": "st_1",
        "placed_at": "2026-09-20T17:10:00Z",
        "currency": "usd",
        "parent": {"name": "Maria Chen", "email": "maria@mail.example"},
        "subjects": [{"subject_id": "sub_1", "name": "Theo Chen"}],
        "photo_day": {"photo_day_id": "pd_1", "name": "Nord Elementary"},
        "line_items": [
            {
                "line_id": "li_1",
                "product": "Gold Package",
                "sku": "PKG-GLD",
                "quantity": 3,
                "unit_amount": 2_500,
                "discount_amount": 1_000,
                "tax_amount": 450,
                "subject_id": "sub_1",
            },
            {
                "line_id": "li_2",
                "product": "Digital Download",
                "sku": "DIG-1",
                "quantity": 1,
                "unit_amount": 2_000,
                "discount_amount": 0,
                "tax_amount": 0,
            },
        ],
        "shipping_amount": 1_000,
        "shipping_tax_amount": 50,
        "total_amount": 10_000,
        "rev_share_amount": 1_500,
        "stripe_fee_amount": 320,
        "stripe": {
            "charge_id": "ch_1",
            "payment_intent_id": "pi_1",
            "account_id": "acct_1",
            "application_fee_id": "fee_1",
        },
        "fulfillment": {"status": "queued", "claimed_by": None},
    }


def put(record: dict[str, Any], place: Place, value: object) -> dict[str, Any]:
    """Return the record with the value at this place."""
    changed: Any = copy.deepcopy(record)
    at = changed
    for step in place[:-1]:
        at = at[step]
    at[place[-1]] = value
    return dict(changed)


def drop(record: dict[str, Any], place: Place) -> dict[str, Any]:
    changed: Any = copy.deepcopy(record)
    at = changed
    for step in place[:-1]:
        at = at[step]
    del at[place[-1]]
    return dict(changed)


def places(record: object, above: Place = ()) -> list[Place]:
    """Return the places of all values of the record."""
    if isinstance(record, dict):
        return [place for name in record for place in places(record[name], (*above, name))]
    if isinstance(record, list):
        return [
            place for number, each in enumerate(record) for place in places(each, (*above, number))
        ]
    return [above]


def _dotted(place: Place) -> str:
    return ".".join(map(str, place))


def refusals(line: str, model: type[BaseModel]) -> list[str]:
    """Return the reasons why the line is refused."""
    report = ImportReport()
    taken = list(parse([line], 7, model, report))
    assert len(taken) + len(report.refused) == 1
    assert all(refusal["line"] == 7 for refusal in report.refused)
    return [refusal["reason"] for refusal in report.refused]


def refused_order(record: dict[str, Any]) -> str:
    reasons = refusals(json.dumps(record), OrderBody)
    assert reasons
    return reasons[0]


# Accepted lines.


def test_a_good_studio_and_a_good_order_are_accepted() -> None:
    assert not refusals(json.dumps(studio()), StudioBody)
    assert not refusals(json.dumps(order()), OrderBody)


@pytest.mark.parametrize(("name", "model"), [("studios", StudioBody), ("orders", OrderBody)])
def test_every_line_of_the_samples_is_accepted(name: str, model: type[BaseModel]) -> None:
    file = SAMPLES / f"{name}.jsonl"
    if not file.exists():
        pytest.skip(f"{file} is not here")
    report = ImportReport()
    lines = file.read_text().splitlines()
    assert len(list(parse(lines, 1, model, report))) == len(lines)
    assert not report.refused


@pytest.mark.parametrize(
    "changed",
    [
        drop(order(), ("photo_day",)),
        put(order(), ("photo_day",), None),
        put(order(), ("parent", "email"), None),
        put(order(), ("line_items", 0, "subject_id"), None),
        put(order(), ("placed_at",), "2026-09-20T19:10:00.123+02:00"),
        put(order(), ("stripe", "charge_id"), None),
        put(order(), ("currency",), "jpy"),
        put(order(), ("stripe",), {"charge_id": "ch_1"}),
        put(put(order(), ("rev_share_amount",), 0), ("stripe", "application_fee_id"), None),
    ],
)
def test_an_order_may_omit_its_optional_fields(changed: dict[str, Any]) -> None:
    assert not refusals(json.dumps(changed), OrderBody)


@pytest.mark.parametrize(
    "more",
    [
        {"payout_schedule": "monthly"},
        {"payout_schedule": {"interval": "weekly", "weekday": 4}},
        {"on_negative_limit": "refuse"},
        {"on_negative_limit": "warn"},
        {"hold_disputed": True},
        {"stripe_account_id": "acct_1"},
        {"timezone": "UTC"},
        {"status": "active"},
        {"status": "closed"},
        {"staff_refund_limit_amount": None},
        {"staff_refund_limit_amount": 0},
        {"staff_refund_limit_amount": 99_999_999},
    ],
)
def test_a_studio_may_have_optional_fields(more: dict[str, Any]) -> None:
    assert not refusals(json.dumps(studio() | more), StudioBody)


@pytest.mark.parametrize("status", ["Closed", "", None, True, "open"])
def test_a_studio_is_active_or_closed(status: object) -> None:
    (reason,) = refusals(json.dumps(studio() | {"status": status}), StudioBody)
    assert reason.startswith("status:")


def test_a_studio_that_says_nothing_is_active_also_one_stored_before_studios_could_close() -> None:
    assert not StudioBody.model_validate(studio()).studio().is_closed
    closed = StudioBody.model_validate(studio() | {"status": "closed"}).studio()
    values = unmarshal(studio_to_item(closed))
    assert studio_from_values(values) == closed
    assert closed.is_closed
    del values["status"]
    assert not studio_from_values(values).is_closed


# Refused lines.

NOT_AMOUNTS = [None, -1, 1.5, 100.0, "100", True, 100_000_000]
NOT_IDS = [None, "", 1, "a#b", "a/b", "a b", "a\n", "é", "a" * 65]
AMOUNT_PLACES: list[Place] = [
    *((name,) for name in order() if name.endswith("_amount")),
    *(("line_items", 0, name) for name in ("unit_amount", "discount_amount", "tax_amount")),
]
ID_PLACES: list[Place] = [
    ("order_id",),
    ("studio_id",),
    ("subjects", 0, "subject_id"),
    ("photo_day", "photo_day_id"),
    ("line_items", 0, "line_id"),
]


@pytest.mark.parametrize("place", AMOUNT_PLACES)
@pytest.mark.parametrize("amount", NOT_AMOUNTS)
def test_an_amount_is_an_integer_of_minor_units_and_not_negative(
    place: Place, amount: object
) -> None:
    assert str(place[-1]) in refused_order(put(order(), place, amount))


@pytest.mark.parametrize("place", ID_PLACES)
@pytest.mark.parametrize("id_", NOT_IDS)
def test_an_id_has_no_separator_of_the_keys(place: Place, id_: object) -> None:
    assert str(place[-1]) in refused_order(put(order(), place, id_))


@pytest.mark.parametrize("quantity", [None, 0, -1, 1.0, "1", True, 10_001])
def test_a_quantity_is_a_positive_integer(quantity: object) -> None:
    assert "quantity" in refused_order(put(order(), ("line_items", 0, "quantity"), quantity))


@pytest.mark.parametrize("currency", [None, "", "USD", "bhd", "kwd", "tnd", "isk", "xxx", "us"])
def test_an_unsupported_currency_is_refused(currency: str | None) -> None:
    assert "currency" in refused_order(put(order(), ("currency",), currency))
    assert refusals(json.dumps(studio() | {"currency": currency}), StudioBody)


@pytest.mark.parametrize(
    "at",
    [
        None,
        "",
        0,
        1_790_000_000,
        "yesterday",
        "2026-09-20",
        "2026-09-20T17:10:00",
        "2026-13-01T00:00:00Z",
        "2026-02-30T00:00:00Z",
        "20260920T171000Z",
        "2026-W38-7T17:10:00Z",
    ],
)
def test_a_time_is_rfc_3339_with_its_zone(at: object) -> None:
    assert "placed_at" in refused_order(put(order(), ("placed_at",), at))


@pytest.mark.parametrize(
    "zone", [None, "", "Lakeside", "America", "../../etc/passwd", "/etc/localtime", "a\0b", 1]
)
def test_a_time_zone_is_an_iana_region(zone: object) -> None:
    (reason,) = refusals(json.dumps(studio() | {"timezone": zone}), StudioBody)
    assert "timezone" in reason


@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        (put(order(), ("total_amount",), 9_999), "do not add up"),
        (put(order(), ("total_amount",), 10_001), "do not add up"),
        (put(order(), ("shipping_amount",), 999), "do not add up"),
        (put(order(), ("line_items", 0, "tax_amount"), 451), "do not add up"),
        (put(order(), ("line_items", 1, "line_id"), "li_1"), "same line_id"),
        (put(order(), ("line_items", 1, "line_id"), "shipping"), "reserved"),
        (put(order(), ("subjects",), order()["subjects"] * 2), "same subject_id"),
        (put(order(), ("line_items", 0, "subject_id"), "sub_2"), "subject"),
        (put(order(), ("line_items", 0, "discount_amount"), 7_501), "discount"),
        (put(order(), ("rev_share_amount",), 10_001), "rev_share_amount"),
        (put(order(), ("stripe_fee_amount",), 10_001), "stripe_fee_amount"),
        (put(order(), ("stripe", "account_id"), None), "application_fee_id without"),
        (put(order(), ("stripe", "application_fee_id"), None), "needs application_fee_id"),
        (put(order(), ("line_items",), []), "line_items"),
        (put(order(), ("line_items",), None), "line_items"),
        (put(order(), ("fulfillment", "status"), "lost"), "status"),
        (put(order(), ("stripe", "charge_id"), "ch#1"), "charge_id"),
        (put(order(), ("parent", "email"), "nobody"), "email"),
        (put(order(), ("parent", "name"), ""), "name"),
        (put(order(), ("parent", "name"), "x" * 201), "name"),
    ],
)
def test_an_inconsistent_order_is_refused_with_its_reason(
    changed: dict[str, Any], reason: str
) -> None:
    assert reason in refused_order(changed)


@pytest.mark.parametrize("name", ["negative_balance_limit", "staff_refund_limit_amount"])
@pytest.mark.parametrize("amount", [-1, 1.5, "100", True, 100_000_000])
def test_a_limit_of_a_studio_is_a_possible_amount(name: str, amount: object) -> None:
    (reason,) = refusals(json.dumps(studio() | {name: amount}), StudioBody)
    assert name in reason


def test_an_order_of_zero_has_no_charge() -> None:
    free = order() | {"shipping_amount": 0, "shipping_tax_amount": 0, "total_amount": 0}
    free |= {"rev_share_amount": 0, "stripe_fee_amount": 0}
    free["line_items"] = [free["line_items"][1] | {"unit_amount": 0}]
    assert "charge" in refused_order(free)


@pytest.mark.parametrize("rate", [None, -1, 10_001, 15.0, "1500", True])
def test_a_rev_share_is_in_basis_points(rate: object) -> None:
    assert refusals(json.dumps(studio() | {"rev_share_bps": rate}), StudioBody)


@pytest.mark.parametrize("place", [place for place in places(order()) if place[-1] != "claimed_by"])
def test_an_order_may_omit_no_required_field(place: Place) -> None:
    optional = {"email", "subject_id", "payment_intent_id"}
    if place[-1] in optional and place[0] != "subjects":
        assert not refusals(json.dumps(drop(order(), place)), OrderBody)
    else:
        refused_order(drop(order(), place))


@pytest.mark.parametrize(
    "place", [("note",), ("parent", "phone"), ("line_items", 0, "color"), ("stripe", "secret")]
)
def test_an_unknown_field_is_refused(place: Place) -> None:
    assert str(place[-1]) in refused_order(put(order(), place, 1))


def test_an_unknown_field_of_a_studio_is_refused() -> None:
    assert refusals(json.dumps(studio() | {"owner": "Ana"}), StudioBody)


@pytest.mark.parametrize(
    "line", ["{", "not JSON", "null", "7", "[]", '"ord_1"', "{}", "\x00", "9" * 5_000, "[" * 10**5]
)
@pytest.mark.parametrize("model", [StudioBody, OrderBody])
def test_a_line_that_is_not_a_record_is_refused(line: str, model: type[BaseModel]) -> None:
    assert refusals(line, model)


@given(st.text(st.characters(exclude_characters="\n"), min_size=1).filter(str.strip))
def test_any_bad_line_is_refused(line: str) -> None:
    assert refusals(line, OrderBody)


def test_a_bad_line_does_not_stop_the_others() -> None:
    report = ImportReport()
    lines = [json.dumps(order()), "", "[" * 10**5, "{", json.dumps(order())]
    assert [each.line for each in parse(lines, 1, OrderBody, report)] == [1, 5]
    assert [refusal["line"] for refusal in report.refused] == [3, 4]


# A refusal says where and why, and never repeats the content.


@pytest.mark.parametrize("place", places(order()), ids=_dotted)
def test_the_reason_for_refusing_an_order_repeats_nothing_of_it(place: Place) -> None:
    # Together with another error, so that the line is refused even where a name is allowed.
    record = put(put(order(), ("fulfillment", "status"), "lost"), place, PERSONAL)
    assert PERSONAL not in refused_order(record)


@pytest.mark.parametrize("place", places(order()), ids=_dotted)
def test_the_reason_for_a_value_of_another_kind_repeats_nothing_of_it(place: Place) -> None:
    record = put(put(order(), ("fulfillment", "status"), "lost"), place, [PERSONAL])
    assert PERSONAL not in refused_order(record)


@pytest.mark.parametrize("place", places(studio()), ids=_dotted)
def test_the_reason_for_refusing_a_studio_repeats_nothing_of_it(place: Place) -> None:
    record = put(studio() | {"rev_share_bps": None}, place, PERSONAL)
    (reason,) = refusals(json.dumps(record), StudioBody)
    assert PERSONAL not in reason
