"""The operator command on wrong stacks prints one line each."""

import pytest

from infra.local.stack import Stack
from tests.operate import (
    OPERATIONS,
    failure_of,
    operate,
    stack_with_outputs,
    use_environment,
)

pytestmark = pytest.mark.stack


@pytest.fixture(autouse=True)
def environment(stack: Stack, monkeypatch: pytest.MonkeyPatch) -> None:
    use_environment(stack, monkeypatch)


@pytest.mark.parametrize("arguments", OPERATIONS, ids=" ".join)
def test_every_operation_says_that_the_stack_does_not_exist(arguments: tuple[str, ...]) -> None:
    result = operate(*arguments, "--stack", "nowhere")
    assert "There is no stack nowhere in us-east-1." in failure_of(result)
    assert (result.exit_code, result.stdout) == (1, "")


@pytest.mark.parametrize("arguments", OPERATIONS, ids=" ".join)
def test_every_operation_names_the_missing_outputs_of_another_products_stack(
    stack: Stack, arguments: tuple[str, ...]
) -> None:
    with stack_with_outputs(stack, {"Something": "else"}) as name:
        result = operate(*arguments, "--stack", name)
    assert f"The stack {name} has no output " in failure_of(result)
    assert result.exit_code == 1


def test_a_function_that_fails_prints_one_line(stack: Stack) -> None:
    # This function needs another event, so it fails.
    wrong = {"ReconcileFunctionName": stack.functions["payout_adjust"]}
    with stack_with_outputs(stack, wrong) as name:
        result = operate("reconcile", "--stack", name)
    assert "Its log has the reason." in failure_of(result)


def test_an_aws_error_prints_one_line(stack: Stack) -> None:
    gone = {"ReconcileFunctionName": "no-such-function"}
    with stack_with_outputs(stack, gone) as name:
        result = operate("reconcile", "--stack", name)
    assert failure_of(result).startswith("error: AWS: ")
