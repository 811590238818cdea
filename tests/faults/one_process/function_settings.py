"""The functions' environment variables, as a deployment would set them."""

import os

from tests.faults.one_process import in_process_engine, in_process_stripe, template
from tests.faults.one_process.in_process_engine import InProcessEngine

# A stack with one key for Stripe. `tests/e2e` shows that each function can do with its own.
STRIPE_KEY_SECRET = "StripeKey"  # a name

# All functions share one: their logs and metrics go nowhere.
_SHARED = {"POWERTOOLS_SERVICE_NAME": "faults"}

_RUNTIME_SETTINGS = {
    "AWS_ENDPOINT_URL": in_process_engine.URL,
    "AWS_REGION": "us-east-1",
    "AWS_DEFAULT_REGION": "us-east-1",
    "AWS_ACCESS_KEY_ID": "test",
    "AWS_SECRET_ACCESS_KEY": "test",
    "AWS_CONFIG_FILE": os.devnull,
    "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
    "POWERTOOLS_METRICS_DISABLED": "true",
    "POWERTOOLS_TRACE_DISABLED": "true",
}

_STRIPE_SETTINGS = {"StripeApiBase": in_process_stripe.URL, "StripeLivemode": "false"}


def function_settings(engine: InProcessEngine) -> dict[str, str]:
    """Return the environment variables of all functions.

    Raises:
        ValueError: Two functions need different values; here they share one environment.
    """
    settings = dict(_RUNTIME_SETTINGS)
    for function in template.functions().values():
        for name, reference in {**function.environment, **_SHARED}.items():
            is_key = name == "STRIPE_SECRET_ARN"
            value = STRIPE_KEY_SECRET if is_key else _resolve(engine, reference)
            if settings.setdefault(name, value) != value:
                raise ValueError(f"{name} must be the same for all functions")
    return settings


def secret_in_template(function: str, name: str) -> str:
    """Return the template's name of a secret that a function reads."""
    if name != STRIPE_KEY_SECRET:
        return name
    return template.functions()[function].environment["STRIPE_SECRET_ARN"].removesuffix(".Id")


def _resolve(engine: InProcessEngine, reference: str) -> str:
    """Return the value that a deployment would put in place of a reference."""
    if reference in _STRIPE_SETTINGS:
        return _STRIPE_SETTINGS[reference]
    resource = reference.partition(".")[0]
    kind = template.resources().get(resource, {}).get("Type")
    if kind is None:
        return str(template.parameter(reference))
    match kind:
        case "AWS::SQS::Queue":
            return engine.queue_url(resource)
        case "AWS::S3::Bucket":
            return in_process_engine.bucket_name(resource)
        case "AWS::KMS::Key":
            return engine.key_arn(resource)
        case _:
            return resource
