"""A name is shown as one visible line, or the user's id instead."""

import pytest

from shared.domain.person import MAX_NAME_LENGTH, display_name


@pytest.mark.parametrize(
    ("claimed", "shown"),
    [
        (("Ana Ruiz", "ana@studio.example"), "Ana Ruiz"),
        ((None, "ana@studio.example"), "ana@studio.example"),
        (("", "ana@studio.example"), "ana@studio.example"),
        (("  Ana \t\n Ruiz ",), "Ana Ruiz"),
        (("山田 太郎",), "山田 太郎"),
        (("<b>Ana</b>",), "<b>Ana</b>"),
        (("A\u202eanA\u0007",), "A anA"),
        (("A\u2028B",), "A B"),
        (("x" * 500,), "x" * MAX_NAME_LENGTH),
    ],
)
def test_the_first_name_that_can_be_shown_is_shown(claimed: tuple[object, ...], shown: str) -> None:
    assert display_name(*claimed) == shown


@pytest.mark.parametrize("claimed", [(), (None,), ("",), (" \t",), ("\u202e\u200b",), (7, ["Ana"])])
def test_a_name_that_nobody_can_see_is_none(claimed: tuple[object, ...]) -> None:
    assert display_name(*claimed) is None
