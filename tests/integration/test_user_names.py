"""One name for each user: an invitation records it, and everything that names people reads it."""

from dataclasses import replace

import pytest

from shared.clock import rfc3339
from shared.domain.studio_user import (
    Asked,
    Roster,
    StudioRole,
    StudioUser,
    UserStatus,
)
from shared.domain.user_changes import done, invite
from shared.gateways.people import People
from shared.gateways.studio_users import StudioUsers
from tests.integration.backend import Backend

pytestmark = pytest.mark.stack


def test_an_invited_user_has_one_name_and_a_sign_in_may_change_it(backend: Backend) -> None:
    users = StudioUsers(backend.dynamodb, backend.orders_table)
    people = People(backend.dynamodb, backend.orders_table)
    studio_id, asked = backend.studio_id, Asked("owner", rfc3339(backend.clock()))
    dana = StudioUser(
        studio_id, "user_dana", "Dana Reed", StudioRole.STAFF, UserStatus.INVITING, "", "owner"
    )
    intent = invite(None, Roster(studio_id), dana, asked)
    assert intent is not None
    invited = users.record_intent(intent)
    assert people.names(studio_id, ["user_dana"]) == {"user_dana": "Dana Reed"}
    assert users.get(studio_id, "user_dana") == invited
    users.record_done(*done(invited, users.roster(studio_id)))

    people.record_name(studio_id, "user_dana", "Dana Smith")
    (known,) = users.all(studio_id)
    assert known.name == "Dana Smith"

    gone = replace(known, status=UserStatus.REMOVED)
    users.record_done(gone, users.roster(studio_id))
    back = users.get(studio_id, "user_dana")
    again = invite(back, users.roster(studio_id), replace(dana, name="Dana R."), asked)
    assert again is not None
    users.record_intent(again)
    assert people.names(studio_id, ["user_dana"]) == {"user_dana": "Dana R."}
