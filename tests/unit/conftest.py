"""How Hypothesis runs here."""

from hypothesis import HealthCheck, Phase, settings

settings.register_profile(
    "unit",
    deadline=None,  # how long an example takes says nothing about the code
    max_examples=60,
    suppress_health_check=[HealthCheck.too_slow],
    # Without `explain`: for a failing sequence of refunds it takes minutes.
    phases=[Phase.explicit, Phase.reuse, Phase.generate, Phase.shrink],
)
settings.load_profile("unit")
