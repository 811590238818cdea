"""The caller is read from the token's claims alone, and the roles decide what they may do."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.domain.errors import ForbiddenError
from shared.edge.auth import ALLOWED, Action, Audience, Caller, Role, caller_from, signed_in_from

OURS = Audience("https://cognito-idp.eu-west-1.amazonaws.com/eu-west-1_ours", "client-ours")


def claims(**changed: object) -> dict[str, Any]:
    return {
        "token_use": "id",
        "iss": OURS.issuer,
        "aud": OURS.client_id,
        "cognito:username": "ana",
        "custom:studio_id": "st_1",
        "cognito:groups": "owner",
    } | {name.replace("__", ":"): value for name, value in changed.items()}


@pytest.mark.parametrize(
    ("groups", "roles"),
    [
        ("owner", {Role.OWNER}),
        ("owner,staff", {Role.OWNER, Role.STAFF}),
        ("owner, staff", {Role.OWNER, Role.STAFF}),
        ("owner staff", {Role.OWNER, Role.STAFF}),
        ("[owner staff]", {Role.OWNER, Role.STAFF}),
        ("[owner, staff]", {Role.OWNER, Role.STAFF}),
        ("[owner]", {Role.OWNER}),
        (["owner", "bookkeeper"], {Role.OWNER, Role.BOOKKEEPER}),
        (["print_operator", "choir"], {Role.PRINT_OPERATOR}),
        ("ownership", set()),
        ("co-owner", set()),
        ("Owner", set()),
        (["owner,staff"], set()),
        ([], set()),
        ("[]", set()),
        ("", set()),
        (None, set()),
        (7, set()),
        ({"owner": True}, set()),
    ],
)
def test_groups_are_read_exactly_in_every_form_they_come_in(
    groups: object, roles: set[Role]
) -> None:
    assert caller_from(claims(cognito__groups=groups), OURS).roles == roles


def test_a_user_of_no_group_has_no_role() -> None:
    known = claims()
    del known["cognito:groups"]
    assert caller_from(known, OURS).roles == frozenset()


@given(st.text().filter(lambda text: not any(role.value in text for role in Role)))
def test_a_group_that_is_not_a_role_gives_none(group: str) -> None:
    assert caller_from(claims(cognito__groups=group), OURS).roles == frozenset()
    assert caller_from(claims(cognito__groups=[group]), OURS).roles == frozenset()


@pytest.mark.parametrize("use", ["access", "refresh", "ID", "", None])
def test_only_an_id_token_is_accepted(use: str | None) -> None:
    with pytest.raises(ForbiddenError):
        caller_from(claims(token_use=use), OURS)


def test_a_request_without_claims_is_refused() -> None:
    with pytest.raises(ForbiddenError):
        caller_from({}, OURS)


@pytest.mark.parametrize("studio", ["", None, 1, ["st_1"]])
def test_a_user_without_a_studio_is_refused(studio: object) -> None:
    with pytest.raises(ForbiddenError):
        caller_from(claims(custom__studio_id=studio), OURS)


def test_a_token_without_a_user_name_is_refused() -> None:
    known = claims()
    del known["cognito:username"]
    with pytest.raises(ForbiddenError):
        caller_from(known, OURS)


def test_user_and_studio_come_from_the_token() -> None:
    assert caller_from(claims(), OURS) == Caller("ana", "st_1", frozenset({Role.OWNER}))


def test_an_email_address_does_not_enter_the_ledger_as_a_user_name() -> None:
    known = claims(cognito__username="ana@studio.example", sub="5f1c")
    assert caller_from(known, OURS).user == "5f1c"


@pytest.mark.parametrize("groups", ["pps_admin", "owner,pps_admin", "[pps_admin staff]"])
def test_a_pps_admin_reads_for_the_named_studio_and_acts_for_none(groups: str) -> None:
    caller = caller_from(claims(cognito__groups=groups), OURS, "st_2")
    assert caller == Caller("ana", "st_2", frozenset({Role.PPS_ADMIN}))
    caller.require(Action.READ_REFUND)
    with pytest.raises(ForbiddenError):
        caller.require(Action.REQUEST_REFUND)


def test_a_pps_admin_must_name_a_studio() -> None:
    with pytest.raises(ForbiddenError):
        caller_from(claims(cognito__groups="pps_admin"), OURS)


def test_a_pps_admin_may_be_signed_in_without_a_studio() -> None:
    user = signed_in_from(claims(cognito__groups="pps_admin", name="Pat"), OURS)
    assert (user.name, user.studio_id) == ("Pat", None)
    user.require(Action.READ_STUDIOS)
    with pytest.raises(ForbiddenError):
        user.caller()


@pytest.mark.parametrize("studio", ["", None, 1])
def test_a_studios_user_may_not_be_signed_in_without_a_studio(studio: object) -> None:
    with pytest.raises(ForbiddenError):
        signed_in_from(claims(custom__studio_id=studio), OURS)


@pytest.mark.parametrize("named", ["st_1", "st_2", ""])
def test_a_studios_user_may_not_name_a_studio(named: str) -> None:
    with pytest.raises(ForbiddenError):
        caller_from(claims(), OURS, named)


def test_every_action_lists_its_roles() -> None:
    assert ALLOWED.keys() == set(Action)
    assert all(ALLOWED.values())


DESK = {Role.OWNER, Role.STAFF}
READERS = {Role.OWNER, Role.STAFF, Role.BOOKKEEPER, Role.PPS_ADMIN}
MAY = {
    Action.READ_ORDERS: READERS,
    Action.REQUEST_REFUND: DESK,
    Action.READ_REFUND: READERS,
    Action.CANCEL_FULFILLMENT: DESK,
    Action.READ_PRINT_QUEUE: {Role.OWNER, Role.STAFF, Role.PRINT_OPERATOR, Role.PPS_ADMIN},
    Action.WORK_PRINT_QUEUE: {Role.OWNER, Role.PRINT_OPERATOR},
    Action.SEND_MESSAGE: DESK,
    Action.READ_REPORTS: READERS,
    Action.READ_PAYOUTS: {Role.OWNER, Role.BOOKKEEPER, Role.PPS_ADMIN},
    Action.READ_ATTENTION: READERS,
    Action.RESOLVE: DESK,
    Action.READ_ADJUSTMENTS: {Role.OWNER, Role.BOOKKEEPER, Role.PPS_ADMIN},
    Action.PROPOSE_ADJUSTMENT: {Role.PPS_ADMIN},
    Action.DECIDE_ADJUSTMENT: {Role.PPS_ADMIN},
    Action.READ_STUDIOS: {Role.PPS_ADMIN},
    Action.READ_USERS: {Role.OWNER, Role.PPS_ADMIN},
    Action.MANAGE_USERS: {Role.OWNER},
}


def test_pps_admins_only_read_and_adjust() -> None:
    may = {action for action, roles in MAY.items() if Role.PPS_ADMIN in roles}
    reads = {action for action in Action if action.name.startswith("READ_")}
    assert may - reads == {Action.PROPOSE_ADJUSTMENT, Action.DECIDE_ADJUSTMENT}
    assert may >= reads


def test_a_refusal_names_who_can_help() -> None:
    owner = Caller("ana", "st_1", frozenset({Role.OWNER}))
    with pytest.raises(ForbiddenError, match="Ask PPS"):
        owner.require(Action.DECIDE_ADJUSTMENT)
    with pytest.raises(ForbiddenError, match="Ask your studio's owner"):
        Caller("ben", "st_1", frozenset({Role.STAFF})).require(Action.READ_ADJUSTMENTS)


@pytest.mark.parametrize(
    ("roles", "limit"),
    [
        ({Role.STAFF}, 1_000),
        ({Role.STAFF, Role.BOOKKEEPER}, 1_000),
        ({Role.OWNER}, None),
        ({Role.OWNER, Role.STAFF}, None),
    ],
)
def test_only_staff_who_are_not_owners_have_a_refund_limit(
    roles: set[Role], limit: int | None
) -> None:
    assert Caller("ana", "st_1", frozenset(roles)).refund_limit_usd == limit


@pytest.mark.parametrize("action", list(Action))
@pytest.mark.parametrize("role", list(Role))
def test_a_role_may_what_the_table_says_and_no_more(action: Action, role: Role) -> None:
    caller = Caller("ana", "st_1", frozenset({role}))
    if role in MAY[action]:
        caller.require(action)
    else:
        with pytest.raises(ForbiddenError, match=action):
            caller.require(action)


def test_the_actions_of_a_role_are_those_that_it_may_do() -> None:
    for role in Role:
        user = signed_in_from(claims(cognito__groups=role.value), OURS, None)
        assert set(user.allowed_actions) == {action for action in Action if role in MAY[action]}


def test_the_codes_of_actions_never_change() -> None:
    assert [action.code for action in Action] == [
        *("read_orders", "request_refund", "read_refund", "cancel_fulfillment"),
        *("read_print_queue", "work_print_queue", "send_message", "read_reports", "read_payouts"),
        *("read_attention", "resolve", "read_adjustments", "propose_adjustment"),
        *("decide_adjustment", "read_studios", "read_users", "manage_users"),
    ]


@pytest.mark.parametrize("action", list(Action))
def test_without_a_role_nothing_is_allowed(action: Action) -> None:
    with pytest.raises(ForbiddenError):
        Caller("ana", "st_1", frozenset()).require(action)
