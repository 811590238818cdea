"""The control API: its errors, the clock, the totals and the reset."""

import httpx
import pytest


def test_broken_bodies_and_unknown_commands_are_refused(control: httpx.Client) -> None:
    assert control.post("/clock", content=b"{").status_code == 400
    assert control.post("/clock", json={"advance_s": -1}).status_code == 400
    assert control.post("/clock", json=[]).status_code == 400
    assert control.get("/colors").status_code == 404
    assert control.put("/clock").status_code == 405


def test_clock_can_be_advanced(control: httpx.Client) -> None:
    before = control.get("/clock").json()

    after = control.post("/clock", json={"advance_s": 500}).json()

    assert (before["offset_s"], after["offset_s"]) == (0, 500)
    assert 500 <= after["now"] - before["now"] <= 510


@pytest.mark.usefixtures("seeded")
def test_reset_deletes_everything(control: httpx.Client, api: httpx.Client) -> None:
    api.post("/v1/refunds", data={"charge": "ch_platform"}, headers={"Idempotency-Key": "k"})
    control.post("/faults", json={"fault": "slow", "match": {"method": "DELETE"}})
    control.post("/webhooks", json={"mode": "hold"})

    assert control.delete("/state").status_code == 200

    assert control.get("/health").json()["status"] == "ok"
    assert control.get("/faults").json() == {"faults": []}
    assert control.get("/webhooks").json()["settings"]["mode"] == "auto"
    for path in ("/v1/charges", "/v1/refunds", "/v1/events", "/v1/balance_transactions"):
        assert api.get(path).json()["data"] == []


@pytest.mark.usefixtures("seeded")
def test_totals_add_up_the_refunds_of_a_charge(control: httpx.Client, api: httpx.Client) -> None:
    api.post("/v1/refunds", data={"charge": "ch_platform", "amount": "100"})
    failed = api.post("/v1/refunds", data={"charge": "ch_platform", "amount": "200"}).json()
    control.post(f"/refunds/{failed['id']}", json={"status": "failed"})

    assert control.get("/totals", params={"charge": "ch_platform"}).json() == {
        "charge": "ch_platform",
        "count": 1,
        "amount": 100,
        "charge_amount": 10000,
        "refundable_amount": 9900,
        "by_status": {"succeeded": 1, "failed": 1},
    }
    assert control.get("/totals").json()["charge_amount"] == 20000
    assert control.get("/totals", params={"charge": "ch_nowhere"}).status_code == 404
