"""CloudTrail records each write to the books, and an alarm names those past the functions."""

import json

from tests.unit.deployed_template import actions_of, resources_if, statements_of

RECORDED = resources_if("HasWriteTrail")
WRITES_ITEMS = ("dynamodb:PutItem", "dynamodb:UpdateItem", "dynamodb:DeleteItem", "dynamodb:Batch")
WRITES_OBJECTS = ("s3:PutObject", "s3:DeleteObject")


def writers(resource: str, actions: tuple[str, ...]) -> set[str]:
    """Return the roles that may write to a table or a bucket."""
    return {
        role
        for role, each in RECORDED.items()
        if each["Type"] == "AWS::IAM::Role"
        for statement in statements_of(RECORDED, role)
        if resource in json.dumps(statement["Resource"])
        and any(act.startswith(actions) and "BatchGet" not in act for act in actions_of(statement))
    }


def excepted(rule: str) -> set[str]:
    """Return the roles whose writes a rule leaves out."""
    pattern = RECORDED[rule]["Properties"]["EventPattern"]["detail"]
    no_role, other_role = (
        each["userIdentity"]["sessionContext"]["sessionIssuer"]["arn"] for each in pattern["$or"]
    )
    assert no_role == [{"exists": False}]
    (but,) = other_role
    return {arn["Fn::GetAtt"][0] for arn in but["anything-but"]}


def test_without_the_parameter_no_trail_is_made() -> None:
    assert not [each for each in resources_if().values() if "CloudTrail" in each["Type"]]


def test_every_writer_of_the_ledger_is_known_and_everybody_else_is_reported() -> None:
    assert excepted("LedgerWritesRule") == writers("LedgerTable", WRITES_ITEMS)


def test_every_writer_of_anchors_is_known_and_everybody_else_is_reported() -> None:
    assert excepted("AnchorWritesRule") == writers("AnchorBucket", WRITES_OBJECTS)


def test_the_trail_records_what_the_rules_look_at_and_signs_its_files() -> None:
    trail = RECORDED["WritesTrail"]["Properties"]
    assert trail["EnableLogFileValidation"] is True
    ledger, anchors = (
        {each["Field"]: each for each in selector["FieldSelectors"]}
        for selector in trail["AdvancedEventSelectors"]
    )
    assert ledger["resources.ARN"]["Equals"] == [{"Fn::GetAtt": ["LedgerTable", "Arn"]}]
    assert anchors["resources.ARN"]["StartsWith"] == [{"Fn::Sub": "${AnchorBucket.Arn}/"}]
    for each in (ledger, anchors):
        assert each["readOnly"]["Equals"] == ["false"]


def test_a_write_past_the_functions_pages_somebody() -> None:
    alarm = RECORDED["OutsideWritesAlarm"]["Properties"]
    assert alarm["AlarmActions"] == [{"Ref": "PageTopic"}]


def test_no_role_may_delete_or_update_an_entry() -> None:
    """IAM cannot tell a new entry from one that replaces another: both are PutItem."""
    may = {
        act
        for role, each in RECORDED.items()
        if each["Type"] == "AWS::IAM::Role"
        for statement in statements_of(RECORDED, role)
        if "LedgerTable" in json.dumps(statement["Resource"])
        for act in actions_of(statement)
    }
    reads = {"dynamodb:Query", "dynamodb:GetItem", "dynamodb:BatchGetItem"}
    assert may == reads | {"dynamodb:PutItem"}
