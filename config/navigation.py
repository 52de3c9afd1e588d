"""
The way through the product: the year's work in the order in which it is done, and who sees which part of it.

The sidebar, the bottom bar of a phone, the tabs of a section and the command palette are all drawn from here.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from django.http import HttpRequest
from django.urls import NoReverseMatch, reverse
from django.utils.functional import SimpleLazyObject
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from planning.queries.warnings import waiting_count
from teams.models import Capability, Company

if TYPE_CHECKING:
    from django.utils.functional import _StrPromise

    from teams.models import User


def everybody(user: "User") -> bool:
    return True


def managers(user: "User") -> bool:
    return user.is_manager


def reps(user: "User") -> bool:
    return not user.is_manager


def administrators(user: "User") -> bool:
    return user.can(Capability.ADMINISTRATOR)


@dataclass(frozen=True)
class Entry:
    """
    A page that one can go to.

    :param prefixes: paths below which the entry is the current one, besides its own
    :param tabs: sister pages shown as tabs; the entry is current on each of them
    """

    label: "_StrPromise"
    icon: str
    url_name: str
    shows: Callable[["User"], bool] = everybody
    prefixes: tuple[str, ...] = ()
    tabs: tuple["Entry", ...] = ()


@dataclass(frozen=True)
class Group:
    label: "_StrPromise | str"
    entries: tuple[Entry, ...]


_PIPELINE_TABS = (
    Entry(_("Board"), "layout-kanban", "customers:board"),
    Entry(_("List"), "list-details", "customers:deals"),
    Entry(_("Funnel"), "filter", "planning:funnel"),
    Entry(_("Conversion"), "percentage", "planning:conversion"),
)
_OWN_TABS = (
    Entry(_("My plan"), "target-arrow", "planning:targets"),
    Entry(_("Funnel goals"), "filter-cog", "planning:funnel-goals"),
    Entry(_("My commitment"), "message-2", "planning:my-commitment"),
)
_TARGET_TABS = (
    Entry(_("Annual targets"), "target-arrow", "planning:targets"),
    Entry(_("Funnel goals"), "filter-cog", "planning:funnel-goals"),
    Entry(_("Capacity"), "users-group", "planning:capacity"),
    Entry(_("Scenarios"), "adjustments", "planning:scenarios"),
)
_FORECAST_TABS = (Entry(_("Track record"), "history-toggle", "planning:track-record"),)
_PEOPLE_TABS = (
    Entry(_("People"), "users", "teams:people"),
    Entry(_("Units"), "hierarchy-2", "teams:units"),
    Entry(_("Ramp and hires"), "user-plus", "teams:capacity", managers),
)
_WARNING_TABS = (
    Entry(_("Warnings"), "alert-triangle", "planning:warnings"),
    Entry(_("What to do first"), "arrow-big-up-lines", "planning:levers"),
)
_MARKET_TABS = (
    Entry(_("Market share"), "chart-pie", "planning:market-shares"),
    Entry(_("Market sizes"), "chart-pie-2", "customers:market-sizes"),
    Entry(_("Strategies"), "compass", "customers:strategies"),
)
_PIPELINE_PATHS = ("/deals/",)

GROUPS = (
    Group(
        "",
        (
            Entry(_("Overview"), "layout-dashboard", "planning:overview", managers),
            Entry(_("My day"), "sun", "customers:my-day", reps, ("/activities/",)),
            Entry(_("Targets"), "target-arrow", "planning:targets", managers, ("/plans/",), _TARGET_TABS),
            Entry(_("My plan"), "target-arrow", "planning:targets", reps, ("/plans/",), _OWN_TABS),
            Entry(_("Forecast"), "chart-area-line", "planning:forecast", tabs=_FORECAST_TABS),
            Entry(_("Warnings"), "alert-triangle", "planning:warnings", tabs=_WARNING_TABS),
            Entry(_("Pipeline"), "layout-kanban", "customers:board", managers, _PIPELINE_PATHS, _PIPELINE_TABS),
            Entry(_("My pipeline"), "layout-kanban", "customers:board", reps, _PIPELINE_PATHS, _PIPELINE_TABS),
            Entry(_("Customers"), "building", "customers:customers", prefixes=("/contacts/",)),
            Entry(_("Market"), "chart-pie", "planning:market-shares", managers, ("/market/",), _MARKET_TABS),
            Entry(_("My day"), "sun", "customers:my-day", managers, ("/activities/",)),
        ),
    ),
    Group(
        _("Setup"),
        (
            Entry(_("People and units"), "users", "teams:people", managers, tabs=_PEOPLE_TABS),
            Entry(_("Pipeline stages"), "git-commit", "customers:stages", administrators, ("/setup/",)),
            Entry(_("Imports"), "file-import", "customers:imports", managers),
            Entry(_("API"), "api", "api-docs", administrators),
            Entry(_("Audit trail"), "history", "audit", managers),
        ),
    ),
)

BOTTOM_BAR = (
    Entry(_("My day"), "sun", "customers:my-day"),
    Entry(_("My pipeline"), "layout-kanban", "customers:board", prefixes=_PIPELINE_PATHS),
    Entry(_("My plan"), "target-arrow", "planning:targets"),
    Entry(pgettext_lazy("write down a call or visit", "Log"), "pencil-plus", "customers:activity-new"),
)

PERSONAL = (
    Entry(_("Profile"), "user", "teams:profile"),
    Entry(_("Change password"), "lock", "account_change_password"),
    Entry(_("Two-step sign-in"), "shield-lock", "mfa_index"),
    Entry(_("API tokens"), "key", "teams:tokens"),
)

ACTIONS = (
    Entry(_("New deal"), "plus", "customers:deal-new"),
    Entry(_("New customer"), "building-plus", "customers:customer-new"),
    Entry(_("Log an activity"), "pencil-plus", "customers:activity-new"),
)


@dataclass
class Link:
    """An entry as one person sees it on one page."""

    label: "_StrPromise"
    icon: str
    url: str
    current: bool = False
    tabs: "list[Link]" = field(default_factory=list)


@dataclass(frozen=True)
class Bell:
    """How many warnings ask for the reader's attention."""

    count: int


