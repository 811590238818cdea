"""Stripe's side of a test: the stand-in, as one account's owner and as the test's director."""

import json
import random
from typing import Any

from infra.local.stripe_server import STANDIN_KEY
from tests.local_http import HTTP


class StripeSide:
    """What a test does at Stripe, beside the product.

    Attributes:
        run: A part of each id that this test makes.
        account_id: The account of the charges, or None for the platform's.
        charged: The charges that were made.
    """

    stripe_url: str
    run: str
    account_id: str | None
    charged: set[str]

    def control(self, path: str, **body: Any) -> Any:  # noqa: ANN401  # JSON in and out
        """Tell the stand-in to do something."""
        answer = HTTP.post(f"{self.stripe_url}/_standin/{path}", json=body)
        assert answer.is_success, answer.text
        return answer.json()

    def stripe_call(self, method: str, path: str, **params: Any) -> dict[str, Any]:  # noqa: ANN401  # form fields
        """Call Stripe's API on the account of this studio's charges."""
        headers = {"Authorization": f"Bearer {STANDIN_KEY}"}
        if self.account_id and not path.startswith("application_fees"):
            headers["Stripe-Account"] = self.account_id
        answer = HTTP.request(
            method,
            f"{self.stripe_url}/v1/{path}",
            headers=headers,
            **({"params": params} if method == "GET" else {"data": params}),  # type: ignore[arg-type]  # one or the other
        )
        assert answer.is_success, answer.text
        return dict(answer.json())

    def charge(self, record: dict[str, Any], **changes: Any) -> None:  # noqa: ANN401  # a charge's fields
        """Make an order's charge at Stripe, with changes, unless Stripe has it."""
        stripe = record["stripe"]
        charge_id = stripe["charge_id"]
        if charge_id is None or charge_id in self.charged:
            return
        self.charged.add(charge_id)
        self.control(
            "charges",
            charges=[
                {
                    "id": stripe["charge_id"],
                    "payment_intent": stripe["payment_intent_id"],
                    "amount": record["total_amount"],
                    "currency": record["currency"],
                    "fee": record["stripe_fee_amount"],
                    "account": stripe["account_id"],
                    "application_fee": stripe["application_fee_id"],
                    "application_fee_amount": record["rev_share_amount"]
                    if stripe["application_fee_id"]
                    else None,
                }
                | changes
            ],
        )

    def events(self) -> list[dict[str, Any]]:
        """Return all events about this studio's charges, oldest first."""
        page = self.stripe_call("GET", "events", limit=100)
        assert not page["has_more"]
        mine = [event for event in page["data"] if self.run in json.dumps(event)]
        return list(reversed(mine))


def shuffled(events: list[dict[str, Any]], copies: int, seed: int) -> list[dict[str, Any]]:
    """Return each event ``copies`` times, in an order that the seed decides."""
    order = events * copies
    random.Random(seed).shuffle(order)  # noqa: S311  # the same seed, the same order
    return order
