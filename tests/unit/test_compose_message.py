"""What the parent reads: words that fit the refund, in the form of the region; names as names."""

from dataclasses import replace
from html.parser import HTMLParser
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from functions.send_message.compose_message import (
    Draft,
    compose,
    html_of_edited,
    html_of_text,
    mail_address,
    regional_locale,
)
from shared.domain.errors import RefundNotFoundError, TemplateMismatchError
from shared.domain.imported_order import ChargeIds, ImportedOrder, Parent, Product
from shared.domain.ledger import RecordSource
from shared.domain.message import Template
from shared.domain.order import OrderState, RefundItem
from shared.domain.refund import HistoryEntry, Refund, RefundStatus, RefundType
from shared.domain.studio import Studio
from shared.gateways.orders_table import OrderRecord

STUDIO = Studio(
    studio_id="st_1",
    name="Lakeside School Portraits",
    timezone="America/Chicago",
    currency="usd",
    rev_share_bps=1500,
    from_address="orders@lakeside.example",
    negative_balance_limit=0,
)
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


ORDER = ImportedOrder(
    order_id="ord_1",
    studio_id="st_1",
    placed_at="2026-10-14T17:04:00Z",
    currency="usd",
    parent=Parent("Dana Whitfield", "dana@mail.example"),
    subjects=(),
    photo_day=None,
    products=(
        Product("li_1", "8x10 Print", "PRT", 2, 50_000, 0, 0),
        Product("li_2", "Class photo", "CLS", 1, 1500, 0, 0),
    ),
    shipping_amount=1000,
    shipping_tax_amount=0,
    total_amount=102_500,
    rev_share_amount=0,
    stripe_fee_amount=320,
    charge=ChargeIds("ch_1"),
)


def record_of(refund: Refund, **changes: Any) -> OrderRecord:  # noqa: ANN401  # an order's fields
    """Return the order, with changes and one refund."""
    imported = replace(ORDER, currency=refund.currency, **changes)
    state = OrderState("ord_1", "st_1", refund.currency, imported.total_amount, 0, 320)
    return OrderRecord(imported, state, {refund.refund_id: refund})


def refund_of(
    kind: RefundType = RefundType.FULL,
    amount: int = 102_500,
    status: RefundStatus = RefundStatus.PENDING,
    **changes: Any,  # noqa: ANN401  # a refund's fields
) -> Refund:
    """Return a refund that was asked for on 20 October, 17:04 UTC."""
    at = "2026-10-20T17:04:00.000Z"
    path = [RefundStatus.REQUESTED, RefundStatus.PENDING]
    if status in {RefundStatus.SUCCEEDED, RefundStatus.SETTLED}:
        path += [RefundStatus.SUCCEEDED]
    refund = Refund(
        refund_id="rf_1",
        order_id="ord_1",
        studio_id="st_1",
        type=kind,
        status=status,
        amount=amount,
        currency="usd",
        charge_id="ch_1",
        requested_by="owner",
        requested_at=at,
        source=RecordSource.API,
        correlation_id="c",
        history=tuple(HistoryEntry(each, at, "x") for each in (*path, status)),
    )
    return replace(refund, **changes)


def confirmation(refund: Refund, **changes: Any) -> Draft:  # noqa: ANN401  # an import record's fields
    return compose(record_of(refund, **changes), STUDIO, Template.REFUND_CONFIRMATION, "rf_1")


def failure(refund: Refund) -> Draft:
    return compose(record_of(refund), STUDIO, Template.REFUND_FAILED, "rf_1")


