"""
Settings of Yearline: one file, read from the environment only, loud where something is missing.

`make run`, `make test` and manage.py (see config/embedded.py) fill DATABASE_URL and REDIS_URL with the embedded servers where
they are not set.
"""

from datetime import timedelta
from pathlib import Path
from urllib.parse import urlsplit

from celery.schedules import crontab
from csp.constants import NONE, SELF
from django.utils.translation import gettext_lazy as _
from environs import Env

env = Env()

BASE_DIR = Path(__file__).resolve().parent.parent

# --- What kind of start this is -------------------------------------------------------------------------------------
DEBUG = env.bool("DEBUG", False)
SECRET_KEY = env.str("SECRET_KEY", "not-secret-only-for-development-and-tests" if DEBUG else None)
if not SECRET_KEY:
    raise RuntimeError("Set SECRET_KEY (or DEBUG=1 on a development machine).")
ALLOWED_HOSTS = env.list("ALLOWED_HOSTS", ["localhost", "127.0.0.1", "[::1]"])
CSRF_TRUSTED_ORIGINS: list[str] = env.list("CSRF_TRUSTED_ORIGINS", [])
HTTPS = env.bool("HTTPS", False)
BEHIND_PROXY = env.bool("BEHIND_PROXY", False)
TIME_ZONE = env.str("TIME_ZONE", "Asia/Shanghai")

# --- Parts ----------------------------------------------------------------------------------------------------------
INSTALLED_APPS = [
    # ours, bottom to top
    "core",
    "teams",
    "customers",
    "planning",
    "processes",
    "risks",
    "config",
    # sign-in, API, pages
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "allauth.socialaccount",
    "allauth.socialaccount.providers.openid_connect",
    "knox",
    "rest_framework",
    "django_filters",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "django_htmx",
    "django_tables2",
    "tree_queries",
    "csp",
    # Django
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.humanize",
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
    "django.forms",
]

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "core.middleware.request_id",
    "core.middleware.readable_address",
    "csp.middleware.CSPMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.auth.middleware.LoginRequiredMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "core.middleware.user_language",
    "teams.http.second_step",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "core.middleware.errors_as_pages",
]

ROOT_URLCONF = "config.urls"
WSGI_APPLICATION = "config.wsgi.application"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "builtins": [
                "django.templatetags.i18n",
                "django.templatetags.static",
                "core.templatetags.formats",
            ],
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "core.pages.shell",
                "config.navigation.frame",
            ],
        },
    }
]
FORM_RENDERER = "django.forms.renderers.TemplatesSetting"

# --- Postgres -------------------------------------------------------------------------------------------------------
DATABASES = {"default": env.dj_db_url("DATABASE_URL", conn_max_age=60, conn_health_checks=True)}
DATABASES["default"].setdefault("OPTIONS", {})
DATABASES["default"]["OPTIONS"].update(
    connect_timeout=2,
    options=" ".join(
        f"-c {setting}={value}"
        for setting, value in {
            "statement_timeout": env.int("STATEMENT_TIMEOUT_MS", 15_000),
            "lock_timeout": env.int("LOCK_TIMEOUT_MS", 3_000),
            "idle_in_transaction_session_timeout": env.int("IDLE_IN_TRANSACTION_TIMEOUT_MS", 60_000),
        }.items()
    ),
)

# --- Caches; Redis may be emptied at any moment ---------------------------------------------------------------------
REDIS_URL = env.str("REDIS_URL")
# The default cache is a table: sign-in throttles and used one-time codes (allauth keeps them there and nowhere else) must
# outlive an emptied or hung Redis. It holds more rows than an attacker can make before their old ones expire, because
# culling would forget failures. What may be forgotten goes to "redis".
CACHES = {
    "default": {
        "BACKEND": "django.core.cache.backends.db.DatabaseCache",
        "LOCATION": "shared_cache",
        "OPTIONS": {"MAX_ENTRIES": 200_000},
    },
    "redis": {
        "BACKEND": "django.core.cache.backends.redis.RedisCache",
        "LOCATION": REDIS_URL,
        "KEY_PREFIX": "yearline",
        "OPTIONS": {"socket_connect_timeout": 0.5, "socket_timeout": 1.0},
    },
}

