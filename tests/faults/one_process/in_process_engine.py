"""The local AWS engine in this process: the same code as in the local stack, without HTTP."""

import json
import logging
import sys
from collections.abc import Mapping
from importlib import import_module
from itertools import count
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from infra.paths import ENGINE_PYTHON
from tests.faults.one_process import template
from tests.faults.one_process.answer import Answer, run_without_waiting

URL = "http://engine.invalid"

_MODULES = {
    "dynamodb": "dynamodb",
    "sqs": "sqs",
    "secrets-manager": "secretsmanager",
    "sesv2": "ses_v2",
    "ses": "ses",  # keeps what both versions of the API sent
    "s3": "s3",
    "kms": "kms",
}


def is_installed() -> bool:
    """Return whether the engine's environment is installed."""
    return ENGINE_PYTHON.is_file()


class EngineRefusedError(Exception):
    """The engine refused a call of the harness."""


class InProcessEngine:
    """DynamoDB, SQS, S3, KMS, Secrets Manager and SES, with what the template has of them.

    The engine's modules hold the state, so a process has only one.
    """

    def __init__(self) -> None:
        packages = ENGINE_PYTHON.parent.parent / "lib" / "python3.13" / "site-packages"
        if str(packages) not in sys.path:
            # At the end: a package that both environments have comes from ours.
            sys.path.append(str(packages))
        logging.getLogger().addHandler(logging.NullHandler())  # or the engine sets up logging
        self._modules: dict[str, Any] = {
            service: import_module(f"ministack.services.{module}")
            for service, module in _MODULES.items()
        }
        for service in _MODULES:
            logging.getLogger(service).setLevel(logging.WARNING)

        # The functions' settings name a key, and environments keep their settings.
        self._keys = {
            name: self.call(
                "kms",
                "TrentService.CreateKey",
                KeyUsage=properties.get("KeyUsage", "ENCRYPT_DECRYPT"),
                KeySpec=properties.get("KeySpec", "SYMMETRIC_DEFAULT"),
            )["KeyMetadata"]["Arn"]
            for name, properties in template.of_type("AWS::KMS::Key").items()
        }

    def reset(self) -> None:
        """Empty all services but KMS and create the template's tables, queues and buckets."""
        for service, module in self._modules.items():
            if service != "kms":
                module.reset()
        numbers = count(1)
        # Message ids and receipts must be the same in each run of a seed.
        self._modules["sqs"].new_uuid = lambda: f"sqs-{next(numbers):06d}"
        for name, properties in template.of_type("AWS::DynamoDB::Table").items():
            self._create_table(name, properties)
        queues = template.of_type("AWS::SQS::Queue")
        # Dead-letter queues come first, because the other queues name them.
        for name in sorted(queues, key=lambda each: "RedrivePolicy" in queues[each]):
            self._create_queue(name, queues[name])
        for name in template.of_type("AWS::S3::Bucket"):
            self.answer("s3", "PUT", f"{URL}/{bucket_name(name)}", {}, b"")

    def answer(
        self, service: str, method: str, url: str, headers: Mapping[str, str], body: bytes
    ) -> Answer:
        """Answer a request as the engine's server would."""
        parts = urlsplit(url)
        path = parts.path
        if (bucket := parts.netloc.removesuffix(urlsplit(URL).netloc).removesuffix(".")) and (
            service == "s3"
        ):
            path = f"/{bucket}{path}"  # S3's clients put the bucket in front of the host
        lowered = {name.lower(): value for name, value in headers.items()}
        status, answered, content = run_without_waiting(
            self._modules[service].handle_request(
                method, path, lowered, body, dict(parse_qsl(parts.query, keep_blank_values=True))
            )
        )
        return status, answered, content if isinstance(content, bytes) else content.encode()

    def call(self, service: str, target: str, **parameters: Any) -> dict[str, Any]:  # noqa: ANN401  # JSON
        """Call an operation of a JSON service, without any fault.

        Args:
            service: The engine's name of the service.
            target: The ``X-Amz-Target`` header.
            parameters: The operation's parameters.

        Raises:
            EngineRefusedError: The answer's status is not 200.
        """
        headers = {"X-Amz-Target": target, "Content-Type": "application/x-amz-json-1.0"}
        body = json.dumps(parameters).encode()
        status, _, content = self.answer(service, "POST", f"{URL}/", headers, body)
        if status != 200:  # OK
            raise EngineRefusedError(f"{target}: {content!r}")
        return dict(json.loads(content or b"{}"))

    def sqs(self, operation: str, **parameters: Any) -> dict[str, Any]:  # noqa: ANN401  # JSON
        """Call an operation of SQS."""
        return self.call("sqs", f"AmazonSQS.{operation}", **parameters)

    def end_visibility_timeouts(self, queue: str) -> None:
        """Make all messages of a queue visible again.

        SQS delivers at least once. It may deliver a message to a second reader too early.
        """
        # Only a message's receiver has its receipt, so no operation of SQS can do this.
        for message in self._modules["sqs"]._queues[self.queue_url(queue)]["messages"]:  # noqa: SLF001  # see above
            message["visible_at"] = 0

    def queue_url(self, name: str) -> str:
        """Return the URL of a queue of the template."""
        return str(self.sqs("GetQueueUrl", QueueName=_queue_name(name))["QueueUrl"])

    def key_arn(self, name: str) -> str:
        """Return the ARN of a KMS key of the template."""
        return str(self._keys[name])

    def name_in_template(self, name: str) -> str:
        """Return the template's name of a table, a queue's URL, a bucket or a key's ARN."""
        names = {bucket_name(each): each for each in template.of_type("AWS::S3::Bucket")}
        names |= {arn: each for each, arn in self._keys.items()}
        return names.get(name, name.rpartition("/")[2].removesuffix(".fifo"))

    def scan(self, table: str) -> list[dict[str, Any]]:
        """Return all items of a table, in DynamoDB's JSON."""
        return list(self.call("dynamodb", "DynamoDB_20120810.Scan", TableName=table)["Items"])

    def verify_domain(self, domain: str) -> None:
        """Verify a domain, so that SES sends from it."""
        body = json.dumps({"EmailIdentity": domain}).encode()
        self.answer("sesv2", "POST", f"{URL}/v2/email/identities", {}, body)

    def sent_emails(self) -> list[str]:
        """Return the emails that were sent, as recipient and subject."""
        sent = self._modules["ses"]._sent_emails_list()  # noqa: SLF001  # the engine has no operation for it
        return [f"{each['To'][0]}: {each['Subject']}" for each in sent]

    def _create_table(self, name: str, properties: Mapping[str, Any]) -> None:
        wanted = ("AttributeDefinitions", "KeySchema", "GlobalSecondaryIndexes", "BillingMode")
        chosen = {key: properties[key] for key in wanted if key in properties}
        self.call("dynamodb", "DynamoDB_20120810.CreateTable", TableName=name, **chosen)

    def _create_queue(self, name: str, properties: Mapping[str, Any]) -> None:
        attributes = {}
        for key, value in properties.items():
            if key == "RedrivePolicy":
                target = _queue_name(value["deadLetterTargetArn"].removesuffix(".Arn"))
                arn = f"arn:aws:sqs:us-east-1:000000000000:{target}"
                attributes[key] = json.dumps(value | {"deadLetterTargetArn": arn})
            elif key not in {"SqsManagedSseEnabled", "KmsMasterKeyId", "Tags"}:
                plain = template.parameter(value)
                attributes[key] = str(plain).lower() if isinstance(plain, bool) else str(plain)
        self.sqs("CreateQueue", QueueName=_queue_name(name), Attributes=attributes)


def bucket_name(name: str) -> str:
    """Return the name of a bucket of the template."""
    return name.lower()


def _queue_name(name: str) -> str:
    is_fifo = template.of_type("AWS::SQS::Queue")[name].get("FifoQueue", False)
    return f"{name}.fifo" if is_fifo else name
