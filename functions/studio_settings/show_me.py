"""Showing the signed-in user, and remembering what they are called."""

from dataclasses import dataclass

from shared.domain.errors import StudioNotFoundError
from shared.domain.studio import Studio
from shared.edge.auth import SignedIn
from shared.gateways.people import People
from shared.gateways.studios import Studios
from shared.workflow.refund_limit import refund_limit


@dataclass(frozen=True, slots=True)
class Me:
    """The user with their studio. ``studio`` is None for a PPS admin who names none.

    ``refund_limit_amount`` is the most of one order that the user may refund, in minor units of
    the studio's currency. None is no limit.
    """

    user: SignedIn
    studio: Studio | None
    refund_limit_amount: int | None


@dataclass(frozen=True, slots=True)
class ShowMe:
    """Shows who is signed in. The page asks for it first, so it also records the user's name."""

    studios: Studios
    people: People

    def __call__(self, user: SignedIn) -> Me:
        """Return the user with their studio, or with the one that a PPS admin names.

        Raises:
            StudioNotFoundError: There is no such studio.
        """
        if user.studio_id is None:
            return Me(user, None, None)
        studio = self.studios.get(user.studio_id)
        if studio is None:
            raise StudioNotFoundError("There is no such studio.")
        if user.name is not None and not user.is_pps_admin:
            self.people.record_name(user.studio_id, user.user, user.name)
        return Me(user, studio, refund_limit(user.caller(), studio))
