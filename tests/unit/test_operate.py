"""The operator command prints one line and no traceback without a stack or with wrong arguments."""

import json
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from infra.operate import stack as operated
from tests.operate import OPERATIONS, failure_of, operate

WRONG_USE = (
    (("restart",), "No such command 'restart'"),
    (("stop", "--by", "op_1", "--why", "test"), "Missing argument 'WHAT'"),
    (
        ("stop", "webhooks", "--by", "op_1", "--why", "test"),
        "'webhooks' is not one of",
    ),
    (("stop", "refunds", "--by", "op_1"), "Missing option '--why'"),
    (("start", "refunds", "--why", "test"), "Missing option '--by'"),
    (("import", "orders"), "Missing argument 'FILE'"),
    (("import", "template", "parents"), "Invalid value for 'kind'"),
    (("dead-letters",), "Missing command"),
    (("dead-letters", "fix", "m_1"), "Missing option '--set'"),
    (("dead-letters", "fix", "m_1", "--set", "refund_id"), "write --set FIELD=VALUE"),
    (("dead-letters", "redrive", "--by", "op_1"), "name one message, or write --all"),
    (("dead-letters", "redrive", "m_1", "--all", "--by", "op_1"), "name one message"),
    (("dead-letters", "redrive", "m_1"), "Missing option '--by'"),
    (("dead-letters", "discard", "m_1", "--by", "op_1"), "Missing option '--why'"),
    (("mail-domain", "add", "st_1"), "unexpected extra argument"),
    (("reconcile", "--since", "noon"), "noon is not a time"),
    (("reconcile", "--since", "2026-11-25T09:00:00"), "has no time zone"),
    (("foreign", "acknowledge", "--by", "op_1"), "Missing argument 'ID...'"),
    (("foreign", "acknowledge", "re_1", "--by", "op_1"), "Missing option '--why'"),
    (("resume", "now"), "unexpected extra argument"),
    (("verify-ledger", "--orders-table", "orders"), "No such option: --orders-table"),
    (("payouts", "now", "--by", "op_1"), "Missing argument 'STUDIO'"),
    (("payouts", "release", "st_1", "--by", "op_1"), "Missing option '--why'"),
    (("adjustments", "propose", "--studio", "st_1"), "Missing option '--amount'"),
    (("adjustments", "approve", "adj_1", "--studio", "st_1"), "Missing option '--by'"),
    (("adjustments", "reject", "adj_1", "--by", "op_1"), "Missing option '--studio'"),
    (("anchors", "now", "st_1"), "unexpected extra argument"),
    (("anchors", "show", "--since"), "No such option: --since"),
    (("migrate", "run", "all", "--by", "op_1"), "'all' is not one of 'search-words', 'schema'"),
    (("migrate", "run", "search-words"), "Missing option '--by'"),
    (("erase", "--studio", "st_1", "--by", "op_1", "--why", "x"), "in exactly one way"),
    (
        ("erase", "--older-than", "7d", "--by", "op_1", "--why", "x"),
        "7d is not an age in years such as 7y",
    ),
    (("erase", "--studio", "st_1", "--order", "ord_1", "--by", "op_1"), "Missing option '--why'"),
    (("personal-data", "--order", "ord_1"), "Missing option '--studio'"),
    (("restore", "stop", "--to"), "No such option: --to"),
    (("restore", "tables", "--to", "2026-11-25"), "has no time zone"),
    (("restore", "replay"), "Missing option '--since'"),
    (("restore", "start", "--by", "op_1"), "Missing option '--why'"),
    (("audit",), "Missing option '--since'"),
    (("users", "list"), "Missing option '--studio'"),
    (("users", "disable", "user_1", "--studio", "st_1"), "Missing option '--by'"),
    (("users", "adopt"), "Missing option '--by'"),
    (("stripe", "roll"), "Missing argument"),
    (("stripe", "store-key"), "Missing argument"),
    (("stripe", "store-key", "everything"), "'everything' is not one of"),
    (("stripe", "roll", "both"), "'both' is not one of"),
    (("stripe", "roll", "connect", "--now"), "it needs --end"),
)


