"""The internet: refuses to start on a missing or default secret, on DEBUG, or with an empty list of hosts."""

from __future__ import annotations

import sys
import threading

from django.core.exceptions import ImproperlyConfigured

from cercollettiva import __version__
from cercollettiva.settings import env, error_reports
from cercollettiva.settings.base import *  # noqa: F403
from cercollettiva.settings.base import ALLOWED_HOSTS, LOGGING, database_of
from cercollettiva.users.log_format import excepthook, thread_excepthook

if env.text("DEBUG").lower() not in ("", "0", "false", "no", "off"):
    raise ImproperlyConfigured("DEBUG is never on in production: unset it.")
if not ALLOWED_HOSTS or "*" in ALLOWED_HOSTS:
    raise ImproperlyConfigured("ALLOWED_HOSTS must list the host names of the site, such as energia.example.it.")

if set(ALLOWED_HOSTS) <= set(env.THIS_MACHINE):
    raise ImproperlyConfigured("ALLOWED_HOSTS names this machine alone: list the host names of the site too.")
SITE_URL = env.public_url("SITE_URL")

SECRET_KEY = env.strong_secret("SECRET_KEY")
FIELD_ENCRYPTION_KEYS = env.key_ring("FIELD_ENCRYPTION_KEYS", env.required("FIELD_ENCRYPTION_KEYS"))

env.refuse_example_password("DATABASE_URL", env.required("DATABASE_URL"))
env.refuse_example_password("MQTT_URL", env.text("MQTT_URL"))
DATABASES = {"default": database_of("")}
if not DATABASES["default"]["ENGINE"].endswith("postgresql"):
    raise ImproperlyConfigured("DATABASE_URL must name a PostgreSQL database: SQLite is for a laptop and the demo.")

SECURE_SSL_REDIRECT = True
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
SECURE_HSTS_SECONDS = 63_072_000
SECURE_HSTS_INCLUDE_SUBDOMAINS = True
SECURE_HSTS_PRELOAD = True
SESSION_COOKIE_SECURE = True
SESSION_COOKIE_NAME = "__Host-sessionid"
CSRF_COOKIE_SECURE = True
CSRF_COOKIE_NAME = "__Host-csrftoken"

SESSION_COOKIE_SAMESITE = "Lax"  # Strict would sign out whoever follows a link of a mail
CSRF_COOKIE_SAMESITE = "Lax"
LANGUAGE_COOKIE_SECURE = True
LANGUAGE_COOKIE_HTTPONLY = True
LANGUAGE_COOKIE_SAMESITE = "Lax"
LANGUAGE_COOKIE_NAME = "__Host-language"
ACCOUNT_DEFAULT_HTTP_PROTOCOL = "https"

if env.text("EMAIL_URL"):  # else the mail server of this machine, on port 25
    globals().update(env.email("EMAIL_URL"))

LOG_FORMAT = env.choice("LOG_FORMAT", ("line", "json"), default="json")
LOGGING = {**LOGGING, "handlers": {"console": {"class": "logging.StreamHandler", "formatter": LOG_FORMAT}}}

SENTRY_DSN = env.text("SENTRY_DSN")
if SENTRY_DSN:
    error_reports.start(SENTRY_DSN, release=__version__)

STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"},
}

# What ends a process or a thread goes to the same journal as the log, and holds no more personal data than it.
sys.excepthook = excepthook
threading.excepthook = thread_excepthook
