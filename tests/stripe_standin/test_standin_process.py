"""The process: its state file, its command line and its errors at the start."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest
import stripe

from infra.stripe_standin import RunningStandin, create_app, running_standin
from infra.stripe_standin.state_file import StateFileError
from tests.local_http import HTTP
from tests.stripe_standin.seeds import CONNECTED_ACCOUNT, DIRECT_CHARGE
from tests.stripe_standin.webhook_receiver import Receiver

REPOSITORY = Path(__file__).parents[2]


def client_of(standin: RunningStandin) -> stripe.StripeClient:
    return stripe.StripeClient(
        standin.api_key, base_addresses={"api": standin.url}, max_network_retries=0
    )


@contextmanager
def run_command(*arguments: str) -> Iterator[subprocess.Popen[str]]:
    with subprocess.Popen(  # noqa: S603 - our own command
        [sys.executable, "-m", "infra.stripe_standin", *arguments],
        cwd=REPOSITORY,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONUNBUFFERED": "1"},
    ) as process:
        try:
            yield process
        finally:
            # A failed test leaves the process running, and closing the pipes waits for its end.
            process.kill()


def test_state_survives_a_clean_stop(tmp_path: Path, receiver: Receiver) -> None:
    state_file = tmp_path / "standin.json"
    on_account: stripe.RequestOptions = {
        "stripe_account": CONNECTED_ACCOUNT,
        "idempotency_key": "k",
    }
    with running_standin(state_file=state_file) as standin:
        with httpx.Client(base_url=standin.control_url) as control:
            control.post("/charges", json={"charges": [DIRECT_CHARGE]}).raise_for_status()
            control.post("/webhooks", json={"mode": "hold", "delay_s": 0})
            control.post("/clock", json={"advance_s": 3600})
        client = client_of(standin)
        client.v1.webhook_endpoints.create(
            {"url": receiver.url, "enabled_events": ["refund.created"], "connect": True}
        )
        refund = client.v1.refunds.create(
            {"charge": "ch_1", "amount": 4000, "refund_application_fee": True}, on_account
        )
        client.v1.transfers.create(
            {"amount": 5, "currency": "usd", "destination": CONNECTED_ACCOUNT}
        )

    with running_standin(state_file=state_file) as standin:
        client = client_of(standin)
        with httpx.Client(base_url=standin.control_url) as control:
            assert control.get("/clock").json()["offset_s"] == 3600
            assert (
                control.post("/charges", json={"charges": [DIRECT_CHARGE]}).json()["unchanged"] == 1
            )
            again = client.v1.refunds.create(
                {"charge": "ch_1", "amount": 4000, "refund_application_fee": True}, on_account
            )
            assert again.id == refund.id
            charge = client.v1.charges.retrieve("ch_1", {}, {"stripe_account": CONNECTED_ACCOUNT})
            assert charge.amount_refunded == 4000
            assert client.v1.application_fees.retrieve("fee_1").amount_refunded == 600
            assert len(client.v1.transfers.list().data) == 1
            # The held event is still held. Auto mode delivers it.
            assert [e["refund_id"] for e in control.get("/webhooks").json()["queue"]] == [refund.id]
            control.post("/webhooks", json={"mode": "auto"})
        receiver.wait_for(1)
    assert [path.name for path in tmp_path.iterdir()] == ["standin.json"]


def test_charges_disputes_and_accounts_survive_a_clean_stop(tmp_path: Path) -> None:
    state_file = tmp_path / "standin.json"
    pending = DIRECT_CHARGE | {"state": "pending"}
    disputed = {"id": "ch_2", "payment_intent": None, "amount": 500, "currency": "usd", "fee": 45}
    settlement = {"currency": "eur", "exchange_rate": "0.92"}
    with (
        running_standin(state_file=state_file) as standin,
        httpx.Client(base_url=standin.control_url) as control,
    ):
        body = {"charges": [pending, disputed | {"settlement": settlement}]}
        control.post("/charges", json=body).raise_for_status()
        control.post("/disputes", json={"charge": "ch_2"}).raise_for_status()
        control.post("/accounts/acct_left", json={"access": "closed"}).raise_for_status()

    with (
        running_standin(state_file=state_file) as standin,
        httpx.Client(base_url=standin.control_url) as control,
    ):
        client = client_of(standin)
        assert control.post("/charges", json=body).json() == {"created": 0, "unchanged": 2}
        control.post("/charges/ch_1", json={"state": "paid"}).raise_for_status()
        assert client.v1.application_fees.retrieve("fee_1").amount == 1500
        (dispute,) = client.v1.disputes.list({"charge": "ch_2"}).data
        control.post(f"/disputes/{dispute.id}", json={"status": "won"}).raise_for_status()
        with pytest.raises(stripe.PermissionError):
            client.v1.charges.list({}, {"stripe_account": "acct_left"})
        # 500 at 0.92, less the two fees.
        balance = client.v1.balance.retrieve()
        held = {each.currency: each.amount for each in balance.pending}
        assert held == {"eur": 460 - 45 - 1500, "usd": 1500}


def test_queued_deliveries_continue_after_a_restart(tmp_path: Path, receiver: Receiver) -> None:
    state_file = tmp_path / "standin.json"
    with running_standin(state_file=state_file) as standin:
        with httpx.Client(base_url=standin.control_url) as control:
            control.post("/charges", json={"charges": [DIRECT_CHARGE]}).raise_for_status()
            control.post("/webhooks", json={"delay_s": 0.2})
        client = client_of(standin)
        client.v1.webhook_endpoints.create(
            {"url": receiver.url, "enabled_events": ["refund.created"], "connect": True}
        )
        client.v1.refunds.create({"charge": "ch_1"}, {"stripe_account": CONNECTED_ACCOUNT})
    assert receiver.received == []

    with running_standin(state_file=state_file):
        receiver.wait_for(1)


def test_standins_are_independent(standin: RunningStandin) -> None:
    with running_standin(api_key="sk_test_second", api_version="2024-06-20") as second:
        assert second.url != standin.url
        response = HTTP.get(f"{second.control_url}/health").json()
        assert response == {"status": "ok", "api_version": "2024-06-20"}
        headers = {"Authorization": f"Bearer {standin.api_key}"}
        assert HTTP.get(f"{second.url}/v1/charges", headers=headers).status_code == 401


def test_command_line_serves_and_stops_cleanly(tmp_path: Path) -> None:
    state_file = tmp_path / "standin.json"
    with run_command("--port", "0", "--state", str(state_file)) as process:
        assert process.stdout is not None
        line = process.stdout.readline()
        url = line.split()[3]
        assert line == f"Stripe stand-in on {url} (key sk_test_standin)\n"
        charge = {**DIRECT_CHARGE, "application_fee": None, "application_fee_amount": None}
        response = HTTP.post(f"{url}/_standin/charges", json={"charges": [charge]})
        assert response.json()["created"] == 1

        process.send_signal(signal.SIGTERM)

        assert process.wait(10) == 0
        assert process.stderr is not None
        assert process.stderr.read() == ""
    assert '"ch_1"' in state_file.read_text()


@pytest.mark.parametrize(
    "content", ["", "{", '{"format": "something else"}', '{"format": "stripe-standin-2"}']
)
def test_other_files_are_refused_as_state(tmp_path: Path, content: str) -> None:
    state_file = tmp_path / "standin.json"
    state_file.write_text(content)

    with pytest.raises(StateFileError, match="is not a state file"):
        create_app(state_file=state_file)


def test_command_line_explains_a_broken_state_file_in_one_line(tmp_path: Path) -> None:
    state_file = tmp_path / "standin.json"
    state_file.write_text("{")

    with run_command("--port", "0", "--state", str(state_file)) as process:
        out, err = process.communicate(timeout=10)

    assert process.returncode == 1
    assert out == ""
    assert err.count("\n") == 1
    assert f"{state_file} is not a state file" in err
    assert state_file.read_text() == "{"


def test_command_line_explains_a_taken_port_in_one_line(standin: RunningStandin) -> None:
    port = standin.url.rpartition(":")[2]

    with run_command("--port", port) as process:
        out, err = process.communicate(timeout=10)

    assert process.returncode == 1
    assert out == ""
    assert err == f"cannot listen on 127.0.0.1:{port}: Address already in use\n"


def test_state_file_needs_an_existing_folder(tmp_path: Path) -> None:
    with pytest.raises(StateFileError, match="there is no folder for the state file"):
        create_app(state_file=tmp_path / "nowhere" / "standin.json")
    with pytest.raises(StateFileError, match="cannot read"):
        create_app(state_file=tmp_path)


def test_command_line_fails_if_the_state_cannot_be_saved(tmp_path: Path) -> None:
    state_file = tmp_path / "folder" / "standin.json"
    state_file.parent.mkdir()
    with run_command("--port", "0", "--state", str(state_file)) as process:
        assert process.stdout is not None
        process.stdout.readline()
        state_file.parent.rmdir()

        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=10)

    assert process.returncode == 1
    assert err == f"cannot write the state file {state_file}: No such file or directory\n"


def test_stop_does_not_wait_for_a_held_connection() -> None:
    with ThreadPoolExecutor(1) as pool:
        with running_standin() as standin, httpx.Client() as http:
            faults = f"{standin.control_url}/faults"
            http.post(faults, json={"fault": "timeout_before_effect", "seconds": 60})
            headers = {"Authorization": f"Bearer {standin.api_key}"}
            held = pool.submit(HTTP.get, f"{standin.url}/v1/charges", headers=headers)
            while http.get(faults).json()["faults"]:
                time.sleep(0.005)
            stopped = time.monotonic()

        assert time.monotonic() - stopped < 5
        assert isinstance(held.exception(), httpx.TransportError)