def described(url: str) -> str:
    """Return what `stack.json` says about a stack at an address."""
    return json.dumps(
        {"aws_endpoint_url": url, "region": "us-east-1", "api_url": "", "stripe_api_key": ""}
    )


def test_without_an_operation_it_shows_help() -> None:
    result = operate()
    assert result.exit_code == 0
    for operation in {arguments[0] for arguments in OPERATIONS}:
        assert operation in result.output


@pytest.mark.parametrize("arguments", OPERATIONS, ids=" ".join)
def test_every_operation_says_that_no_local_stack_runs(
    arguments: tuple[str, ...], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(operated, "LOCAL", tmp_path)
    result = operate(*arguments)
    assert "Start one with `make run`" in failure_of(result)
    assert (result.exit_code, result.stdout) == (1, "")


@pytest.mark.parametrize(("arguments", "message"), WRONG_USE, ids=str)
def test_wrong_arguments_print_one_line_that_names_the_help(
    arguments: tuple[str, ...], message: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(operated, "LOCAL", tmp_path)
    result = operate(*arguments)
    line = failure_of(result)
    assert message in line
    assert line.endswith(" --help`.")
    assert result.exit_code == 2


def test_a_local_stack_that_was_killed_does_not_answer(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "stack.json").write_text(described("http://127.0.0.1:9"))
    monkeypatch.setattr(operated, "LOCAL", tmp_path)
    assert "No local stack is running. Start one with `make run`" in failure_of(operate("resume"))


@pytest.mark.parametrize("content", ["", "not JSON", "[]", "{}", '{"region": 7}', "\xff"])
def test_a_stack_file_with_anything_else_in_it_is_no_running_stack(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, content: str
) -> None:
    (tmp_path / "stack.json").write_bytes(content.encode("latin-1"))
    monkeypatch.setattr(operated, "LOCAL", tmp_path)
    assert "No local stack is running" in failure_of(operate("resume"))


def test_a_file_in_place_of_the_stack_s_folder_is_no_running_stack(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "local").write_text("")
    monkeypatch.setattr(operated, "LOCAL", tmp_path / "local")
    assert "No local stack is running" in failure_of(operate("resume"))


def test_the_local_stack_reads_no_profile_and_uses_no_proxy(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_PROFILE", "nosuch")
    for name in ("http_proxy", "HTTP_PROXY", "https_proxy", "HTTPS_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    with HTTPServer(("127.0.0.1", 0), _NoStacks) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        url = f"http://127.0.0.1:{server.server_port}"
        (tmp_path / "stack.json").write_text(described(url))
        monkeypatch.setattr(operated, "LOCAL", tmp_path)
        assert "There is no stack" in failure_of(operate("resume"))
        server.shutdown()


class _NoStacks(BaseHTTPRequestHandler):
    """CloudFormation without stacks: answers each call as AWS does."""

    def do_POST(self) -> None:  # the name that http.server calls
        body = (
            b'<ErrorResponse xmlns="http://cloudformation.amazonaws.com/doc/2010-05-15/"><Error>'
            b"<Code>ValidationError</Code><Message>no stack</Message></Error></ErrorResponse>"
        )
        self.send_response(400)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass


def test_a_named_stack_needs_a_region_and_credentials(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("REGION", "AWS_REGION", "AWS_DEFAULT_REGION", "AWS_PROFILE", "AWS_ACCESS_KEY_ID"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_CONFIG_FILE", "/dev/null")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", "/dev/null")
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    assert "Set AWS_REGION" in failure_of(operate("resume", "--stack", "pps-refunds"))
    monkeypatch.setenv("AWS_REGION", "us-east-1")
    assert "Unable to locate credentials" in failure_of(operate("resume", "--stack", "pps-refunds"))
