"""How Hypothesis runs here: all its examples in ``make test``, a quarter in ``make unit``."""

from hypothesis import HealthCheck, Phase, settings

from .examples import ALL_EXAMPLES

settings.register_profile(
    "unit",
    deadline=None,  # how long an example takes says nothing about the code
    max_examples=ALL_EXAMPLES,
    suppress_health_check=[HealthCheck.too_slow],
    # Without `explain`: for a failing sequence of refunds it takes minutes.
    phases=[Phase.explicit, Phase.reuse, Phase.generate, Phase.shrink],
)
settings.register_profile("quick", settings.get_profile("unit"), max_examples=ALL_EXAMPLES // 4)
# `make unit` asks for "quick" with an option, which pytest reads after this file.
settings.load_profile("unit")
