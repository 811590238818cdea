"""Acts on the deployed stack as staff, as Stripe and as an operator."""

import hashlib
import hmac
import itertools
import json
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import batched
from typing import TYPE_CHECKING, Any

import httpx
from botocore.exceptions import ClientError

from infra.local.stack import Stack
from infra.local.stripe_server import STANDIN_KEY, Standin, charge_of
from shared.gateways.ledger_entries import read_contents
from tests.records import order_record

if TYPE_CHECKING:
    from mypy_boto3_cognito_idp.type_defs import AuthenticationResultTypeTypeDef

PLATFORM_STUDIO = "st_lakeside"
DIRECT_STUDIO = "st_fjord"
YEN_STUDIO = "st_sakura"

_CURRENCY = {PLATFORM_STUDIO: "usd", DIRECT_STUDIO: "eur", YEN_STUDIO: "jpy"}
_ACCOUNT = {DIRECT_STUDIO: "acct_1FjordSportFoto00"}

type Json = dict[str, Any]


class DeployedStack:
    """The running stack and its three studios.

    Args:
        stack: The stack of this test run.
    """

    def __init__(self, stack: Stack) -> None:
        assert stack.standin is not None
        self.stack = stack
        self.standin: Standin = stack.standin
        self.http = httpx.Client(timeout=180, trust_env=False)
        self._ids = itertools.count(1)
        self._run = uuid.uuid4().hex[:8]

    # Orders.

    def order(self, studio_id: str = PLATFORM_STUDIO, **changes: Any) -> Json:  # noqa: ANN401  # an import record's fields
        """Return an import record of an order of 10000 minor units, with changes."""
        name = f"{self._run}x{next(self._ids)}"
        account = _ACCOUNT.get(studio_id)
        record = order_record(name, studio_id, account_id=account, currency=_CURRENCY[studio_id])
        return record | changes

    def sell(self, studio_id: str = PLATFORM_STUDIO, **changes: Any) -> str:  # noqa: ANN401  # an import record's fields
        """Sell an order: its charge is at Stripe, and its sale in the ledger. Return its id."""
        record = self.order(studio_id, **changes)
        self.import_orders([record])
        return str(record["order_id"])

    def import_orders(self, records: list[Json]) -> None:
        """Make the orders' charges, import them, and wait until their sales are in the ledger."""
        charged = [each for each in records if each["stripe"]["charge_id"]]
        for charges in batched(map(charge_of, charged), 500, strict=False):
            self.control("charges", charges=list(charges))
        for lines in batched(map(json.dumps, records), 200, strict=False):
            report = self.invoke("import_orders", {"orders": list(lines)})
            assert report["imported"] == len(lines), report
        for studio_id in {each["studio_id"] for each in charged}:
            wanted = {each["order_id"] for each in charged if each["studio_id"] == studio_id}
            until(
                lambda: wanted <= self._sold(studio_id) or None,  # noqa: B023  # called at once
                "the charges are verified",
                seconds=120,
            )

    def _sold(self, studio_id: str) -> set[str | int | None]:
        entries = self.entries(studio_id)
        return {each.get("order_id") for each in entries if each["kind"] == "sale"}

    # Staff.

    def call(  # noqa: PLR0913  # what a request is made of
        self,
        method: str,
        path: str,
        body: object = None,
        *,
        role: str = "owner",
        studio_id: str = PLATFORM_STUDIO,
        token: str | None = None,
        headers: dict[str, str] | None = None,
    ) -> httpx.Response:
        """Send a request to the API with the token of a role, or a given one."""
        token = self.stack.tokens[studio_id][role] if token is None else token
        sent = {"Authorization": token} if token else {}
        content = body if isinstance(body, (bytes, str)) else None
        return self.http.request(
            method,
            f"{self.stack.api_url}{path}",
            content=content,
            json=None if content is not None or body is None else body,
            headers={"Content-Type": "application/json", **sent, **(headers or {})},
        )

    def request_refund(  # noqa: PLR0913  # what a request is made of
        self,
        order_id: str,
        choice: object,
        *,
        key: str | None = None,
        studio_id: str = PLATFORM_STUDIO,
        role: str = "owner",
        token: str | None = None,
    ) -> httpx.Response:
        """Request a refund, with a new idempotency key unless one is given."""
        return self.call(
            "POST",
            f"/orders/{order_id}/refunds",
            choice,
            studio_id=studio_id,
            role=role,
            token=token,
            headers={"Idempotency-Key": key or uuid.uuid4().hex},
        )

    def sign_in(self, user_id: str) -> str:
        """Sign in a user with a new password, and return their ID token."""
        environment = self.environment("find_orders")
        pool = environment["TOKEN_ISSUER"].rpartition("/")[2]
        password = f"{uuid.uuid4().hex}!aA1"  # one of each kind that the pool asks for
        cognito = self.stack.aws.cognito
        cognito.admin_set_user_password(
            UserPoolId=pool, Username=user_id, Password=password, Permanent=True
        )
        signed_in = cognito.admin_initiate_auth(
            UserPoolId=pool,
            ClientId=environment["TOKEN_CLIENT_ID"],
            AuthFlow="ADMIN_USER_PASSWORD_AUTH",
            AuthParameters={"USERNAME": user_id, "PASSWORD": password},
        )
        return signed_in["AuthenticationResult"]["IdToken"]

    def refund(self, order_id: str, choice: Json, studio_id: str = PLATFORM_STUDIO) -> Json:
        """Request a refund that must be accepted, and return it."""
        answer = self.request_refund(
            order_id, {"reason": "quality_issue", **choice}, studio_id=studio_id
        )
        assert answer.status_code == 201, answer.text
        return dict(answer.json())

    def read(self, refund: Json, studio_id: str = PLATFORM_STUDIO) -> Json:
        """Read a refund."""
        path = f"/orders/{refund['order_id']}/refunds/{refund['refund_id']}"
        answer = self.call("GET", path, studio_id=studio_id)
        assert answer.status_code == 200, answer.text
        return dict(answer.json())

    def await_status(self, refund: Json, status: str, studio_id: str = PLATFORM_STUDIO) -> Json:
        """Wait until a refund has a status, and return it."""

        def arrived() -> Json | None:
            found = self.read(refund, studio_id)
            return found if found["status"] == status else None

        return until(arrived, f"refund {refund['refund_id']} {status}")

    # Stripe.

    def control(self, path: str, **body: Any) -> Json:  # noqa: ANN401  # JSON in
        """Tell the stand-in to do something."""
        return self.standin.control(path, body)

    def stripe(
        self,
        method: str,
        path: str,
        account: str | None = None,
        **params: Any,  # noqa: ANN401  # form fields
    ) -> Json:
        """Call Stripe's API."""
        headers = {"Authorization": f"Bearer {STANDIN_KEY}"}
        if account:
            headers["Stripe-Account"] = account
        sent: Json = {"params": params} if method == "GET" else {"data": params}
        answer = self.http.request(method, f"{self.standin.url}/v1/{path}", headers=headers, **sent)
        assert answer.is_success, answer.text
        return dict(answer.json())

    def stripe_requests(self, charge_or_fee: str) -> list[Json]:
        """Return the requests to Stripe about a charge or an application fee."""
        answer = self.http.get(f"{self.standin.url}/_standin/requests").json()
        return [each for each in answer["requests"] if charge_or_fee in json.dumps(each)]

    def webhook_secret(self, endpoint: str = "platform") -> str:
        """Return the secret that Stripe signs an endpoint's events with."""
        arn = self.environment("stripe_webhook")["STRIPE_WEBHOOK_SECRET_ARN"]
        value = self.stack.aws.secrets.get_secret_value(SecretId=arn)["SecretString"]
        return str(json.loads(value)[endpoint][0])

    def send_webhook(
        self,
        payload: bytes,
        *,
        secret: str | None = None,
        age: int = 0,
        header: str | None = None,
    ) -> httpx.Response:
        """Send a body to the webhook as Stripe would, signed ``age`` seconds ago."""
        if header is None:
            header = signature(payload, secret or self.webhook_secret(), int(time.time()) - age)
        return self.http.post(
            f"{self.stack.api_url}/webhooks/stripe",
            content=payload,
            headers={"Content-Type": "application/json"}
            | ({"Stripe-Signature": header} if header else {}),
        )

    @contextmanager
    def webhooks_held(self) -> Iterator[None]:
        """Keep the stand-in from delivering while the context lasts."""
        self.control("webhooks", mode="hold")
        try:
            yield
        finally:
            self.control("webhooks", mode="auto")

    # Operators.

    def invoke(self, function: str, event: object) -> Json:
        """Call a function by hand."""
        answer = self.stack.aws.lambda_.invoke(
            FunctionName=self.stack.functions[function], Payload=json.dumps(event).encode()
        )
        result = json.loads(answer["Payload"].read())
        assert not answer.get("FunctionError"), result
        return dict(result)

    def environment(self, function: str) -> dict[str, str]:
        """Return a function's environment, as the template gave it."""
        found = self.stack.aws.lambda_.get_function_configuration(
            FunctionName=self.stack.functions[function]
        )
        return dict(found["Environment"]["Variables"])

    def log_lines(self, function: str) -> list[Json]:
        """Return the JSON lines that a function's code logged, without Lambda's own lines."""
        lines = self.stack.log_lines(function)
        return [json.loads(line) for line in lines if line.startswith("{")]

    def close(self) -> None:
        """Close the connections."""
        self.http.close()

    def entries(self, studio_id: str = PLATFORM_STUDIO) -> list[dict[str, str | int]]:
        """Return a studio's ledger."""
        return list(read_contents(self.stack.aws.dynamodb, self.stack.tables["ledger"], studio_id))

    def entries_of(self, order_id: str, studio_id: str = PLATFORM_STUDIO) -> list[Json]:
        """Return an order's ledger entries."""
        return [dict(e) for e in self.entries(studio_id) if e.get("order_id") == order_id]


