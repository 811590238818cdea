"""The charges and accounts that the tests begin with."""

import stripe

CONNECTED_ACCOUNT = "acct_1Lakeside"
ON_CONNECTED_ACCOUNT: stripe.RequestOptions = {"stripe_account": CONNECTED_ACCOUNT}

# A charge on the platform.
CHARGE: dict[str, object] = {
    "id": "ch_1",
    "payment_intent": "pi_1",
    "amount": 10000,
    "currency": "usd",
    "fee": 320,
}
# A charge on a connected account, with an application fee.
DIRECT_CHARGE = CHARGE | {
    "account": CONNECTED_ACCOUNT,
    "application_fee": "fee_1",
    "application_fee_amount": 1500,
}
# The parameters of a payment that the stand-in accepts.
PAYMENT = {
    "amount": "1000",
    "currency": "usd",
    "confirm": "true",
    "payment_method": "pm_card_visa",
}
