"""The local AWS engine's services in this process: the same code as in the stack, without HTTP."""

import json
import logging
import sys
from collections.abc import Coroutine, Mapping
from importlib import import_module
from itertools import count
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from infra.paths import ENGINE_PYTHON
from tests.faults import template

URL = "http://engine.invalid"

type Answer = tuple[int, Mapping[str, str], bytes]

_SERVICES = {
    "dynamodb": "dynamodb",
    "sqs": "sqs",
    "secrets-manager": "secretsmanager",
    "sesv2": "ses_v2",
    "ses": "ses",  # where the engine keeps what both versions of the API have sent
}


def is_installed() -> bool:
    """Return whether the engine's environment is there."""
    return ENGINE_PYTHON.is_file()


class RefusedError(Exception):
    """The engine refused what the harness asked of it."""


class Engine:
    """DynamoDB, SQS, Secrets Manager and SES, with the template's tables and queues.

    The engine's modules hold the state, so there is one in a process.
    """

    def __init__(self) -> None:
        packages = ENGINE_PYTHON.parent.parent / "lib" / "python3.13" / "site-packages"
        if str(packages) not in sys.path:
            # Last: what both environments have, we take from ours.
            sys.path.append(str(packages))
        logging.getLogger().addHandler(logging.NullHandler())  # or the engine sets logging up
        self._modules: dict[str, Any] = {
            name: import_module(f"ministack.services.{module}")
            for name, module in _SERVICES.items()
        }
        for name in _SERVICES:
            logging.getLogger(name).setLevel(logging.WARNING)

    def reset(self) -> None:
        """Start over with empty tables and queues."""
        for module in self._modules.values():
            module.reset()
        numbers = count(1)
        # Message ids and receipts: the same in the same run.
        self._modules["sqs"].new_uuid = lambda: f"sqs-{next(numbers):06d}"
        for name, properties in template.of_type("AWS::DynamoDB::Table").items():
            self._make_table(name, properties)
        queues = template.of_type("AWS::SQS::Queue")
        # Dead-letter queues first: the others name them.
        for name in sorted(queues, key=lambda each: "RedrivePolicy" in queues[each]):
            self._make_queue(name, queues[name])

    def answer(
        self, service: str, method: str, url: str, headers: Mapping[str, str], body: bytes
    ) -> Answer:  # a request's parts
        """Answer a request as the engine's server would."""
        place = urlsplit(url)
        lowered = {name.lower(): value for name, value in headers.items()}
        status, answered, content = run(
            self._modules[service].handle_request(
                method, place.path, lowered, body, dict(parse_qsl(place.query))
            )
        )
        return status, answered, content if isinstance(content, bytes) else content.encode()

    def call(self, service: str, target: str, **parameters: Any) -> dict[str, Any]:  # noqa: ANN401  # JSON
        """Call an operation of a JSON service, as nobody in particular.

        Args:
            service: Which.
            target: The ``X-Amz-Target`` header.
            parameters: The operation's.
        """
        headers = {"X-Amz-Target": target, "Content-Type": "application/x-amz-json-1.0"}
        body = json.dumps(parameters).encode()
        status, _, content = self.answer(service, "POST", f"{URL}/", headers, body)
        if status != 200:  # OK
            raise RefusedError(f"{target}: {content!r}")
        return dict(json.loads(content or b"{}"))

    def sqs(self, operation: str, **parameters: Any) -> dict[str, Any]:  # noqa: ANN401  # JSON
        """Call an operation of SQS."""
        return self.call("sqs", f"AmazonSQS.{operation}", **parameters)

    def make_visible(self, queue: str) -> None:
        """End the visibility timeout of all of a queue's messages.

        SQS is at-least-once: it may hand out a message while somebody is working at it.
        """
        for message in self._modules["sqs"]._queues[self.queue_url(queue)]["messages"]:  # noqa: SLF001  # whose receipts only their receivers have
            message["visible_at"] = 0

    def queue_url(self, name: str) -> str:
        """Return the URL of a queue that the template names."""
        return str(self.sqs("GetQueueUrl", QueueName=_queue_name(name))["QueueUrl"])

    def scan(self, table: str) -> list[dict[str, Any]]:
        """Return all items of a table, as DynamoDB writes them."""
        return list(self.call("dynamodb", "DynamoDB_20120810.Scan", TableName=table)["Items"])

    def verify_domain(self, domain: str) -> None:
        """Let a domain's owner have proved it."""
        body = json.dumps({"EmailIdentity": domain}).encode()
        self.answer("sesv2", "POST", f"{URL}/v2/email/identities", {}, body)

    def mails(self) -> list[str]:
        """Return the mails that were sent, as recipient and subject."""
        sent = self._modules["ses"]._sent_emails_list()  # noqa: SLF001  # there is no other way to see them
        return [f"{each['To'][0]}: {each['Subject']}" for each in sent]

    def _make_table(self, name: str, properties: Mapping[str, Any]) -> None:
        wanted = ("AttributeDefinitions", "KeySchema", "GlobalSecondaryIndexes", "BillingMode")
        chosen = {key: properties[key] for key in wanted if key in properties}
        self.call("dynamodb", "DynamoDB_20120810.CreateTable", TableName=name, **chosen)

    def _make_queue(self, name: str, properties: Mapping[str, Any]) -> None:
        attributes = {}
        for key, value in properties.items():
            if key == "RedrivePolicy":
                target = _queue_name(value["deadLetterTargetArn"].removesuffix(".Arn"))
                arn = f"arn:aws:sqs:us-east-1:000000000000:{target}"
                attributes[key] = json.dumps(value | {"deadLetterTargetArn": arn})
            elif key not in {"SqsManagedSseEnabled", "Tags"}:
                plain = template.parameter(value)
                attributes[key] = str(plain).lower() if isinstance(plain, bool) else str(plain)
        self.sqs("CreateQueue", QueueName=_queue_name(name), Attributes=attributes)


def run[T](coroutine: Coroutine[Any, Any, T]) -> T:
    """Run what is declared asynchronous and never waits."""
    try:
        coroutine.send(None)
    except StopIteration as done:
        return done.value  # type: ignore[no-any-return]  # the coroutine's own
    coroutine.close()
    raise RuntimeError("it waits for something")


def _queue_name(name: str) -> str:
    fifo = template.of_type("AWS::SQS::Queue")[name].get("FifoQueue", False)
    return f"{name}.fifo" if fifo else name
