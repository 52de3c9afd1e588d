from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils import timezone
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from core.models import ApiToken
from core.pages import AuthedRequest, carried_out, page, posted
from core.tokens import issue_token, revoke_token
from teams import forms, services


@require_http_methods(["GET", "POST"])
def profile(request: AuthedRequest) -> HttpResponse:
    form = forms.ProfileForm(posted(request), person=request.user)
    if form.is_valid() and carried_out(form, services.change_profile, actor=request.user):
        messages.success(request, _("Saved."))
        return redirect("teams:profile")
    return page(request, "teams/profile.html", {"form": form}, status=422 if form.is_bound else 200)


@require_POST
def appearance(request: AuthedRequest) -> HttpResponse:
    """Switch language or theme and come back to the page where the switch was pressed."""
    form = forms.AppearanceForm(request.POST)
    if form.is_valid():
        services.change_appearance(actor=request.user, **form.cleaned_data)
    target = request.POST.get("next", "")
    own = url_has_allowed_host_and_scheme(target, {request.get_host()}, require_https=request.is_secure())
    return redirect(target if own else "teams:profile")


@never_cache
@require_http_methods(["GET", "POST"])
def tokens(request: AuthedRequest) -> HttpResponse:
    form = forms.TokenForm(posted(request))
    issued = None
    if form.is_valid():
        issued = carried_out(form, issue_token, actor=request.user)
    context = {
        "form": forms.TokenForm() if issued else form,
        "issued": issued,
        "tokens": request.user.auth_token_set.order_by("-created"),
        "now": timezone.now(),
    }
    return page(request, "teams/tokens.html", context, status=422 if form.is_bound and not issued else 200)


@require_POST
def token_revoke(request: AuthedRequest, key: str) -> HttpResponse:
    token: ApiToken = get_object_or_404(request.user.auth_token_set, token_key=key)
    revoke_token(actor=request.user, token=token)
    messages.success(request, _("The token is revoked."))
    return redirect("teams:tokens")
