"""The functions' requests to Stripe conform to Stripe's own description."""

import pytest

from tests.e2e.world import DIRECT_STUDIO, DeployedStack, until
from tests.stripe_standin import stripe_schema

pytestmark = pytest.mark.stack


@stripe_schema.needs_spec
def test_the_functions_requests_conform(world: DeployedStack) -> None:
    order_id = world.sell(DIRECT_STUDIO)
    refund = world.refund(order_id, {"type": "partial", "amount": 5000}, DIRECT_STUDIO)
    world.await_status(refund, "settled", DIRECT_STUDIO)
    fee = order_id.replace("ord_", "fee_")
    until(
        lambda: world.stripe("GET", f"application_fees/{fee}")["amount_refunded"] == 750 or None,
        "application fee refunded",
    )
    asked = world.stripe_requests(order_id.removeprefix("ord_"))
    made = [each for each in asked if each["method"] == "POST"]
    for request in asked:
        stripe_schema.validate_request(request["method"], request["path"], request["params"])

    create, fee_create = (
        next(each for each in made if each["path"] == "/v1/refunds"),
        next(each for each in made if each["path"].startswith("/v1/application_fees")),
    )
    assert create["idempotency_key"] == f"{refund['refund_id']}:1"
    assert create["account"] == "acct_1FjordSportFoto00"
    assert create["stripe_version"]
    assert create["params"]["metadata"] == {
        "refund_id": refund["refund_id"],
        "order_id": order_id,
        "studio_id": DIRECT_STUDIO,
        "type": "partial",
        "reason": "quality_issue",
        "fingerprint": create["params"]["metadata"]["fingerprint"],
    }
    assert "reason" not in create["params"]
    assert fee_create["account"] is None
    assert fee_create["idempotency_key"] == f"{DIRECT_STUDIO}:{order_id}:fee:1"
