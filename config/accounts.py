"""
The doors of allauth that this product opens: sign-in and out, password, two steps, the company's own sign-in.

allauth brings more (sign-up, e-mail addresses, phones, connected accounts). Accounts are made by administrators, so those
doors stay shut instead of being pages that nobody designed and nobody watches.
"""

from allauth.account import views as account
from allauth.socialaccount import views as social
from django.conf import settings
from django.urls import URLPattern, URLResolver, include, path, re_path

urlpatterns: list[URLPattern | URLResolver] = [
    path("login/", account.login, name="account_login"),
    path("logout/", account.logout, name="account_logout"),
    path("inactive/", account.account_inactive, name="account_inactive"),
    path("signup/", account.signup, name="account_signup"),  # says that it is closed; allauth asks for its address
    path("reauthenticate/", account.reauthenticate, name="account_reauthenticate"),
    path("password/change/", account.password_change, name="account_change_password"),
    path("password/set/", account.password_set, name="account_set_password"),
    path("password/reset/", account.password_reset, name="account_reset_password"),
    path("password/reset/done/", account.password_reset_done, name="account_reset_password_done"),
    re_path(
        r"^password/reset/key/(?P<uidb36>[0-9A-Za-z]+)-(?P<key>.+)/$",
        account.password_reset_from_key,
        name="account_reset_password_from_key",
    ),
    path(
        "password/reset/key/done/",
        account.password_reset_from_key_done,
        name="account_reset_password_from_key_done",
    ),
    path("2fa/", include("allauth.mfa.urls")),
]

if settings.OIDC_SERVER_URL:
    urlpatterns += [
        path("company/cancelled/", social.login_cancelled, name="socialaccount_login_cancelled"),
        path("company/error/", social.login_error, name="socialaccount_login_error"),
        path("company/signup/", social.signup, name="socialaccount_signup"),
        path("company/connections/", social.connections, name="socialaccount_connections"),
        path("", include("allauth.socialaccount.providers.openid_connect.urls")),
    ]
