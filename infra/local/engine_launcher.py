"""Starts the local AWS engine and logs every IAM decision it makes.

Corrects three differences between the engine's IAM (1.5.33) and AWS's:

- AWS checks whether a caller may send from one identity. The engine checks all
  identities, which a policy that names its identities never allows.
- AWS shows a write's ``If-None-Match`` to a bucket's policy. The engine does not.
- AWS lets whoever may send a message also send a batch of them. The engine asks for
  an action ``sqs:SendMessageBatch``, which AWS does not have.

Runs on the engine's own interpreter (see ``requirements/ministack.in``), so it
imports nothing from this project. With the log, tests prove that every granted
action is used.
"""

import functools
import json
import sys
import threading
from email.utils import parseaddr
from pathlib import Path
from typing import Any, TextIO

from ministack import app  # type: ignore[import-not-found]
from ministack.core import iam_actions, iam_evaluator  # type: ignore[import-not-found]


def record_decisions(log: TextIO) -> None:
    """Write each IAM decision about a role as a line to a log.

    The engine looks `enforce` up in its module at each call, so replacing the
    attribute is enough. Root's calls are left out: root may do everything, and
    the deployment alone makes thousands of calls.
    """
    evaluate = iam_evaluator.enforce
    lock = threading.Lock()

    @functools.wraps(evaluate)
    def enforce_and_record(  # noqa: PLR0913, PLR0917 - the engine's own signature
        access_key_id: str,
        iam_action: str,
        service: str,
        region: str,
        resource_arn: str = "*",
        service_context: dict[str, Any] | None = None,
    ) -> Any:  # noqa: ANN401 - the engine's own type
        denied = evaluate(access_key_id, iam_action, service, region, resource_arn, service_context)
        caller = iam_evaluator.resolve_caller_identity(access_key_id)
        if caller is not None and not caller["userArn"].endswith(":root"):
            within = (service_context or {}).get("dynamodb:EnclosingOperation")
            decision = {
                "principal": caller["userArn"],
                "action": iam_action,
                "resource": resource_arn,
                "within": within[0] if within else None,
                "allowed": denied is None,
            }
            with lock:
                log.write(json.dumps(decision) + "\n")
                log.flush()
        return denied

    iam_evaluator.enforce = enforce_and_record


def name_sending_identity() -> None:
    """Make the sender's domain the resource of a sent mail, as AWS does.

    https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonsesv2.html
    """
    resource_of = iam_actions._ses_v2_resource_arn  # noqa: SLF001 - the engine has no public hook

    @functools.wraps(resource_of)
    def resource_with_sender(
        method: str, path: str, body: bytes, region: str, account_id: str
    ) -> str:
        if path.rstrip("/") != "/v2/email/outbound-emails":
            return str(resource_of(method, path, body, region, account_id))
        sender = parseaddr(json.loads(body).get("FromEmailAddress", ""))[1]
        return f"arn:aws:ses:{region}:{account_id}:identity/{sender.rpartition('@')[2]}"

    iam_actions._ses_v2_resource_arn = resource_with_sender  # noqa: SLF001 - the same


def name_batches_of_messages() -> None:
    """Check a batch of messages as the action on one message, as AWS does.

    https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_AddPermission.html
    """
    action_of = iam_actions.extract_iam_action

    @functools.wraps(action_of)
    def action_of_one(*request: Any) -> str | None:  # noqa: ANN401 - the engine's own types
        action: str | None = action_of(*request)
        if action is not None and action.startswith("sqs:"):
            return action.removesuffix("Batch")
        return action

    iam_actions.extract_iam_action = action_of_one


def show_conditional_writes() -> None:
    """Show a write's ``If-None-Match`` to policies, as AWS does.

    https://docs.aws.amazon.com/AmazonS3/latest/userguide/conditional-writes-enforce.html
    """
    context_of = iam_actions.s3_service_context

    @functools.wraps(context_of)
    def context_with_condition(
        iam_action: str,
        query_params: dict[str, Any] | None,
        path: str = "",
        headers: dict[str, str] | None = None,
    ) -> dict[str, Any]:
        context: dict[str, Any] = context_of(iam_action, query_params, path, headers)
        condition = (headers or {}).get("if-none-match")
        return context | ({"s3:if-none-match": condition} if condition else {})

    iam_actions.s3_service_context = context_with_condition


if __name__ == "__main__":
    with Path(sys.argv.pop(1)).open("a", encoding="utf-8") as decisions:
        record_decisions(decisions)
        name_sending_identity()
        name_batches_of_messages()
        show_conditional_writes()
        app.main()
