"""People who use the page in a browser of their own."""

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, expect

from infra.local.stack import Stack
from infra.paths import DASHBOARD
from tests.e2e.world import PLATFORM_STUDIO

DESKTOP = {"width": 1440, "height": 900}
PHONE = {"width": 375, "height": 740}
REFRESH_TOKEN = "session:refresh_token"  # where the page keeps it

# Chromium reports every answer above 399 as an error. A refusal of the API or of the sign-in is no
# mistake of a page.
_REFUSAL = re.compile(r"^Failed to load resource: the server responded with a status")


@dataclass
class Watched:
    """A page, and what its console complained about."""

    page: Page
    complaints: list[str] = field(default_factory=list)

    def watch(self) -> None:
        self.page.on("console", self._on_console)
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))

    def _on_console(self, message: ConsoleMessage) -> None:
        path = urlsplit(message.location.get("url", "")).path
        may_refuse = path.startswith("/v1/") or path == "/oauth2/token"
        if message.type in {"error", "warning"} and not (
            may_refuse and _REFUSAL.match(message.text)
        ):
            self.complaints.append(message.text)


@dataclass
class People:
    """Opens the page as a role. A role signs in once, and later pages go on from there.

    Args:
        browser: The running Chromium.
        stack: The deployed stack.
    """

    browser: Browser
    stack: Stack
    watched: list[Watched] = field(default_factory=list)
    _refresh_tokens: dict[str, str] = field(default_factory=dict)

    @contextmanager
    def page(
        self,
        path: str = "/",
        *,
        role: str = "owner",
        studio_id: str = PLATFORM_STUDIO,
        **context: Any,  # noqa: ANN401  # Playwright's options
    ) -> Iterator[Page]:
        """Open an address as a role that is signed in."""
        with self.signed_out_page(**context) as page:
            self._be_signed_in(page.context, role, studio_id)
            page.goto(path)
            expect(page.get_by_role("navigation", name="Main")).to_be_visible()
            yield page

    @contextmanager
    def signed_out_page(self, **context: Any) -> Iterator[Page]:  # noqa: ANN401  # the same
        """Open a browser in which nobody has signed in. Its console must stay silent."""
        options = {"viewport": DESKTOP, "locale": "en-US", "base_url": self.stack.dashboard_url}
        opened = self.browser.new_context(**(options | context))
        opened.set_default_timeout(30_000)
        watched = Watched(opened.new_page())
        watched.watch()
        try:
            yield watched.page
        finally:
            opened.close()
        assert not watched.complaints, watched.complaints

    def sign_in(self, page: Page, role: str, studio_id: str = PLATFORM_STUDIO) -> None:
        """Fill in the hosted login."""
        user = self.stack.users[studio_id][role]
        fill_in_login(page, user.name, user.password)

    def _be_signed_in(self, context: BrowserContext, role: str, studio_id: str) -> None:
        name = self.stack.users[studio_id][role].name
        if name not in self._refresh_tokens:
            with self.signed_out_page() as page:
                page.goto("/")
                self.sign_in(page, role, studio_id)
                stored = page.evaluate(f"sessionStorage.getItem('{REFRESH_TOKEN}')")
                self._refresh_tokens[name] = stored
        item = json.dumps(self._refresh_tokens[name])
        origin = json.dumps(self.stack.dashboard_url)
        context.add_init_script(
            # Once a tab: after a sign-out it must be gone.
            f"if (location.origin === {origin} && !window.name) {{"
            f" window.name = 'signed in'; sessionStorage.setItem('{REFRESH_TOKEN}', {item}); }}"
        )


def fill_in_login(page: Page, name: str, password: str) -> None:
    """Fill in the hosted login and come to the page."""
    page.get_by_label("Username").fill(name)
    page.get_by_label("Password").fill(password)
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("navigation", name="Main")).to_be_visible()


def assert_accessible(page: Page) -> None:
    """Check a page with axe, in light and in dark."""
    source = (DASHBOARD / "node_modules" / "axe-core" / "axe.min.js").read_text(encoding="utf-8")
    page.evaluate(source)
    found = []
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
        page.wait_for_timeout(200)  # colors change over 120 ms
        result = page.evaluate("axe.run()")
        found += [
            f"{scheme}: {each['id']}: {node['target']}: {node.get('failureSummary')}"
            for each in result["violations"]
            for node in each["nodes"]
        ]
    page.emulate_media(color_scheme=None)
    assert not found, "\n".join(found)


def assert_fits(page: Page) -> None:
    """Check that nothing is wider than the window."""
    too_wide = page.evaluate(
        "document.documentElement.scrollWidth - document.documentElement.clientWidth"
    )
    assert too_wide == 0, f"{too_wide} px are beyond the right edge of {page.url}"
