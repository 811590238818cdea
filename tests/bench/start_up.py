"""What a cold start costs: fresh processes that import a built function, against a bare boto3.

Both run isolated (``python -I -S``) on their own artifact, compiled the same way, so that nothing
but the artifact decides. Processor time is compared, not the clock: initializing is one thread
that waits for nobody, and other work on the machine then hardly shows.
"""

import compileall
import hashlib
import json
import os
import py_compile
import resource
import shutil
import statistics
import sys
import zipfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryFile
from typing import Any

import yaml

from infra.build.functions import PYTHON_VERSION, Architecture, build
from infra.failure import run_tool
from infra.paths import BUILD, FUNCTIONS, ROOT, TEMPLATE, UV

# The function with the lock file that pins BASE's boto3. All lock files pin the same version.
_BASE_LOCK = FUNCTIONS / "payout_adjust" / "requirements.txt"
_BASE_CODE = "import boto3; boto3.client('dynamodb')"

# Lambda gives every function these; with them nothing asks the network for credentials.
_LAMBDA_ENVIRONMENT = {
    "AWS_ACCESS_KEY_ID": "AKIAIOSFODNN7EXAMPLE",
    "AWS_SECRET_ACCESS_KEY": "not-a-secret",
    "AWS_SESSION_TOKEN": "not-a-token",
    "AWS_REGION": "us-east-1",
    "AWS_DEFAULT_REGION": "us-east-1",
    "AWS_CONFIG_FILE": os.devnull,
    "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
    "LANG": "C.UTF-8",
    "PATH": os.defpath,
}

# The parts of a start, in the order of this list. What two parts import counts for the first.
_PARTS = {
    "Python": "pass",
    "botocore, with clients": "from shared.gateways import aws; aws.client('dynamodb'); "
    "aws.client('sqs'); aws.client('secretsmanager')",
    "Powertools' logger and metrics": "import shared.edge.observability",
    "Powertools' resolver": "import aws_lambda_powertools.event_handler",
    "pydantic": "from pydantic import BaseModel, TypeAdapter",
    "Powertools' validation": "import aws_lambda_powertools.event_handler.openapi.params; "
    "import aws_lambda_powertools.event_handler.middlewares.openapi_validation",
    "Stripe's SDK": "import shared.edge.stripe_connection",
}


@dataclass(frozen=True)
class Candidate:
    """Something whose start is measured.

    Attributes:
        name: The name in the table.
        path: The folder it imports from; nothing else but the standard library is importable.
        code: The code of its init.
        environment: Its whole environment.
    """

    name: str
    path: Path
    code: str
    environment: dict[str, str]

    def start(self, then: str = "") -> str:
        """Run a fresh process up to the end of init, and return what it printed.

        Args:
            then: The code to run after init.

        Raises:
            Failure: The function does not start.
        """
        code = f"import sys; sys.path.insert(0, {str(self.path)!r}); {self.code}\n{then}"
        command = [sys.executable, "-I", "-S", "-c", code]
        return run_tool(command, what=f"starting {self.name}", env=self.environment)

    def modules(self) -> set[str]:
        """Return the names of all modules that init has imported."""
        return set(json.loads(self.start("import json; print(json.dumps(list(sys.modules)))")))


@dataclass(frozen=True)
class StartUp:
    """The duration of a start, as a ratio to BASE.

    Attributes:
        ratio: The median over the rounds, each against BASE in the same round.
        low: The lower quartile.
        high: The upper quartile.
        modules: The number of modules that init imported.
    """

    ratio: float
    low: float
    high: float
    modules: int


@dataclass(frozen=True)
class Size:
    """The size of a package, in bytes."""

    unzipped: int
    zipped: int
    files: int


def functions() -> list[Candidate]:
    """Build all functions and return them as candidates."""
    artifacts = build(Architecture.of_this_machine())
    return [
        Candidate(
            artifact.name,
            artifact.path,
            f"import functions.{artifact.name}.handler",
            _LAMBDA_ENVIRONMENT | template_environment(artifact.name),
        )
        for artifact in artifacts
    ]


