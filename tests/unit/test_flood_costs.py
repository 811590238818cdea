"""docs/deploy.md says what a flood of forged webhooks costs, as computed."""

from infra.paths import DOCS
from tests.unit.flood_costs import flood_table


def test_the_documented_costs_are_computed_from_the_template_s_throttle() -> None:
    assert "\n".join(flood_table()) in (DOCS / "deploy.md").read_text()
