"""The layers of the code, read from its imports."""

import ast
import re
import sys
import textwrap
from collections.abc import Iterator
from collections.abc import Set as AbstractSet
from functools import cache
from pathlib import Path

import pytest
import stripe

from shared.gateways.stripe.api_version import API_VERSION

ROOT = Path(__file__).parents[2]
FUNCTIONS = sorted(path.parent.name for path in (ROOT / "functions").glob("*/handler.py"))

# Modules that only the gateways may import, and modules that the domain may not import.
OUTSIDE = {"boto3", "botocore", "stripe"}
IMPURE = OUTSIDE | {
    *("aws_lambda_powertools", "pydantic", "requests", "socket", "os", "logging"),
    *("time", "random", "secrets", "uuid"),
}

# A module of shared may import only these: our modules by prefix, then packages from outside. The
# longest folder that contains the module counts.
LAYERS: dict[str, tuple[set[str], set[str]]] = {
    "shared": (set(), set()),
    "shared/domain": ({"shared.domain"}, {"idna"}),
    "shared/gateways": (
        {"shared.domain", "shared.gateways"},
        {"aws_lambda_powertools", "botocore", "stripe", "urllib3"},
    ),
    "shared/gateways/records": ({"shared.domain", "shared.gateways.records"}, set()),
    "shared/views": ({"shared.clock", "shared.domain", "shared.views"}, {"pydantic"}),
    "shared/workflow": (
        {"shared.clock", "shared.domain", "shared.edge", "shared.gateways", "shared.workflow"},
        set(),
    ),
    "shared/edge": (
        {"shared.clock", "shared.domain", "shared.edge"}
        | {
            f"shared.gateways.{name}"
            for name in ("aws", "conflict", "request_counts", "secrets", "stripe")
        },
        {"aws_lambda_powertools", "pydantic", "pydantic_core", "snapshot_restore_py"},
    ),
}

# The domain modules that each function loads when it starts, and no others.
# `python -m tests.unit.test_architecture` prints the table from the code.
DOMAIN_LOADED = {
    "adjustments": """
        adjustment dispute errors ledger money order payment_status person record_source tax
        visible_text
    """,
    "anchor_ledger": """
        anchor dispute ledger ledger_chain ledger_closings money order payment_status record_source
        tax
    """,
    "attention": """
        account_access delivery dispute errors fee_refund fulfillment imported_order ledger message
        message_template money order parked payment_status payout_hold payout_schedule person
        record_source refund refund_reason refund_words refusal reservation settlement studio tax
        visible_text
    """,
    "export_report": """
        attribution dispute errors export fee_refund fulfillment imported_order journal
        journal_accounts journal_totals ledger local_days money order outliers patterns
        payment_status payout payout_schedule record_source refund refund_counts refund_reason
        refund_words refusal report report_filter reservation settlement statement statement_file
        studio sums tax
    """,
    "fee_refund": """
        account_access dispute errors fee_refund fulfillment money order payment_status refusal
        stripe_balance stripe_object tax
    """,
    "find_orders": """
        delivery dispute errors fee_refund folding fulfillment imported_order ledger limits
        local_days mail_address message message_template money order payment_status payout_schedule
        person record_source refund refund_quote refund_reason refund_words refusal reservation
        search settlement simplified_han stops studio tax visible_text
    """,
    "import_orders": """
        dispute errors export folding fulfillment imported_order journal journal_accounts ledger
        limits local_days mail_address money order payment_status payout_hold payout_schedule
        reconciliation record_source refund_reason search simplified_han studio tax visible_text
    """,
    "mail_events": """
        delivery dispute errors message message_template money order payment_status refusal tax
    """,
    "payout_adjust": """
        dispute errors fee_refund fulfillment ledger money order parked payment_status
        record_source refund refusal reservation running_sums settlement sums tax
    """,
    "payouts": """
        account_access delivery dispute errors export fulfillment imported_order ledger message
        message_template money order parked payment_status payout payout_hold payout_schedule
        person record_source refund refund_reason refusal running_sums statement statement_file
        studio sums tax visible_text
    """,
    "print_station": """
        dispute errors fulfillment imported_order money order payment_status person tax
        visible_text
    """,
    "reconcile": """
        account_access attribution books_proof dispute errors fee_refund foreign_object fulfillment
        imported_order ledger money order payment_status payout payout_schedule platform_books
        platform_line platform_movement reconciliation record_source refund refund_metadata refusal
        report report_filter reservation settlement stripe_balance stripe_charge stripe_dispute
        stripe_object stripe_refund stripe_transfer tax
    """,
    "record_sign_in": """
        errors person visible_text
    """,
    "refund_report": """
        attribution dispute errors export fee_refund fulfillment imported_order ledger local_days
        message_template money order outliers patterns payment_status payout_schedule person
        record_source refund refund_counts refund_reason refund_words refusal report report_filter
        report_summary report_taxes reservation settlement studio tax visible_text
    """,
    "refund_request": """
        account_access dispute errors fee_refund fulfillment imported_order ledger limit_guard
        limits message_template money order payment_status payout_schedule person record_source
        refund refund_metadata refund_quote refund_reason refund_words refusal reservation
        settlement stops stripe_object stripe_refund studio tax visible_text
    """,
    "resume_pending": """
        account_access dispute due_work errors fee_refund fulfillment imported_order money order
        payment_status record_source refund refund_metadata refusal reservation stripe_object
        stripe_refund tax
    """,
    "run_payouts": """
        account_access delivery dispute errors fulfillment ledger message message_template money
        order parked payment_status payout payout_booking payout_hold payout_schedule record_source
        refund refusal stops stripe_object stripe_transfer studio tax
    """,
    "send_message": """
        delivery dispute errors fee_refund fulfillment imported_order ledger mail_address message
        message_template money order payment_status payout_schedule person record_source refund
        refusal stops studio tax visible_text
    """,
    "stripe_webhook": """
        dispute errors fee_refund fulfillment money order payment_status record_source refund
        refund_metadata refusal reservation stripe_object stripe_refund tax
    """,
    "studio_settings": """
        dispute errors ledger limits money order payment_status payout_schedule person
        record_source refund_reason stops studio tax visible_text
    """,
    "users": """
        dispute errors mail_address money order payment_status person studio_user tax user_changes
        visible_text
    """,
    "verify_charge": """
        account_access charge_posting dispute dispute_settlement errors fee_refund fulfillment
        imported_order ledger money order payment payment_status record_source refund
        refund_metadata refusal reservation running_sums settlement stripe_charge stripe_dispute
        stripe_object stripe_refund sums tax
    """,
}


