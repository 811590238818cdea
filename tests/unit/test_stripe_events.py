"""Every setup of a webhook endpoint subscribes to the events that the webhook handles."""

import re

from functions.stripe_webhook.handle_event import HANDLED_EVENTS
from infra.local.stripe_server import WEBHOOK_EVENTS
from infra.paths import ROOT

# Stripe no longer sends refund.updated under its old name.
ASKED_FOR = HANDLED_EVENTS - {"charge.refund.updated"}


def test_the_local_stack_subscribes_to_the_handled_events() -> None:
    assert set(WEBHOOK_EVENTS) == ASKED_FOR


def test_the_deployment_page_lists_the_handled_events() -> None:
    page = (ROOT / "docs" / "deploy.md").read_text("utf-8")
    assert set(re.findall(r"`((?:account|charge|refund|transfer)\.[a-z_.]+)`", page)) == ASKED_FOR
