"""Builds each function into `build/<function>/`, ready for Lambda.

An artifact is the function's locked dependencies, its own package and `shared/`.
Three things make its cold start fast:

- Bytecode is compiled `unchecked-hash`. SAM's zips carry mtimes of 1980, which
  would invalidate timestamp `.pyc` files at every cold start.
- botocore keeps only the services that this system calls.
- What no function can use is left out of the package: `_UNUSED`.

`build/.sbom/` has the bill of materials of each artifact.

Dependencies are built once per lock file and architecture, under
`build/.vendor/`. Functions with the same lock share them by hard link, and sets
of dependencies share what uv's cache has. So no file here may be changed in place.
Bytecode is compiled once per source file, under `build/.bytecode/`.
"""

import csv
import gzip
import hashlib
import importlib.util
import itertools
import json
import os
import platform
import py_compile
import shutil
import sys
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from enum import StrEnum
from fcntl import LOCK_EX, flock
from pathlib import Path
from typing import Annotated, Any

import typer

from infra.build.bill_of_materials import bill_of_materials
from infra.failure import Failure, one_line_for_failures, run_tool
from infra.paths import BUILD, FUNCTIONS, ROOT, SHARED, UV

SERVICES = frozenset({"dynamodb", "secretsmanager", "sqs", "sts", "xray"})
# More services for single functions. S3's model is larger than all the others together.
MORE_SERVICES = {
    "send_message": frozenset({"sesv2"}),
    "refund_report": frozenset({"s3"}),
    "payouts": frozenset({"s3"}),
    "export_report": frozenset({"s3"}),
    "anchor_ledger": frozenset({"kms", "s3"}),
    "users": frozenset({"cognito-idp"}),
}
PYTHON_VERSION = "3.13"

# The files that botocore reads beside the services' models.
_BOTOCORE_FILES = frozenset({"_retry.json", "partitions.json", "sdk-default-configuration.json"})

# Files that no function can use, by folder. Every cold start unpacks the rest.
_UNUSED = {
    # Parameter types, which only type checkers import, and the v2 API, which nothing here calls.
    # The SDK itself imports v2/core.
    "stripe": (
        *("params", "events", "v2/billing", "v2/commerce", "v2/money_management"),
        "v2/test_helpers",
    ),
    # The classes of pydantic 1.
    "pydantic": ("v1",),
    # All but what the logger, the resolver and the handlers' types import.
    "aws_lambda_powertools/utilities": (
        *("auth_alpha", "batch", "circuit_breaker", "data_masking", "feature_flags", "idempotency"),
        *("kafka", "parameters", "parser", "streaming"),
    ),
    # The page that Powertools can show for the API. Its address is never enabled.
    "aws_lambda_powertools/event_handler/openapi/swagger_ui": (
        *("swagger-ui-bundle.min.js", "swagger-ui.min.css"),
    ),
    # Reads and writes catalogs of translations.
    "babel": ("messages",),
}

# A layer on botocore. Of what the functions use, only Powertools' Tracer imports it.
_BOTO3_PACKAGES = ("boto3", "s3transfer")

# What the installer notes about a package beside its METADATA.
_INSTALLERS_NOTES = frozenset({"RECORD", "INSTALLER", "REQUESTED", "WHEEL", "direct_url.json"})

# What only the SDK's own HTTP client needs. Ours uses urllib3: shared/gateways/stripe/http_client.
_STRIPE_UNUSED_PACKAGES = ("requests", "charset_normalizer", "certifi", "idna")


class Architecture(StrEnum):
    """A Lambda architecture, as the template names it."""

    ARM64 = "arm64"
    X86_64 = "x86_64"

    @classmethod
    def of_this_machine(cls) -> "Architecture":
        """Return the architecture of this machine."""
        return cls.ARM64 if platform.machine().lower() in {"arm64", "aarch64"} else cls.X86_64

    @property
    def wheels(self) -> list[str]:
        """The arguments that make uv choose wheels for Amazon Linux 2023.

        On a machine that is not Linux, its own architecture gets its own wheels,
        because the local stack runs the artifacts on that machine.
        """
        if self is Architecture.of_this_machine() and sys.platform != "linux":
            return []
        machine = "aarch64" if self is Architecture.ARM64 else "x86_64"
        return ["--python-platform", f"{machine}-manylinux_2_28"]


@dataclass(frozen=True)
class Artifact:
    """A built function.

    Attributes:
        name: The name of the function's folder.
        path: Its folder under `build/`.
        size: Its size in bytes, unzipped.
        changed: Whether this build changed it.
    """

    name: str
    path: Path
    size: int
    changed: bool


def function_names() -> list[str]:
    """Return the names of all functions: each folder with its own lock file."""
    return sorted(lock.parent.name for lock in FUNCTIONS.glob("*/requirements.txt"))


