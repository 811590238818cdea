"""One bad line never takes others with it, and its reason is a sentence for people."""

import json
import zoneinfo
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel

from functions.import_orders.bodies import OrderBody, StudioBody
from functions.import_orders.import_lines import ImportReport, one_line, parse
from shared.domain.limits import largest_amount

from .test_import_formats import order, places, put, refusals, studio

# What pydantic says to programmers.
FOR_PROGRAMMERS = ("should", "Value error", "Input", "^", "\\", "String", "Extra inputs", "pattern")


def read(lines: list[object], first_line: int = 1) -> tuple[list[int], dict[int, str]]:
    """Return the numbers of the accepted lines, and the reasons of the others."""
    report = ImportReport()
    accepted = [each.line for each in parse(lines, first_line, OrderBody, report)]
    return accepted, {each["line"]: each["reason"] for each in report.refused}


def with_text(place: str, text: str) -> str:
    """Return an order's line whose JSON has this text where the place's value was."""
    marked = json.dumps(order() | {place: "HERE"})
    return marked.replace('"HERE"', text)


# Dates at the calendar's edge.


@pytest.mark.parametrize(
    "at",
    [
        "0001-01-01T00:00:00+01:00",
        "9999-12-31T23:59:59-05:00",
        "0001-01-01T00:00:00Z",
        "1970-01-01T00:00:00Z",
        "1999-12-31T23:59:59Z",
        "2000-01-01T00:00:00+01:00",
        "3000-01-01T00:00:00Z",
        "2999-12-31T23:59:59-05:00",
        "0000-01-01T00:00:00Z",
    ],
)
def test_a_date_at_the_edge_of_the_calendar_costs_only_its_own_line(at: str) -> None:
    lines: list[object] = [json.dumps(each) for each in (order(), order(), order())]
    lines[1] = json.dumps(order() | {"placed_at": at})
    accepted, reasons = read(lines)
    assert accepted == [1, 3]
    assert reasons[2] in {
        "placed_at: must be between 2000-01-01 and 2999-12-31",
        "placed_at: no such date and time",
    }
    (reason,) = refusals(json.dumps(studio() | {"ledger_starts_at": at}), StudioBody)
    assert reason.startswith("ledger_starts_at: ")


@pytest.mark.parametrize(
    "at", ["2000-01-01T00:00:00Z", "2999-12-31T23:59:59Z", "2024-02-29T12:00:00.5+05:30"]
)
def test_any_day_that_a_report_can_show_is_accepted(at: str) -> None:
    assert not refusals(json.dumps(order() | {"placed_at": at}), OrderBody)


# Byte order marks.


def test_a_byte_order_mark_before_the_first_line_is_ignored() -> None:
    line = json.dumps(order())
    assert read(["\ufeff" + line, line]) == ([1, 2], {})
    assert read(["\ufeff", line]) == ([2], {})


def test_a_byte_order_mark_anywhere_else_is_not_json() -> None:
    line = json.dumps(order())
    assert read([line, "\ufeff" + line])[0] == [1]
    assert read(["\ufeff" + line], first_line=201)[0] == []


# JSON that readers could understand differently.


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        (json.dumps(order())[:-1] + ', "rev_share_amount": 0}', "rev_share_amount stands twice"),
        (with_text("parent", '{"name": "A", "name": "B", "email": null}'), "name stands twice"),
        (with_text("shipping_amount", "NaN"), "NaN is not a number in JSON"),
        (with_text("shipping_amount", "-Infinity"), "-Infinity is not a number in JSON"),
        (with_text("shipping_amount", "1e999"), "a number is too large"),
        (with_text("shipping_amount", "9" * 19), "a number has more than 18 digits"),
        (with_text("shipping_amount", "-" + "9" * 5_000), "a number has more than 18 digits"),
        (with_text("parent", "[" * 10**5), "the JSON is nested too deeply"),
        (with_text("parent", '{"a":' * 10**5), "the JSON is nested too deeply"),
        (with_text("parent", r'{"name": "A\ud800", "email": null}'), "half of a character"),
        (with_text("parent", '{"name": "A\udfff", "email": null}'), "half of a character"),
        (with_text("parent", r'{"\udc00": 1}'), "half of a character"),
        (with_text("parent", "{'name': 'A'}"), "not JSON, from character"),
        ("[]", "a line is one JSON object"),
        ("null", "a line is one JSON object"),
    ],
    ids=lambda text: text[-40:],
)
def test_ambiguous_json_is_refused_with_a_plain_reason(line: str, reason: str) -> None:
    good = json.dumps(order())
    accepted, reasons = read([good, line, good])
    assert accepted == [1, 3]
    assert reason in reasons[2]


