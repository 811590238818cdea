"""The functions' settings, from their environment. A missing one stops the function at init."""

import os


def setting(name: str) -> str:
    """Return a setting of the environment.

    Raises:
        KeyError: The template does not give it to this function.
    """
    return os.environ[name]
