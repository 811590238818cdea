"""The modules that the built functions may import at init. The benchmark measures the time."""

import pytest

from tests.bench.start_up import Candidate, functions

# Powertools' Tracer patches boto3, which imports its S3 transfers.
TRACE = {"resume_pending", "reconcile", "fee_refund", "run_payouts", "verify_charge"}
# Routes with the validating resolver.
ANSWER = {
    *("find_orders", "attention", "print_station", "refund_report", "refund_request"),
    *("send_message", "payouts", "adjustments", "studio_settings", "users"),
}
CALL_STRIPE = {
    *("refund_request", "resume_pending", "reconcile", "fee_refund", "run_payouts"),
    "verify_charge",
}

# What is slow to import, and the functions that have a use for it.
ALLOWED = {
    "stripe": CALL_STRIPE,
    "requests": CALL_STRIPE,
    "pydantic": ANSWER | {"import_orders", "mail_events"},
    "aws_xray_sdk": TRACE,
    "boto3": TRACE,
    "s3transfer": TRACE,
    "multiprocessing": TRACE,
}


@pytest.fixture(scope="session")
def candidates() -> list[Candidate]:
    return functions()


@pytest.fixture(scope="session")
def imported(candidates: list[Candidate]) -> dict[str, set[str]]:
    """All modules of each function after init, which starts without a network or a stack."""
    return {candidate.name: candidate.modules() for candidate in candidates}


def test_every_function_starts_from_its_artifact_alone(imported: dict[str, set[str]]) -> None:
    for name, modules in imported.items():
        assert f"functions.{name}.handler" in modules


@pytest.mark.parametrize("module", sorted(ALLOWED))
def test_a_slow_module_is_imported_only_where_it_is_used(
    imported: dict[str, set[str]], module: str
) -> None:
    importing = {name for name, modules in imported.items() if module in modules}
    assert importing <= ALLOWED[module]


def test_no_function_imports_another(imported: dict[str, set[str]]) -> None:
    for name, modules in imported.items():
        others = {m for m in modules if m.startswith("functions.") and m.split(".")[1] != name}
        assert others == set()
