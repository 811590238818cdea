"""Checks the template against Checkov's policies, with the exceptions of policy_exceptions.yaml.

https://www.checkov.io. It runs on the template that SAM makes, with every option on, and asks no
network. Checkov would resolve the parameters itself, which takes it half a minute.
"""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import typer
import yaml

from infra.build.resolved_template import resolved_resources
from infra.failure import Failure, one_line_for_failures, run_tool
from infra.local.environments import install_checkov
from infra.paths import CHECKOV_PYTHON

_EXCEPTIONS = Path(__file__).with_name("policy_exceptions.yaml")
_CHECKOV = CHECKOV_PYTHON.with_name("checkov")
# Every option on, so that every resource is checked.
_PARAMETERS = {
    "ApiCertificateArn": "arn:aws:acm:us-east-1:111122223333:certificate/api",
    "ApiDomain": "api.example.com",
    "BackupVaultArn": "arn:aws:backup:us-east-1:444455556666:backup-vault:copies",
    "DashboardCertificateArn": "arn:aws:acm:us-east-1:111122223333:certificate/page",
    "DashboardDomain": "refunds.example.com",
    "GradualReleases": "true",
    "KmsKeyArn": "arn:aws:kms:us-east-1:111122223333:key/00000000-0000-4000-8000-000000000000",
    "PageEmail": "page@example.com",
    "SigningProfileVersionArn": (
        "arn:aws:signer:us-east-1:111122223333:/signing-profiles/Profile/version"
    ),
    "StripeAddresses": "192.0.2.1/32",
    "TicketEmail": "ticket@example.com",
    "WebAcl": "create",
    "WriteTrail": "create",
}


@dataclass(frozen=True, slots=True)
class Finding:
    """A resource that fails a check: the check's id, what it asks for, and the logical id."""

    check: str
    asks_for: str
    resource: str


@dataclass(frozen=True, slots=True)
class PolicyException:
    """Why a check does not count. ``resources`` is None if that is so for all resources."""

    reason: str
    resources: frozenset[str] | None

    def covers(self, finding: Finding) -> bool:
        """Return whether the exception is about the finding's resource."""
        return self.resources is None or finding.resource in self.resources


def find_violations(resources: Mapping[str, Any]) -> list[Finding]:
    """Return what Checkov finds in resources, without any exception.

    Args:
        resources: CloudFormation's resources by logical id, without functions such as ``Ref``.

    Raises:
        Failure: Checkov cannot run.
    """
    install_checkov()
    with TemporaryDirectory() as folder:
        path = Path(folder) / "template.json"
        template = {"AWSTemplateFormatVersion": "2010-09-09", "Resources": resources}
        path.write_text(json.dumps(template, indent=1))
        command: list[str | Path] = [_CHECKOV, "--file", path, "--framework", "cloudformation"]
        command += ["--output", "json", "--quiet", "--compact", "--soft-fail", "--skip-download"]
        report = json.loads(run_tool(command, what="checkov", cwd=Path(folder)))
    if report["summary"]["parsing_errors"]:
        raise Failure("Checkov cannot read the template.")
    return [
        Finding(each["check_id"], each["check_name"], each["resource"].rpartition(".")[2])
        for each in report["results"]["failed_checks"]
    ]


def load_exceptions() -> dict[str, PolicyException]:
    """Return the exceptions by check."""
    return {
        check: PolicyException(
            each["reason"], frozenset(each["resources"]) if "resources" in each else None
        )
        for check, each in yaml.safe_load(_EXCEPTIONS.read_text()).items()
    }


def complaints(findings: Iterable[Finding], exceptions: Mapping[str, PolicyException]) -> list[str]:
    """Return what must change: findings that no exception covers, and exceptions without finding.

    Args:
        findings: What Checkov found.
        exceptions: The exceptions by check.
    """
    found = list(findings)
    open_ = [
        f"{each.resource}: {each.asks_for} ({each.check})"
        for each in found
        if each.check not in exceptions or not exceptions[each.check].covers(each)
    ]
    stale = [
        f"{_EXCEPTIONS.name}: {check} is not needed" + (f" for {resource}" if resource else "")
        for check, each in exceptions.items()
        for resource in (each.resources or [None])
        if not any(f.check == check and resource in {None, f.resource} for f in found)
    ]
    return sorted(open_) + sorted(stale)


def main() -> None:
    """Check the template against policies. Exits 1 if something must change."""
    with one_line_for_failures():
        found = complaints(find_violations(resolved_resources(_PARAMETERS)), load_exceptions())
        for each in found:
            typer.echo(each)
        if found:
            raise Failure(
                f"policies are not kept: {len(found)}. Change template.yaml, or give a reason in "
                "infra/build/policy_exceptions.yaml."
            )


if __name__ == "__main__":
    typer.run(main)
