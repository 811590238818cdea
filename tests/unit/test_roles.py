"""A function's call that its role does not allow ends a test, and any other call passes."""

from collections.abc import Callable
from functools import partial
from types import FunctionType
from typing import Any

import boto3
import botocore.session
import pytest

from tests.faults.one_process import template
from tests.roles import PermissionMissingError, RoleCheck, calling_use_case
from tests.unit.deployed_template import resources_if, statements_of

SESSION = botocore.session.get_session()
KEY = {"PK": {"S": "a"}, "SK": {"S": "b"}}
ORDERS = {"TableName": "OrdersTable"}
QUERY = {"KeyConditionExpression": "PK = :pk"}

type Call = tuple[str, str, dict[str, Any]]


def query(table: str, index: str | None = None) -> Call:
    named = {"IndexName": index} if index else {}
    return "dynamodb", "Query", {"TableName": table, **QUERY, **named}


def batch_get(*tables: str) -> Call:
    return (
        "dynamodb",
        "BatchGetItem",
        {"RequestItems": {each: {"Keys": [KEY]} for each in tables}},
    )


def transact(**steps: str) -> Call:
    """Return a transaction with a step of each kind, in the table that is named."""
    more: dict[str, dict[str, Any]] = {
        "Put": {"Item": KEY},
        "ConditionCheck": {"Key": KEY, "ConditionExpression": "attribute_exists(PK)"},
        "Delete": {"Key": KEY},
        "Update": {"Key": KEY, "UpdateExpression": "SET a = b"},
    }
    items = [{kind: {"TableName": table, **more[kind]}} for kind, table in steps.items()]
    return "dynamodb", "TransactWriteItems", {"TransactItems": items}


def send_batch(queue: str) -> Call:
    entries = [{"Id": "1", "MessageBody": "{}"}]
    return "sqs", "SendMessageBatch", {"QueueUrl": queue, "Entries": entries}


def put_object(key: str) -> Call:
    return "s3", "PutObject", {"Bucket": "ExportBucket", "Key": key}


def upload_part(key: str) -> Call:
    upload = {"UploadId": "u", "PartNumber": 1}
    return "s3", "UploadPart", {"Bucket": "ExportBucket", "Key": key, **upload}


def read_secret(name: str) -> Call:
    return "secretsmanager", "GetSecretValue", {"SecretId": name}


ALLOWED = [
    ("reconcile", ("dynamodb", "GetItem", ORDERS | {"Key": KEY})),
    ("reconcile", batch_get("OrdersTable", "LedgerTable")),
    ("reconcile", query("LedgerTable", "SettledIndex")),
    ("payout_adjust", transact(Put="LedgerTable")),
    ("payout_adjust", send_batch("FeeRefundQueue")),
    ("payouts", put_object("exports/st_1/1.requested")),
    ("export_report", upload_part("exports/st_1/1.file")),
    ("refund_report", ("s3", "ListObjectsV2", {"Bucket": "ExportBucket"})),
    ("fee_refund", read_secret("StripeFeeRefundKey")),
    ("send_message", ("sesv2", "GetEmailIdentity", {"EmailIdentity": "studio.example"})),
    ("anchor_ledger", ("kms", "Sign", {"KeyId": "AnchorKey"})),
]
REFUSED = [
    ("reconcile", ("dynamodb", "Scan", ORDERS), "dynamodb:Scan on OrdersTable"),
    ("find_orders", batch_get("OrdersTable", "LedgerTable"), "BatchGetItem on LedgerTable"),
    ("find_orders", query("OrdersTable", "OpenIndex"), "Query on OrdersTable/index/OpenIndex"),
    # It may query an index of the table, but not the table.
    ("print_station", query("OrdersTable"), "dynamodb:Query on OrdersTable$"),
    ("verify_charge", transact(ConditionCheck="OrdersTable"), "dynamodb:ConditionCheckItem"),
    ("verify_charge", transact(Put="OrdersTable", Delete="LedgerTable"), "dynamodb:DeleteItem"),
    ("verify_charge", transact(Update="OrdersTable"), "dynamodb:UpdateItem"),
    ("import_orders", transact(Put="LedgerTable"), "dynamodb:PutItem on LedgerTable"),
    ("verify_charge", send_batch("ResumeQueue"), "sqs:SendMessage on ResumeQueue"),
    # Lambda reads the queue. The function's code may not.
    ("verify_charge", ("sqs", "ReceiveMessage", {"QueueUrl": "ChargeQueue"}), "ReceiveMessage"),
    ("payouts", put_object("other/1"), "s3:PutObject on ExportBucket/other/1"),
    ("payouts", upload_part("other/1"), "s3:PutObject on ExportBucket/other/1"),
    ("payouts", ("s3", "ListObjectsV2", {"Bucket": "ExportBucket"}), "s3:ListBucket"),
    ("fee_refund", read_secret("StripeTransferKey"), "GetSecretValue on StripeTransferKey"),
    ("attention", ("kms", "Sign", {"KeyId": "AnchorKey"}), "kms:Sign on AnchorKey"),
    ("record_sign_in", ("dynamodb", "GetItem", ORDERS | {"Key": KEY}), "dynamodb:GetItem"),
]


