"""A function's bill of materials names exactly what its lock file pins for Lambda."""

import json
from pathlib import Path

from infra.build.bill_of_materials import bill_of_materials


def package(folder: Path, name: str, version: str) -> None:
    metadata = folder / f"{name}-{version}.dist-info" / "METADATA"
    metadata.parent.mkdir()
    metadata.write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n")


def test_every_package_in_the_artifact_is_named_with_its_version(tmp_path: Path) -> None:
    package(tmp_path, "typing_extensions", "4.15.0")
    package(tmp_path, "Jinja2", "3.1.6")
    (tmp_path / "functions").mkdir()
    document = json.loads(bill_of_materials("send_message", tmp_path))
    assert document["bomFormat"] == "CycloneDX"
    assert document["metadata"]["component"]["name"] == "send_message"
    assert [each["purl"] for each in document["components"]] == [
        "pkg:pypi/jinja2@3.1.6",
        "pkg:pypi/typing-extensions@4.15.0",
    ]


def test_nothing_else_in_python_s_path_is_listed(tmp_path: Path) -> None:
    assert json.loads(bill_of_materials("empty", tmp_path))["components"] == []
