"""Importing studios, each with an empty ledger."""

from collections.abc import Iterable
from dataclasses import dataclass

from functions.import_orders.bodies import StudioBody
from functions.import_orders.import_lines import ImportReport, parse
from shared.clock import Clock, rfc3339
from shared.domain.ledger import LedgerHead
from shared.domain.studio import Studio
from shared.gateways.conflict import StaleStateError
from shared.gateways.studios import Studios

# The studio's orders, ledger and payouts depend on these.
_NEVER_CHANGES = ("currency", "timezone", "stripe_account_id", "ledger_starts_at")


@dataclass(frozen=True, slots=True)
class ImportStudios:
    """Adds studios, and updates their settings on request."""

    studios: Studios
    clock: Clock

    def __call__(
        self, lines: Iterable[str], first_line: int = 1, *, update: bool = False
    ) -> ImportReport:
        """Import studios.

        Args:
            lines: One studio each, as JSON.
            first_line: The number of the first line in its file.
            update: Whether a stored studio takes the line's settings. Without it, an old file
                cannot bring old settings back.
        """
        report = ImportReport()
        for numbered in parse(lines, first_line, StudioBody, report):
            studio = numbered.content.studio()
            stored = self.studios.get(studio.studio_id) or self._add(studio)
            if stored is None:
                report.imported += 1
            elif stored == studio:
                report.unchanged += 1
            elif reason := _reason_not_to_update(stored, studio, update=update):
                report.refuse(numbered.line, reason)
            else:
                self.studios.update(studio)
                report.updated += 1
        return report

    def _add(self, studio: Studio) -> Studio | None:
        """Add a studio. Return the stored one if another import has added it meanwhile, or None."""
        head = LedgerHead(studio.studio_id, studio.currency)
        due_at = rfc3339(studio.payout_schedule.next_due(self.clock()))
        try:
            self.studios.add(studio, head, due_at)
        except StaleStateError:
            return self.studios.get(studio.studio_id)
        return None


def _reason_not_to_update(stored: Studio, studio: Studio, *, update: bool) -> str | None:
    fixed = [name for name in _NEVER_CHANGES if getattr(stored, name) != getattr(studio, name)]
    if fixed:
        return f"studio {studio.studio_id} exists; {', '.join(fixed)} cannot be changed"
    if not update:
        return (
            f"studio {studio.studio_id} exists with other content; send `update`: true to change it"
        )
    return None
