"""Forged tokens over HTTP: the authorizer refuses them, here as on AWS, or our code does.

MiniStack's authorizer checks what AWS's does: the signature (RS256, by the pool's published keys),
the issuer and the expiry. Neither checks the app client, nor refuses access tokens. Our code does
both. MiniStack does not keep users from writing their own attributes (see ``test_tokens``).
"""

import base64
import hashlib
import hmac
import json
import secrets
import time
from dataclasses import dataclass
from typing import Any

import httpx
import pytest

from tests.e2e.world import DIRECT_STUDIO, PLATFORM_STUDIO, DeployedStack, sign_in, until
from tests.local_http import HTTP

pytestmark = pytest.mark.stack


def encoded(value: object) -> str:
    raw = value if isinstance(value, bytes) else json.dumps(value).encode()
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")


def decoded(part: str) -> Any:  # noqa: ANN401  # JSON
    return json.loads(base64.urlsafe_b64decode(part + "=="))


@dataclass(frozen=True)
class Token:
    """A token in its three parts."""

    head: dict[str, Any]
    claims: dict[str, Any]
    signature: str

    @classmethod
    def of(cls, text: str) -> "Token":
        head, claims, signature = text.split(".")
        return cls(decoded(head), decoded(claims), signature)

    def with_(self, **changed: Any) -> str:  # noqa: ANN401  # claims
        """Return it with edited claims and the old signature."""
        return f"{encoded(self.head)}.{encoded(self.claims | changed)}.{self.signature}"

    def signed_by_another_key(self, **head: Any) -> str:  # noqa: ANN401  # a header
        """Return it signed with a key that is not the pool's: to the authorizer, any bytes."""
        text = f"{encoded(self.head | head)}.{encoded(self.claims)}"
        return f"{text}.{encoded(secrets.token_bytes(256))}"

    def signed_symmetrically(self, secret: bytes) -> str:
        """Return it signed as HS256 with the pool's public key as the secret."""
        text = f"{encoded(self.head | {'alg': 'HS256'})}.{encoded(self.claims)}"
        return f"{text}.{encoded(hmac.new(secret, text.encode(), hashlib.sha256).digest())}"

    def unsigned(self, alg: str, tail: str = "") -> str:
        return f"{encoded(self.head | {'alg': alg})}.{encoded(self.claims)}.{tail}"


@pytest.fixture(scope="module")
def forged(world: DeployedStack) -> dict[str, str]:
    """Forgeries made from a bookkeeper's good token."""
    good = Token.of(world.stack.tokens[PLATFORM_STUDIO]["bookkeeper"])
    (published,) = [
        key
        for key in HTTP.get(
            f"{world.stack.aws.endpoint_url}/{pool_of(world)}/.well-known/jwks.json"
        )
        .raise_for_status()
        .json()["keys"]
        if key["kid"] == good.head["kid"]
    ]
    public = base64.urlsafe_b64decode(published["n"] + "==")
    later = int(time.time()) + 10**7
    pool = good.claims["iss"].rpartition("/")[0]
    return {
        "alg none": good.unsigned("none"),
        "alg None": good.unsigned("nOnE"),
        "alg none with a signature": good.unsigned("none", good.signature),
        "alg none as owner": Token(
            good.head | {"alg": "none"}, good.claims | {"cognito:groups": ["owner"]}, ""
        ).with_(),
        "no alg": good.unsigned("", good.signature),
        "symmetric with a public key": good.signed_symmetrically(public),
        "symmetric with nothing": good.signed_symmetrically(b""),
        "another key": good.signed_by_another_key(),
        "another key, named": good.signed_by_another_key(kid="mine"),
        "another key, brought along": good.signed_by_another_key(jwk=published),
        "another key, from its own place": good.signed_by_another_key(
            jku="http://127.0.0.1:9/jwks"
        ),
        "key file of the host": good.signed_by_another_key(kid="../../../dev/null"),
        "another role": good.with_(**{"cognito:groups": ["owner"]}),
        "another studio": good.with_(**{"custom:studio_id": DIRECT_STUDIO}),
        "expires later": good.with_(exp=later),
        "another issuer": good.with_(iss="https://evil.example/pool"),
        "another pool": good.with_(iss=f"{pool}/us-east-1_theirs"),
        "signature cut": f"{good.with_()[:-8]}",
        "two parts": ".".join(good.with_().split(".")[:2]),
        "four parts": f"{good.with_()}.{good.signature}",
        "nothing in it": "..",
        "no JSON": f"{encoded(b'a')}.{encoded(b'b')}.{good.signature}",
        "a header injection": f"{good.with_()[:20]}\x20x-studio:st_fjord",
        "overlong": "a" * 7_000,
    }


