"""Names releases."""

import time


def new_release(commit: str) -> str:
    """Return a name for a deployment that no other deployment of the stack has.

    SAM tells releases apart by their first ten characters, which are the time in seconds.
    """
    return f"{int(time.time())}-{commit}"
