"""The commit that a deployment is made of."""

from infra.failure import Failure, run_tool
from infra.paths import ROOT

_CHANGED = "-changed"


def commit_to_deploy(*, allow_changes: bool) -> str:
    """Return the working copy's commit. It ends in ``-changed`` if files differ from it.

    Args:
        allow_changes: Whether files may differ from the commit.

    Raises:
        Failure: Files differ, or this is no working copy of git.
    """
    commit = run_tool(["git", "rev-parse", "HEAD"], what="reading the commit", cwd=ROOT).strip()
    changes = run_tool(["git", "status", "--porcelain"], what="reading the changes", cwd=ROOT)
    if not changes:
        return commit
    if allow_changes:
        return commit + _CHANGED
    count = len(changes.splitlines())
    raise Failure(
        f"{count} files differ from the commit, so nobody could tell what was deployed. Commit "
        "them, or deploy them anyway with CHANGED=1 (--allow-changes)."
    )