def test_a_pair_of_escapes_is_one_character() -> None:
    assert read([with_text("parent", r'{"name": "\ud83d\ude00", "email": null}')])[0] == [1]


@pytest.mark.parametrize("line", [None, 7, {}, ["x"], True])
def test_a_line_that_is_not_text_costs_only_itself(line: object) -> None:
    good = json.dumps(order())
    accepted, reasons = read([good, line, good])
    assert accepted == [1, 3]
    assert reasons[2] == "the line is not text; send each line as a string"


def test_a_fault_of_the_program_costs_only_its_line_and_repeats_nothing(
    caplog: pytest.LogCaptureFixture,
) -> None:
    report = ImportReport()
    done = []
    for number in (1, 2, 3):
        with one_line(number, report):
            if number == 2:
                raise ZeroDivisionError("Dmitri Freeman")
            done.append(number)
    assert done == [1, 3]
    assert report.refused == [
        {"line": 2, "reason": "the import has a fault that this line shows; send the line to PPS"}
    ]
    assert "Dmitri" not in caplog.text


# Names.


@pytest.mark.parametrize("name", ["\u200b", "\u3164", "\u2800", "\ufeff", "\u00ad\ufe0f"])
@pytest.mark.parametrize(
    "place", [("parent", "name"), ("subjects", 0, "name"), ("line_items", 0, "product")]
)
def test_a_name_of_invisible_characters_is_refused_like_one_of_spaces(
    place: tuple[str | int, ...], name: str
) -> None:
    (reason,) = refusals(json.dumps(put(order(), place, name)), OrderBody)
    (same,) = refusals(json.dumps(put(order(), place, "   ")), OrderBody)
    assert reason == same
    assert reason.endswith(": names must have at least one visible character")


def test_a_name_with_a_tab_is_refused_in_a_sentence() -> None:
    record = put(order(), ("parent", "name"), "Maria\tChen")
    assert refusals(json.dumps(record), OrderBody) == [
        "parent.name: names may not contain line breaks or control characters"
    ]


# Sentences.


@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        ({"order_id": "a/b"}, "order_id: must have 1 to 64 letters a-z, digits, - and _"),
        ({"order_id": 7}, "order_id: must be text"),
        ({"total_amount": "1"}, "total_amount: must be a whole number, without quotation marks"),
        ({"total_amount": -1}, "total_amount: must be at least 0"),
        ({"placed_at": "today"}, "placed_at: must be a time with its offset, such as 2026-"),
        ({"currency": "bhd"}, "currency: unsupported_currency"),
        ({"parent": 7}, "parent: must be an object: {…}"),
        ({"line_items": {}}, "line_items: must be a list"),
        ({"line_items": []}, "line_items: must have at least 1 entry"),
        ({"subjects": [{}]}, "subjects.0.subject_id: is missing; subjects.0.name: is missing"),
        ({"note": "x"}, "note: is not a field of this format"),
        ({"Dmitri Freeman\n": 1}, "(an unreadable key): is not a field of this format"),
        ({"stripe": {"charge_id": "ch 1"}}, "stripe.charge_id: must be an id from Stripe"),
        ({"fulfillment": {"status": "lost"}}, "fulfillment.status: must be 'none', 'queued'"),
        ({"parent": {"name": ""}}, "parent.name: may not be empty"),
        ({"parent": {"name": "x" * 201}}, "parent.name: may have at most 200 characters"),
        ({"parent": {"name": "A", "email": "x"}}, "parent.email: must be one address, such as"),
        ({"total_amount": 9_999}, "lines and shipping do not add up to total_amount"),
    ],
)
def test_the_reason_of_an_order_is_a_sentence(changed: dict[str, Any], reason: str) -> None:
    (given_reason,) = refusals(json.dumps(order() | changed), OrderBody)
    assert given_reason.startswith(reason)


