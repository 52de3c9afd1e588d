"""How people come in: allauth's questions, answered, and the second step that some must have."""

import logging
from collections.abc import Callable
from functools import wraps
from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from allauth.core.exceptions import ImmediateHttpResponse
from allauth.mfa.models import Authenticator
from allauth.mfa.utils import is_mfa_enabled
from allauth.socialaccount.adapter import DefaultSocialAccountAdapter
from allauth.socialaccount.models import SocialLogin
from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render

from teams import policies
from teams.models import User

log = logging.getLogger(__name__)
Answer = Callable[[HttpRequest], HttpResponse]
# What a person without the second step still needs: to set it up, to prove who they are, to leave.
_ON_THE_WAY = frozenset(
    {
        "account_change_password",
        "account_logout",
        "account_reauthenticate",
        "account_set_password",
        "healthz",
        "mfa_activate_totp",
        "mfa_reauthenticate",
        "readyz",
        "teams:appearance",
    }
)


class AccountAdapter(DefaultAccountAdapter):
    """Accounts are made by administrators, never by visitors."""

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        return False


class SocialAccountAdapter(DefaultSocialAccountAdapter):
    """
    The company's own sign-in leads to the person whom an administrator made, found by the e-mail that the provider
    has verified. It makes no people, and it connects nobody to an account with another e-mail.

    allauth's own matching by e-mail is not used: it takes away the password of a person whose address it did not verify
    itself.
    """

    def is_open_for_signup(self, request: HttpRequest, sociallogin: SocialLogin) -> bool:
        return False

    def pre_social_login(self, request: HttpRequest, sociallogin: SocialLogin) -> None:
        if sociallogin.is_existing:
            return  # a former person is turned away by the steps of every sign-in
        verified = {address.email.lower() for address in sociallogin.email_addresses if address.verified}
        person = User.objects.active().filter(email__in=verified).first()
        if person is None or (request.user.is_authenticated and request.user != person):
            raise ImmediateHttpResponse(render(request, "socialaccount/signup.html", status=403))
        sociallogin.connect(request, person)


def or_say_so(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    """Say that the company's own sign-in cannot be reached, where the view finds its provider away."""

    @login_not_required
    @wraps(view)
    def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        try:
            return view(request, *args, **kwargs)
        except OSError as away:  # what comes of a connection, a status or an answer that is no JSON
            log.warning("the company's sign-in did not answer: %s", away)
            return render(request, "socialaccount/authentication_error.html", status=503)

    return guarded


def second_step(get_response: Answer) -> Answer:
    """Lead people who must have a second step (settings.REQUIRE_TOTP) to its set-up, until they have it."""

    def middleware(request: HttpRequest) -> HttpResponse:
        return get_response(request)

    def process_view(request: HttpRequest, view: Any, args: Any, kwargs: Any) -> HttpResponse | None:
        if not settings.REQUIRE_TOTP or not isinstance(request.user, User):
            return None
        name = request.resolver_match.view_name if request.resolver_match else ""
        if name in _ON_THE_WAY or not policies.must_have_second_step(request.user):
            return None
        if is_mfa_enabled(request.user, [Authenticator.Type.TOTP]):
            return None
        return redirect("mfa_activate_totp")

    middleware.process_view = process_view  # type: ignore[attr-defined]  # Django's hook for functions
    return middleware
