"""The API, as the demo calls it."""

from dataclasses import dataclass
from typing import Any

import httpx

from infra.local.console import Json, code_of, problem_of
from infra.local.stack import Stack
from infra.operate.failure import Failure


@dataclass(frozen=True)
class ApiUser:
    """The API, as one studio's people call it."""

    client: httpx.Client
    stack: Stack
    studio_id: str

    def send(  # noqa: PLR0913  # what a request is made of
        self,
        method: str,
        path: str,
        body: Json | None = None,
        *,
        role: str = "owner",
        key: str | None = None,
        params: dict[str, Any] | None = None,
    ) -> httpx.Response:
        """Send a request with the token of a role."""
        headers = {"Authorization": self.stack.tokens[self.studio_id][role]}
        if key is not None:
            headers["Idempotency-Key"] = key
        url = f"{self.stack.api_url}/{path}"
        return self.client.request(method, url, headers=headers, json=body, params=params)

    def get(self, path: str, **params: str | int) -> Json:
        """Read something that must be there.

        Raises:
            Failure: The API answers with a problem.
        """
        return _accepted(self.send("GET", path, params=params), path)

    def post(
        self, path: str, body: Json | None = None, *, role: str = "owner", key: str | None = None
    ) -> Json:
        """Do something that must be accepted.

        Raises:
            Failure: The API answers with a problem.
        """
        return _accepted(self.send("POST", path, body, role=role, key=key), path)

    def await_attention(self, refund_id: str) -> Json:
        """Return the list's entry of a refund, once the webhook has told of it."""
        for _ in range(100):
            for listed in self.get("attention")["items"]:
                if listed["refund_id"] == refund_id and listed["kind"] == "refund_failed":
                    found: Json = listed
                    return found
        message = f"the failed refund {refund_id} does not need attention"
        raise Failure(message)


def _accepted(answer: httpx.Response, path: str) -> Json:
    if not answer.is_success or code_of(answer):
        message = f"{path} was not accepted ({problem_of(answer)})"
        raise Failure(message)
    accepted: Json = answer.json()
    return accepted
