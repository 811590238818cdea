"""What the parent reads: words that fit the refund, amounts and dates as the region has them."""

from dataclasses import replace

import pytest

from functions.send_message.compose_message import Draft, compose, regional_locale
from shared.domain.errors import RefundNotFoundError, TemplateMismatchError
from shared.domain.message_template import Template
from shared.domain.order import RefundItem
from shared.domain.refund import HistoryEntry, RefundStatus, RefundType

from .refund_letters import confirmation, failure, read, record_of, refund_of, words
from .studios import LAKESIDE

PHRASE = "5-10 business days to appear on your statement"


NBSP = "\N{NO-BREAK SPACE}"


IN_REGION = {
    "usd": ("America/Chicago", "$1,025.00", "October 20, 2026"),
    "gbp": ("Europe/London", "\N{POUND SIGN}1,025.00", "20 October 2026"),
    "eur": ("Europe/Berlin", f"1.025,00{NBSP}\N{EURO SIGN}", "20 October 2026"),
    # People write none of its decimals, and Stripe counts hundredths.
    "lak": ("Asia/Vientiane", "LAK1,025.00", "October 21, 2026"),
    "jpy": ("Asia/Tokyo", "\N{YEN SIGN}102,500", "October 21, 2026"),
}


# Whole letters.


def test_the_letter_of_a_full_refund_on_its_way() -> None:
    draft = confirmation(refund_of())
    assert draft == Draft(
        from_name="Lakeside School Portraits",
        from_address="orders@lakeside.example",
        to_address="dana@mail.example",
        subject="Your refund of $1,025.00 is on its way",
        text=(
            "Hello Dana Whitfield,\n\n"
            "Your refund is on its way. We are refunding all of your order ord_1 of October 14, "
            "2026.\n\n"
            "Refund: $1,025.00 (USD)\n"
            "Date: October 20, 2026\n\n"
            "The money goes back to the payment method that you used.\n"
            "It takes 5-10 business days to appear on your statement.\n\n"
            "Kind regards,\n"
            "Lakeside School Portraits"
        ),
        html=draft.html,
    )


def test_the_letter_of_confirmed_line_items() -> None:
    bought = (
        RefundItem("li_1", 1, 50_000),
        RefundItem("li_2", 1, 1500),
        RefundItem("shipping", 1, 1000),
    )
    refund = refund_of(RefundType.LINE_ITEMS, 52_500, RefundStatus.SETTLED, items=bought)
    assert confirmation(refund).text == (
        "Hello Dana Whitfield,\n\n"
        "Your refund is confirmed. We have refunded these items of your order ord_1 of October "
        "14, 2026:\n\n"
        "- 1 x 8x10 Print: $500.00\n"
        "- 1 x Class photo: $15.00\n"
        "- 1 x Shipping: $10.00\n\n"
        "Refund: $525.00 (USD)\n"
        "Date: October 20, 2026\n\n"
        "The money goes back to the payment method that you used.\n"
        "It takes 5-10 business days to appear on your statement.\n\n"
        "Kind regards,\n"
        "Lakeside School Portraits"
    )


def test_the_letter_of_a_failed_refund() -> None:
    assert failure(refund_of(status=RefundStatus.FAILED)).text == (
        "Hello Dana Whitfield,\n\n"
        "We tried to refund $1,025.00 of your order ord_1 of October 14, 2026, but the money could "
        "not be sent back to the payment method that you used.\n\n"
        "Refund: $1,025.00 (USD)\n"
        "Date: October 20, 2026\n\n"
        "There is nothing you need to do. We will arrange another way to pay you back, and will "
        "be in touch.\n\n"
        "Kind regards,\n"
        "Lakeside School Portraits"
    )


# The words fit the refund.


@pytest.mark.parametrize(
    ("kind", "amount", "said"),
    [
        (RefundType.FULL, 102_500, "We are refunding all of your order ord_1"),
        (RefundType.FULL, 2500, "We are refunding all that was left of your order ord_1"),
        (
            RefundType.PARTIAL,
            2500,
            "We are refunding $25.00 of the $1,025.00 that you paid for your order ord_1",
        ),
        (RefundType.LINE_ITEMS, 2500, "We are refunding these items of your order ord_1"),
    ],
)
def test_the_words_follow_the_kind_of_refund(kind: RefundType, amount: int, said: str) -> None:
    draft = confirmation(refund_of(kind, amount))
    assert said in draft.text
    assert said in draft.html


CONFIRMED = [RefundStatus.SUCCEEDED, RefundStatus.SETTLED]


ON_ITS_WAY = [RefundStatus.REQUESTED, RefundStatus.PENDING]


FAILED = [RefundStatus.FAILED, RefundStatus.CANCELED]


@pytest.mark.parametrize("status", ON_ITS_WAY)
def test_a_pending_refund_is_on_its_way(status: RefundStatus) -> None:
    draft = confirmation(refund_of(status=status))
    assert draft.subject == "Your refund of $1,025.00 is on its way"
    assert "is on its way" in draft.text
    assert "confirmed" not in draft.text + draft.html


@pytest.mark.parametrize("status", CONFIRMED)
def test_a_succeeded_refund_is_confirmed(status: RefundStatus) -> None:
    draft = confirmation(refund_of(status=status))
    assert draft.subject == "Your refund of $1,025.00 is confirmed"
    assert "We have refunded" in draft.text
    assert "on its way" not in draft.text + draft.html


