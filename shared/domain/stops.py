"""What operators have stopped: refunds, payouts or messages, for the whole platform or one studio.

Only what begins now is stopped. What Stripe did is a fact: webhooks, settlement and
reconciliation always go on.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from enum import StrEnum

from shared.domain.errors import MessagesStoppedError, RefundsStoppedError

# Every use reads all stops at once, so they must stay few: one item has 400 kB.
MOST_STOPS = 100


class Activity(StrEnum):
    """What can be stopped."""

    REFUNDS = "refunds"
    PAYOUTS = "payouts"
    MESSAGES = "messages"


class TooManyStopsError(Exception):
    """More studios are stopped one by one than fit. Stop the whole platform instead."""


_STOPPED = {
    Activity.REFUNDS: "Refunds are stopped for now.",
    Activity.PAYOUTS: "Payouts are stopped for now. Nothing is lost: they continue later.",
    Activity.MESSAGES: "Messages to parents are stopped for now.",
}


@dataclass(frozen=True, slots=True)
class Stop:
    """A stop of one activity.

    Attributes:
        activity: What is stopped.
        studio_id: The studio. None is the whole platform.
        by: The operator's id.
        why: The reason, for operators only.
        notice: What studios are told, in one or two sentences.
        stopped_at: RFC 3339 in UTC.
    """

    activity: Activity
    studio_id: str | None
    by: str
    why: str
    notice: str
    stopped_at: str

    @property
    def words(self) -> str:
        """What studio staff read about it."""
        return f"{_STOPPED[self.activity]} {self.notice}"


@dataclass(frozen=True, slots=True)
class StopChange:
    """The record that somebody stopped or started an activity. Nobody changes it afterwards."""

    activity: Activity
    studio_id: str | None
    stopped: bool
    by: str
    why: str
    at: str


@dataclass(frozen=True, slots=True)
class Stops:
    """All stops that hold now. Each activity is stopped once at most for the same studio."""

    stops: tuple[Stop, ...] = ()
    version: int = 0

    def find(self, activity: Activity, studio_id: str | None) -> Stop | None:
        """Return the stop that holds for a studio, the platform's first.

        Args:
            activity: The activity.
            studio_id: The studio. None finds the whole platform's alone.
        """
        return self._own(activity, None) or self._own(activity, studio_id)

    def affecting(self, studio_id: str | None) -> Iterable[Stop]:
        """Yield what is stopped for a studio, one stop for each activity."""
        for activity in Activity:
            if stop := self.find(activity, studio_id):
                yield stop

    def require_refunds(self, studio_id: str) -> None:
        """Refuse if refunds are stopped for a studio.

        Raises:
            RefundsStoppedError: They are.
        """
        if stop := self.find(Activity.REFUNDS, studio_id):
            raise RefundsStoppedError(f"{stop.words} Nothing was refunded.")

    def require_messages(self, studio_id: str) -> None:
        """Refuse if messages are stopped for a studio.

        Raises:
            MessagesStoppedError: They are.
        """
        if stop := self.find(Activity.MESSAGES, studio_id):
            raise MessagesStoppedError(f"{stop.words} Nothing was sent.")

    def with_stop(self, stop: Stop) -> "Stops":
        """Return them with one more. It replaces a stop of the same activity and studio.

        Raises:
            TooManyStopsError: There are ``MOST_STOPS`` others.
        """
        others = self._without(stop.activity, stop.studio_id)
        if len(others) >= MOST_STOPS:
            raise TooManyStopsError
        return replace(self, stops=(*others, stop))

    def without_stop(self, activity: Activity, studio_id: str | None) -> "Stops | None":
        """Return them without one, or None if there is no such stop."""
        others = self._without(activity, studio_id)
        return None if len(others) == len(self.stops) else replace(self, stops=others)

    def _own(self, activity: Activity, studio_id: str | None) -> Stop | None:
        return next((each for each in self.stops if _is_of(each, activity, studio_id)), None)

    def _without(self, activity: Activity, studio_id: str | None) -> tuple[Stop, ...]:
        return tuple(each for each in self.stops if not _is_of(each, activity, studio_id))


def _is_of(stop: Stop, activity: Activity, studio_id: str | None) -> bool:
    return stop.activity is activity and stop.studio_id == studio_id
