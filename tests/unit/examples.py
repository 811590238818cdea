"""The number of examples of a property test that does not use the profile's number."""

from hypothesis import settings

# The number of examples of all other tests, of which each profile takes its part.
ALL_EXAMPLES = 60


def scaled(count: int) -> int:
    """Return the part of ``count`` that the profile takes: see ``conftest.py``."""
    return max(1, count * settings().max_examples // ALL_EXAMPLES)
