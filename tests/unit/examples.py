"""The number of examples of a property test that does not use the profile's number."""

from hypothesis import settings

# The number of examples of all other tests under the full profile.
ALL_EXAMPLES = 60


def scaled(count: int) -> int:
    """Return ``count`` under the full profile, and a tenth of it under the quick one."""
    return max(1, count * settings().max_examples // ALL_EXAMPLES)
