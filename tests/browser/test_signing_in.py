"""Signing in and out, and a session that ends in the middle of work."""

import uuid

import pytest
from playwright.sync_api import Page, Request, expect

from tests.browser.people import REFRESH_TOKEN, People, fill_in_login
from tests.browser.test_hosting import output
from tests.e2e.world import PLATFORM_STUDIO, DeployedStack
from tests.local_http import HTTP

pytestmark = pytest.mark.stack

HOMES = {
    "owner": "All Orders",
    "staff": "All Orders",
    "bookkeeper": "All Orders",
    "print_operator": "Print Station",
    "pps_admin": "Choose a studio",
}


@pytest.mark.parametrize("role", HOMES)
def test_each_role_signs_in_and_comes_to_its_first_screen(people: People, role: str) -> None:
    with people.signed_out_page() as page:
        page.goto("/")
        people.sign_in(page, role)
        expect(page.get_by_role("heading", level=1)).to_have_text(HOMES[role])


def test_signing_in_leads_to_the_address_that_was_wanted(people: People) -> None:
    with people.signed_out_page() as page:
        page.goto("/reports/refunds?from=2026-01-01")
        people.sign_in(page, "bookkeeper")
        expect(page.get_by_role("heading", level=1)).to_have_text("Refunds")
        assert page.url.endswith("/reports/refunds?from=2026-01-01")


def test_a_session_survives_a_reload_and_no_token_is_in_an_address(people: People) -> None:
    with people.signed_out_page() as page:
        addresses: list[str] = []
        page.on("request", lambda request: addresses.append(request.url))
        page.goto("/orders")
        people.sign_in(page, "owner")
        page.reload()
        expect(page.get_by_role("heading", name="All Orders")).to_be_visible()
        refresh_token = page.evaluate(f"sessionStorage.getItem('{REFRESH_TOKEN}')")
        assert page.evaluate("({...sessionStorage})") == {REFRESH_TOKEN: refresh_token}
        assert page.evaluate("localStorage.length") == 0
        assert not [url for url in addresses if "eyJ" in url or refresh_token in url]


def test_signing_out_revokes_the_session_and_back_shows_nothing(
    people: People, world: DeployedStack
) -> None:
    with people.signed_out_page() as page:
        page.goto("/orders")
        people.sign_in(page, "owner")
        expect(page.get_by_role("heading", name="All Orders")).to_be_visible()
        refresh_token = page.evaluate(f"sessionStorage.getItem('{REFRESH_TOKEN}')")
        client_id = page.evaluate("fetch('/config.json').then((answer) => answer.json())")[
            "client_id"
        ]
        page.get_by_role("button", name="Sign out").click()
        expect(page.get_by_role("heading", name="You are signed out")).to_be_visible()
        assert page.evaluate("sessionStorage.length") == 0
        page.go_back()
        expect(page.get_by_label("Username")).to_be_visible()
    answer = HTTP.post(
        f"{world.stack.aws.endpoint_url}/oauth2/token",
        data={
            "grant_type": "refresh_token",
            "client_id": client_id,
            "refresh_token": refresh_token,
        },
    )
    assert answer.status_code == 400, answer.text


def test_signing_out_ends_the_sessions_of_other_tabs(people: People) -> None:
    with people.signed_out_page() as page:
        page.goto("/orders")
        people.sign_in(page, "owner")
        with page.expect_popup() as opened:
            page.evaluate("window.open('/orders')")  # it begins with a copy of this tab's storage
        other = opened.value
        expect(other.get_by_role("heading", name="All Orders")).to_be_visible()
        page.get_by_role("button", name="Sign out").click()
        expect(other.get_by_role("heading", name="You are signed out")).to_be_visible()
        assert other.evaluate("sessionStorage.length") == 0


def test_a_removed_users_session_ends_and_the_form_stays(
    people: People, world: DeployedStack
) -> None:
    cognito, pool_id = world.stack.aws.cognito, output(world, "UserPoolId")
    name, password = f"leaver.{uuid.uuid4().hex}", "One of each kind: aA1!"
    cognito.admin_create_user(
        UserPoolId=pool_id,
        Username=name,
        MessageAction="SUPPRESS",
        UserAttributes=[{"Name": "custom:studio_id", "Value": PLATFORM_STUDIO}],
    )
    cognito.admin_set_user_password(
        UserPoolId=pool_id, Username=name, Password=password, Permanent=True
    )
    cognito.admin_add_user_to_group(UserPoolId=pool_id, Username=name, GroupName="staff")
    with people.signed_out_page() as page:
        page.goto("/orders")
        fill_in_login(page, name, password)
        box = page.get_by_role("searchbox")
        expect(box).to_be_visible()
        cognito.admin_delete_user(UserPoolId=pool_id, Username=name)
        refuse_once(page)  # the API refuses the token, and the hosted login a new one
        box.fill("nobody of that name")
        expect(page.get_by_text("You are signed out")).to_be_visible()
        expect(box).to_have_value("nobody of that name")
        assert page.evaluate("sessionStorage.length") == 0
        page.reload()
        expect(page.get_by_label("Username")).to_be_visible()


@pytest.mark.parametrize("refused_by", ["the page's clock", "the API"])
def test_a_token_that_ends_in_the_middle_of_work_is_renewed(
    people: People, refused_by: str
) -> None:
    renewals: list[Request] = []
    with people.page("/orders") as page:
        expect(page.get_by_role("heading", name="All Orders")).to_be_visible()
        page.on("request", lambda sent: renewals.append(sent))  # noqa: PLW0108  # not a bound method
        if refused_by == "the API":
            refuse_once(page)
        else:
            page.evaluate("{ const now = Date.now; Date.now = () => now() + 25 * 3_600_000; }")
        box = page.get_by_role("searchbox")
        box.fill("nobody of that name")
        expect(page.get_by_text("No order fits")).to_be_visible(timeout=15_000)
        expect(box).to_have_value("nobody of that name")
    assert len([sent for sent in renewals if sent.url.endswith("/oauth2/token")]) == 1


def refuse_once(page: Page) -> None:
    problem = {"code": "token_expired", "title": "Unauthorized", "detail": "It has expired."}
    page.route(
        "**/v1/orders?query=*",
        lambda route: route.fulfill(
            status=401, json=problem, content_type="application/problem+json"
        ),
        times=1,
    )