@dataclass
class Menu:
    groups: "list[tuple[str, list[Link]]]"
    bottom: list[Link]
    personal: list[Link]
    actions: list[Link]

    @property
    def tabs(self) -> list[Link]:
        """The tabs of the section that the page belongs to, if it is one of them."""
        for _label, links in self.groups:
            for link in links:
                if link.current and any(tab.current for tab in link.tabs):
                    return link.tabs
        return []


def menu(user: "User", path: str) -> Menu:
    """Return the way through the product for a person who stands on a path."""
    groups = []
    for group in GROUPS:
        links = _links(group.entries, user, path)
        if links:
            groups.append((str(group.label), links))
    if not groups:
        groups.append(("", _links(PERSONAL, user, path)))
    return Menu(
        groups=groups,
        bottom=_links(BOTTOM_BAR, user, path) if reps(user) else [],
        personal=_links(PERSONAL, user, path),
        actions=_links(ACTIONS, user, path),
    )


def _links(entries: Sequence[Entry], user: "User", path: str) -> list[Link]:
    """Return the links that a person sees; the one with the longest matching path is the current one."""
    found: list[tuple[Link, int]] = []
    for entry in entries:
        url = _url(entry)
        if url is None or not entry.shows(user):
            continue
        tabs = _links(entry.tabs, user, path)
        starts = [url, *entry.prefixes, *(tab.url for tab in tabs)]
        match = max((len(start) for start in starts if path.startswith(start)), default=0)
        found.append((Link(entry.label, entry.icon, url, tabs=tabs), match))
    best = max((match for _link, match in found), default=0)
    for link, match in found:
        if best and match == best:
            link.current = True
            break
    return [link for link, _match in found]


def _url(entry: Entry) -> str | None:
    try:
        return reverse(entry.url_name)
    except NoReverseMatch:
        return None


def frame(request: HttpRequest) -> dict[str, Any]:
    """Give every whole page its menu and its company; read only where a template asks (fragments do not)."""
    user = getattr(request, "user", None)
    signed_in = user is not None and user.is_authenticated
    return {
        "bell": SimpleLazyObject(lambda: Bell(waiting_count(user) if signed_in else 0)),  # type: ignore[arg-type]
        "menu": SimpleLazyObject(lambda: menu(user, request.path)) if signed_in else None,  # type: ignore[arg-type]
        "company": SimpleLazyObject(Company.objects.the_one),
    }