def check_by(function: str | None) -> RoleCheck:
    return RoleCheck(lambda: function, lambda _, name: name)


def make(call: Call, function: str | None) -> None:
    """Check a call of a function, or of the tests themselves, as botocore does before it."""
    service, operation, params = call
    check_by(function)(params, SESSION.get_service_model(service).operation_model(operation))


@pytest.mark.parametrize(("function", "call"), ALLOWED)
def test_a_call_that_the_role_allows_passes(function: str, call: Call) -> None:
    make(call, function)


@pytest.mark.parametrize(("function", "call", "lacks"), REFUSED)
def test_a_call_that_the_role_does_not_allow_ends_the_test(
    function: str, call: Call, lacks: str
) -> None:
    with pytest.raises(PermissionMissingError, match=f"the role of {function} .* lacks .*{lacks}"):
        make(call, function)


def test_the_policies_have_only_what_the_check_understands() -> None:
    for function in template.functions().values():
        for statement in statements_of(resources_if(), function.role):
            assert statement.keys() == {"Effect", "Action", "Resource"}
            assert statement["Effect"] == "Allow"


def test_no_code_that_catches_exceptions_hides_a_missing_permission() -> None:
    assert not issubclass(PermissionMissingError, Exception)


def test_a_link_needs_what_the_reader_of_the_link_does() -> None:
    def link(function: str) -> None:
        s3 = boto3.client(
            "s3", "us-east-1", aws_access_key_id="a", aws_secret_access_key="b"
        )  # no secret
        s3.meta.events.register("before-parameter-build", check_by(function))
        named = {"Bucket": "ExportBucket", "Key": "exports/st_1/1.file"}
        s3.generate_presigned_url("get_object", Params=named)

    link("refund_report")
    with pytest.raises(PermissionMissingError, match="s3:GetObject"):
        link("payouts")


def test_the_tests_themselves_may_make_any_call() -> None:
    make(("dynamodb", "Scan", ORDERS), None)


def call(then: Callable[[], None]) -> None:
    then()


def from_module(module: str, then: Callable[[], None]) -> Callable[[], None]:
    """Return a function of a module that calls something."""
    return partial(FunctionType(call.__code__, {"__name__": module}), then)


def caller_through(*modules: str) -> str | None:
    """Return who calls, if the call goes through code of these modules, the outermost first."""
    found: list[str | None] = []

    def check() -> None:
        found.append(calling_use_case())

    then = from_module("botocore.hooks", check)
    for each in reversed(modules):
        then = from_module(each, then)
    then()
    return found[0]


def test_the_caller_is_the_function_whose_code_is_nearest_on_the_stack() -> None:
    assert caller_through("functions.payouts.show_payout", "shared.gateways.table") == "payouts"
    assert caller_through("functions.reconcile.scope", "functions.payouts.views") == "payouts"


def test_what_a_test_does_while_a_use_case_waits_is_not_the_use_case_s() -> None:
    within = ("functions.payouts.show_payout", "tests.integration.backend")
    assert caller_through("tests.integration.test_payouts") is None
    assert caller_through(*within, "shared.gateways.table") is None
    assert caller_through(*within, "functions.reconcile.scope", "shared.x") == "reconcile"