def signature(payload: bytes, secret: str, at: int) -> str:
    """Sign a payload as Stripe does."""
    signed = hmac.new(secret.encode(), f"{at}.".encode() + payload, hashlib.sha256).hexdigest()
    return f"t={at},v1={signed}"


def until[Found](look: Callable[[], Found | None], what: str, seconds: float = 40) -> Found:
    """Look repeatedly until something is found, and return it.

    Raises:
        AssertionError: Nothing was found in time.
    """
    deadline = time.monotonic() + seconds
    while True:
        found = look()
        if found is not None:
            return found
        assert time.monotonic() < deadline, f"not in {seconds} s: {what}"
        time.sleep(0.1)


def said(answer: httpx.Response) -> Json:
    """Return an answer without the id of its request."""
    return {name: value for name, value in answer.json().items() if name != "request_id"}


def named_user(
    world: DeployedStack, called: str, role: str = "owner", *, studio_id: str = PLATFORM_STUDIO
) -> str:
    """Create a user who has a name. Return their ID token."""
    settings = world.environment("find_orders")
    pool, client = settings["TOKEN_ISSUER"].rpartition("/")[2], settings["TOKEN_CLIENT_ID"]
    return sign_in(world, pool, client, role, called, studio_id=studio_id)["IdToken"]


