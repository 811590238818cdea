"""What a function made before Lambda's snapshot is refreshed after each restore."""

import json
import os
import random
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
import snapshot_restore_py  # type: ignore[import-untyped]  # it has no types

from infra.paths import ROOT
from shared.edge.snapshot import refresh_after_restore
from shared.gateways import aws
from shared.gateways.secrets import Secrets
from shared.gateways.stripe.connection import StripeConnection
from tests.bench.start_up import restored_functions, template_environment

_BY_SNAPSHOT = {"AWS_LAMBDA_INITIALIZATION_TYPE": "snap-start"}
# Imports each function's handler, and prints how many refreshes each has registered, and which of
# our models are still to be built when Lambda takes the snapshot.
_IMPORT = """
import importlib, json, os, sys
import snapshot_restore_py as snapshot
registered, counts = 0, {}
for name, environment in json.load(sys.stdin).items():
    os.environ |= environment
    importlib.import_module(f"functions.{name}.handler")
    now = len(snapshot.get_after_restore())
    registered, counts[name] = now, now - registered
for prepare, arguments, named in snapshot.get_before_snapshot():
    prepare(*arguments, **named)
from pydantic import BaseModel
models, unbuilt = BaseModel.__subclasses__(), []
for model in models:
    models += model.__subclasses__()
    if model.__module__.startswith(("functions.", "shared.")) and not model.__pydantic_complete__:
        unbuilt.append(model.__name__)
print(json.dumps({"counts": counts, "models": len(models), "unbuilt": unbuilt}))
"""


class _Secret(BaseHTTPRequestHandler):
    """Answers each call with another secret, on connections that stay open."""

    protocol_version = "HTTP/1.1"
    answered = 0
    connections = 0

    def setup(self) -> None:
        super().setup()
        type(self).connections += 1

    def do_POST(self) -> None:  # the name that http.server calls
        self.rfile.read(int(self.headers["Content-Length"]))
        type(self).answered += 1
        body = json.dumps({"SecretString": json.dumps({"api_key": f"sk_{self.answered}"})})
        self._answer(body.encode())

    def do_GET(self) -> None:  # the name that http.server calls
        self._answer(b'{"object": "charge", "id": "ch_1"}')

    def _answer(self, body: bytes) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    _Secret.answered = _Secret.connections = 0
    with ThreadingHTTPServer(("127.0.0.1", 0), _Secret) as running:
        threading.Thread(target=running.serve_forever, daemon=True).start()
        url = f"http://127.0.0.1:{running.server_port}"
        for name, value in {
            "AWS_ENDPOINT_URL": url,
            "AWS_ACCESS_KEY_ID": "test",
            "AWS_SECRET_ACCESS_KEY": "test",
            "AWS_DEFAULT_REGION": "us-east-1",
            "NO_PROXY": "127.0.0.1",
        }.items():
            monkeypatch.setenv(name, value)
        yield url
        running.shutdown()


@pytest.fixture
def registry(monkeypatch: pytest.MonkeyPatch) -> None:
    """A registry of its own, in an environment that starts from a snapshot."""
    monkeypatch.setattr(snapshot_restore_py, "_after_restore_registry", [])
    for name, value in _BY_SNAPSHOT.items():
        monkeypatch.setenv(name, value)


def restore() -> None:
    """Do what Lambda does after it has restored a snapshot."""
    for refresh, arguments, named in snapshot_restore_py.get_after_restore():
        refresh(*arguments, **named)


@pytest.mark.usefixtures("registry")
def test_environments_of_one_snapshot_draw_different_random_numbers() -> None:
    refresh_after_restore()
    snapshot = random.getstate()
    drawn = set()
    for _ in range(3):
        random.setstate(snapshot)
        restore()
        drawn.add(random.random())  # noqa: S311  # not used for security
    assert len(drawn) == 3


@pytest.mark.usefixtures("registry")
def test_connections_and_secrets_are_new_after_a_restore(server: str) -> None:
    secrets = Secrets(aws.client("secretsmanager"))
    connection = StripeConnection(server, lambda: secrets.stripe_api_key("arn"))
    refresh_after_restore(secrets.forget, connection.close)

    def use_both() -> str:
        connection.v1.charges.retrieve("ch_1", options=connection.options())
        return secrets.stripe_api_key("arn")

    assert (use_both(), _Secret.connections) == ("sk_1", 2)
    assert (use_both(), _Secret.connections) == ("sk_1", 2), "both are kept"
    restore()
    assert (use_both(), _Secret.connections) == ("sk_2", 4)


def test_without_a_snapshot_nothing_is_registered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(snapshot_restore_py, "_after_restore_registry", [])
    monkeypatch.setenv("AWS_LAMBDA_INITIALIZATION_TYPE", "on-demand")
    refresh_after_restore(lambda: None)
    assert not snapshot_restore_py.get_after_restore()


def test_every_function_with_a_snapshot_refreshes_what_it_made() -> None:
    names = restored_functions()
    environments = {name: template_environment(name) for name in names}
    done = subprocess.run(  # noqa: S603  # our own script
        [sys.executable, "-c", _IMPORT],
        input=json.dumps(environments),
        env={**os.environ, **_BY_SNAPSHOT, "AWS_DEFAULT_REGION": "us-east-1"},
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    found = json.loads(done.stdout)
    counts = found["counts"]
    assert counts.keys() == set(names)
    assert {"refund_request", "stripe_webhook"} <= counts.keys()
    assert min(counts.values()) >= 2
    assert (counts["refund_request"], counts["stripe_webhook"]) == (4, 3)
    assert found["unbuilt"] == []
    assert found["models"] > len(names)
