"""Importing studios, each with an empty ledger."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from functions.import_orders.bodies import StudioBody
from functions.import_orders.import_lines import ImportReport, Numbered, one_line, parse
from shared.clock import Clock, rfc3339
from shared.domain.ledger import LedgerHead
from shared.domain.studio import Studio
from shared.gateways.conflict import StaleStateError, tries
from shared.gateways.connected_accounts import ConnectedAccounts
from shared.gateways.studio_updates import PayoutState, StudioUpdates

# The studio's orders, ledger and payouts depend on these.
_NEVER_CHANGES = ("currency", "timezone", "stripe_account_id", "ledger_starts_at")

# Payout runs change the same records; each write takes well under a second.
_CONTENTION_SECONDS = 15.0

_NEW_ACCOUNT = "an import gave the studio another payout account"


@dataclass(frozen=True, slots=True)
class ImportStudios:
    """Adds studios, and updates their settings on request."""

    studios: StudioUpdates
    accounts: ConnectedAccounts
    clock: Clock

    def __call__(
        self, lines: Iterable[object], first_line: int = 1, *, update: bool = False
    ) -> ImportReport:
        """Import studios.

        Args:
            lines: One studio each, as JSON.
            first_line: The number of the first line in its file.
            update: Whether a stored studio takes the line's settings. Without it, an old file
                cannot bring old settings back.
        """
        report = ImportReport()
        studios: list[Numbered[Studio]] = []
        for body in parse(lines, first_line, StudioBody, report):
            with one_line(body.line, report):
                studios.append(Numbered(body.line, body.content.studio()))
        for numbered in studios:
            studio = numbered.content
            stored = self.studios.get(studio.studio_id) or self._add(studio)
            if stored is None:
                report.imported += 1
            elif stored == studio:
                report.unchanged += 1
            elif reason := _reason_not_to_update(stored, studio, update=update):
                report.refuse(numbered.line, reason)
            else:
                self._update(stored, studio)
                report.updated += 1
        return report

    def _add(self, studio: Studio) -> Studio | None:
        """Add a studio. Return the stored one if another import has added it meanwhile, or None."""
        self._connect(studio)
        head = LedgerHead(studio.studio_id, studio.currency)
        due_at = rfc3339(studio.payout_schedule.next_due(self.clock()))
        try:
            self.studios.add(studio, head, due_at)
        except StaleStateError:
            return self.studios.get(studio.studio_id)
        return None

    def _update(self, stored: Studio, studio: Studio) -> None:
        """Store new settings with the next due time under them, and release a hold.

        Raises:
            StaleStateError: Others kept changing the studio's payouts. Nothing was stored.
        """
        self._connect(studio)
        for _ in tries(_CONTENTION_SECONDS):
            before = self.studios.payout_state(studio.studio_id)
            after = _payout_state(before, stored, studio, self.clock())
            try:
                self.studios.update(studio, before, after)
            except StaleStateError:
                continue
            return
        raise StaleStateError

    def _connect(self, studio: Studio) -> None:
        """Have the studio's own Stripe account compared with the books from now on."""
        account_id = studio.stripe_account_id
        if account_id is not None:
            self.accounts.connect(account_id, studio.studio_id, rfc3339(self.clock()))


def _payout_state(
    before: PayoutState, stored: Studio, studio: Studio, now: datetime
) -> PayoutState:
    """Return when the next payout is due under new settings, and the hold under them.

    What is due already stays due. A studio that can be paid at last is due at once, and the payout
    run pays what its schedule says.
    """
    at, account_id = rfc3339(now), studio.payout_account_id
    is_payable = account_id is not None and account_id != stored.payout_account_id
    if is_payable and (before.hold is not None or stored.payout_account_id is None):
        hold = before.hold.released(_NEW_ACCOUNT, at) if before.hold else None
        return PayoutState(min(before.due_at, at), hold)
    if before.due_at <= at:
        return before
    return PayoutState(rfc3339(studio.payout_schedule.next_due(now)), before.hold)


def _reason_not_to_update(stored: Studio, studio: Studio, *, update: bool) -> str | None:
    fixed = [name for name in _NEVER_CHANGES if getattr(stored, name) != getattr(studio, name)]
    if fixed:
        return f"studio {studio.studio_id} exists; {', '.join(fixed)} cannot be changed"
    if not update:
        return (
            f"studio {studio.studio_id} exists with other content; send `update`: true to change it"
        )
    return None
