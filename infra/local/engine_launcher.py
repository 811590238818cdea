"""Starts the local AWS engine and logs every IAM decision it makes.

Corrects what differs between the engine (1.5.33) and AWS:

- AWS checks whether a caller may send from one identity. The engine checks all
  identities, which a policy that names its identities never allows.
- AWS shows a write's ``If-None-Match`` to a bucket's policy. The engine does not.
- AWS lets whoever may send a message also send a batch of them. The engine asks for
  an action ``sqs:SendMessageBatch``, which AWS does not have.
- CloudFront reaches an API Gateway that is its origin. The engine refuses to.
- CloudFront compresses what its cache behavior says. The engine does not.
- A distribution has a domain of its own. The engine knows only generated ones.
- Cognito's ``/oauth2/revoke`` revokes a refresh token. The engine does not have it.
- A renewed ID token names the user's groups. The engine leaves them out.
- SES keeps a list of suppressed addresses, and a MAIL FROM domain for an identity. The
  engine has neither.
- CloudFormation gives the stack's parameters to SAM's transform. The engine gives it none.

It also spares the process that answers all requests two kinds of work:

- Workers share a function's unpacked code. The engine unpacks thousands of files for each
  cold start.
- It parses an expression of DynamoDB once. The engine parses it for each item that a query
  looks at.

Runs on the engine's own interpreter (see ``requirements/ministack.in``), so it
imports nothing from this project. With the log, tests prove that every granted
action is used.
"""

import functools
import gzip
import hashlib
import json
import os
import shutil
import sys
import tempfile
import threading
import zipfile
from email.utils import parseaddr
from pathlib import Path
from types import SimpleNamespace
from typing import Any, TextIO
from urllib.parse import parse_qs, unquote

from ministack import app  # type: ignore[import-not-found]
from ministack.core import iam_actions, iam_evaluator, lambda_runtime  # type: ignore[import-not-found]
from ministack.core.responses import json_response  # type: ignore[import-not-found]
from ministack.services import cloudfront, cognito, dynamodb, ses_v2  # type: ignore[import-not-found]
from ministack.services.cloudformation import changesets, engine, handlers  # type: ignore[import-not-found]
from samtranslator.translator import transform as sam  # type: ignore[import-not-found]

# The dashboard's domain on this machine: http://dashboard.cloudfront.localhost:PORT
DASHBOARD_LABEL = "dashboard"


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


def reach_api_from_cloudfront() -> None:
    """Let a distribution reach an API Gateway of this engine by its AWS host name."""
    fetch = cloudfront._fetch_from_origin  # noqa: SLF001 - the engine has no public hook

    @functools.wraps(fetch)
    async def fetch_from_api(origin: dict[str, Any], method: str, uri: str, *rest: Any) -> Any:  # noqa: ANN401 - the engine's own types
        api_id, _, service = origin["domain_name"].partition(".")
        if service.startswith("execute-api."):
            origin |= {
                "domain_name": "127.0.0.1",
                "http_port": int(os.environ["GATEWAY_PORT"]),
                "protocol_policy": "http-only",
            }
            uri = f"/_aws/execute-api/{api_id}{uri}"
        return await fetch(origin, method, uri, *rest)

    cloudfront._fetch_from_origin = fetch_from_api  # noqa: SLF001 - the same


def compress_pages() -> None:
    """Compress the page's files for browsers that can take it. The API's answers are its own.

    https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/ServingCompressedFiles.html
    """
    handle = cloudfront.handle_viewer_request
    compressed = ("text/", "application/javascript", "application/json", "image/svg+xml")

    @functools.wraps(handle)
    async def handle_and_compress(distribution: Any, method: str, path: str, *rest: Any) -> Any:  # noqa: ANN401 - the engine's own types
        status, headers, body = await handle(distribution, method, path, *rest)
        accepted = "gzip" in rest[2].get("accept-encoding", "")
        kind = headers.get("Content-Type", "")
        long = len(body) >= 1000  # noqa: PLR2004 - CloudFront's own limit
        if accepted and long and kind.startswith(compressed) and not path.startswith("/v1/"):
            body = gzip.compress(body, mtime=0)
            headers |= {"Content-Encoding": "gzip", "Vary": "Accept-Encoding"}
            headers.pop("Content-Length", None)
        return status, headers, body

    cloudfront.handle_viewer_request = handle_and_compress


