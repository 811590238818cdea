"""Balance transactions: every movement of an account's balance.

Types and categories are those of https://stripe.com/docs/reports/balance-transaction-types and
https://stripe.com/docs/reports/reporting-categories.
"""

from infra.stripe_standin.call import Call, Operation
from infra.stripe_standin.identifiers import new_id
from infra.stripe_standin.listing import list_page
from infra.stripe_standin.params import Params, Text, TimedListParams
from infra.stripe_standin.records import BalanceTransaction, Json
from infra.stripe_standin.rendering.payments import render_balance_transaction
from infra.stripe_standin.standin import Standin

# Stripe's `type`, and the reporting category where it has another name.
_CATEGORIES = {
    "application_fee": "platform_earning",
    "application_fee_refund": "platform_earning_refund",
    "payment": "charge",
    "payment_refund": "refund",
    "transfer_refund": "transfer_reversal",
    "transfer_failure": "transfer_reversal",
}


def move_balance(  # noqa: PLR0913 - a movement is made of these
    standin: Standin,
    type_: str,
    amount: int,
    *,
    currency: str,
    source: str,
    account: str | None,
    category: str | None = None,
    stripe_fee: int = 0,
    application_fee: int = 0,
    created: int | None = None,
) -> str:
    """Move an account's balance and return the id of the balance transaction.

    Args:
        standin: The stand-in.
        type_: Stripe's type.
        amount: Gross, in minor units, negative for a debit.
        currency: Of the amount.
        source: The object that moved it.
        account: Whose balance it is; None is the platform's.
        category: The reporting category, where the type does not say it.
        stripe_fee: What Stripe keeps of the amount.
        application_fee: What the platform keeps of the amount.
        created: None is now.
    """
    transaction = BalanceTransaction(
        id=new_id("txn"),
        account=account,
        created=standin.clock.now() if created is None else created,
        type=type_,
        category=category or _CATEGORIES.get(type_, type_),
        amount=amount,
        currency=currency,
        source=source,
        stripe_fee=stripe_fee,
        application_fee=application_fee,
    )
    return standin.store.balance_transactions.add(transaction).id


class ListBalanceTransactions(TimedListParams):
    """Parameters of GET /v1/balance_transactions."""

    unsupported = frozenset({"payout"})

    currency: Text | None = None
    source: Text | None = None
    type: Text | None = None


def _list(call: Call[ListBalanceTransactions]) -> Json:
    params, transactions = call.params, call.standin.store.balance_transactions
    chronicle = (
        transactions.of_account(call.account)
        if params.source is None
        else transactions.of_group(params.source)
    )

    def keep(transaction: BalanceTransaction) -> bool:
        return (
            transaction.account == call.account
            and params.type in {None, transaction.type}
            and params.currency in {None, transaction.currency}
            and params.created.holds(transaction.created)
        )

    return list_page(
        transactions,
        chronicle,
        params,
        account=call.account,
        url="/v1/balance_transactions",
        keep=keep,
        render=lambda txn: render_balance_transaction(txn, call.standin.clock),
    )


def _retrieve(call: Call[Params]) -> Json:
    transactions = call.standin.store.balance_transactions
    transaction = transactions.find(call.ids["id"], call.account, param="id")
    return render_balance_transaction(transaction, call.standin.clock)


OPERATIONS = [
    Operation(
        "GET",
        "/v1/balance_transactions",
        ListBalanceTransactions,
        "list of balance_transaction",
        _list,
    ),
    Operation("GET", "/v1/balance_transactions/{id}", Params, "balance_transaction", _retrieve),
]
