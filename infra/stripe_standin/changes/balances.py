"""Movements of an account's balance.

Types: https://stripe.com/docs/reports/balance-transaction-types
Reporting categories: https://stripe.com/docs/reports/reporting-categories
"""

from infra.stripe_standin.identifiers import new_id
from infra.stripe_standin.records.balance_transactions import BalanceTransactionRecord
from infra.stripe_standin.records.conversions import Conversion
from infra.stripe_standin.state import StandinState

# The reporting category of each type that has another name there.
_REPORTING_CATEGORIES = {
    "application_fee": "platform_earning",
    "application_fee_refund": "platform_earning_refund",
    "payment": "charge",
    "payment_refund": "refund",
    "transfer_refund": "transfer_reversal",
    "transfer_failure": "transfer_reversal",
}


def move_balance(  # noqa: PLR0913 - a balance transaction has these fields
    standin: StandinState,
    transaction_type: str,
    amount: int,
    *,
    currency: str,
    source: str,
    account: str | None,
    reporting_category: str | None = None,
    stripe_fee: int = 0,
    application_fee: int = 0,
    settlement: Conversion | None = None,
    created: int | None = None,
) -> str:
    """Move an account's balance and return the id of the balance transaction.

    Args:
        standin: The stand-in.
        transaction_type: Stripe's `type`.
        amount: The gross amount in minor units, negative for a debit.
        currency: The currency of the amount, before a conversion.
        source: The id of the object that moves the balance.
        account: The account whose balance moves; None is the platform.
        reporting_category: Given if the type does not determine it.
        stripe_fee: Stripe's share, in the currency of the balance.
        application_fee: The platform's share of the amount, before a conversion.
        settlement: Converts the amount; None leaves its currency.
        created: None is now.
    """
    by_type = _REPORTING_CATEGORIES.get(transaction_type, transaction_type)
    transaction = BalanceTransactionRecord(
        id=new_id("txn"),
        account=account,
        created=standin.clock.now() if created is None else created,
        type=transaction_type,
        reporting_category=reporting_category or by_type,
        amount=amount if settlement is None else settlement.convert(amount),
        currency=currency if settlement is None else settlement.currency,
        exchange_rate=None if settlement is None else settlement.exchange_rate,
        source=source,
        stripe_fee=stripe_fee,
        application_fee=application_fee
        if settlement is None
        else settlement.convert(application_fee),
    )
    return standin.store.balance_transactions.add(transaction).id
