"""What holds on every screen: axe finds nothing, nothing is too wide, one heading leads."""

import pytest
from playwright.sync_api import expect

from tests.browser.people import PHONE, People, assert_accessible, assert_fits
from tests.browser.test_who_sees_what import ADDRESSES

pytestmark = pytest.mark.stack


@pytest.mark.parametrize("address", [*ADDRESSES.values(), "/no/such/page"])
def test_a_screen_is_accessible_in_light_and_dark_and_fits_a_phone(
    people: People, address: str
) -> None:
    with people.page(address) as page:
        expect(page.get_by_role("heading", level=1)).to_have_count(1)
        page.wait_for_load_state("networkidle")
        assert_accessible(page)
        page.set_viewport_size(PHONE)  # type: ignore[arg-type]  # a width and a height
        assert_fits(page)
        page.get_by_role("button", name="Menu").click()
        expect(page.get_by_role("link", name="Settings")).to_be_visible()
        assert_accessible(page)


def test_what_is_outside_the_menu_is_accessible_too(people: People) -> None:
    with people.signed_out_page() as page:
        page.goto("/signed-out")
        expect(page.get_by_role("heading", level=1)).to_have_text("You are signed out")
        assert_accessible(page)


def test_a_preview_shows_a_message_with_its_styles_and_runs_nothing(people: People) -> None:
    html = """
        <html><head><style>p { color: rgb(1, 2, 3) }</style></head>
        <body><p style="font-size: 31px">Dear parent</p><script>parent.ran = true</script></body>
        </html>"""
    with people.page("/settings") as page:
        # As `dashboard/src/ui/HtmlPreview.svelte` does.
        shown = page.evaluate(
            """async (html) => {
                const frame = document.createElement("iframe");
                frame.sandbox = "allow-same-origin allow-modals";
                frame.src = "/preview.html";
                const loaded = new Promise((done) => { frame.onload = done; });
                document.body.append(frame);
                await loaded;
                const inside = frame.contentDocument;
                inside.documentElement.innerHTML = html;
                const style = frame.contentWindow.getComputedStyle(inside.querySelector("p"));
                return [style.color, style.fontSize, window.ran === undefined];
            }""",
            html,
        )
        assert shown == ["rgb(1, 2, 3)", "31px", True]
