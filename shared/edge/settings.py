"""A function's settings, from its environment variables."""

import os


def setting(name: str) -> str:
    """Return a setting.

    Raises:
        KeyError: The template does not set it for this function.
    """
    return os.environ[name]