@pytest.mark.parametrize("status", ON_ITS_WAY + CONFIRMED)
def test_a_confirmation_says_how_long_it_takes(status: RefundStatus) -> None:
    draft = confirmation(refund_of(status=status))
    assert PHRASE in draft.text
    assert PHRASE in "".join(read(draft.html).read)
    assert "<nobr>5-10 business days</nobr>" in draft.html


@pytest.mark.parametrize("status", FAILED)
def test_a_failure_letter_promises_no_days(status: RefundStatus) -> None:
    draft = failure(refund_of(status=status))
    assert draft.subject == "Your refund of $1,025.00 could not be sent"
    assert "another way" in draft.text
    assert "another way" in draft.html
    assert "business days" not in draft.text + draft.html


@pytest.mark.parametrize("status", FAILED)
def test_a_failed_refund_has_no_confirmation_letter(status: RefundStatus) -> None:
    with pytest.raises(TemplateMismatchError):
        confirmation(refund_of(status=status))


@pytest.mark.parametrize("status", ON_ITS_WAY + CONFIRMED)
def test_a_refund_that_has_not_failed_has_no_failure_letter(status: RefundStatus) -> None:
    with pytest.raises(TemplateMismatchError):
        failure(refund_of(status=status))


def test_a_refund_of_another_order_is_not_found() -> None:
    record = record_of(refund_of())
    with pytest.raises(RefundNotFoundError):
        compose(record, LAKESIDE, Template.REFUND_CONFIRMATION, "rf_2")


def test_text_and_html_say_the_same() -> None:
    bought = (RefundItem("li_1", 2, 100_000), RefundItem("shipping", 1, 1000))
    for draft in (
        confirmation(refund_of()),
        confirmation(refund_of(RefundType.LINE_ITEMS, 101_000, items=bought)),
        failure(refund_of(status=RefundStatus.FAILED)),
    ):
        assert words(" ".join(read(draft.html).read)) == words(draft.text)


# Amounts and dates in the form of the parent's region.


@pytest.mark.parametrize("template", Template)
@pytest.mark.parametrize("kind", RefundType)
@pytest.mark.parametrize("currency", IN_REGION)
def test_amount_currency_and_date_are_written_as_in_the_region(
    template: Template, kind: RefundType, currency: str
) -> None:
    failed = template is Template.REFUND_FAILED
    status = RefundStatus.FAILED if failed else RefundStatus.PENDING
    zone, amount, day = IN_REGION[currency]
    refund = refund_of(kind, 102_500, status, currency=currency)
    studio = replace(LAKESIDE, timezone=zone, currency=currency)
    draft = compose(record_of(refund), studio, template, "rf_1")
    for part in (draft.text, draft.html):
        assert amount in part
        assert currency.upper() in part
        assert day in part
    assert amount in draft.subject


@pytest.mark.parametrize(
    ("zone", "at", "day"),
    [
        ("America/Chicago", "2026-10-20T04:59:59.999Z", "October 19, 2026"),
        ("America/Chicago", "2026-10-20T05:00:00.000Z", "October 20, 2026"),
        ("Asia/Tokyo", "2026-10-20T14:59:59.999Z", "October 20, 2026"),
        ("Asia/Tokyo", "2026-10-20T15:00:00.000Z", "October 21, 2026"),
        # The clocks go back in this night, so midnight is an hour later in UTC.
        ("Europe/Berlin", "2026-10-25T22:59:59.999Z", "25 October 2026"),
        ("Europe/Berlin", "2026-10-25T23:00:00.000Z", "26 October 2026"),
    ],
)
def test_the_day_is_the_day_in_the_studios_time_zone(zone: str, at: str, day: str) -> None:
    refund = refund_of(requested_at=at)
    studio = replace(LAKESIDE, timezone=zone)
    draft = compose(record_of(refund), studio, Template.REFUND_CONFIRMATION, "rf_1")
    assert f"Date: {day}\n" in draft.text


def test_a_confirmed_refund_is_dated_when_it_succeeded_and_a_failed_one_when_it_failed() -> None:
    requested = HistoryEntry(RefundStatus.REQUESTED, "2026-10-20T17:04:00.000Z", "x")
    succeeded = HistoryEntry(RefundStatus.SUCCEEDED, "2026-10-22T17:04:00.000Z", "x")
    settled = HistoryEntry(RefundStatus.SETTLED, "2026-10-23T17:04:00.000Z", "x")
    failed = HistoryEntry(RefundStatus.FAILED, "2026-11-02T17:04:00.000Z", "x")
    done = refund_of(status=RefundStatus.SETTLED, history=(requested, succeeded, settled))
    assert "Date: October 22, 2026\n" in confirmation(done).text
    late = refund_of(status=RefundStatus.FAILED, history=(requested, succeeded, settled, failed))
    assert "Date: November 2, 2026\n" in failure(late).text


@pytest.mark.parametrize(
    ("zone", "locale"),
    [
        ("America/Chicago", "en_US"),
        ("US/Central", "en_US"),
        ("Europe/Oslo", "en_NO"),
        ("Asia/Kolkata", "en_IN"),
        ("Asia/Calcutta", "en_IN"),
        ("Asia/Tokyo", "en"),  # CLDR has no English of Japan
        ("Etc/UTC", "en"),
        ("UTC", "en"),
    ],
)
def test_a_time_zone_gives_the_english_of_its_region(zone: str, locale: str) -> None:
    assert str(regional_locale(zone)) == locale
