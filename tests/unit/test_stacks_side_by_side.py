"""Stacks in one account and region share no name, and data outlives its stack."""

import json
import time
from collections.abc import Iterator

from infra.build.deployed_template import deployed_resources

# Their names count inside their user pool, role, function, API or configuration set alone.
_NAMED_INSIDE_ANOTHER = {
    "AWS::ApiGateway::RestApi",  # API Gateway allows the same name twice
    "AWS::ApiGateway::Stage",
    "AWS::Cognito::UserPoolGroup",
    "AWS::IAM::Policy",
    "AWS::SES::ConfigurationSetEventDestination",
    "AWS::Lambda::Alias",
    "AWS::IAM::Role",  # its policies' names; a name of its own would be RoleName
}
_NAMES = {"Name", "GroupName", "Domain", "DashboardName", "Namespace", "MetricNamespace"}
_WITHOUT_NAMES = {"Dimensions", "Metrics", "Tags", "Rules"}
_NOT_NAMES = {"FunctionName", "DomainName", "MetricName", "PolicyName", "TableName", "QueueName"}
_OUTLIVE = {
    "AWS::DynamoDB::Table",
    "AWS::SecretsManager::Secret",
    "AWS::Cognito::UserPool",
    "AWS::KMS::Key",
    "AWS::Backup::BackupVault",
}
_MAY_GET_LOST = {"RequestCountsTable"}
_OUTLIVING_BUCKETS = {"AnchorBucket", "TrailBucket"}
_OWN = ("AWS::StackName", "AWS::StackId")


def named(properties: object) -> Iterator[tuple[str, object]]:
    """Yield the property and the value of each name, also inside a resource's settings."""
    if isinstance(properties, dict):
        for key, value in properties.items():
            if key in _NAMES or (key.endswith("Name") and key not in _NOT_NAMES):
                yield key, value
            elif key not in {"Dimensions", "Metrics", "Tags", "Rules"} and not key.startswith(
                "Fn::"
            ):
                yield from named(value)
    elif isinstance(properties, list):
        for each in properties:
            yield from named(each)


def refers(value: object) -> bool:
    """Return whether a name is another resource's, or has the stack in it."""
    text = json.dumps(value)
    return '{"Ref"' in text or "Fn::GetAtt" in text or any(each in text for each in _OWN)


def is_aws_s_own(value: object) -> bool:
    return isinstance(value, str) and value.startswith("AWS/")


def test_every_name_has_the_stack_in_it_so_that_a_second_stack_can_be_made() -> None:
    fixed = [
        (logical_id, key, value)
        for logical_id, each in deployed_resources().items()
        if each["Type"] not in _NAMED_INSIDE_ANOTHER
        for key, value in named(each.get("Properties", {}))
        if not refers(value) and not is_aws_s_own(value)
    ]
    # Attributes of the tables and of the users, and AWS's names of a processor and of a header.
    inside = {"AttributeName", "IndexName", "Name"}
    allowed = {"OrdersTable", "LedgerTable", "ErasuresTable", "RequestCountsTable", "UserPool"}
    assert [each for each in fixed if not (each[0] in allowed and each[1] in inside)] == []


def test_no_stack_counts_in_the_metrics_of_another() -> None:
    namespaces = {
        json.dumps(value)
        for each in deployed_resources().values()
        for key, value in named(each.get("Properties", {}))
        if key in {"Namespace", "MetricNamespace"} and not is_aws_s_own(value)
    }
    variables = {
        json.dumps(each["Properties"]["Environment"]["Variables"]["POWERTOOLS_METRICS_NAMESPACE"])
        for each in deployed_resources().values()
        if each["Type"] == "AWS::Lambda::Function"
    }
    assert namespaces == variables == {'{"Fn::Sub": "PPS/Refunds/${AWS::StackName}"}'}


def test_an_alarm_of_the_api_sees_its_own_api_alone() -> None:
    names = [
        dimension["Value"]
        for each in deployed_resources().values()
        if each["Type"] == "AWS::CloudWatch::Alarm"
        for dimension in each["Properties"].get("Dimensions", [])
        if dimension["Name"] == "ApiName"
    ]
    assert names
    assert all(name == {"Ref": "AWS::StackName"} for name in names)


def test_secrets_users_keys_and_tables_outlive_the_stack() -> None:
    kept = {
        logical_id: (each.get("DeletionPolicy"), each.get("UpdateReplacePolicy"))
        for logical_id, each in deployed_resources().items()
        if (each["Type"] in _OUTLIVE and logical_id not in _MAY_GET_LOST)
        or logical_id in _OUTLIVING_BUCKETS
    }
    assert kept.keys() >= {
        *("OrdersTable", "LedgerTable", "ErasuresTable", "UserPool", "AnchorKey", "BackupKey"),
        *("StripeRefundKey", "StripeFeeRefundKey", "StripeTransferKey", "StripeReadKey"),
        *("StripeWebhookSecret", "BackupVault", *_OUTLIVING_BUCKETS),
    }
    assert set(kept.values()) == {("Retain", "Retain")}


def test_the_account_s_role_for_logs_outlives_the_stack_that_made_it() -> None:
    resources = deployed_resources()
    for logical_id in ("ApiLogsWriterRole", "ApiAccount"):
        assert resources[logical_id]["DeletionPolicy"] == "Retain"


def test_a_scheduled_function_that_fails_is_reported_and_not_repeated() -> None:
    resources = deployed_resources()
    scheduled = {
        each["Properties"]["Target"]["Arn"]["Fn::GetAtt"][0]
        for each in resources.values()
        if each["Type"] == "AWS::Scheduler::Schedule"
    }
    settings = {
        each["Properties"]["FunctionName"]["Ref"]: each["Properties"]
        for each in resources.values()
        if each["Type"] == "AWS::Lambda::EventInvokeConfig"
    }
    assert scheduled
    assert settings.keys() == scheduled
    for each in settings.values():
        assert each["MaximumRetryAttempts"] == 0
        assert each["DestinationConfig"]["OnFailure"]["Destination"] == {
            "Fn::GetAtt": ["FailedRuns", "Arn"]
        }


def test_a_parameter_s_new_value_is_deployed_to_the_api() -> None:
    def deployment(origin: str) -> str:
        (found,) = (
            logical_id
            for logical_id, each in deployed_resources({"AllowedOrigin": origin}).items()
            if each["Type"] == "AWS::ApiGateway::Deployment"
        )
        return found

    first = deployment("https://one.example")
    time.sleep(1)  # SAM names a deployment by the second in which it is made
    assert deployment("https://two.example") != first
