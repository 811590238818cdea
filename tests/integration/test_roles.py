"""A use case that makes a call which its function's role does not allow ends a test."""

from collections.abc import Callable

import pytest

from tests.at_once import at_once
from tests.integration.backend import Backend
from tests.roles import PermissionMissingError, without_permission

type Run = Callable[[Callable[[], object]], object]


@pytest.mark.parametrize(
    "run", [lambda use: use(), lambda use: at_once(2, lambda _: use())], ids=["here", "in threads"]
)
def test_a_use_case_may_only_do_what_its_role_allows(backend: Backend, run: Run) -> None:
    order_id = backend.sell()
    backend.refund(order_id)
    backend.deliver()
    lacks = "the role of payout_adjust .* lacks dynamodb:PutItem on LedgerTable"
    with (
        without_permission("payout_adjust", "dynamodb:PutItem", "LedgerTable"),
        pytest.raises(PermissionMissingError, match=lacks),
    ):
        run(backend.settle)
    assert [each["kind"] for each in backend.entries()] == ["sale"]