def name_dashboard() -> None:
    """Give the only distribution a domain that is known beforehand."""
    find = cloudfront.find_distribution_for_label

    @functools.wraps(find)
    def find_by_our_name(label: str) -> Any:  # noqa: ANN401 - the engine's own type
        if label == DASHBOARD_LABEL:
            return next(iter(cloudfront._distributions.values()), None)  # noqa: SLF001 - the same
        return find(label)

    cloudfront.find_distribution_for_label = find_by_our_name


def revoke_refresh_tokens() -> None:
    """Answer ``POST /oauth2/revoke``, as Cognito's hosted login does.

    https://docs.aws.amazon.com/cognito/latest/developerguide/revocation-endpoint.html
    """
    handle = app._handle_cognito_body_request  # noqa: SLF001 - the engine has no public hook

    @functools.wraps(handle)
    async def handle_revocation(method: str, path: str, *rest: Any) -> Any:  # noqa: ANN401 - the engine's own types
        if (method, path) != ("POST", "/oauth2/revoke"):
            return await handle(method, path, *rest)
        form = {name: each[0] for name, each in parse_qs(rest[1].decode()).items()}
        asked = {"Token": form.get("token", ""), "ClientId": form.get("client_id", "")}
        return cognito._revoke_token(asked)  # noqa: SLF001 - the same

    app._handle_cognito_body_request = handle_revocation  # noqa: SLF001 - the same


def name_groups_in_renewed_tokens() -> None:
    """Put the user's present groups into a token that a refresh token renewed."""
    make = cognito._fake_token  # noqa: SLF001 - the engine has no public hook

    @functools.wraps(make)
    def make_with_groups(  # noqa: PLR0913, PLR0917 - the engine's own signature
        sub: str,
        pool_id: str,
        client_id: str,
        token_type: str = "access",  # noqa: S107 - the engine's own word
        username: str = "",
        user_attrs: dict[str, Any] | None = None,
        groups: list[str] | None = None,
        **rest: Any,  # noqa: ANN401 - the engine's own types
    ) -> str:
        if groups is None and username:
            users = cognito._get_pool_unscoped(pool_id)["_users"]  # noqa: SLF001 - the same
            groups = users[username].get("_groups", [])
        token: str = make(sub, pool_id, client_id, token_type, username, user_attrs, groups, **rest)
        return token

    cognito._fake_token = make_with_groups  # noqa: SLF001 - the same


def keep_suppression_list() -> None:
    """Answer SES's operations on suppressed addresses and on an identity's MAIL FROM domain.

    https://docs.aws.amazon.com/ses/latest/APIReference-V2/API_GetSuppressedDestination.html
    https://docs.aws.amazon.com/ses/latest/APIReference-V2/API_PutEmailIdentityMailFromAttributes.html
    """
    handle = ses_v2.handle_request
    suppressed: dict[str, str] = {}

    @functools.wraps(handle)
    async def handle_more(method: str, path: str, headers: Any, body: bytes, query: Any) -> Any:  # noqa: ANN401 - the engine's own types
        parts = [unquote(each) for each in path.removeprefix("/v2/email/").split("/")]
        if parts[:2] == ["suppression", "addresses"]:
            answer = _suppression(suppressed, method, parts[2:], body)
            if answer is not None:
                return answer
        if method == "PUT" and parts[0] == "identities" and parts[-1] == "mail-from":
            identity = ses_v2._identities.get(parts[1])  # noqa: SLF001 - the same
            if identity is not None:
                wanted = json.loads(body)
                identity["MailFromAttributes"] = wanted | {"MailFromDomainStatus": "PENDING"}
                return json_response({})
        return await handle(method, path, headers, body, query)

    ses_v2.handle_request = handle_more