def build(architecture: Architecture) -> list[Artifact]:
    """Build every function that changed since its last build.

    Raises:
        Failure: Dependencies cannot be installed, or code does not compile.
    """
    BUILD.mkdir(exist_ok=True)
    with (BUILD / ".lock").open("w") as lock, ThreadPoolExecutor(os.cpu_count()) as pool:
        flock(lock, LOCK_EX)  # two builds at once would delete each other's files
        names = function_names()
        locks = {name: (FUNCTIONS / name / "requirements.txt").read_text() for name in names}
        keys = {name: _vendor_key(locks[name], services_of(name), architecture) for name in names}
        distinct = {keys[name]: name for name in names}
        list(pool.map(lambda key: _vendor(key, distinct[key], architecture), distinct))
        built = list(pool.map(lambda name: _assemble(name, keys[name]), names))
        for artifact in built:
            _list_materials(artifact)
        return built


def services_of(name: str) -> frozenset[str]:
    """Return the AWS services that a function calls."""
    return SERVICES | MORE_SERVICES.get(name, frozenset())


def _vendor_key(lock: str, services: frozenset[str], architecture: Architecture) -> str:
    """Return a name for a set of dependencies, derived from the pins, the target and this file."""
    pins = "\n".join(line for line in lock.splitlines() if not line.lstrip().startswith("#"))
    return _digest(
        pins, *sorted(services), architecture, str(architecture.wheels), Path(__file__).read_text()
    )


def _vendor(key: str, name: str, architecture: Architecture) -> None:
    """Install, prune and compile one set of dependencies, unless it exists."""
    target = BUILD / ".vendor" / key
    if target.is_dir():
        return
    staging = target.with_suffix(".new")
    shutil.rmtree(staging, ignore_errors=True)
    lock = FUNCTIONS / name / "requirements.txt"
    command: list[str | Path] = [
        UV,
        "pip",
        "install",
        "--quiet",
        "--link-mode",
        "hardlink",
        "--target",
        staging,
    ]
    command += [
        *architecture.wheels,
        "--python-version",
        PYTHON_VERSION,
        "--only-binary",
        ":all:",
        "--require-hashes",
    ]
    run_tool([*command, "-r", lock], what=f"installing {name}'s dependencies", cwd=ROOT)
    _prune(staging, services_of(name))
    _compile(staging)
    staging.rename(target)


def _assemble(name: str, vendor_key: str) -> Artifact:
    """Put dependencies and code together, if either changed."""
    target = BUILD / name
    sources = list(_sources(name))
    stamp = _digest(vendor_key, *(f"{path}:{_file_digest(ROOT / path)}" for path in sources))
    stamped = BUILD / ".stamps" / name
    if target.is_dir() and stamped.is_file() and stamped.read_text() == stamp:
        return Artifact(name, target, _size(target), changed=False)
    staging = BUILD / f".{name}.new"
    shutil.rmtree(staging, ignore_errors=True)
    shutil.copytree(BUILD / ".vendor" / vendor_key, staging, copy_function=os.link)
    for path in sources:
        (staging / path).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(ROOT / path, staging / path)
    _compile(staging / "functions")
    _compile(staging / "shared")
    shutil.rmtree(target, ignore_errors=True)
    staging.rename(target)
    stamped.parent.mkdir(exist_ok=True)
    stamped.write_text(stamp)
    return Artifact(name, target, _size(target), changed=True)


def _list_materials(artifact: Artifact) -> None:
    listed = BUILD / ".sbom" / f"{artifact.name}.cdx.json"
    if artifact.changed or not listed.is_file():
        listed.parent.mkdir(exist_ok=True)
        listed.write_text(bill_of_materials(artifact.name, artifact.path))


def _sources(name: str) -> Iterator[Path]:
    """Yield a function's source files in a fixed order, relative to the root."""
    yield Path("functions/__init__.py")
    trees = (FUNCTIONS / name, SHARED)
    found = sorted(itertools.chain.from_iterable(tree.rglob("*") for tree in trees))
    for path in found:
        if path.is_file() and path.suffix != ".pyc" and not path.name.startswith("requirements."):
            yield path.relative_to(ROOT)


def _prune(target: Path, services: frozenset[str]) -> None:
    """Delete files that never run.

    Keeps METADATA, in which Amazon Inspector finds vulnerable packages.
    """
    shutil.rmtree(target / "bin", ignore_errors=True)
    for package in _unused_packages(target):
        _remove_package(target, package)
    notes = (record for record in target.glob("*.dist-info/*") if record.name in _INSTALLERS_NOTES)
    for file in (*target.glob(".lock"), *notes, *target.rglob("*.pyi")):
        file.unlink()
    for folder, unused in _UNUSED.items():
        for name in unused:
            _remove(target / folder / name)
    _prune_locales(target / "babel" / "locale-data")
    for package in ("botocore", "boto3"):
        _prune_service_models(target / package / "data", services)


def _unused_packages(target: Path) -> Iterator[str]:
    """Yield the installed packages that another one needs only for what nothing here uses."""
    if (target / "stripe").is_dir():
        yield from _STRIPE_UNUSED_PACKAGES
    if (target / "boto3").is_dir() and not (target / "aws_xray_sdk").is_dir():
        yield from _BOTO3_PACKAGES