class _Reader(HTMLParser):
    """Takes HTML apart as a mail program does: which tags, and what is read."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str | None]] = []
        self.read: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += attrs

    def handle_data(self, data: str) -> None:
        self.read.append(data)


def read(html: str) -> _Reader:
    reader = _Reader()
    reader.feed(html)
    return reader


def words(text: str) -> list[str]:
    return text.replace("\n- ", "\n").split()


# The whole of it, once.


def test_the_text_of_a_full_refund_on_its_way() -> None:
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
            "The money goes back to the payment method that you used. It takes 5-10 business days "
            "to appear on your statement.\n\n"
            "Kind regards,\n"
            "Lakeside School Portraits"
        ),
        html=draft.html,
    )


def test_the_text_of_line_items_confirmed() -> None:
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
        "The money goes back to the payment method that you used. It takes 5-10 business days to "
        "appear on your statement.\n\n"
        "Kind regards,\n"
        "Lakeside School Portraits"
    )


def test_the_text_of_a_failed_refund() -> None:
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
def test_pending_is_on_its_way(status: RefundStatus) -> None:
    draft = confirmation(refund_of(status=status))
    assert draft.subject == "Your refund of $1,025.00 is on its way"
    assert "is on its way" in draft.text
    assert "confirmed" not in draft.text + draft.html


@pytest.mark.parametrize("status", CONFIRMED)
def test_refunded_is_confirmed(status: RefundStatus) -> None:
    draft = confirmation(refund_of(status=status))
    assert draft.subject == "Your refund of $1,025.00 is confirmed"
    assert "We have refunded" in draft.text
    assert "on its way" not in draft.text + draft.html


@pytest.mark.parametrize("status", ON_ITS_WAY + CONFIRMED)
def test_a_confirmation_says_how_long_it_takes(status: RefundStatus) -> None:
    draft = confirmation(refund_of(status=status))
    assert PHRASE in draft.text
    assert PHRASE in draft.html


@pytest.mark.parametrize("status", FAILED)
def test_a_failure_promises_no_days(status: RefundStatus) -> None:
    draft = failure(refund_of(status=status))
    assert draft.subject == "Your refund of $1,025.00 could not be sent"
    assert "another way" in draft.text
    assert "another way" in draft.html
    assert "business days" not in draft.text + draft.html


@pytest.mark.parametrize("status", FAILED)
def test_a_failed_refund_is_not_confirmed(status: RefundStatus) -> None:
    with pytest.raises(TemplateMismatchError):
        confirmation(refund_of(status=status))


@pytest.mark.parametrize("status", ON_ITS_WAY + CONFIRMED)
def test_a_refund_that_has_not_failed_is_not_said_to_have(status: RefundStatus) -> None:
    with pytest.raises(TemplateMismatchError):
        failure(refund_of(status=status))


def test_another_refund_is_not_there() -> None:
    record = record_of(refund_of())
    with pytest.raises(RefundNotFoundError):
        compose(record, STUDIO, Template.REFUND_CONFIRMATION, "rf_2")


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
def test_amount_currency_and_date_are_of_the_region(
    template: Template, kind: RefundType, currency: str
) -> None:
    failed = template is Template.REFUND_FAILED
    status = RefundStatus.FAILED if failed else RefundStatus.PENDING
    zone, amount, day = IN_REGION[currency]
    refund = refund_of(kind, 102_500, status, currency=currency)
    studio = replace(STUDIO, timezone=zone, currency=currency)
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
        # The night the clocks go back: an hour more until midnight in UTC.
        ("Europe/Berlin", "2026-10-25T22:59:59.999Z", "25 October 2026"),
        ("Europe/Berlin", "2026-10-25T23:00:00.000Z", "26 October 2026"),
    ],
)
def test_the_day_is_that_of_the_studios_zone(zone: str, at: str, day: str) -> None:
    refund = refund_of(requested_at=at)
    studio = replace(STUDIO, timezone=zone)
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
        ("Asia/Tokyo", "en"),  # no English of Japan
        ("Etc/UTC", "en"),
        ("UTC", "en"),
    ],
)
def test_english_as_it_is_written_there(zone: str, locale: str) -> None:
    assert str(regional_locale(zone)) == locale


# Names come from strangers.

LAYOUT = {"html", "head", "meta", "body"}
MARKUP = '<script>alert("x")</script><img src=x onerror=alert(1)>{{ 7*7 }}&amp;'


def test_names_become_no_markup_and_no_template() -> None:
    products = (Product("li_1", MARKUP, "PRT", 2, 50_000, 0, 0),)
    refund = refund_of(RefundType.LINE_ITEMS, 50_000, items=(RefundItem("li_1", 1, 50_000),))
    parent = Parent(MARKUP, "dana@mail.example")
    record = record_of(refund, parent=parent, products=products)
    studio = replace(STUDIO, name=MARKUP)
    draft = compose(record, studio, Template.REFUND_CONFIRMATION, "rf_1")
    assert draft.text.count(MARKUP) == 3
    reader = read(draft.html)
    assert set(reader.tags) <= LAYOUT | {"p", "ul", "li", "strong", "br"}
    assert reader.attributes == [("lang", "en"), ("charset", "utf-8")]
    assert "".join(reader.read).count(MARKUP) == 3


@pytest.mark.parametrize(
    "name",
    [
        "Dana\r\nBcc: everybody@mail.example",
        "Dana\nBcc: everybody@mail.example",
        "Dana\N{LINE SEPARATOR}Bcc: everybody@mail.example",
        "Dana\x85Bcc: everybody@mail.example",
    ],
)
def test_names_are_one_line(name: str) -> None:
    refund = refund_of()
    record = record_of(refund, parent=Parent(name, "dana@mail.example"))
    draft = compose(record, replace(STUDIO, name=name), Template.REFUND_CONFIRMATION, "rf_1")
    assert draft.from_name == "Dana Bcc: everybody@mail.example"
    assert draft.text.startswith("Hello Dana Bcc: everybody@mail.example,\n\n")
    assert len(draft.subject.splitlines()) == 1


def test_names_do_not_turn_the_text_around() -> None:
    studio = replace(STUDIO, name="Studio \N{RIGHT-TO-LEFT OVERRIDE}moc.evil")
    draft = compose(record_of(refund_of()), studio, Template.REFUND_CONFIRMATION, "rf_1")
    assert draft.from_name == "Studio moc.evil"


def test_names_of_all_scripts_stay_as_they_are() -> None:
    name = "Žofie O'Brien-García 山田 🎓"
    record = record_of(refund_of(), parent=Parent(name))
    draft = compose(record, STUDIO, Template.REFUND_CONFIRMATION, "rf_1")
    assert draft.text.startswith(f"Hello {name},")
    assert f"Hello {name}," in read(draft.html).read


# Who can be written to.


@pytest.mark.parametrize("email", [None, ""])
def test_without_an_address_there_is_nobody_to_write_to(email: str | None) -> None:
    record = record_of(refund_of(), parent=Parent("D", email))
    draft = compose(record, STUDIO, Template.REFUND_CONFIRMATION, "rf_1")
    assert draft.to_address is None


@pytest.mark.parametrize("text", ["dana@mail.example", "d.o'neil+kai@sub.mail.example"])
def test_an_address(text: str) -> None:
    assert mail_address(text) == text


@pytest.mark.parametrize(
    "text",
    [
        "",
        "dana",
        "@mail.example",
        "dana@",
        "dana@mail.example,eve@mail.example",
        "dana@mail.example\r\nBcc: eve@mail.example",
        "Dana <dana@mail.example>",
        "<dana@mail.example>",
        "dåna@mail.example",
        "dana@mail.example;",
        "dana(comment)@mail.example",
        "dana@[",
        "dana@mail..example",
        ".dana@mail.example",
    ],
)
def test_no_address(text: str) -> None:
    assert mail_address(text) is None


@given(st.text(max_size=40))
def test_whatever_is_in_the_place_of_an_address_is_one_or_is_none(text: str) -> None:
    found = mail_address(text)
    assert found is None or (found == text and "\n" not in found and found.count("@") >= 1)


# What staff edit.


def test_edited_text_becomes_html_that_says_the_same() -> None:
    html = html_of_text("Hello <b>Dana</b>,\nsecond line\n\n\nNext & last")
    assert "<p>Hello &lt;b&gt;Dana&lt;/b&gt;,<br>second line</p>" in html
    assert "<p>Next &amp; last</p>" in html


@given(st.text(max_size=200))
def test_no_text_becomes_markup(text: str) -> None:
    reader = read(html_of_text(text))
    assert set(reader.tags) <= LAYOUT | {"p", "br"}
    assert reader.attributes == [("lang", "en"), ("charset", "utf-8")]


@pytest.mark.parametrize(
    "html",
    [
        "<script>alert(1)</script>",
        '<img src="https://tracker.example/p.gif" onerror="alert(1)">',
        '<a href="javascript:alert(1)">x</a>',
        '<a href="data:text/html,<script>alert(1)</script>">x</a>',
        '<p style="background:url(https://tracker.example)">x</p>',
        '<p onclick="alert(1)">x</p>',
        "<style>p { display: none }</style>",
        '<iframe src="https://evil.example"></iframe>',
        '<form action="https://evil.example"><input name="card"></form>',
        "<svg><script>alert(1)</script></svg>",
        "<math><mtext><style><img src=x onerror=alert(1)></style></mtext></math>",
        "<!--><script>alert(1)</script>-->",
        '<meta http-equiv="refresh" content="0;url=https://evil.example">',
        '<base href="https://evil.example">',
    ],
)
def test_nothing_that_runs_or_loads_is_left_of_edited_html(html: str) -> None:
    reader = read(html_of_edited(f"<p>Hello</p>{html}"))
    letter = {"a", "b", "blockquote", "br", "em", "h1", "h2", "h3", "i", "li", "ol", "p", "strong"}
    assert set(reader.tags) <= LAYOUT | letter | {"u", "ul"}
    assert {name for name, _ in reader.attributes} <= {"lang", "charset", "href", "rel"}
    assert not any("alert" in (value or "") for _, value in reader.attributes)
    assert "Hello" in reader.read


def test_the_marks_of_a_letter_stay() -> None:
    kept = '<p>Hello <strong>Dana</strong>,<br>see <a href="https://studio.example">us</a></p>'
    html = html_of_edited(kept)
    assert "<p>Hello <strong>Dana</strong>,<br>see <a" in html
    assert 'href="https://studio.example"' in html


@pytest.mark.parametrize("html", ["<script>x</script>", "<p> </p>", "<br>", "<p>&nbsp;</p>"])
def test_html_with_nothing_to_read_is_refused(html: str) -> None:
    with pytest.raises(ValueError, match="no visible text"):
        html_of_edited(html)


def test_a_preview_that_comes_back_through_the_editor_reads_the_same() -> None:
    html = confirmation(refund_of()).html
    assert words(" ".join(read(html_of_edited(html)).read)) == words(" ".join(read(html).read))