def refused(call: Any, **arguments: Any) -> bool:  # noqa: ANN401  # any client's method
    """Return whether IAM refuses a call."""
    try:
        call(**arguments)
    except ClientError as error:
        return error.response["Error"]["Code"] in {
            "AccessDeniedException",
            "AccessDenied",
            "AccessDeniedError",
        }
    return False


def sign_in(  # noqa: PLR0913  # what a user is made of
    world: DeployedStack,
    pool: str,
    client: str,
    role: str = "owner",
    called: str | None = None,
    *,
    studio_id: str = PLATFORM_STUDIO,
) -> "AuthenticationResultTypeTypeDef":
    """Create a user in a pool, sign them in and return their tokens."""
    cognito = world.stack.aws.cognito
    name, password = f"{role}-{uuid.uuid4().hex[:8]}", uuid.uuid4().hex + "aA1!"
    cognito.admin_create_user(
        UserPoolId=pool,
        Username=name,
        MessageAction="SUPPRESS",
        UserAttributes=[
            {"Name": "custom:studio_id", "Value": studio_id},
            {"Name": "name", "Value": called or ""},
        ],
    )
    cognito.admin_set_user_password(
        UserPoolId=pool, Username=name, Password=password, Permanent=True
    )
    cognito.admin_add_user_to_group(UserPoolId=pool, Username=name, GroupName=role)
    return cognito.admin_initiate_auth(
        UserPoolId=pool,
        ClientId=client,
        AuthFlow="ADMIN_USER_PASSWORD_AUTH",
        AuthParameters={"USERNAME": name, "PASSWORD": password},
    )["AuthenticationResult"]
