"""The scan for secrets finds what is planted, in the tree and in a commit that took it out again.

The secrets are made up as the test runs, because no file may have one.
"""

import random
import shutil
import string
import subprocess
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

from infra.build.secret_scan import Secret, find_secrets
from infra.failure import Failure

pytestmark = pytest.mark.slow

ALPHANUMERIC = string.ascii_letters + string.digits


def made_up(prefix: str, length: int, characters: str = ALPHANUMERIC) -> str:
    return prefix + "".join(random.Random(length).choices(characters, k=length))  # noqa: S311  # made up


def planted_lines() -> list[str]:
    """Return a line for each kind of secret that this product could lose."""
    pem = serialization.Encoding.PEM
    private_key = ec.generate_private_key(ec.SECP256R1()).private_bytes(
        pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    return [
        f'stripe = "{made_up("sk_live_51", 97)}"',
        f'restricted = "{made_up("rk_live_51", 96)}"',
        f'webhook = "{made_up("whsec_", 32)}"',
        f'aws_access_key_id = "{made_up("AKIA", 16, string.ascii_uppercase + "234567")}"',
        f'aws_secret_access_key = "{made_up("", 40)}"',
        private_key.decode(),
    ]


FOUND = [
    ("shop/settings.py", 1, "stripe-access-token"),
    ("shop/settings.py", 2, "stripe-access-token"),
    ("shop/settings.py", 3, "stripe-webhook-secret"),
    ("shop/settings.py", 4, "aws-access-token"),
    ("shop/settings.py", 6, "private-key"),
]


def places(found: list[Secret]) -> list[tuple[str, int, str]]:
    return sorted((each.path, each.line, each.kind) for each in found)


def git(repository: Path, *arguments: str) -> None:
    identity = ["-c", "user.name=Test", "-c", "user.email=test@example.com"]
    subprocess.run(["git", *identity, *arguments], cwd=repository, check=True, capture_output=True)  # noqa: S603, S607  # our own command


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    git(tmp_path, "init", "--quiet")
    (tmp_path / "README.md").write_text("Nothing secret.\n")
    (tmp_path / ".gitignore").write_text("/build/\n")
    git(tmp_path, "add", ".")
    git(tmp_path, "commit", "--quiet", "--message", "a clean tree")
    return tmp_path


def plant(folder: Path) -> None:
    folder.mkdir(parents=True)
    (folder / "settings.py").write_text("\n".join(planted_lines()))


def test_planted_keys_of_stripe_and_aws_and_a_private_key_are_found(repository: Path) -> None:
    assert find_secrets(repository) == []
    plant(repository / "shop")
    assert places(find_secrets(repository)) == FOUND


def test_a_secret_that_a_later_commit_took_out_is_found_in_the_history(repository: Path) -> None:
    plant(repository / "shop")
    git(repository, "add", ".")
    git(repository, "commit", "--quiet", "--message", "secrets")
    git(repository, "rm", "-r", "--quiet", "shop")
    git(repository, "commit", "--quiet", "--message", "no secrets")
    assert find_secrets(repository) == []
    found = find_secrets(repository, history=True)
    assert {each.kind for each in found} == {kind for _, _, kind in FOUND}
    assert all(each.commit for each in found)


def test_only_what_git_ignores_is_skipped(repository: Path) -> None:
    plant(repository / "build")
    plant(repository / "shop" / "build")
    assert {each.path for each in find_secrets(repository)} == {"shop/build/settings.py"}


def test_no_comment_switches_the_scan_off(repository: Path) -> None:
    line = planted_lines()[0] + "  # kingfisher:ignore"
    (repository / "settings.py").write_text(line)
    assert len(find_secrets(repository)) == 1


def test_a_finding_shows_no_part_of_the_secret(repository: Path) -> None:
    plant(repository / "shop")
    assert str(find_secrets(repository)[0]) == "shop/settings.py:1: stripe-access-token"


def test_a_download_without_a_repository_is_scanned_alike(repository: Path) -> None:
    plant(repository / "build")
    plant(repository / "shop")
    shutil.rmtree(repository / ".git")
    assert places(find_secrets(repository)) == FOUND


def test_a_folder_that_is_not_there_is_one_readable_line(tmp_path: Path) -> None:
    with pytest.raises(Failure):
        find_secrets(tmp_path / "missing")
