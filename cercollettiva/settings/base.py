"""What every shape of the platform shares. The environment is read in this package and nowhere else."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

from django.utils.translation import gettext_lazy as _

from cercollettiva.settings import env
from cercollettiva.settings.broker import *  # noqa: F403
from cercollettiva.settings.rest import *  # noqa: F403

BASE_DIR = Path(__file__).resolve().parents[2]
PACKAGE_DIR = BASE_DIR / "cercollettiva"
STATE_DIR = BASE_DIR / "var"  # what a laptop keeps: database, keys, logs of the demo

DEBUG = False
ALLOWED_HOSTS = env.words("ALLOWED_HOSTS")
CSRF_TRUSTED_ORIGINS = env.words("CSRF_TRUSTED_ORIGINS")
SITE_URL = env.text("SITE_URL", "http://localhost:8000")

INSTALLED_APPS = [
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
    "channels",
    "cercollettiva.users",
    "cercollettiva.core",
    "cercollettiva.energy",
    "cercollettiva.documents",
    "cercollettiva.settlement",
    "cercollettiva.monitoring",
    "cercollettiva.live",
    "cercollettiva.ingest",
    "cercollettiva.web",
    "cercollettiva.api",
    "rest_framework",
    "drf_spectacular",
    "cercollettiva.ops",
    "allauth",  # after ours, so that our templates come first
    "allauth.account",
    "allauth.mfa",
    "allauth.usersessions",
    "axes",
    "unfold.apps.BasicAppConfig",  # before the administration, whose templates it replaces
    "unfold.contrib.import_export",
    "import_export",
    "cercollettiva.users.administration.apps.AdministrationConfig",
]

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "csp.middleware.CSPMiddleware",
    "cercollettiva.monitoring.middleware.ProbesWithoutCookies",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "cercollettiva.users.acting.ActingMiddleware",
    "cercollettiva.users.sessions.SessionLimits",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "cercollettiva.users.second_factor.SecondFactorMiddleware",
    "cercollettiva.users.notice.NoticeMiddleware",
    "axes.middleware.AxesMiddleware",  # last: it sees a refused sign-in first
]

ROOT_URLCONF = "cercollettiva.urls"
WSGI_APPLICATION = "cercollettiva.wsgi.application"
ASGI_APPLICATION = "cercollettiva.asgi.application"

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "cercollettiva.web.navigation.navigation",
            ],
        },
    },
]

SQLITE_OPTIONS: dict[str, Any] = {
    "transaction_mode": "IMMEDIATE",
    "timeout": 20,
    "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL;",
}


# A connection whose other end has gone is noticed within a minute, and one that cannot be made within five seconds.
POSTGRES_OPTIONS: dict[str, Any] = {
    "connect_timeout": 5,
    "keepalives": 1,
    "keepalives_idle": 30,
    "keepalives_interval": 10,
    "keepalives_count": 3,
    "tcp_user_timeout": 60_000,
}
# How long one query of a page may take where servers start (web/serving.py); 0 is without end.
STATEMENT_TIMEOUT_SECONDS = env.count("STATEMENT_TIMEOUT_SECONDS", 5)


def database_of(url_default: str) -> dict[str, Any]:
    """The database of DATABASE_URL, with the options its engine needs to be shared by several processes."""
    database: dict[str, Any] = env.database("DATABASE_URL", url_default)
    if database["ENGINE"].endswith("sqlite3"):
        database.setdefault("OPTIONS", {}).update(SQLITE_OPTIONS)
    elif database["ENGINE"].endswith("postgresql"):
        database["OPTIONS"] = {**POSTGRES_OPTIONS, **database.get("OPTIONS", {})}
    return database


DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
AUTH_USER_MODEL = "users.CustomUser"
PASSWORD_HASHERS = ["django.contrib.auth.hashers.Argon2PasswordHasher"]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "cercollettiva.users.passwords.NotLikeTheNameValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 12}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
AUTHENTICATION_BACKENDS = [
    "cercollettiva.users.backends.LockoutBackend",
    "cercollettiva.users.backends.SignInBackend",
]
LOGIN_URL = "users:login"
LOGIN_REDIRECT_URL = "web:dashboard"
LOGOUT_REDIRECT_URL = "web:home"

# How long a session lasts without a request, and in all; a live page that nobody touches counts as idle.
SESSION_COOKIE_AGE = 30 * 60
SESSION_ABSOLUTE_AGE = timedelta(hours=12)
MESSAGE_STORAGE = "django.contrib.messages.storage.session.SessionStorage"

# Who administers a community, and platform staff: how long they may go on without a second factor.
SECOND_FACTOR_REQUIRED = True
SECOND_FACTOR_GRACE = timedelta(days=env.whole_number("SECOND_FACTOR_GRACE_DAYS", 7))

# Proxies of ours before the site: the client's address is that many places from the right of X-Forwarded-For.
PROXY_COUNT = env.count("PROXY_COUNT", 0)

ACCOUNT_ADAPTER = "cercollettiva.users.adapters.AccountAdapter"
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*", "password2*"]
ACCOUNT_EMAIL_VERIFICATION = "mandatory"
ACCOUNT_EMAIL_VERIFICATION_BY_CODE_ENABLED = True  # typed where one registers: nothing that a mail scanner can open
ACCOUNT_EMAIL_VERIFICATION_SUPPORTS_RESEND = True
ACCOUNT_CHANGE_EMAIL = True
ACCOUNT_EMAIL_NOTIFICATIONS = True
ACCOUNT_REAUTHENTICATION_REQUIRED = True
ACCOUNT_SESSION_REMEMBER = True  # for SESSION_COOKIE_AGE; without a box to tick
ACCOUNT_USER_DISPLAY = "cercollettiva.users.adapters.display_name"
ACCOUNT_RATE_LIMITS = {  # by address and by account; five wrong passwords in a row are for axes, below
    "login": "120/m/ip",
    "login_failed": "60/m/ip,20/h/key,60/d/key",  # codes of an app too
    "signup": "60/m/ip",
    "reset_password": "20/m/ip,5/m/key",
    "reset_password_from_key": "60/m/ip",
    "change_password": "20/m/user",
}
ACCOUNT_FORMS = {
    "login": "cercollettiva.web.account_forms.SignInForm",
    "signup": "cercollettiva.web.account_forms.RegistrationForm",
    "reauthenticate": "cercollettiva.web.account_forms.ConfirmationForm",
    "change_password": "cercollettiva.web.account_forms.NewPasswordForm",
    "reset_password": "cercollettiva.web.account_forms.ForgottenForm",
    "reset_password_from_key": "cercollettiva.web.account_forms.ForgottenPasswordForm",
}
PASSWORD_RESET_TIMEOUT = 60 * 60
# Django's, which the address is part of too: allauth's asks the database about whoever is known, which takes time.
ACCOUNT_PASSWORD_RESET_TOKEN_GENERATOR = "django.contrib.auth.tokens.PasswordResetTokenGenerator"  # noqa: S105

MFA_ADAPTER = "cercollettiva.users.adapters.SecondFactorAdapter"
MFA_FORMS = {"edit_webauthn": "cercollettiva.web.account_forms.PasskeyNameForm"}
MFA_SUPPORTED_TYPES = ["totp", "webauthn", "recovery_codes"]
MFA_PASSKEY_LOGIN_ENABLED = True
MFA_WEBAUTHN_USER_VERIFICATION = "required"  # a passkey alone signs in: the device must have asked who holds it
MFA_TOTP_ISSUER = "CerCollettiva"
MFA_TOTP_TOLERANCE = 1  # phones whose clock is half a minute off

AXES_FAILURE_LIMIT = 5
AXES_COOLOFF_TIME = timedelta(minutes=15)
AXES_LOCKOUT_PARAMETERS = [["username", "ip_address"]]  # nobody is locked out by somebody elsewhere
AXES_RESET_ON_SUCCESS = True
AXES_RESET_COOL_OFF_ON_FAILURE_DURING_LOCKOUT = False
AXES_LOCKOUT_CALLABLE = "cercollettiva.web.views.accounts.locked_out"
AXES_CLIENT_IP_CALLABLE = "cercollettiva.users.addresses.client_ip"
AXES_USERNAME_CALLABLE = "cercollettiva.users.backends.username_tried"
AXES_DISABLE_ACCESS_LOG = True
AXES_ENABLE_ADMIN = False
AXES_VERBOSE = False

LANGUAGE_CODE = "it"
LANGUAGES = [("it", "Italiano"), ("en", "English")]
LANGUAGE_COOKIE_AGE = 365 * 24 * 3600  # what one chose stays chosen
LOCALE_PATHS = [PACKAGE_DIR / "locale"]
FORMAT_MODULE_PATH = ["cercollettiva.web.locale_formats"]
TIME_ZONE = "UTC"  # storage and arithmetic; pages show LOCAL_TIME_ZONE
LOCAL_TIME_ZONE = "Europe/Rome"
USE_TZ = True
USE_THOUSAND_SEPARATOR = True

REDIS_URL = env.text("REDIS_URL")
CACHES: dict[str, Any] = {"default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}}
if REDIS_URL:  # throttles are then one for all processes
    CACHES["default"] = {"BACKEND": "django.core.cache.backends.redis.RedisCache", "LOCATION": REDIS_URL}

STATIC_URL = "static/"
# Of the sidecar's 9 MB the page of the API needs these two files and their licences.
STATICFILES_FINDERS = [
    "django.contrib.staticfiles.finders.AppDirectoriesFinder",
    "cercollettiva.api.static_files.SwaggerFinder",
]
STATIC_ROOT = BASE_DIR / "staticfiles"
MEDIA_ROOT = env.folder("MEDIA_ROOT", STATE_DIR / "media")

# Certificates whose end `doctor` watches: PEM files of the proxy and the broker.
CERTIFICATE_FILES = env.words("CERTIFICATE_FILES")

# Backups: where they are kept, and the keys that seal them. Without the folder none is made at night.
BACKUP_DIR = env.text("BACKUP_DIR")
BACKUP_KEYS = env.backup_keys("BACKUP_KEY")

CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": ["'none'"],
        "script-src": ["'self'"],
        "style-src": ["'self'"],
        "img-src": ["'self'", "data:"],
        "font-src": ["'self'"],
        "connect-src": ["'self'"],
        "manifest-src": ["'self'"],
        "form-action": ["'self'"],
        "frame-ancestors": ["'none'"],
        "base-uri": ["'none'"],
    },
}
# The administration at /ceradmin/; its content policy is in users/administration/site.py.
UNFOLD: dict[str, Any] = {
    "SITE_TITLE": "CerCollettiva",
    "SITE_HEADER": "CerCollettiva",
    "SITE_SUBHEADER": _("Amministrazione"),
    "SITE_URL": "/dashboard/",
    "SITE_SYMBOL": "bolt",
    "SHOW_LANGUAGES": True,
    "SHOW_VIEW_ON_SITE": False,
    "BORDER_RADIUS": "4px",
    "COLORS": {
        "primary": {
            "50": "#eef3fb",
            "100": "#dce8f8",
            "200": "#bcd5f3",
            "300": "#8fb8ea",
            "400": "#4a94ec",
            "500": "#2a6ac4",
            "600": "#0f4fa8",
            "700": "#0b3779",
            "800": "#0a2d62",
            "900": "#08244e",
            "950": "#061a38",
        }
    },
    "SIDEBAR": {"show_search": True, "show_all_applications": False},
}
IMPORT_EXPORT_SKIP_ADMIN_LOG = False  # its entries become lines of the audit log

X_FRAME_OPTIONS = "DENY"
SECURE_REFERRER_POLICY = "same-origin"
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
CSRF_COOKIE_HTTPONLY = True

# How long each kind of data is kept.
KEEP_POWERS = timedelta(days=env.whole_number("KEEP_POWERS_DAYS", 7))
KEEP_REGISTERS = timedelta(days=env.whole_number("KEEP_REGISTERS_DAYS", 731))
KEEP_INTERVALS = timedelta(days=env.whole_number("KEEP_INTERVALS_DAYS", 3653))
KEEP_AUDIT = timedelta(days=env.at_least("KEEP_AUDIT_DAYS", 365, least=183))  # the database itself refuses less
KEEP_INVITATIONS = timedelta(days=env.whole_number("KEEP_INVITATIONS_DAYS", 365))
# From somebody's request to be erased until it is carried out by itself; meanwhile it can be taken back.
ERASURE_COOLING_OFF = timedelta(days=env.whole_number("ERASURE_COOLING_OFF_DAYS", 14))
DEFAULT_FROM_EMAIL = env.text("DEFAULT_FROM_EMAIL", "CerCollettiva <noreply@localhost>")
SERVER_EMAIL = DEFAULT_FROM_EMAIL
EMAIL_TIMEOUT = 10  # [s] without one a mail server that says nothing holds its caller for ever

# Who may read /monitoring/metrics/: whoever has the token, and these networks.
METRICS_TOKEN = env.text("METRICS_TOKEN")
METRICS_NETWORKS = env.networks("METRICS_NETWORKS")

# What signs the notifications on people's devices; without it they are not offered.
VAPID_PRIVATE_KEY = env.push_key("VAPID_PRIVATE_KEY")

LOG_FORMAT = env.choice("LOG_FORMAT", ("line", "json"), default="line")
LOGGING: dict[str, Any] = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {
        "line": {
            "()": "cercollettiva.users.log_format.PrivateFormatter",
            "format": "%(asctime)s %(levelname)s %(name)s [%(process)d] %(message)s",
        },
        "json": {"()": "cercollettiva.users.log_format.JsonFormatter"},
    },
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": LOG_FORMAT}},
    "root": {"handlers": ["console"], "level": "INFO"},
    "loggers": {
        # Django's own would mail whole requests to ADMINS, and write them another way.
        "django": {"handlers": [], "level": "INFO", "propagate": True},
        "django.server": {"handlers": [], "level": "INFO", "propagate": True},
        "django.db.backends": {"level": "WARNING"},  # below, it writes SQL with its parameters
        "axes": {"level": "WARNING"},  # it tells of every sign-in
    },
}
