"""The layers of the code, read from its imports."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest
import stripe

from shared.gateways.stripe.connection import API_VERSION

ROOT = Path(__file__).parents[2]
FUNCTIONS = sorted(path.parent.name for path in (ROOT / "functions").glob("*/handler.py"))

# Modules that only the gateways may import, and modules that the domain may not import.
OUTSIDE = {"boto3", "botocore", "stripe"}
IMPURE = OUTSIDE | {
    *("aws_lambda_powertools", "pydantic", "requests", "socket", "os", "logging"),
    *("time", "random", "secrets", "uuid"),
}

# What a package of shared may import besides the domain, the clock and itself.
ROOMS = {
    "shared/edge": ("shared.gateways",),
    "shared/views": (),
    "shared/workflow": ("shared.gateways", "shared.edge"),
}

# The domain modules that come together: an order, its refunds, what a settlement writes, a payout.
ORDER = {"errors", "fulfillment", "imported_order", "money", "order"}
REFUND = {"refund", "refund_quote", "refusal", "reservation"}
STRIPE_REFUND = {"refund_metadata", "stripe_refund"}
BOOKS = {"fee_refund", "ledger", "settlement"}
PAYOUT = STRIPE_REFUND | {
    *("ledger", "money", "order", "payout", "payout_schedule", "refund", "refusal"),
    "stripe_transfer",
}

# The domain modules that each function loads when it starts, and no others.
DOMAIN_LOADED = {
    "anchor_ledger": PAYOUT | {"anchor"},
    "attention": ORDER | REFUND | BOOKS | {"message", "parked"},
    "export_report": ORDER | REFUND | BOOKS | PAYOUT | {"report", "studio"},
    "fee_refund": STRIPE_REFUND
    | {"errors", "fee_refund", "ledger", "money", "order", "refund", "refusal", "stripe_balance"},
    "find_orders": ORDER | REFUND | BOOKS | {"message", "search"},
    "import_orders": ORDER | REFUND | PAYOUT | {"search", "settlement", "studio"},
    "payout_adjust": ORDER | REFUND | BOOKS | {"parked"},
    "payouts": PAYOUT
    | REFUND
    | {"errors", "fulfillment", "report", "settlement", "statement", "studio"},
    "print_station": ORDER,
    "reconcile": ORDER | REFUND | BOOKS | PAYOUT | {"report", "stripe_balance", "studio"},
    "refund_report": ORDER | REFUND | BOOKS | PAYOUT | {"local_days", "report", "studio"},
    "refund_request": ORDER | REFUND | BOOKS | PAYOUT | {"studio"},
    "resume_pending": ORDER | REFUND | STRIPE_REFUND | {"fee_refund", "ledger"},
    "run_payouts": PAYOUT | {"errors", "studio"},
    "send_message": ORDER | PAYOUT | {"fee_refund", "message", "studio"},
    "stripe_webhook": ORDER | REFUND | STRIPE_REFUND | {"fee_refund", "ledger"},
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


def imports(path: Path, *, at_init: bool = False) -> set[str]:
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
    return found


def packages(names: set[str]) -> set[str]:
    return {name.partition(".")[0] for name in names}


def reached(function: str) -> set[str]:
    """Return every module that importing a function's handler imports, ours followed."""
    seen: set[str] = set()
    waiting = {f"functions.{function}.handler"}
    while waiting:
        name = waiting.pop()
        seen.add(name)
        file = ROOT / Path(*name.split(".")).with_suffix(".py")
        if file.exists():
            waiting |= imports(file, at_init=True) - seen
    return seen


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


@pytest.mark.parametrize("path", modules("shared"), ids=str)
def test_shared_code_never_imports_functions_or_what_runs_them(path: Path) -> None:
    assert not packages(imports(path)) & {"functions", "infra", "tests"}


@pytest.mark.parametrize("path", modules("functions"), ids=str)
def test_functions_never_import_the_infrastructure(path: Path) -> None:
    assert not packages(imports(path)) & {"infra", "tests"}


@pytest.mark.parametrize("path", modules("shared/domain"), ids=str)
def test_the_domain_imports_neither_aws_nor_stripe_nor_the_clock(path: Path) -> None:
    found = imports(path)
    assert not packages(found) & IMPURE
    ours = {name for name in found if name.startswith("shared.")}
    assert all(name.startswith("shared.domain") for name in ours)
    clocks = {"now", "utcnow", "today"}
    read = {
        node.attr
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Attribute)
    }
    assert not read & clocks


@pytest.mark.parametrize("path", modules("shared", "functions"), ids=str)
def test_only_gateways_import_aws_and_stripe(path: Path) -> None:
    if not path.is_relative_to(ROOT / "shared" / "gateways"):
        assert not packages(imports(path)) & OUTSIDE


@pytest.mark.parametrize("path", modules("shared/gateways"), ids=str)
def test_gateways_import_only_the_domain_and_each_other(path: Path) -> None:
    ours = {name for name in imports(path) if name.startswith("shared.")}
    assert all(name.startswith(("shared.domain", "shared.gateways")) for name in ours)


@pytest.mark.parametrize("path", modules(*ROOMS), ids=str)
def test_a_package_of_shared_imports_only_the_packages_below_it(path: Path) -> None:
    room = str(path.relative_to(ROOT).parent)
    ours = {name for name in imports(path) if name.startswith("shared.")}
    below = (room.replace("/", "."), "shared.domain", "shared.clock", *ROOMS[room])
    assert all(name.startswith(below) for name in ours)


@pytest.mark.parametrize("function", FUNCTIONS)
def test_a_function_loads_only_the_domain_modules_listed_for_it(function: str) -> None:
    domain = {path.stem for path in modules("shared/domain")}
    parts = [name.split(".") for name in reached(function) if name.startswith("shared.domain.")]
    assert {part[2] for part in parts} & domain == DOMAIN_LOADED[function]


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


@pytest.mark.parametrize("path", modules("infra/stripe_standin"), ids=str)
def test_the_stripe_stand_in_imports_nothing_of_the_product(path: Path) -> None:
    ours = {
        name
        for name in imports(path)
        if name.split(".")[0] in {"functions", "shared", "infra", "tests"}
    }
    assert all(name.startswith("infra.stripe_standin") for name in ours)