def base() -> Candidate:
    """Install all of boto3, unpruned, in the functions' version, and return it as a candidate."""
    lock = _BASE_LOCK.read_text()
    target = BUILD / ".bench" / hashlib.sha256(lock.encode()).hexdigest()[:32]
    if not target.is_dir():
        staging = target.with_suffix(".new")
        shutil.rmtree(staging, ignore_errors=True)
        command: list[str | Path] = [UV, "pip", "install", "--quiet", "--link-mode", "copy"]
        command += ["--target", staging, "--python-version", PYTHON_VERSION]
        command += ["--only-binary", ":all:", "--require-hashes", "-r", _BASE_LOCK]
        run_tool(command, what="installing boto3 for the comparison", cwd=ROOT)
        compileall.compile_dir(
            staging,
            quiet=2,
            force=True,
            invalidation_mode=py_compile.PycInvalidationMode.UNCHECKED_HASH,
        )
        staging.rename(target)
    return Candidate("BASE", target, _BASE_CODE, _LAMBDA_ENVIRONMENT)


def parts_of(function: Candidate) -> dict[str, Candidate]:
    """Return what a function's start is made of, by name, for a function that answers routes.

    Each candidate does all that those before it do, and then its own part. So a part takes what its
    candidate takes more than the one before.
    """
    code, found = "", {}
    for name, more in _PARTS.items():
        code = f"{code}{more}; "
        found[name] = Candidate(name, function.path, code, function.environment)
    return found | {"our own modules": replace(function, name="our own modules")}


def compare(
    candidates: list[Candidate], against: Candidate, rounds: Iterable[object]
) -> dict[str, StartUp]:
    """Start each candidate and BASE once a round, in turn, and compare them.

    Args:
        candidates: The candidates to measure.
        against: The candidate whose ratio is 1.
        rounds: One element a round.

    Returns:
        The result by the candidate's name.
    """
    ratios: dict[str, list[float]] = {candidate.name: [] for candidate in candidates}
    for candidate in (against, *candidates):
        candidate.start()  # warms the file cache
    for _ in rounds:
        one = _processor_seconds(against)
        for candidate in candidates:
            ratios[candidate.name].append(_processor_seconds(candidate) / one)
    found = {}
    for candidate in candidates:
        low, middle, high = statistics.quantiles(ratios[candidate.name], n=4, method="inclusive")
        found[candidate.name] = StartUp(middle, low, high, len(candidate.modules()))
    return found


def size(candidate: Candidate) -> Size:
    """Return the size of a package, also zipped as `sam deploy` does."""
    files = [path for path in candidate.path.rglob("*") if path.is_file()]
    with TemporaryFile() as archive:
        with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as package:
            for path in files:
                package.write(path, path.relative_to(candidate.path))
        zipped = archive.tell()
    return Size(sum(path.stat().st_size for path in files), zipped, len(files))


def _processor_seconds(candidate: Candidate) -> float:
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    candidate.start()
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


class _TemplateLoader(yaml.CSafeLoader):
    """Reads CloudFormation's YAML, with made-up values that only a deployment knows."""


def _unresolved(_: yaml.Loader, suffix: str, node: yaml.Node) -> str:
    return f"https://{suffix.lower()}.example/{node.value}"


_TemplateLoader.add_multi_constructor("!", _unresolved)


def template() -> dict[str, Any]:
    """Return the template with made-up values that only a deployment knows."""
    found: dict[str, Any] = yaml.load(TEMPLATE.read_text(), _TemplateLoader)  # noqa: S506  # a safe loader
    return found


def restored_functions() -> list[str]:
    """Return the names of the functions that Lambda restores from a snapshot, by SnapStart."""
    return [
        properties["Handler"].split(".")[1]
        for properties in _functions_of(template())
        if "SnapStart" in properties
    ]


def template_environment(function: str) -> dict[str, str]:
    """Return what the template puts into a function's environment, made up where it must be."""
    whole = template()
    found = dict(whole["Globals"]["Function"]["Environment"]["Variables"])
    for properties in _functions_of(whole):
        if properties["Handler"] == f"functions.{function}.handler.lambda_handler":
            found |= properties["Environment"]["Variables"]
    return {name: str(value) for name, value in found.items()}


def _functions_of(template: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for resource_ in template["Resources"].values():
        if resource_["Type"] == "AWS::Serverless::Function":
            yield resource_["Properties"]
