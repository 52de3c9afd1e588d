"""
Who may open the routes of `config` itself, and those of allauth that config.accounts opens.

The access test (tests/access) compares them with the real answers, route by route, method by method, person by person.
"""

from django.conf import settings

from core.access import ALL, PUBLIC, Routes, Rule

_SIGNED_IN = Rule(ALL)
_PUBLIC_FORM = {"GET": PUBLIC, "POST": PUBLIC}
_OWN_FORM = {"GET": _SIGNED_IN, "POST": _SIGNED_IN}

ROUTES: Routes = {
    "home": {"GET": _SIGNED_IN},
    "healthz": {"GET": PUBLIC},
    "readyz": {"GET": PUBLIC},
    "audit": {"GET": _SIGNED_IN},
    "api:schema": {"GET": _SIGNED_IN},
    "api:docs": {"GET": _SIGNED_IN},
    # Sign-in. What a person may do with the own account is the same for everybody.
    "account_login": _PUBLIC_FORM,
    "account_logout": _PUBLIC_FORM,
    "account_inactive": {"GET": PUBLIC},
    "account_signup": _PUBLIC_FORM,
    "account_reset_password": _PUBLIC_FORM,
    "account_reset_password_done": {"GET": PUBLIC},
    "account_reset_password_from_key": _PUBLIC_FORM,
    "account_reset_password_from_key_done": {"GET": PUBLIC},
    "account_reauthenticate": _OWN_FORM,
    "account_change_password": _OWN_FORM,
    "account_set_password": _OWN_FORM,
    "mfa_index": {"GET": _SIGNED_IN},
    "mfa_authenticate": _PUBLIC_FORM,
    "mfa_reauthenticate": _OWN_FORM,
    "mfa_activate_totp": _OWN_FORM,
    "mfa_deactivate_totp": _OWN_FORM,
    "mfa_view_recovery_codes": {"GET": _SIGNED_IN},
    "mfa_generate_recovery_codes": _OWN_FORM,
    "mfa_download_recovery_codes": {"GET": _SIGNED_IN},
}
if settings.OIDC_SERVER_URL:
    ROUTES = {
        **ROUTES,
        "openid_connect_login": {"GET": PUBLIC, "POST": PUBLIC},
        "openid_connect_callback": {"GET": PUBLIC, "POST": PUBLIC},
        "socialaccount_login_cancelled": {"GET": PUBLIC},
        "socialaccount_login_error": {"GET": PUBLIC},
        "socialaccount_signup": _PUBLIC_FORM,
        "socialaccount_connections": _OWN_FORM,
    }
