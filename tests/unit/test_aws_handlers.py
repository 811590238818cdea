"""botocore handles the calls of our services as it does with all of its handlers."""

from typing import Any

import botocore.session
import pytest

from shared.gateways import aws

SERVICES = ("cognito-idp", "dynamodb", "kms", "s3", "secretsmanager", "sesv2", "sqs", "sts", "xray")
KINDS = (
    *("before-parameter-build", "before-endpoint-resolution", "before-call", "request-created"),
    *("choose-signer", "before-sign", "before-parse", "after-call", "needs-retry"),
)


def handlers_of(session: Any, event: str) -> list[object]:  # noqa: ANN401  # botocore has no types for it
    """Return botocore's own handlers of an event. Powertools adds some to sessions made later."""
    emitter = session.get_component("event_emitter")
    found = emitter._emitter._handlers.prefix_search(event)  # noqa: SLF001  # the only way to ask
    return [each for each in found if each.__module__.startswith("botocore")]


@pytest.mark.parametrize("service", SERVICES)
def test_each_call_of_our_services_has_all_of_its_handlers(service: str) -> None:
    everything = botocore.session.get_session()
    model = everything.get_service_model(service)
    name = model.service_id.hyphenize()
    events = [f"creating-client-class.{name}", "choose-service-name"]
    events += [f"{kind}.{name}.{each}" for kind in KINDS for each in model.operation_names]
    for event in events:
        wanted = handlers_of(everything, event)
        assert handlers_of(aws._SESSION, event) == wanted, event  # noqa: SLF001  # what is tested