# --- Celery: every setting here answers a way in which work was seen to be lost or done twice -----------------------
CELERY_BROKER_URL = REDIS_URL
CELERY_TIMEZONE = "UTC"
CELERY_TASK_SERIALIZER = "json"
CELERY_ACCEPT_CONTENT = ["json"]
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_REJECT_ON_WORKER_LOST = True
CELERY_TASK_ACKS_ON_FAILURE_OR_TIMEOUT = True
CELERY_TASK_TIME_LIMIT = 3600
CELERY_TASK_SOFT_TIME_LIMIT = 3540
CELERY_TASK_PUBLISH_RETRY = False
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_WORKER_MAX_TASKS_PER_CHILD = 200
CELERY_WORKER_SOFT_SHUTDOWN_TIMEOUT = 20
CELERY_WORKER_CANCEL_LONG_RUNNING_TASKS_ON_CONNECTION_LOSS = True
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_BROKER_CONNECTION_MAX_RETRIES = None
CELERY_VISIBILITY_TIMEOUT = 4200  # above the hard time limit, or a healthy task runs twice
CELERY_BROKER_TRANSPORT_OPTIONS = {
    "visibility_timeout": CELERY_VISIBILITY_TIMEOUT,
    "unacked_restore_interval": 5,
    "unacked_restore_throttle": 1,
    "socket_connect_timeout": 0.5,
    "socket_timeout": 5,
    "socket_keepalive": True,
    "health_check_interval": 15,
}
CELERY_BEAT_SYNC_EVERY = 1  # its file tells whether beat is alive
CELERY_BEAT_SCHEDULE = {
    # Every ten minutes a look, not one shot at midnight: a missed look is made up by the next, and each plan's own time
    # zone decides when its night has come.
    "nightly": {
        "task": "config.tasks.run_due_nights",
        "schedule": crontab(minute="*/10"),
    },
    # Between the looks for a night, which come first.
    "monthly": {
        "task": "config.tasks.judge_due_month",
        "schedule": crontab(minute="5-59/10"),
    },
    "old-requests": {"task": "config.tasks.forget_old_requests", "schedule": crontab(hour="3", minute="40")},
    # Half-hourly looks: each person's mail of the week leaves once, and a Monday without a worker is made up on Tuesday.
    "warning-digests": {
        "task": "config.tasks.send_warning_digests",
        "schedule": crontab(minute="5,35"),
    },
    "imports": {
        "task": "config.tasks.resume_imports",
        "schedule": crontab(minute="*"),
    },
    "worker-seen": {
        "task": "config.tasks.note_worker_seen",
        "schedule": crontab(minute="*"),
    },
}

