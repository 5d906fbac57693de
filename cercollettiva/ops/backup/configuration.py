"""What of the configuration goes into a backup: enough to build the same machine again, and no secret.

A variable that is in none of the three lists stays out, and a test asks for a decision.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Final
from urllib.parse import urlsplit, urlunsplit

from django.conf import settings

from cercollettiva.settings import env

KEPT: Final = (
    *("DJANGO_SETTINGS_MODULE", "ALLOWED_HOSTS", "CSRF_TRUSTED_ORIGINS", "SITE_URL", "PROXY_COUNT", "PORT", "DEBUG"),
    *("DEFAULT_FROM_EMAIL", "SECOND_FACTOR_GRACE_DAYS", "SECOND_FACTOR", "MEDIA_ROOT", "BACKUP_DIR", "LOG_FORMAT"),
    *("KEEP_POWERS_DAYS", "KEEP_REGISTERS_DAYS", "KEEP_INTERVALS_DAYS", "KEEP_AUDIT_DAYS", "KEEP_INVITATIONS_DAYS"),
    *("METRICS_NETWORKS", "CERTIFICATE_FILES", "STATEMENT_TIMEOUT_SECONDS", "BROKER_FOLDER"),
    *("BROKER_LISTENER", "BROKER_TLS_LISTENER", "BROKER_PLAIN_LISTENER", "BROKER_CERTIFICATE", "BROKER_QUEUE_BYTES"),
    *("BROKER_CERTIFICATE_KEY", "BROKER_TEST_NETWORKS", "ERASURE_COOLING_OFF_DAYS"),  # the path of the key
)
WITHOUT_PASSWORD: Final = ("DATABASE_URL", "MQTT_URL", "REDIS_URL", "EMAIL_URL")
SECRET: Final = (
    "SECRET_KEY",
    "FIELD_ENCRYPTION_KEYS",
    "BACKUP_KEY",
    "METRICS_TOKEN",
    "SENTRY_DSN",
    "BROKER_AUTH_SECRET",
    "VAPID_PRIVATE_KEY",
)


def configuration() -> dict[str, str]:
    told = {name: env.text(name) for name in KEPT}
    told |= {name: without_password(env.text(name)) for name in WITHOUT_PASSWORD}
    return {name: value for name, value in told.items() if value}


def without_password(url: str) -> str:
    parts = urlsplit(url)
    user, at, host = parts.netloc.rpartition("@")
    return urlunsplit(parts._replace(netloc=f"{user.partition(':')[0]}{at}{host}", query=""))


def field_keys() -> dict[str, str]:
    """The keys that encrypt personal data, by what says nothing of them but whether one is the same."""
    keys: Mapping[str, bytes] = settings.FIELD_ENCRYPTION_KEYS
    return {name: hashlib.sha256(b"fingerprint " + key).hexdigest()[:16] for name, key in keys.items()}