def _remove(path: Path) -> None:
    """Delete a file or a folder that may be there."""
    if path.is_dir():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


def _remove_package(target: Path, package: str) -> None:
    """Delete an installed package: each file that its record lists."""
    (record,) = target.glob(f"{package}-*.dist-info/RECORD")
    with record.open(newline="", encoding="utf-8") as lines:
        for path, *_ in csv.reader(lines):
            (target / path).unlink(missing_ok=True)
    shutil.rmtree(target / package)
    shutil.rmtree(record.parent)


def _prune_locales(data: Path) -> None:
    """Keep the locale data of English in all regions. Messages are written in English."""
    for locale in data.glob("*.dat"):
        if locale.name != "root.dat" and not locale.name.startswith(("en.", "en_")):
            locale.unlink()


def _prune_service_models(data: Path, kept: frozenset[str]) -> None:
    """Keep the models of the services that the function calls.

    Shortens `endpoints.json` too. It lists every service's regions in 1.2 MB, and
    each cold start parses it.
    """
    if not data.is_dir():
        return
    for entry in data.iterdir():
        if entry.is_dir() and entry.name not in kept:
            shutil.rmtree(entry)
        elif entry.is_file() and entry.name not in _BOTOCORE_FILES | {"endpoints.json"}:
            entry.unlink()
    for examples in data.rglob("examples-*.json*"):
        examples.unlink()
    for model in data.rglob("service-2.json.gz"):
        _shorten_service_model(model)
    endpoints_file = data / "endpoints.json"
    if endpoints_file.is_file():
        endpoints = json.loads(endpoints_file.read_text())
        for partition in endpoints["partitions"]:
            services = partition["services"]
            partition["services"] = {name: services[name] for name in kept & services.keys()}
        endpoints_file.unlink()  # uv's cache has this file too
        endpoints_file.write_text(json.dumps(endpoints, separators=(",", ":"), sort_keys=True))


def _shorten_service_model(model: Path) -> None:
    """Store a service's model without its documentation, four fifths of it, and not compressed.

    Each cold start parses it. The package is compressed as a whole.
    """
    with gzip.open(model, "rt", encoding="utf-8") as stored:
        content = json.load(stored, object_hook=_without_documentation)
    model.with_suffix("").write_text(json.dumps(content, separators=(",", ":")), encoding="utf-8")
    model.unlink()


def _without_documentation(content: dict[str, Any]) -> dict[str, Any]:
    """Empty the texts. botocore reads some of them. A member of that name is no text, and stays."""
    return {
        name: "" if name == "documentation" and isinstance(value, str) else value
        for name, value in content.items()
    }


def _compile(tree: Path) -> None:
    """Give each source file bytecode that Python uses without checking the source's mtime.

    Raises:
        Failure: A file does not compile.
    """
    base = tree if tree.parent.name == ".vendor" else tree.parent
    for source in tree.rglob("*.py"):
        compiled = Path(importlib.util.cache_from_source(str(source)))
        compiled.parent.mkdir(exist_ok=True)
        os.link(_bytecode(source, str(source.relative_to(base))), compiled)


def _bytecode(source: Path, name: str) -> Path:
    """Return the file with a source file's bytecode. Tracebacks call the source by its name."""
    magic = importlib.util.MAGIC_NUMBER.hex()
    kept = BUILD / ".bytecode" / f"{_digest(magic, name, _file_digest(source))}.pyc"
    if not kept.exists():
        kept.parent.mkdir(exist_ok=True)
        with tempfile.TemporaryDirectory(dir=kept.parent) as staging:
            compiling = Path(staging) / kept.name
            try:
                py_compile.compile(
                    str(source),
                    cfile=str(compiling),
                    dfile=name,
                    doraise=True,
                    invalidation_mode=py_compile.PycInvalidationMode.UNCHECKED_HASH,
                )
            except py_compile.PyCompileError as error:
                raise Failure(f"{name} does not compile. Run `make lint` to see where.") from error
            with suppress(FileExistsError):  # another thread was faster
                os.link(compiling, kept)
    return kept


def _digest(*parts: str) -> str:
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()[:32]


def _file_digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def _size(tree: Path) -> int:
    return sum(path.stat().st_size for path in tree.rglob("*") if path.is_file())


def main(
    arch: Annotated[
        Architecture,
        typer.Option(help="The architecture that the functions run on.", envvar="ARCH"),
    ] = Architecture.of_this_machine(),  # noqa: B008 - the value never changes
) -> None:
    """Build the functions into build/."""
    started = time.monotonic()
    with one_line_for_failures():
        artifacts = build(arch)
    for artifact in artifacts:
        state = "built" if artifact.changed else "unchanged"
        typer.echo(f"{artifact.name:16} {artifact.size / 1e6:6.1f} MB  {state}")
    typer.echo(f"{len(artifacts)} functions for {arch} in {time.monotonic() - started:.1f} s")


if __name__ == "__main__":
    typer.run(main)
