"""How a studio's line names its accounts and its way to write numbers."""

import json
from typing import Any

import pytest

from functions.import_orders.bodies import StudioBody
from shared.gateways.records.attributes import unmarshal
from shared.gateways.records.studio import studio_from_values, studio_to_item

from .test_import_formats import refusals, studio


@pytest.mark.parametrize(
    ("accounts", "words"),
    [
        ({"excel": {}}, "'excel' is no journal; name one of beancount, hledger"),
        ({"csv": {}}, "'csv' is no journal"),
        ({"xero": {"sales": "a code that is too long"}}, "xero does not accept the account"),
        ({"beancount": {"sale": "Income:Sales"}}, "There is no account for 'sale'"),
        ({"beancount": {"sales": "Sales"}}, "beancount does not accept the account 'Sales'"),
        ({"xero": {"sales": 200}}, "journal_accounts.xero.sales"),
    ],
)
def test_accounts_that_a_journal_cannot_have_are_refused(
    accounts: dict[str, Any], words: str
) -> None:
    reasons = refusals(json.dumps(studio() | {"journal_accounts": accounts}), StudioBody)
    assert words in "; ".join(reasons)


def test_a_studio_names_its_own_accounts_and_its_way_to_write_numbers() -> None:
    more = {"journal_accounts": {"xero": {"sales": "200"}}, "locale": "nb-NO"}
    named = StudioBody.model_validate(studio() | more).studio()
    assert named.journal_accounts == {"xero": {"sales": "200"}}
    assert named.locale == "nb-NO"
    assert studio_from_values(unmarshal(studio_to_item(named))) == named


@pytest.mark.parametrize("locale", ["norwegian", "nb_NO", "NB-no", "", "nb-NO\n"])
def test_a_locale_in_another_form_is_refused(locale: str) -> None:
    (reason,) = refusals(json.dumps(studio() | {"locale": locale}), StudioBody)
    assert "such as en-US or nb-NO" in reason
