"""Names, addresses and edited HTML of a message cannot inject markup, lines or recipients."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from functions.send_message.compose_message import (
    compose,
    html_of_edited,
    html_of_text,
)
from shared.domain.imported_order import Parent, Product
from shared.domain.mail_address import mail_address
from shared.domain.message_template import Template
from shared.domain.order import RefundItem
from shared.domain.refund import RefundType

from .refund_letters import (
    LAYOUT,
    LAYOUT_ATTRIBUTES,
    confirmation,
    read,
    record_of,
    refund_of,
    words,
)
from .studios import LAKESIDE

# No line ends in it.
WHOLE = "<nobr>5-10 business days</nobr>"

# Names.


MARKUP = '<script>alert("x")</script><img src=x onerror=alert(1)>{{ 7*7 }}&amp;'


def test_names_become_no_markup_and_no_template() -> None:
    products = (Product("li_1", MARKUP, "PRT", 2, 50_000, 0, 0),)
    refund = refund_of(RefundType.LINE_ITEMS, 50_000, items=(RefundItem("li_1", 1, 50_000),))
    parent = Parent(MARKUP, "dana@mail.example")
    record = record_of(refund, parent=parent, products=products)
    studio = replace(LAKESIDE, name=MARKUP)
    draft = compose(record, studio, Template.REFUND_CONFIRMATION, "rf_1")
    assert draft.text.count(MARKUP) == 3
    reader = read(draft.html)
    assert reader.tags[: len(LAYOUT)] == LAYOUT
    letter = {"p", "table", "tr", "td", "strong", "br", "nobr"}
    assert set(reader.tags[len(LAYOUT) :]) <= letter
    assert reader.attributes == LAYOUT_ATTRIBUTES
    assert "".join(reader.read).count(MARKUP) == 3
    assert reader.header == MARKUP


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
    draft = compose(record, replace(LAKESIDE, name=name), Template.REFUND_CONFIRMATION, "rf_1")
    assert draft.from_name == "Dana Bcc: everybody@mail.example"
    assert draft.text.startswith("Hello Dana Bcc: everybody@mail.example,\n\n")
    assert len(draft.subject.splitlines()) == 1


def test_names_cannot_reverse_the_text_direction() -> None:
    studio = replace(LAKESIDE, name="Studio \N{RIGHT-TO-LEFT OVERRIDE}moc.evil")
    draft = compose(record_of(refund_of()), studio, Template.REFUND_CONFIRMATION, "rf_1")
    assert draft.from_name == "Studio moc.evil"


def test_names_in_any_script_are_unchanged() -> None:
    name = "Žofie O'Brien-García 山田 🎓"
    record = record_of(refund_of(), parent=Parent(name))
    draft = compose(record, LAKESIDE, Template.REFUND_CONFIRMATION, "rf_1")
    assert draft.text.startswith(f"Hello {name},")
    assert f"Hello {name}," in read(draft.html).read


@pytest.mark.parametrize("name", ["יעל כהן", "ليلى حداد", "Noa יעל"])
def test_a_name_from_right_to_left_keeps_the_english_around_it_in_order(name: str) -> None:
    isolated = f"\N{FIRST STRONG ISOLATE}{name}\N{POP DIRECTIONAL ISOLATE}"
    products = (Product("li_1", name, "PRT", 2, 50_000, 0, 0),)
    refund = refund_of(RefundType.LINE_ITEMS, 50_000, items=(RefundItem("li_1", 1, 50_000),))
    record = record_of(refund, parent=Parent(name), products=products)
    draft = compose(record, replace(LAKESIDE, name=name), Template.REFUND_CONFIRMATION, "rf_1")
    assert draft.text.startswith(f"Hello {isolated},")
    assert f"1 x {isolated}" in draft.text
    assert draft.text.endswith(isolated)
    assert f"Hello {isolated}," in read(draft.html).read
    # Alone in a header or a heading, a name needs no marks.
    assert draft.from_name == name
    assert read(draft.html).header == name


def test_a_name_of_two_hundred_letters_stays_whole_in_the_mail() -> None:
    name = "山" * 200
    record = record_of(refund_of(), parent=Parent(name))
    draft = compose(record, replace(LAKESIDE, name=name), Template.REFUND_CONFIRMATION, "rf_1")
    assert draft.text.startswith(f"Hello {name},")
    assert draft.from_name == name
    assert len(draft.subject) < 100


# Addresses.


@pytest.mark.parametrize("email", [None, ""])
def test_without_an_address_the_draft_has_no_recipient(email: str | None) -> None:
    record = record_of(refund_of(), parent=Parent("D", email))
    draft = compose(record, LAKESIDE, Template.REFUND_CONFIRMATION, "rf_1")
    assert draft.to_address is None


@pytest.mark.parametrize("text", ["dana@mail.example", "d.o'neil+kai@sub.mail.example"])
def test_a_valid_address_is_accepted(text: str) -> None:
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
    ],
)
def test_an_invalid_address_is_refused(text: str) -> None:
    assert mail_address(text) is None


@given(st.text(max_size=40))
def test_any_text_is_one_address_or_none(text: str) -> None:
    found = mail_address(text)
    assert found is None or (found == text and "\n" not in found and found.count("@") >= 1)


# Edited text and HTML.


def test_edited_text_becomes_html_that_says_the_same() -> None:
    html = html_of_text("Hello <b>Dana</b>,\nsecond line\n\n\nNext & last", "Lakeside")
    assert "<p>Hello &lt;b&gt;Dana&lt;/b&gt;,<br>second line</p>" in html
    assert "<p>Next &amp; last</p>" in html


@given(st.text(max_size=200))
def test_no_text_becomes_markup(text: str) -> None:
    reader = read(html_of_text(text, text))
    assert reader.tags[: len(LAYOUT)] == LAYOUT
    assert set(reader.tags[len(LAYOUT) :]) <= {"p", "br"}
    assert reader.attributes == LAYOUT_ATTRIBUTES


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
        "<header>Another studio</header>",
        '<iframe src="https://evil.example"></iframe>',
        '<form action="https://evil.example"><input name="card"></form>',
        "<svg><script>alert(1)</script></svg>",
        "<math><mtext><style><img src=x onerror=alert(1)></style></mtext></math>",
        "<!--><script>alert(1)</script>-->",
        '<meta http-equiv="refresh" content="0;url=https://evil.example">',
        '<base href="https://evil.example">',
    ],
)
def test_edited_html_keeps_nothing_that_runs_or_loads(html: str) -> None:
    reader = read(html_of_edited(f"<p>Hello</p>{html}", "Lakeside"))
    letter = {"a", "b", "blockquote", "br", "em", "h1", "h2", "h3", "i", "li", "ol", "p", "strong"}
    assert reader.tags[: len(LAYOUT)] == LAYOUT
    assert set(reader.tags[len(LAYOUT) :]) <= letter | {"u", "ul"}
    added = reader.attributes[len(LAYOUT_ATTRIBUTES) :]
    assert reader.attributes == [*LAYOUT_ATTRIBUTES, *added]
    assert {name for name, _ in added} <= {"href", "rel"}
    assert not any("alert" in (value or "") for _, value in reader.attributes)
    assert "Hello" in reader.read


def test_edited_html_keeps_the_formatting_of_a_letter() -> None:
    kept = '<p>Hello <strong>Dana</strong>,<br>see <a href="https://studio.example">us</a></p>'
    html = html_of_edited(kept, "Lakeside")
    assert "<p>Hello <strong>Dana</strong>,<br>see <a" in html
    assert 'href="https://studio.example"' in html


@pytest.mark.parametrize("html", ["<script>x</script>", "<p> </p>", "<br>", "<p>&nbsp;</p>"])
def test_html_with_nothing_to_read_is_refused(html: str) -> None:
    with pytest.raises(ValueError, match="no visible text"):
        html_of_edited(html, "Lakeside")


def test_a_preview_reads_the_same_after_the_editor() -> None:
    html = confirmation(refund_of()).html
    again = html_of_edited(html, "Lakeside School Portraits")
    assert words(" ".join(read(again).read)) == words(" ".join(read(html).read))
    assert read(again).header == read(html).header == "Lakeside School Portraits"
    assert WHOLE in again
    edited = html_of_text("It takes 5-10 business days.\n5-10 business days!", "Lakeside")
    assert edited.count(WHOLE) == 2