# --- People and sign-in ---------------------------------------------------------------------------------------------
AUTH_USER_MODEL = "teams.User"
AUTHENTICATION_BACKENDS = ["allauth.account.auth_backends.AuthenticationBackend"]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {
        "NAME": "django.contrib.auth.password_validation.MinimumLengthValidator",
        "OPTIONS": {"min_length": 12},
    },
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "home"
LOGOUT_REDIRECT_URL = "account_login"
ACCOUNT_ADAPTER = "teams.http.AccountAdapter"
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*"]
ACCOUNT_EMAIL_VERIFICATION = "none"
ACCOUNT_SESSION_REMEMBER = False
ACCOUNT_RATE_LIMITS = {
    "login": "30/m/ip",
    "login_failed": "20/h/ip,5/15m/key",
    "reset_password": "20/m/ip,5/m/key",
}
ACCOUNT_PREVENT_ENUMERATION = True
ACCOUNT_LOGOUT_ON_GET = False
ACCOUNT_EMAIL_SUBJECT_PREFIX = ""
MFA_SUPPORTED_TYPES = ["totp", "recovery_codes"]
MFA_TOTP_ISSUER = "Yearline"
SOCIALACCOUNT_ONLY = False
SOCIALACCOUNT_AUTO_SIGNUP = False
SOCIALACCOUNT_ADAPTER = "teams.http.SocialAccountAdapter"
# Administrators and HR must have a second step. Off by default: the demo people could not sign in.
REQUIRE_TOTP = env.bool("REQUIRE_TOTP", False)
ALLAUTH_TRUSTED_PROXY_COUNT = 1 if BEHIND_PROXY else 0  # whose address a throttle counts
OIDC_SERVER_URL = env.str("OIDC_SERVER_URL", "")
SOCIALACCOUNT_PROVIDERS = (
    {
        "openid_connect": {
            "OAUTH_PKCE_ENABLED": True,
            "APPS": [
                {
                    "provider_id": "company",
                    "name": env.str("OIDC_NAME", "Company account"),
                    "client_id": env.str("OIDC_CLIENT_ID"),
                    "secret": env.str("OIDC_CLIENT_SECRET"),
                    "settings": {"server_url": OIDC_SERVER_URL},
                }
            ],
        }
    }
    if OIDC_SERVER_URL
    else {}
)
SESSION_COOKIE_AGE = 12 * 60 * 60
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
CSRF_COOKIE_HTTPONLY = True

# --- The edge -------------------------------------------------------------------------------------------------------
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = HTTPS
SECURE_SSL_REDIRECT = HTTPS
SECURE_HSTS_SECONDS = 31_536_000 if HTTPS else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = SECURE_HSTS_PRELOAD = HTTPS
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if BEHIND_PROXY else None
SECURE_REDIRECT_EXEMPT = [r"^healthz$", r"^readyz$"]
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
DATA_UPLOAD_MAX_MEMORY_SIZE = 2 * 1024 * 1024
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [NONE],
        "script-src": [SELF],
        "style-src": [SELF],
        "img-src": [SELF, "data:", "blob:"],
        "font-src": [SELF],
        "connect-src": [SELF],
        # A browser applies form-action to the redirect as well, so the company's own sign-in has to be named.
        "form-action": [
            SELF,
            *(["{0.scheme}://{0.netloc}".format(urlsplit(OIDC_SERVER_URL))] if OIDC_SERVER_URL else []),
        ],
        "base-uri": [NONE],
        "frame-ancestors": [NONE],
        "manifest-src": [SELF],
    }
}

