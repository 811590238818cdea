"""Responses about the signed-in user, studios and stops. Amounts in minor units of ``currency``."""

import calendar

from functions.studio_settings.list_studios import StudioPage
from functions.studio_settings.show_me import Me
from shared.domain.money import minor_unit_digits
from shared.domain.payout_schedule import Interval
from shared.domain.refund_reason import REASON_NAMES, RefundReason
from shared.domain.stops import Activity, Stop
from shared.domain.studio import OnNegativeLimit, Studio, StudioStatus
from shared.edge.auth import Action, Role
from shared.views.view import View


class StudioSettingsView(View):
    """How PPS works with the studio.

    ``rev_share_bps`` is PPS's share of each sale in hundredths of a percent. ``payout_weekday`` is
    the day of weekly payouts. ``on_negative_limit`` says what a refund does that brings the next
    payout below ``-negative_balance_limit``. ``staff_refund_limit_amount`` is the studio's own
    limit for staff, null for the usual one.
    """

    from_address: str
    sending_domain: str
    rev_share_bps: int
    payout_interval: Interval
    payout_weekday: str | None
    payout_account_id: str | None
    stripe_account_id: str | None
    hold_disputed: bool
    on_negative_limit: OnNegativeLimit
    negative_balance_limit: int
    staff_refund_limit_amount: int | None
    ledger_starts_at: str | None


class StudioSummary(View):
    """A studio. ``minor_unit_digits`` is how many decimals its currency has.

    ``locale`` (BCP 47) says how its people write numbers; null is not known.
    """

    studio_id: str
    name: str
    currency: str
    minor_unit_digits: int
    time_zone: str
    locale: str | None
    status: StudioStatus


class MyStudioView(StudioSummary):
    """The user's studio. ``settings`` are null for print operators, who see no amounts."""

    settings: StudioSettingsView | None


class RefundReasonView(View):
    """A reason that a refund may have, and what people call it."""

    reason: RefundReason
    name: str


class MeView(View):
    """The signed-in user.

    ``refund_limit_amount`` is the most of one order that the user may refund, all its refunds
    together; null is no limit. ``refund_reasons`` are those to choose from, in order. ``studio`` is
    null for a PPS admin who names no studio.
    """

    user_id: str
    display_name: str
    roles: list[Role]
    actions: list[str]
    is_pps_admin: bool
    refund_limit_amount: int | None
    refund_reasons: list[RefundReasonView]
    studio: MyStudioView | None


class StudioList(View):
    """A page of studios, by name."""

    items: list[StudioSummary]
    next_cursor: str | None


class StopView(View):
    """What PPS has stopped for now. ``detail`` says so to studio staff."""

    activity: Activity
    detail: str
    stopped_at: str


class StopList(View):
    """What is stopped, each activity once at most."""

    items: list[StopView]


def me_view(me: Me) -> MeView:
    """Return the signed-in user as the API shows them. A user without a name has their id."""
    user, actions = me.user, me.user.allowed_actions
    return MeView(
        user_id=user.user,
        display_name=user.name or user.user,
        roles=[role for role in Role if role in user.roles],
        actions=[action.code for action in actions],
        is_pps_admin=user.is_pps_admin,
        refund_limit_amount=me.refund_limit_amount,
        refund_reasons=[
            RefundReasonView(reason=reason, name=name) for reason, name in REASON_NAMES.items()
        ],
        studio=me.studio
        and MyStudioView(
            **dict(_summary(me.studio)),
            settings=_settings(me.studio) if Action.READ_ORDERS in actions else None,
        ),
    )


def studio_list(page: StudioPage) -> StudioList:
    """Return a page of studios as the API shows it."""
    return StudioList(items=list(map(_summary, page.studios)), next_cursor=page.next_cursor)


def stop_list(stops: list[Stop]) -> StopList:
    """Return what is stopped as the API shows it. Who stopped it and why is for operators."""
    return StopList(
        items=[
            StopView(activity=each.activity, detail=each.words, stopped_at=each.stopped_at)
            for each in stops
        ]
    )


def _summary(studio: Studio) -> StudioSummary:
    return StudioSummary(
        studio_id=studio.studio_id,
        name=studio.name,
        currency=studio.currency,
        minor_unit_digits=minor_unit_digits(studio.currency),
        time_zone=studio.timezone,
        locale=studio.locale,
        status=studio.status,
    )


def _settings(studio: Studio) -> StudioSettingsView:
    is_weekly = studio.payout_interval is Interval.WEEKLY
    return StudioSettingsView(
        from_address=studio.from_address,
        sending_domain=studio.from_address.rpartition("@")[2].lower(),
        rev_share_bps=studio.rev_share_bps,
        payout_interval=studio.payout_interval,
        payout_weekday=calendar.day_name[studio.payout_weekday].lower() if is_weekly else None,
        payout_account_id=studio.payout_account_id,
        stripe_account_id=studio.stripe_account_id,
        hold_disputed=studio.hold_disputed,
        on_negative_limit=studio.on_negative_limit,
        negative_balance_limit=studio.negative_balance_limit,
        staff_refund_limit_amount=studio.staff_refund_limit_amount,
        ledger_starts_at=studio.ledger_starts_at,
    )