@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        ({"payout_schedule": "hourly"}, "payout_schedule.interval: must be 'daily', 'weekly' or"),
        ({"payout_schedule": {"weekday": 7}}, "payout_schedule.weekday: must be at most 6"),
        ({"payout_schedule": 7}, "payout_schedule: must be an object"),
        ({"hold_disputed": "yes"}, "hold_disputed: must be true or false"),
        ({"from_address": "orders"}, "from_address: must be one address, such as"),
        ({"timezone": "Chicago"}, "timezone: not an IANA time zone, such as America/Chicago"),
    ],
)
def test_the_reason_of_a_studio_is_a_sentence(changed: dict[str, Any], reason: str) -> None:
    (given_reason,) = refusals(json.dumps(studio() | changed), StudioBody)
    assert given_reason.startswith(reason)


ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=300),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=5,
)


@pytest.mark.parametrize(("record", "model"), [(order(), OrderBody), (studio(), StudioBody)])
@given(data=st.data(), value=ANYTHING)
def test_no_reason_is_written_for_programmers(
    record: dict[str, Any], model: type[BaseModel], data: st.DataObject, value: object
) -> None:
    place = data.draw(st.sampled_from([*places(record), *((name,) for name in record)]))
    for reason in refusals(json.dumps(put(record, place, value)), model):
        assert not [each for each in FOR_PROGRAMMERS if each in reason.partition("\\ud800")[0]]


# Time zones.


@pytest.mark.parametrize(
    "zone",
    [
        *("America/new_york", "america/chicago", "EUROPE/OSLO", "utc"),
        *("localtime", "posixrules", "Factory", "zones", "tzdata.zi", "posix/UTC", "right/UTC"),
        *("../UTC", "/UTC", "UTC/", "Europe/../UTC", "UTC\x00", " UTC", "Europe"),
    ],
)
def test_a_time_zone_is_refused_the_same_on_every_host(
    zone: str,
) -> None:
    assert refusals(json.dumps(studio() | {"timezone": zone}), StudioBody) == [
        "timezone: not an IANA time zone, such as America/Chicago"
    ]


@pytest.mark.parametrize("zone", ["localtime", "America/new_york", "Factory"])
def test_a_time_zone_that_only_this_host_has_is_refused(zone: str, tmp_path: Path) -> None:
    file = tmp_path / zone
    file.parent.mkdir(exist_ok=True)
    file.write_bytes(files("tzdata").joinpath("zoneinfo", "UTC").read_bytes())
    before = zoneinfo.TZPATH
    zoneinfo.reset_tzpath([tmp_path])
    try:
        assert zoneinfo.ZoneInfo.no_cache(zone).key == zone
        assert refusals(json.dumps(studio() | {"timezone": zone}), StudioBody)
    finally:
        zoneinfo.reset_tzpath(before)


@pytest.mark.parametrize(
    "zone", ["America/Chicago", "Europe/Oslo", "Asia/Tokyo", "UTC", "Asia/Calcutta", "Etc/GMT+5"]
)
def test_a_time_zone_that_a_host_may_lack_is_accepted(zone: str) -> None:
    assert not refusals(json.dumps(studio() | {"timezone": zone}), StudioBody)


# Limits of currencies.


@pytest.mark.parametrize(
    ("currency", "amount"), [("idr", 150_000_000), ("idr", 15_000_000), ("vnd", 125_000_000)]
)
def test_an_everyday_amount_of_a_currency_with_many_digits_is_imported(
    currency: str, amount: int
) -> None:
    (line, _) = order()["line_items"]
    free = {"discount_amount": 0, "tax_amount": 0, "quantity": 1}
    record = order() | {"currency": currency, "total_amount": amount, "shipping_amount": 0}
    record |= {"shipping_tax_amount": 0, "line_items": [line | free | {"unit_amount": amount}]}
    assert not refusals(json.dumps(record), OrderBody)
    record["line_items"][0]["unit_amount"] = most = largest_amount(currency) + 1
    (reason,) = refusals(json.dumps(record | {"total_amount": most}), OrderBody)
    assert "line_items.0.unit_amount: must be at most 999999999999" in reason
