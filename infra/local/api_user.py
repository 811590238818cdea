"""Calls the API as the users of one studio do."""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import httpx

from infra.failure import Failure
from infra.local.stack import Stack

_WAIT_SECONDS = 30
_POLL_SECONDS = 0.1

type Json = dict[str, Any]


@dataclass(frozen=True)
class ApiUser:
    """The users of one studio. Each request carries the token of one role.

    Args:
        client: The HTTP client.
        stack: The running stack.
        studio_id: The studio's id.
    """

    client: httpx.Client
    stack: Stack
    studio_id: str

    def send(  # noqa: PLR0913  # the parts of a request
        self,
        method: str,
        path: str,
        body: Json | None = None,
        *,
        role: str = "owner",
        key: str | None = None,
        params: dict[str, Any] | None = None,
    ) -> httpx.Response:
        """Send a request and return the answer, whatever it is.

        Args:
            method: The HTTP method.
            path: The path below the API's stage.
            body: The JSON body.
            role: The role whose token is sent.
            key: The Idempotency-Key.
            params: The query parameters.
        """
        headers = {"Authorization": self.stack.tokens[self.studio_id][role]}
        if key is not None:
            headers["Idempotency-Key"] = key
        url = f"{self.stack.api_url}/{path}"
        return self.client.request(method, url, headers=headers, json=body, params=params)

    def get(self, path: str, **params: str | int) -> Json:
        """Read a resource.

        Raises:
            Failure: The API answers with a problem.
        """
        return _accepted(self.send("GET", path, params=params), path)

    def pages(self, path: str, field: str) -> Iterator[Json]:
        """Read a list to its end and yield what is in a field of each page.

        Raises:
            Failure: The API answers with a problem.
        """
        cursor: dict[str, str] = {}
        while True:
            page = self.get(path, **cursor)
            yield from page[field]
            if page["next_cursor"] is None:
                return
            cursor = {"cursor": page["next_cursor"]}

    def post(
        self, path: str, body: Json | None = None, *, role: str = "owner", key: str | None = None
    ) -> Json:
        """Send a command and return the accepted result.

        Raises:
            Failure: The API answers with a problem.
        """
        return _accepted(self.send("POST", path, body, role=role, key=key), path)


def wait_for[Found](look: Callable[[], Found | None], what: str) -> Found:
    """Look again and again until something is found, and return it.

    Args:
        look: Returns what it found, or None.
        what: What is waited for, for the error message.

    Raises:
        Failure: Nothing is found in time.
    """
    deadline = time.monotonic() + _WAIT_SECONDS
    while (found := look()) is None:
        if time.monotonic() > deadline:
            raise Failure(f"Not in {_WAIT_SECONDS} s: {what}")
        time.sleep(_POLL_SECONDS)
    return found


def code_of(answer: httpx.Response) -> str:
    """Return the code of a problem answer, or an empty string for any other answer."""
    if answer.headers.get("content-type", "").startswith("application/problem+json"):
        return str(answer.json().get("code"))
    return ""


def problem_of(answer: httpx.Response) -> str:
    """Return an answer's status and its problem code, or the start of its text."""
    return f"{answer.status_code} {code_of(answer) or answer.text[:200]}"


def _accepted(answer: httpx.Response, path: str) -> Json:
    if not answer.is_success or code_of(answer):
        raise Failure(f"The API did not accept {path} ({problem_of(answer)})")
    accepted: Json = answer.json()
    return accepted