def modules(*folders: str) -> list[Path]:
    return [path for folder in folders for path in sorted((ROOT / folder).rglob("*.py"))]


def _statements(body: list[ast.stmt], *, at_init: bool) -> Iterator[ast.stmt]:
    """Yield the statements that run at import, or also those inside functions."""
    for statement in body:
        if _is_type_checking(statement):
            continue
        yield statement
        if at_init and isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef):
            continue
        for name in ("body", "orelse", "finalbody"):
            yield from _statements(getattr(statement, name, []), at_init=at_init)
        for handler in getattr(statement, "handlers", []):
            yield from _statements(handler.body, at_init=at_init)


def _is_type_checking(statement: ast.stmt) -> bool:
    return (
        isinstance(statement, ast.If)
        and isinstance(statement.test, ast.Name)
        and statement.test.id == "TYPE_CHECKING"
    )


@cache
def imports(path: Path, *, at_init: bool = False) -> frozenset[str]:
    """Return the modules that a file imports when it runs, as dotted names."""
    found: set[str] = set()
    for statement in _statements(ast.parse(path.read_text()).body, at_init=at_init):
        if isinstance(statement, ast.Import):
            found |= {alias.name for alias in statement.names}
        elif isinstance(statement, ast.ImportFrom):
            assert statement.level == 0, f"{path}: import by the full name"
            assert statement.module is not None
            found.add(statement.module)
            found |= {f"{statement.module}.{alias.name}" for alias in statement.names}
    return frozenset(found)


def packages(names: AbstractSet[str]) -> set[str]:
    return {name.partition(".")[0] for name in names}


@cache
def reached(function: str) -> frozenset[str]:
    """Return every module that importing a function's handler imports, ours followed."""
    seen: set[str] = set()
    waiting = {f"functions.{function}.handler"}
    while waiting:
        name = waiting.pop()
        seen.add(name)
        file = ROOT / Path(*name.split(".")).with_suffix(".py")
        if file.exists():
            waiting |= imports(file, at_init=True) - seen
    return frozenset(seen)


def layer_of(path: Path) -> str:
    folders = [str(parent) for parent in path.relative_to(ROOT).parents]
    return next(folder for folder in folders if folder in LAYERS)


def domain_loaded(function: str) -> set[str]:
    """Return the domain modules that importing a function's handler imports."""
    found = reached(function)
    names = {path.stem for path in modules("shared/domain")}
    return {name for name in names if f"shared.domain.{name}" in found}


def table_entry(function: str) -> str:
    """Return a function's entry of ``DOMAIN_LOADED`` as the code is now."""
    names = " ".join(sorted(domain_loaded(function)))
    lines = textwrap.fill(names, 99, initial_indent=" " * 8, subsequent_indent=" " * 8)
    return f'    "{function}": """\n{lines}\n    """,'


def test_the_functions_are_found() -> None:
    assert {"refund_request", "stripe_webhook", "payout_adjust"} <= set(FUNCTIONS)
    assert modules("shared/domain")
    assert modules("shared/gateways")


