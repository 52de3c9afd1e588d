"""The running site of the browser tests: a live server on real Postgres, people who sign in, pages that are watched."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from importlib import import_module
from typing import Any

from django.conf import settings
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
from django.contrib.auth.hashers import make_password
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, Request

from teams.models import User
from tests.factories.teams import PASSWORD
from tests.samples import World

DESKTOP = {"width": 1280, "height": 900}
PHONE = {"width": 390, "height": 844}

# Before any script of the page: what the policy refuses is kept for the test to read.
WATCH = """
window.__violations = [];
document.addEventListener("securitypolicyviolation", (event) => {
  window.__violations.push(`${event.effectiveDirective} ${event.blockedURI} ${event.sourceFile}:${event.lineNumber}`);
});
"""


@dataclass
class Watch:
    """What a page said while it was watched: errors of scripts and console, answers that should not be."""

    errors: list[str] = field(default_factory=list)

    def console(self, message: ConsoleMessage) -> None:
        # A refused page says so itself, with its status; the browser's own line about it is no error of ours.
        if message.type in ("error", "warning") and "Failed to load resource" not in message.text:
            self.errors.append(f"{message.type}: {message.text}")

    def failed(self, request: Request) -> None:
        # Leaving a page cancels what it was still loading.
        if request.failure != "net::ERR_ABORTED":
            self.errors.append(f"not loaded: {request.url} {request.failure}")

    def answered(self, response: Any) -> None:
        if response.status >= 400 and response.request.resource_type != "document":
            self.errors.append(f"{response.status}: {response.url}")


@dataclass
class Site:
    """The live server with its company, and the browser that looks at it."""

    url: str
    world: World
    browser: Browser

    @contextmanager
    def visitor(self, *, language: str = "en", dark: bool = False, phone: bool = False) -> Iterator[Page]:
        """Open a page for somebody who has not signed in."""
        with self._context(language=language, dark=dark, phone=phone) as context:
            yield self._page(context)

    @contextmanager
    def signed_in(
        self, user: User, *, language: str = "en", theme: str = "light", phone: bool = False
    ) -> Iterator[Page]:
        """Open a page for a person whose profile has this language and theme."""
        User.objects.filter(pk=user.pk).update(language=language, theme=theme, password=_hashed())
        with self._context(language=language, dark=theme == "dark", phone=phone) as context:
            context.add_cookies([{"name": settings.SESSION_COOKIE_NAME, "value": _session_of(user), "url": self.url}])
            yield self._page(context)

    @contextmanager
    def _context(self, *, language: str, dark: bool, phone: bool) -> Iterator[BrowserContext]:
        context = self.browser.new_context(
            base_url=self.url,
            viewport=PHONE if phone else DESKTOP,  # type: ignore[arg-type]  # a plain dict of the two
            has_touch=phone,
            locale="zh-CN" if language.startswith("zh") else "en-GB",
            color_scheme="dark" if dark else "light",
            reduced_motion="reduce",
        )
        context.set_default_timeout(60_000)  # a loaded machine is no failure, a hang is
        context.add_init_script(WATCH)
        try:
            yield context
        finally:
            context.close()

    def _page(self, context: BrowserContext) -> Page:
        page = context.new_page()
        watch = Watch()
        page.on("console", watch.console)
        page.on("pageerror", lambda error: watch.errors.append(f"script: {error}"))
        page.on("requestfailed", watch.failed)
        page.on("response", watch.answered)
        page.watch = watch  # type: ignore[attr-defined]  # travels with the page it watches
        return page


def troubles(page: Page) -> list[str]:
    """Return and forget what went wrong on a page so far: script and console errors, violations of the policy."""
    watch: Watch = page.watch  # type: ignore[attr-defined]
    found = [*watch.errors, *(f"policy: {line}" for line in page.evaluate("window.__violations.splice(0)"))]
    watch.errors.clear()
    return found


@cache
def _hashed() -> str:
    return make_password(PASSWORD)


def _session_of(user: User) -> str:
    fresh = User.objects.get(pk=user.pk)
    session = import_module(settings.SESSION_ENGINE).SessionStore()
    session[SESSION_KEY] = str(fresh.pk)
    session[BACKEND_SESSION_KEY] = settings.AUTHENTICATION_BACKENDS[0]
    session[HASH_SESSION_KEY] = fresh.get_session_auth_hash()
    session.create()
    return str(session.session_key)
