"""The access matrix: everybody asks for everything, and each answer is held against what is declared."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from itertools import count

from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from allauth.mfa.totp.internal.auth import TOTP, generate_totp_secret
from django.conf import settings
from django.contrib.auth.hashers import make_password
from django.db import transaction
from django.http import HttpResponseBase
from django.test import Client
from django.urls import reverse

from core.access import SCOPES, Person, Rule
from core.tokens import issue_token
from teams.models import User
from tests.factories.teams import PASSWORD, Cast, make_person
from tests.routes import Route
from tests.samples import World, arguments

METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS")
PAST_THE_GATE = {400, 409, 412, 415, 422, 428}
NOT_READY = "readyz"  # in a test no worker is seen, and the page says so with 503
_address = count(1)


class Verdict(StrEnum):
    """What an answer says about access."""

    OK = "gets through"
    FORBIDDEN = "403"
    ABSENT = "404"
    SIGN_IN = "must sign in"
    NO_METHOD = "405"


class Visitor(StrEnum):
    """Who asks, besides the people of `core.access.Person`."""

    ANONYMOUS = "anonymous"
    DISABLED = "disabled"
    TOKEN_READ = "token read"  # the owner's token with every read scope
    TOKEN_WRITE = "token write"  # the owner's token with every write scope


Identity = Person | Visitor
IDENTITIES: tuple[Identity, ...] = (*Person, *Visitor)
SCOPES_OF = {
    Visitor.TOKEN_READ: tuple(scope for scope in SCOPES if scope.endswith(":read")),
    Visitor.TOKEN_WRITE: tuple(scope for scope in SCOPES if scope.endswith(":write")),
}


@dataclass
class Scene:
    """The world, and a client for everybody who asks for its things."""

    world: World
    clients: dict[Identity, Client] = field(default_factory=dict)
    cookies: dict[Identity, dict[str, str]] = field(default_factory=dict)
    given: Mapping[str, object] = field(default_factory=dict)  # arguments instead of the samples'

    def address(self, route: Route) -> str:
        return reverse(route.name, kwargs=dict(self.given) or arguments(route.name, route.arguments, self.world))


def people_of(cast: Cast) -> dict[Person, User]:
    return {
        Person.OWNER: cast.rao,
        Person.PEER: cast.peer,
        Person.LEAD: cast.mori,
        Person.SIBLING_LEAD: cast.diaz,
        Person.SUPERVISOR: cast.lin,
        Person.OTHER_REGION: cast.sato,
        Person.PLAN_OWNER: cast.planner,
        Person.ADMINISTRATOR: cast.admin,
    }


def make_scene(world: World) -> Scene:
    """Sign everybody in. The disabled person was signed in, beside Rao in the team, when the account was shut."""
    scene = Scene(world)
    # The pages of the own account differ for people without a password or a second factor: everybody has both.
    User.objects.update(password=make_password(PASSWORD))
    for user in User.objects.all():
        TOTP.activate(user, generate_totp_secret())
        RecoveryCodes.activate(user)
    for person, user in people_of(world.cast).items():
        user.refresh_from_db()
        scene.clients[person] = Client(raise_request_exception=False)
        scene.clients[person].force_login(user)
    disabled = make_person("Disabled", unit=world.cast.east_one)
    scene.clients[Visitor.DISABLED] = Client(raise_request_exception=False)
    scene.clients[Visitor.DISABLED].force_login(disabled)
    User.objects.filter(pk=disabled.pk).update(is_active=False)
    scene.clients[Visitor.ANONYMOUS] = Client(raise_request_exception=False)
    for visitor, scopes in SCOPES_OF.items():
        _token, secret = issue_token(actor=world.cast.rao, name=visitor, scopes=scopes, days=1)
        scene.clients[visitor] = Client(raise_request_exception=False, headers={"authorization": f"Token {secret}"})
    scene.cookies = {who: {key: c.value for key, c in client.cookies.items()} for who, client in scene.clients.items()}
    return scene


def ask(scene: Scene, who: Identity, method: str, route: Route) -> HttpResponseBase:
    """Send one bare request; whatever it wrote is rolled back, and the session is as before."""
    client = scene.clients[who]
    number = next(_address)  # from an address of its own, so that no throttle speaks
    savepoint = transaction.savepoint()
    try:
        return client.generic(
            method,
            scene.address(route),
            data="{}" if is_api(route) else "",
            content_type="application/json" if is_api(route) else "application/x-www-form-urlencoded",
            REMOTE_ADDR=f"10.{number >> 16 & 255}.{number >> 8 & 255}.{number & 255}",
        )
    finally:
        transaction.savepoint_rollback(savepoint)
        client.cookies.clear()
        client.cookies.load(scene.cookies[who])


def is_api(route: Route) -> bool:
    return hasattr(route.callback, "cls") and route.callback.cls.__module__ != "django"


def verdict(response: HttpResponseBase, route: Route) -> Verdict | str:
    """Return what an answer says about access; an answer that says nothing we know comes back as its status."""
    status = response.status_code
    if route.name == NOT_READY and status == 503:
        return Verdict.OK
    if status == 401:
        return Verdict.SIGN_IN
    if status in (301, 302, 303):
        to_login = response["Location"].partition("?")[0] == reverse(settings.LOGIN_URL)
        return Verdict.SIGN_IN if to_login else Verdict.OK
    if 200 <= status < 300 or status in PAST_THE_GATE:
        return Verdict.OK
    return {403: Verdict.FORBIDDEN, 404: Verdict.ABSENT, 405: Verdict.NO_METHOD}.get(status, str(status))


def expected(rule: Rule, who: Identity, route: Route) -> set[Verdict]:
    """Return what the rule promises to somebody."""
    if rule.public:
        return {Verdict.OK, Verdict.SIGN_IN}  # a public page may itself lead to the sign-in
    if isinstance(who, Visitor):
        if who not in SCOPES_OF or not is_api(route):
            return {Verdict.SIGN_IN}
        return expected(rule, Person.OWNER, route) if rule.scope in SCOPES_OF[who] else {Verdict.FORBIDDEN}
    if who in rule.ok:
        return {Verdict.OK}
    return {Verdict.FORBIDDEN} if who in rule.sees or not route.arguments else {Verdict.ABSENT}


ASK_EVERYTHING = (Person.OWNER, Person.PEER, Visitor.ANONYMOUS, Visitor.TOKEN_READ)  # HEAD and OPTIONS too
REFUSED = {Verdict.NO_METHOD, Verdict.FORBIDDEN, Verdict.ABSENT, Verdict.SIGN_IN}


def mismatches(scene: Scene, route: Route, rules: Mapping[str, Rule], counts: Counter[str] | None = None) -> list[str]:
    """
    Ask for a route as everybody, with every method, and return each answer that differs from what is declared.

    HEAD answers like GET or not at all. OPTIONS tells at most the methods. A method without a rule is refused.
    """
    wrong = []
    for who in IDENTITIES:
        for method in METHODS if who in ASK_EVERYTHING else METHODS[:5]:
            promised = promise(rules, who, method, route)
            got = verdict(ask(scene, who, method, route), route)
            if counts is not None:
                counts["cases"] += 1
                counts[got] += 1
            if got not in promised:
                wrong.append(f"{method} {route} as {who}: {got}, declared: {' or '.join(sorted(promised))}")
    return wrong


def promise(rules: Mapping[str, Rule], who: Identity, method: str, route: Route) -> set[Verdict]:
    """Return the verdicts that are right for one request."""
    rule = rules.get("GET" if method == "HEAD" else method)
    if method == "OPTIONS" and rule is None:
        return REFUSED | {Verdict.OK}
    if method == "HEAD" and rule is not None:
        return expected(rule, who, route) | {Verdict.NO_METHOD}
    return expected(rule, who, route) if rule else REFUSED