def _suppression(suppressed: dict[str, str], method: str, rest: list[str], body: bytes) -> Any:  # noqa: ANN401 - the engine's own types
    """Return the answer about a suppressed address, or None if it is the engine's to answer."""
    if method == "PUT":
        wanted = json.loads(body)
        suppressed[wanted["EmailAddress"]] = wanted["Reason"]
        return json_response({})
    if method == "GET" and rest and rest[0] in suppressed:
        found = {"EmailAddress": rest[0], "Reason": suppressed[rest[0]], "LastUpdateTime": 0}
        return json_response({"SuppressedDestination": found})
    return None


class _SharedZipFile(zipfile.ZipFile):
    """An archive that is unpacked once. Later folders are links to the first."""

    _lock = threading.Lock()

    def extractall(self, path: Any = None, *rest: Any) -> None:  # noqa: ANN401 - its base's types
        """Link the folder, which must be empty, to what the archive has."""
        with Path(str(self.filename)).open("rb") as archive:
            digest = hashlib.file_digest(archive, "sha256").hexdigest()
        shared = Path(tempfile.gettempdir()) / "unpacked" / digest
        with self._lock:
            if not shared.exists():
                shared.parent.mkdir(exist_ok=True)
                unpacking = Path(tempfile.mkdtemp(dir=shared.parent))
                super().extractall(unpacking, *rest)
                try:
                    unpacking.rename(shared)
                except OSError:  # another process of the engine was faster
                    shutil.rmtree(unpacking)
        Path(path).rmdir()
        Path(path).symlink_to(shared)


def give_parameters_to_sam() -> None:
    """Let SAM resolve the stack's parameters where it needs their values, as on AWS."""
    apply, transform = engine._apply_transforms, sam.transform  # noqa: SLF001  # no public hook
    known = threading.local()

    @functools.wraps(apply)
    def apply_with_parameters(template: Any, provided: Any = None, previous: Any = None) -> Any:  # noqa: ANN401  # the engine's own types
        known.parameters = engine._transform_parameters(template, provided, previous)  # noqa: SLF001  # no public hook
        return apply(template, provided, previous)

    @functools.wraps(transform)
    def transform_with_parameters(template: Any, _none: Any, policies: Any) -> Any:  # noqa: ANN401  # SAM's own types
        return transform(template, known.parameters, policies)

    changesets._apply_transforms = apply_with_parameters  # noqa: SLF001  # no public hook
    handlers._apply_transforms = apply_with_parameters  # noqa: SLF001  # no public hook
    sam.transform = transform_with_parameters


def share_unpacked_code() -> None:
    """Let the workers of a function share its code, which no function may write to."""
    lambda_runtime.zipfile = SimpleNamespace(
        ZipFile=_SharedZipFile,
        BadZipFile=zipfile.BadZipFile,
        LargeZipFile=zipfile.LargeZipFile,
    )


def parse_expressions_once() -> None:
    """Keep what the engine makes of an expression's text alone. It never changes that."""
    for name in ("_tokenize", "_condition_syntax_error"):
        parse = getattr(dynamodb, name)
        setattr(dynamodb, name, functools.lru_cache(maxsize=4096)(parse))


if __name__ == "__main__":
    with Path(sys.argv.pop(1)).open("a", encoding="utf-8") as decisions:
        record_decisions(decisions)
        name_sending_identity()
        name_batches_of_messages()
        show_conditional_writes()
        reach_api_from_cloudfront()
        compress_pages()
        name_dashboard()
        revoke_refresh_tokens()
        name_groups_in_renewed_tokens()
        keep_suppression_list()
        give_parameters_to_sam()
        share_unpacked_code()
        parse_expressions_once()
        app.main()
