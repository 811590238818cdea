"""A studio: its identity, its payouts, and its limit for a negative balance."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from zoneinfo import ZoneInfo

from shared.domain.payout_schedule import Interval, PayoutSchedule


class OnNegativeLimit(StrEnum):
    """The action when a refund takes the next payout below the studio's limit."""

    WARN = "warn"
    REFUSE = "refuse"


class StudioStatus(StrEnum):
    """Whether a studio works with PPS. A closed one can be reopened."""

    ACTIVE = "active"
    CLOSED = "closed"


@dataclass(frozen=True, slots=True)
class Studio:
    """A studio as imported; amounts in minor units of ``currency``.

    ``timezone`` is an IANA zone. ``stripe_account_id`` is set if the studio's charges are on its
    own Stripe account. PPS transfers payouts to ``payout_account_id``. ``payout_weekday`` is 0
    for Monday. What moved before ``ledger_starts_at`` (RFC 3339 in UTC) was paid out elsewhere.
    With ``hold_disputed`` a payout holds back what open disputes may still take.
    ``staff_refund_limit_amount`` is the most that staff may refund of one order; None is the usual
    limit. A studio whose ``status`` is closed gets no new orders and no payouts by schedule.
    ``locale`` (BCP 47, such as ``nb-NO``) says how its people write numbers. ``journal_accounts``
    names the studio's own accounts for each form of the journal, by role.
    """

    studio_id: str
    name: str
    timezone: str
    currency: str
    rev_share_bps: int
    from_address: str
    negative_balance_limit: int
    stripe_account_id: str | None = None
    payout_account_id: str | None = None
    payout_interval: Interval = Interval.WEEKLY
    payout_weekday: int = 0
    on_negative_limit: OnNegativeLimit = OnNegativeLimit.WARN
    ledger_starts_at: str | None = None
    hold_disputed: bool = False
    staff_refund_limit_amount: int | None = None
    status: StudioStatus = StudioStatus.ACTIVE
    locale: str | None = None
    journal_accounts: Mapping[str, Mapping[str, str]] = MappingProxyType({})

    @property
    def is_closed(self) -> bool:
        """Whether the studio gets no new orders and no payouts by schedule."""
        return self.status is StudioStatus.CLOSED

    @property
    def zone(self) -> ZoneInfo:
        """The studio's time zone."""
        return ZoneInfo(self.timezone)

    @property
    def payout_schedule(self) -> PayoutSchedule:
        """When the studio is paid out, in its own time zone."""
        return PayoutSchedule(self.payout_interval, self.payout_weekday, self.zone)
