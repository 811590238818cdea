"""How many examples a property test tries, when it wants another number than the profile's."""

from hypothesis import settings

# What a test tries that asks for no number of its own.
ALL_EXAMPLES = 60


def scaled(count: int) -> int:
    """Return ``count`` under the full profile, and a quarter of it under the quick one."""
    return max(1, count * settings().max_examples // ALL_EXAMPLES)
