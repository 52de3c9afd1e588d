"""
The doors of allauth that this product opens: sign-in and out, password, two steps, the company's own sign-in.

allauth brings more (sign-up, e-mail addresses, phones, connected accounts). Accounts are made by administrators, so those
doors stay shut instead of being pages that nobody designed and nobody watches.
"""

from allauth.account import views as account
from allauth.mfa.base import views as mfa
from allauth.mfa.recovery_codes import views as codes
from allauth.mfa.totp import views as totp
from allauth.socialaccount import views as social
from allauth.socialaccount.providers.openid_connect import views as company
from django.conf import settings
from django.urls import URLPattern, URLResolver, path, re_path
from django.views.decorators.http import require_http_methods

from teams.http import or_say_so

# allauth's views are generic ones: some take PUT for POST, some send people on before they look at the method.
form = require_http_methods(["GET", "HEAD", "POST"])
reading = require_http_methods(["GET", "HEAD"])

urlpatterns: list[URLPattern | URLResolver] = [
    path("login/", form(account.login), name="account_login"),
    path("logout/", form(account.logout), name="account_logout"),
    path("inactive/", reading(account.account_inactive), name="account_inactive"),
    path(
        "signup/", form(account.signup), name="account_signup"
    ),  # says that it is closed; allauth asks for its address
    path("reauthenticate/", form(account.reauthenticate), name="account_reauthenticate"),
    path("password/change/", form(account.password_change), name="account_change_password"),
    path("password/set/", form(account.password_set), name="account_set_password"),
    path("password/reset/", form(account.password_reset), name="account_reset_password"),
    path("password/reset/done/", reading(account.password_reset_done), name="account_reset_password_done"),
    re_path(
        r"^password/reset/key/(?P<uidb36>[0-9A-Za-z]+)-(?P<key>.+)/$",
        form(account.password_reset_from_key),
        name="account_reset_password_from_key",
    ),
    path(
        "password/reset/key/done/",
        reading(account.password_reset_from_key_done),
        name="account_reset_password_from_key_done",
    ),
    path("2fa/", reading(mfa.index), name="mfa_index"),
    path("2fa/authenticate/", form(mfa.authenticate), name="mfa_authenticate"),
    path("2fa/reauthenticate/", form(mfa.reauthenticate), name="mfa_reauthenticate"),
    path("2fa/totp/activate/", form(totp.activate_totp), name="mfa_activate_totp"),
    path("2fa/totp/deactivate/", form(totp.deactivate_totp), name="mfa_deactivate_totp"),
    path("2fa/recovery-codes/", reading(codes.view_recovery_codes), name="mfa_view_recovery_codes"),
    path("2fa/recovery-codes/generate/", form(codes.generate_recovery_codes), name="mfa_generate_recovery_codes"),
    path("2fa/recovery-codes/download/", reading(codes.download_recovery_codes), name="mfa_download_recovery_codes"),
]

# The company's own sign-in, where a provider is set.
company_patterns: list[URLPattern | URLResolver] = [
    path("company/cancelled/", reading(social.login_cancelled), name="socialaccount_login_cancelled"),
    path("company/error/", reading(social.login_error), name="socialaccount_login_error"),
    path("company/signup/", form(social.signup), name="socialaccount_signup"),
    path("company/connections/", form(social.connections), name="socialaccount_connections"),
    path("oidc/<slug:provider_id>/login/", form(or_say_so(company.login)), name="openid_connect_login"),
    path("oidc/<slug:provider_id>/login/callback/", form(or_say_so(company.callback)), name="openid_connect_callback"),
]
if settings.OIDC_SERVER_URL:
    urlpatterns += company_patterns
