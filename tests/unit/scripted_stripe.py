"""A tiny HTTP server in Stripe's place that answers byte for byte as a test says."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

JSON = "application/json"
HTML = "text/html"


@dataclass(frozen=True)
class HttpAnswer:
    """An answer.

    Attributes:
        missing_bytes: How many bytes of the body are announced and never sent.
        dropped: Whether the connection is closed instead of an answer.
    """

    status: int
    body: bytes
    content_type: str = JSON
    headers: dict[str, str] = field(default_factory=dict)
    missing_bytes: int = 0
    dropped: bool = False


def json_answer(status: int, body: object, **headers: str) -> HttpAnswer:
    """Return an answer with a JSON body."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return HttpAnswer(status, json.dumps(body).encode(), headers=named)


def error_answer(status: int, code: str | None = None, **headers: str) -> HttpAnswer:
    """Return Stripe's error object with a status."""
    error = {"type": "invalid_request_error", "message": "No."} | ({"code": code} if code else {})
    return json_answer(status, {"error": error}, **headers)


DROPPED = HttpAnswer(0, b"", dropped=True)


@dataclass
class ScriptedStripe:
    """The answers that are still to come, and the keys of the requests so far.

    The last answer repeats.
    """

    url: str
    answers: list[HttpAnswer] = field(default_factory=list)
    keys: list[str | None] = field(default_factory=list)
    paths: list[str] = field(default_factory=list)

    def answers_with(self, *answers: HttpAnswer) -> None:
        """Set the answers to come."""
        self.answers = list(answers)

    def next(self) -> HttpAnswer:
        """Return the next answer."""
        return self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]


@contextmanager
def scripted_stripe() -> Iterator[ScriptedStripe]:
    """Run the server while the context lasts."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        wbufsize = 65_536  # one packet, so that the client's kernel does not wait for another

        def _answer(self) -> None:
            self.rfile.read(int(self.headers.get("Content-Length") or 0))
            script.keys.append(self.headers.get("Idempotency-Key"))
            script.paths.append(self.path)
            answer = script.next()
            self.close_connection = answer.dropped or answer.missing_bytes > 0
            if answer.dropped:
                return
            self.send_response(answer.status)
            self.send_header("Content-Type", answer.content_type)
            self.send_header("Content-Length", str(len(answer.body) + answer.missing_bytes))
            for name, value in answer.headers.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(answer.body)

        do_GET = do_POST = _answer  # noqa: N815  # the names that http.server calls

        def log_message(self, *_: object) -> None:
            """Log nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        script = ScriptedStripe(f"http://127.0.0.1:{server.server_port}")
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield script
        finally:
            server.shutdown()
            thread.join()
