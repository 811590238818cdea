"""Writes the API's description and the roles page from the code, or checks them.

``python -m infra.build.openapi`` writes ``docs/openapi.json`` and ``docs/roles.md``. With
``--check`` it changes nothing and exits 1 if a file differs from the code.
"""

import importlib
import json
import os
from typing import Annotated, Any

import typer

from infra.build import roles
from infra.paths import DOCS

OUTPUT = DOCS / "openapi.json"

# The functions with routes in Powertools' resolver.
_API_FUNCTIONS = (
    "refund_request",
    "find_orders",
    "attention",
    "adjustments",
    "payouts",
    "print_station",
    "refund_report",
    "send_message",
    "studio_settings",
    "users",
)

# Importing the handlers needs these settings. Nothing is called.
_SETTINGS = {
    "AWS_DEFAULT_REGION": "us-east-1",
    "ALLOWED_ORIGIN": "*",
    "ORDERS_TABLE": "orders",
    "LEDGER_TABLE": "ledger",
    "REQUEST_COUNTS_TABLE": "counts",
    "EXPORT_BUCKET": "exports",
    "EXPORT_QUEUE_URL": "http://sqs/exports",
    "ADJUST_QUEUE_URL": "http://sqs/adjust",
    "FEE_REFUND_QUEUE_URL": "http://sqs/fee-refunds",
    "CHARGE_QUEUE_URL": "http://sqs/charges",
    "MAIL_CONFIGURATION_SET": "mail",
    "FALLBACK_SENDER": "",
    "USER_POOL_ID": "pool",
    "STRIPE_API_BASE": "https://api.stripe.com",
    "STRIPE_SECRET_ARN": "arn",
    "POWERTOOLS_SERVICE_NAME": "openapi",
    "POWERTOOLS_METRICS_NAMESPACE": "openapi",
}

_WEBHOOK = {
    "post": {
        "summary": "Stripe's webhooks",
        "description": "Called by Stripe, signed; no token.",
        "operationId": "stripe_webhook",
        "security": [],
        "parameters": [
            {
                "name": "Stripe-Signature",
                "in": "header",
                "required": True,
                "schema": {"type": "string"},
            }
        ],
        "requestBody": {
            "required": True,
            "content": {"application/json": {"schema": {"type": "object"}}},
        },
        "responses": {
            "200": {"description": "Recorded, known already, or not ours"},
            "400": {
                "description": "Not signed by Stripe, or not an event",
                "content": {
                    "application/problem+json": {
                        "schema": {"$ref": "#/components/schemas/ProblemView"}
                    }
                },
            },
        },
    }
}


def description() -> dict[str, Any]:
    """Return the API's description in OpenAPI 3.1."""
    os.environ.update(_SETTINGS)
    merged: dict[str, Any] = {
        "openapi": "3.1.0",
        "info": {
            "title": "PPS Refunds",
            "version": "1",
            "description": "Refunds of parents' orders. Amounts are minor units beside `currency`.",
        },
        "servers": [{"url": "/v1"}],
        "security": [{"id_token": []}],
        "paths": {},
        "components": {
            "schemas": {},
            "securitySchemes": {
                "id_token": {
                    "type": "apiKey",
                    "in": "header",
                    "name": "Authorization",
                    "description": "A Cognito ID token.",
                }
            },
        },
    }
    for name in _API_FUNCTIONS:
        app = importlib.import_module(f"functions.{name}.handler").app
        schema = json.loads(app.get_openapi_json_schema(title="", version="1"))
        merged["paths"] |= schema["paths"]
        _add_schemas(merged["components"]["schemas"], schema["components"]["schemas"])
    merged["paths"]["/webhooks/stripe"] = _WEBHOOK
    return merged


def _add_schemas(known: dict[str, Any], more: dict[str, Any]) -> None:
    """Add a function's schemas to the known ones.

    Raises:
        ValueError: Two functions use one name for different schemas.
    """
    for name, schema in more.items():
        if known.setdefault(name, schema) != schema:
            raise ValueError(f"two functions use the name {name} for different schemas")


def rendered() -> str:
    """Return the description as the text of its file."""
    return json.dumps(description(), indent=2, sort_keys=True) + "\n"


def main(
    *, check: Annotated[bool, typer.Option(help="Only compare. Exit 1 if a file differs.")] = False
) -> None:
    """Write both files, or check them."""
    for output, text in ((OUTPUT, rendered()), (roles.OUTPUT, roles.page())):
        if not check:
            output.write_text(text)
        elif not output.exists() or output.read_text() != text:
            typer.echo(
                f"error: docs/{output.name} differs from the code. Run `make openapi`.", err=True
            )
            raise typer.Exit(1)


if __name__ == "__main__":
    typer.run(main)
