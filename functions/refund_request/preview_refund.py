"""Previewing a refund: what it would do. No refund is made."""

from dataclasses import dataclass
from datetime import date, datetime

from functions.refund_request.line_amounts import LineAmounts, line_amounts
from functions.refund_request.notices import (
    Notice,
    notices_of,
    print_and_inquiry_warnings,
    stop_notices,
)
from functions.refund_request.payout_impact import NextPayoutEffect, PayoutImpact
from functions.refund_request.read_charge import ChargeReader
from shared.clock import Clock, utc_now
from shared.domain.order import OrderState
from shared.domain.refund_quote import (
    RefundChoice,
    RefundQuote,
    RefundWarning,
    quote_refund,
    stops_print,
)
from shared.domain.settlement import Effect, estimate, tax_in
from shared.domain.studio import Studio
from shared.edge.auth import Caller
from shared.gateways.orders_table import OrderRecord
from shared.workflow.current_stops import CurrentStops
from shared.workflow.refund_limit import is_beyond_limit, refund_limit


@dataclass(frozen=True, slots=True)
class Preview:
    """What a refund would do. Amounts in minor units.

    ``next_payout_date`` is the studio's next payout day, None if it gets no payouts.
    ``limit_amount`` is the most of one order that the caller may refund, None for no limit.
    """

    quote: RefundQuote
    lines: list[LineAmounts]
    effect: Effect
    tax_amount: int
    state: OrderState
    next_payout: NextPayoutEffect
    next_payout_date: date | None
    limit_amount: int | None
    notices: list[Notice]
    stops_print: bool

    @property
    def warnings(self) -> list[RefundWarning]:
        """The codes of the notices."""
        return [notice.code for notice in self.notices]


@dataclass(frozen=True, slots=True)
class PreviewRefund:
    """Shows what a refund would do to parent, studio and PPS."""

    payout_impact: PayoutImpact
    charge_reader: ChargeReader
    stops: CurrentStops
    clock: Clock = utc_now

    def __call__(self, caller: Caller, order_id: str, choice: RefundChoice) -> Preview:
        """Return what the choice would do now.

        A print in production gives a warning, so that staff can decide what to do about it. So
        does a next payout below zero.

        Raises:
            DomainError: The request would be refused.
        """
        record = self.charge_reader.load_order(caller, order_id)
        quote = quote_refund(record.order, record.state, choice)
        state = record.state
        effect = estimate(state, quote.amount)
        studio = self.payout_impact.load_studio(state.studio_id)
        next_payout = self.payout_impact.effect(studio, state, effect)
        warnings = [*_warnings(caller, studio, record, quote), *next_payout.warnings]
        return Preview(
            quote=quote,
            lines=line_amounts(record.imported, quote),
            effect=effect,
            tax_amount=tax_in(state, quote.amount, quote.items),
            state=state,
            next_payout=next_payout,
            next_payout_date=_next_payout_date(studio, self.clock()),
            limit_amount=refund_limit(caller, studio),
            notices=[
                *stop_notices(self.stops.load(), state.studio_id),
                *notices_of(warnings, studio, state, choice, quote),
            ],
            stops_print=stops_print(state, choice, quote),
        )


def _next_payout_date(studio: Studio, now: datetime) -> date | None:
    schedule = studio.payout_schedule
    return None if studio.is_closed else schedule.following(schedule.latest(now))


def _warnings(
    caller: Caller, studio: Studio, record: OrderRecord, quote: RefundQuote
) -> list[RefundWarning]:
    warnings = print_and_inquiry_warnings(record.state)
    if is_beyond_limit(caller, studio, record.state.committed_amount + quote.amount):
        warnings.append(RefundWarning.REFUND_LIMIT_EXCEEDED)
    if any(each.lacks_balance for each in record.refunds.values()):
        warnings.append(RefundWarning.STRIPE_BALANCE_LOW)
    return warnings