# --- API ------------------------------------------------------------------------------------------------------------
REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": [
        "core.api.auth.ScopedTokenAuthentication",
        "rest_framework.authentication.SessionAuthentication",
    ],
    "DEFAULT_PERMISSION_CLASSES": ["core.api.auth.SignedInWithScope"],
    "DEFAULT_PARSER_CLASSES": ["core.api.json.StrictJSONParser"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PAGINATION_CLASS": "core.api.pages.CursorPages",
    "DEFAULT_FILTER_BACKENDS": ["core.api.filters.StrictFilters"],
    "DEFAULT_SCHEMA_CLASS": "core.api.schema.Operation",
    "DEFAULT_THROTTLE_CLASSES": [
        "core.api.throttles.PerPerson",
        "core.api.throttles.PerAddress",
    ],
    "DEFAULT_THROTTLE_RATES": {
        "person": env.str("API_RATE", "1200/min"),
        "address": "120/min",
        "turned_away": "60/min",  # answers with 401
    },
    "DEFAULT_VERSIONING_CLASS": None,
    "DEFAULT_METADATA_CLASS": None,  # OPTIONS tells a stranger nothing; the schema tells everybody the same
    "NUM_PROXIES": 1 if BEHIND_PROXY else 0,  # else anybody counts as somebody new by a header of their own
    "EXCEPTION_HANDLER": "core.api.errors.as_problem",
    "COERCE_DECIMAL_TO_STRING": True,
    "UNAUTHENTICATED_USER": "django.contrib.auth.models.AnonymousUser",
    "TEST_REQUEST_DEFAULT_FORMAT": "json",
}
REST_KNOX = {
    "TOKEN_TTL": timedelta(days=90),
    "TOKEN_PREFIX": "yl_",
    "AUTH_HEADER_PREFIX": "Token",
}
# Our own token table replaces knox's, whose migrations would make a table that nobody fills.
MIGRATION_MODULES = {"knox": None}
KNOX_TOKEN_MODEL = "core.ApiToken"  # noqa: S105  # a table, not a secret
SPECTACULAR_SETTINGS = {
    "TITLE": "Yearline API",
    "DESCRIPTION": "Annual sales planning: people, customers, deals and their stage history, plans, targets, forecasts.",
    "VERSION": "1",
    "OAS_VERSION": "3.1.1",
    "SERVE_INCLUDE_SCHEMA": False,
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
    "COMPONENT_SPLIT_REQUEST": True,
    "SCHEMA_PATH_PREFIX": "/api/v1",
    "ENUM_NAME_OVERRIDES": {
        "ActivityKind": "customers.models.Activity.Kind",
        "StageKind": "customers.models.Stage.Kind",
        "LedgerKind": "customers.models.StageEvent.Kind",
        "UnitKind": "teams.models.OrgUnit.Kind",
        "ConversionBy": "planning.models.StageConversion.By",
        "WarningBy": "planning.models.By",
        "StrategyStatus": "customers.models.Strategy.Status",
    },
}

# --- Words, numbers, clocks -----------------------------------------------------------------------------------------
USE_TZ = True
USE_I18N = True
LANGUAGE_CODE = "en"
LANGUAGES = [("en", _("English")), ("zh-hans", _("Simplified Chinese"))]
LOCALE_PATHS: list[Path] = []

# --- Files ----------------------------------------------------------------------------------------------------------
STATIC_URL = "static/"
VAR_FOLDER = Path(env.str("VAR_FOLDER", "") or BASE_DIR / "var")
STATIC_ROOT = Path(env.str("STATIC_ROOT", str(VAR_FOLDER / "static")))
STATICFILES_DIRS = [BASE_DIR / "static"]
MEDIA_ROOT = Path(env.str("MEDIA_ROOT", str(VAR_FOLDER / "media")))
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {
        "BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"
        if DEBUG
        else "whitenoise.storage.CompressedManifestStaticFilesStorage"
    },
}
FILE_UPLOAD_PERMISSIONS = 0o600

# --- Mail -----------------------------------------------------------------------------------------------------------
EMAIL_HOST = env.str("EMAIL_HOST", "")
EMAIL_PORT = env.int("EMAIL_PORT", 587)
EMAIL_HOST_USER = env.str("EMAIL_HOST_USER", "")
EMAIL_HOST_PASSWORD = env.str("EMAIL_HOST_PASSWORD", "")
EMAIL_USE_TLS = env.bool("EMAIL_USE_TLS", True)
EMAIL_BACKEND = f"django.core.mail.backends.{'smtp' if EMAIL_HOST else 'console'}.EmailBackend"
EMAIL_TIMEOUT = 10
PUBLIC_URL = env.str("PUBLIC_URL", "")  # where mails link to
DEFAULT_FROM_EMAIL = env.str("DEFAULT_FROM_EMAIL", "yearline@localhost")

# --- Log ------------------------------------------------------------------------------------------------------------
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"line": {"format": "{asctime} {levelname} {name} {message}", "style": "{"}},
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "line"}},
    "root": {"handlers": ["console"], "level": env.str("LOG_LEVEL", "INFO")},
}