KINDS = (
    *("alg none", "alg None", "alg none with a signature", "alg none as owner", "no alg"),
    *("symmetric with a public key", "symmetric with nothing"),
    *("another key", "another key, named", "another key, brought along"),
    *("another key, from its own place", "key file of the host"),
    *("another role", "another studio", "expires later", "another issuer", "another pool"),
    *("signature cut", "two parts", "four parts", "nothing in it", "no JSON"),
    *("a header injection", "overlong"),
)


def test_every_kind_is_tried(forged: dict[str, str]) -> None:
    assert set(KINDS) == forged.keys()


@pytest.mark.parametrize("prefix", ["", "Bearer "])
@pytest.mark.parametrize("kind", KINDS)
def test_a_forged_token_is_refused_by_the_gateway(
    world: DeployedStack, forged: dict[str, str], kind: str, prefix: str
) -> None:
    answer = world.call("GET", "/orders", token=f"{prefix}{forged[kind]}")
    assert answer.status_code == 401
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["code"] in {"unauthorized", "token_expired"}


def pool_of(world: DeployedStack) -> str:
    good = Token.of(world.stack.tokens[PLATFORM_STUDIO]["owner"])
    return str(good.claims["iss"]).rpartition("/")[2]


def client_of(world: DeployedStack) -> str:
    return str(Token.of(world.stack.tokens[PLATFORM_STUDIO]["owner"]).claims["aud"])


def assert_forbidden(answer: httpx.Response) -> None:
    assert (answer.status_code, answer.json()["code"]) == (403, "forbidden"), answer.text


def counted(world: DeployedStack, reason: str) -> bool | None:
    lines = world.log_lines("find_orders")
    return any("AccessRefused" in line and line.get("reason") == reason for line in lines) or None


def test_an_access_token_passes_the_gateway_and_our_code_refuses_it(world: DeployedStack) -> None:
    tokens = sign_in(world, pool_of(world), client_of(world))
    assert world.call("GET", "/orders", token=tokens["IdToken"]).status_code == 200
    assert_forbidden(world.call("GET", "/orders", token=tokens["AccessToken"]))
    until(lambda: counted(world, "token_use"), "the refusal is counted")


def test_another_app_clients_token_passes_the_gateway_and_our_code_refuses_it(
    world: DeployedStack,
) -> None:
    other = world.stack.aws.cognito.create_user_pool_client(
        UserPoolId=pool_of(world),
        ClientName="theirs",
        ExplicitAuthFlows=["ALLOW_ADMIN_USER_PASSWORD_AUTH"],
    )["UserPoolClient"]["ClientId"]
    assert_forbidden(
        world.call("GET", "/orders", token=sign_in(world, pool_of(world), other)["IdToken"])
    )
    until(lambda: counted(world, "audience"), "the refusal is counted")


def test_cognito_is_configured_to_keep_users_from_writing_their_studio(
    world: DeployedStack,
) -> None:
    cognito, pool = world.stack.aws.cognito, pool_of(world)
    client = cognito.describe_user_pool_client(UserPoolId=pool, ClientId=client_of(world))
    assert client["UserPoolClient"]["WriteAttributes"] == ["name"]
    schema = cognito.describe_user_pool(UserPoolId=pool)["UserPool"]["SchemaAttributes"]
    (studio,) = [each for each in schema if each["Name"] == "custom:studio_id"]
    assert studio["Mutable"] is False
