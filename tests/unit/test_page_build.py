"""Building and publishing the page, and finding a browser for its tests."""

import platform
import re
import shutil
from pathlib import Path
from typing import Any

import boto3
import pytest

from infra.aws import AwsClients
from infra.build import dashboard
from infra.build.browser import find_chromium
from infra.failure import Failure
from infra.operate.publish_dashboard import publish
from infra.paths import DASHBOARD

OUTPUTS = {
    "DashboardBucketName": "bucket",
    "UserPoolId": "us-east-1_pool",
    "UserPoolClientId": "client",
    "SignInUrl": "https://sign-in.example",
}


class Bucket:
    """Remembers what was put into it, in order."""

    def __init__(self) -> None:
        self.put: list[dict[str, Any]] = []

    def put_object(self, **request: Any) -> None:  # noqa: ANN401  # S3's own types
        self.put.append(request)


@pytest.mark.parametrize("folder", [DASHBOARD, DASHBOARD / "browser"])
def test_a_lock_names_hashes_and_no_registry(folder: Path) -> None:
    lock = (folder / "package-lock.json").read_text(encoding="utf-8")
    assert '"resolved"' not in lock
    assert '"integrity": "sha512-' in lock
    assert not re.search(r"https?://[^\"]*\.tgz", lock)


def test_a_registry_that_lacks_a_package_is_named_as_the_reason(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object, what: str, **__: object) -> str:
        raise Failure(f"{what} failed: npm error code E404")

    (tmp_path / "package-lock.json").write_text("{}")
    monkeypatch.setattr(dashboard, "run_node", refuse)
    monkeypatch.setattr(dashboard, "ROOT", tmp_path)
    with pytest.raises(Failure, match="Your npm registry does not have a package as the lock"):
        dashboard.install_packages(tmp_path)


def test_the_page_is_published_after_the_files_that_it_names(tmp_path: Path) -> None:
    (tmp_path / "assets").mkdir()
    (tmp_path / ".vite").mkdir()
    for name in ("index.html", "preview.html", "assets/a-1.js", "assets/a-1.css", ".vite/m.json"):
        (tmp_path / name).write_text(name)
    bucket = Bucket()
    aws = AwsClients(boto3.Session(region_name="us-east-1"))
    aws.__dict__["s3"] = bucket
    publish(aws, OUTPUTS, tmp_path)
    names = [each["Key"] for each in bucket.put]
    assert set(names[:2]) == {"assets/a-1.js", "assets/a-1.css"}
    assert names[2:] == ["config.json", "index.html", "preview.html"]
    assert {each["Key"]: each["CacheControl"] for each in bucket.put} == {
        "assets/a-1.js": "public, max-age=31536000, immutable",
        "assets/a-1.css": "public, max-age=31536000, immutable",
        "config.json": "no-store",
        "index.html": "no-cache",
        "preview.html": "no-cache",
    }
    assert {each["Key"]: each["ContentType"] for each in bucket.put}["index.html"] == "text/html"


def test_a_named_browser_that_is_missing_is_a_failure_that_says_how_to_get_one(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("CHROMIUM", "/no/such/chrome")
    with pytest.raises(Failure, match=r"is not a file\. Install Chromium"):
        find_chromium()


def test_no_browser_at_all_is_a_failure_that_says_how_to_get_one(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delenv("CHROMIUM", raising=False)
    monkeypatch.setattr(shutil, "which", lambda _: None)
    monkeypatch.setattr(platform, "machine", lambda: "riscv64")
    with pytest.raises(Failure, match=r"CHROMIUM=/path/to/chrome make test"):
        find_chromium()


def test_a_browser_on_the_path_is_taken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program = tmp_path / "google-chrome"
    program.touch(mode=0o755)
    monkeypatch.delenv("CHROMIUM", raising=False)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert find_chromium().path == program