@pytest.mark.parametrize("function", FUNCTIONS)
def test_functions_never_import_each_other(function: str) -> None:
    others = {f"functions.{other}" for other in FUNCTIONS if other != function}
    for path in modules(f"functions/{function}"):
        found = {".".join(name.split(".")[:2]) for name in imports(path)}
        assert not found & others, path


def test_shared_code_never_imports_functions_or_what_runs_them() -> None:
    for path in modules("shared"):
        assert not packages(imports(path)) & {"functions", "infra", "tests"}, path


def test_functions_never_import_the_infrastructure() -> None:
    for path in modules("functions"):
        assert not packages(imports(path)) & {"infra", "tests"}, path


def test_the_domain_imports_neither_aws_nor_stripe_nor_the_clock() -> None:
    clocks = {"now", "utcnow", "today"}
    for path in modules("shared/domain"):
        found = imports(path)
        assert not packages(found) & IMPURE, path
        ours = {name for name in found if name.startswith("shared.")}
        assert all(name.startswith("shared.domain") for name in ours), path
        read = {
            node.attr
            for node in ast.walk(ast.parse(path.read_text()))
            if isinstance(node, ast.Attribute)
        }
        assert not read & clocks, path


def test_only_gateways_import_aws_and_stripe() -> None:
    for path in modules("shared", "functions"):
        if not path.is_relative_to(ROOT / "shared" / "gateways"):
            assert not packages(imports(path)) & OUTSIDE, path


@pytest.mark.parametrize("layer", LAYERS)
def test_a_module_of_shared_imports_only_what_its_layer_may(layer: str) -> None:
    ours, outside = LAYERS[layer]
    for path in (each for each in modules("shared") if layer_of(each) == layer):
        found = {name for name in imports(path) if name not in {"shared", "shared.gateways"}}
        standard = {name for name in found if name.partition(".")[0] in sys.stdlib_module_names}
        assert packages(found - standard) <= outside | {"shared"}, path
        for name in found:
            if name.startswith("shared."):
                assert any(f"{name}.".startswith(f"{prefix}.") for prefix in ours), (path, name)


def test_every_layer_has_modules() -> None:
    assert {layer_of(path) for path in modules("shared")} == set(LAYERS)


def test_the_domain_names_no_function() -> None:
    # Other functions have the names of domain nouns, such as payouts and fee_refund.
    nouns = {each.stem for each in modules("shared/domain")}
    names = {name for name in FUNCTIONS if "_" in name or name == "reconcile"} - nouns
    assert {"refund_request", "payout_adjust", "stripe_webhook", "reconcile"} <= names
    for path in modules("shared/domain"):
        assert not names & set(re.findall(r"\w+", path.read_text())), path


def test_the_table_of_domain_modules_lists_every_function() -> None:
    assert list(DOMAIN_LOADED) == FUNCTIONS


@pytest.mark.parametrize("function", FUNCTIONS)
def test_a_function_loads_only_the_domain_modules_listed_for_it(function: str) -> None:
    loaded, listed = domain_loaded(function), set(DOMAIN_LOADED[function].split())
    assert loaded == listed, (
        f"{function} now also loads {sorted(loaded - listed)}, and no longer loads "
        f"{sorted(listed - loaded)}. If it uses what it loads, update DOMAIN_LOADED:\n"
        f"{table_entry(function)}"
    )


@pytest.mark.parametrize("function", ["payout_adjust", "stripe_webhook", "import_orders"])
def test_a_function_that_starts_without_stripe_does_not_load_its_sdk(function: str) -> None:
    found = reached(function)
    assert "shared.gateways.table" in found
    assert "stripe" not in packages(found)


@pytest.mark.parametrize("function", ["payout_adjust", "import_orders"])
def test_a_function_that_never_calls_stripe_cannot_reach_its_sdk(function: str) -> None:
    found = reached(function)
    files = [ROOT / Path(*name.split(".")).with_suffix(".py") for name in found]
    late = {name for file in files if file.exists() for name in imports(file)}
    assert not any(name.startswith("shared.gateways.stripe") for name in late)


@pytest.mark.parametrize(
    "function", ["payout_adjust", "stripe_webhook", "fee_refund", "resume_pending", "reconcile"]
)
def test_a_function_without_a_body_to_validate_does_not_load_pydantic(function: str) -> None:
    assert "pydantic" not in packages(reached(function))


def test_the_pinned_api_version_is_the_one_the_sdk_was_made_for() -> None:
    assert stripe.api_version == API_VERSION


def test_the_stripe_stand_in_imports_nothing_of_the_product() -> None:
    for path in modules("infra/stripe_standin"):
        ours = {
            name
            for name in imports(path)
            if name.split(".")[0] in {"functions", "shared", "infra", "tests"}
        }
        assert all(name.startswith("infra.stripe_standin") for name in ours), path


if __name__ == "__main__":
    print(*map(table_entry, FUNCTIONS), sep="\n")  # noqa: T201  # a command's output
