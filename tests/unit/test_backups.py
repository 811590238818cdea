"""Each day's backup of each table is copied to the second account's vault, which is locked."""

import json
from typing import Any

from infra.build.deployed_template import source_template
from infra.paths import ROOT
from tests.unit.deployed_template import actions_of, resources_if

NONE = resources_if()
BACKED_UP = resources_if("HasBackupVault")
VAULT_FILE = ROOT / "infra" / "stacks" / "backup_vault.yaml"
# What may get lost.
NOT_BACKED_UP = {"RequestCountsTable"}
SECOND_VAULT = {"Ref": "BackupVaultArn"}


def of_kind(kind: str) -> dict[str, dict[str, Any]]:
    return {name: each["Properties"] for name, each in BACKED_UP.items() if each["Type"] == kind}


def tables() -> dict[str, dict[str, Any]]:
    found = of_kind("AWS::DynamoDB::Table")
    assert found.keys() > NOT_BACKED_UP
    return {name: each for name, each in found.items() if name not in NOT_BACKED_UP}


def test_without_a_second_vault_there_is_nothing_of_aws_backup() -> None:
    kinds = {each["Type"] for each in NONE.values()}
    assert not [kind for kind in kinds if kind.startswith("AWS::Backup::")]
    assert not [name for name in NONE if "Backup" in name]


def test_every_table_whose_loss_matters_is_backed_up_and_keeps_its_point_in_time_recovery() -> None:
    selected = [
        arn["Fn::GetAtt"][0]
        for each in of_kind("AWS::Backup::BackupSelection").values()
        for arn in each["BackupSelection"]["Resources"]
    ]
    assert sorted(selected) == sorted(tables())
    for each in tables().values():
        assert each["PointInTimeRecoverySpecification"]["PointInTimeRecoveryEnabled"] is True


def test_every_backup_is_copied_to_the_second_account_and_kept_as_long() -> None:
    plans = of_kind("AWS::Backup::BackupPlan")
    selected = {
        each["BackupPlanId"]["Ref"] for each in of_kind("AWS::Backup::BackupSelection").values()
    }
    assert selected == plans.keys()
    for plan in plans.values():
        (rule,) = plan["BackupPlan"]["BackupPlanRule"]
        (copy,) = rule["CopyActions"]
        assert copy["DestinationBackupVaultArn"] == SECOND_VAULT
        assert copy["Lifecycle"] == rule["Lifecycle"] == {"DeleteAfterDays": {"Ref": "BackupDays"}}


def test_the_ledger_is_backed_up_when_the_orders_are_done_being_started() -> None:
    """Entries newer than their head can be dropped. Missing ones could not be made up."""
    rules = {
        name: plan["BackupPlan"]["BackupPlanRule"][0]
        for name, plan in of_kind("AWS::Backup::BackupPlan").items()
    }
    hours = {name: int(rule["ScheduleExpression"].split()[1]) for name, rule in rules.items()}
    window = rules["OrdersBackupPlan"]["StartWindowMinutes"]
    assert hours["LedgerBackupPlan"] * 60 > hours["OrdersBackupPlan"] * 60 + window


def test_a_backup_that_fails_and_one_that_never_ran_are_tickets() -> None:
    pattern = BACKED_UP["FailedBackupsRule"]["Properties"]["EventPattern"]
    assert pattern["detail"]["state"] == ["FAILED", "ABORTED", "EXPIRED"]
    assert set(pattern["detail-type"]) == {"Backup Job State Change", "Copy Job State Change"}
    late = BACKED_UP["BackupsLateAlarm"]["Properties"]
    assert late["Threshold"] == len(tables())
    assert late["TreatMissingData"] == "breaching"
    for alarm in ("FailedBackupsAlarm", "BackupsLateAlarm"):
        assert BACKED_UP[alarm]["Properties"]["AlarmActions"] == [{"Ref": "TicketTopic"}]


def test_the_second_account_s_vault_outlives_its_stack_and_nobody_deletes_its_backups() -> None:
    resources = source_template(VAULT_FILE)["Resources"]
    for name in ("Vault", "Key"):
        assert resources[name]["DeletionPolicy"] == "Retain"
        assert resources[name]["UpdateReplacePolicy"] == "Retain"
    vault = resources["Vault"]["Properties"]
    assert vault["LockConfiguration"].keys() == {
        "MinRetentionDays",
        "MaxRetentionDays",
        "ChangeableForDays",  # with it, the lock becomes final
    }
    allowed, denied = vault["AccessPolicy"]["Statement"]
    assert (allowed["Effect"], actions_of(allowed)) == ("Allow", ["backup:CopyIntoBackupVault"])
    assert "${SourceAccount}:root" in json.dumps(allowed["Principal"])
    assert (denied["Effect"], denied["Principal"]) == ("Deny", "*")
    assert "backup:DeleteRecoveryPoint" in actions_of(denied)


def test_the_days_of_both_templates_fit_as_they_come() -> None:
    days = source_template()["Parameters"]["BackupDays"]["Default"]
    lock = source_template(VAULT_FILE)["Parameters"]
    assert lock["MinRetentionDays"]["Default"] <= days <= lock["MaxRetentionDays"]["Default"]
