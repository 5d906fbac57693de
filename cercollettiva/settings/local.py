"""A laptop, the demo and the tests: SQLite unless DATABASE_URL says otherwise, secrets of this folder's own."""

from __future__ import annotations

from cercollettiva.settings import env
from cercollettiva.settings.base import *  # noqa: F403
from cercollettiva.settings.base import ALLOWED_HOSTS, STATE_DIR, database_of

STATE_DIR.mkdir(parents=True, exist_ok=True)

SECRET_KEY = env.text("SECRET_KEY") or env.kept_secret(STATE_DIR / "secret_key", make="token")
FIELD_ENCRYPTION_KEYS = env.key_ring(
    "FIELD_ENCRYPTION_KEYS",
    env.text("FIELD_ENCRYPTION_KEYS") or env.kept_secret(STATE_DIR / "field_encryption_keys", make="key_ring"),
)
ALLOWED_HOSTS = ALLOWED_HOSTS or ["localhost", "127.0.0.1", "[::1]"]
DATABASES = {"default": database_of(f"sqlite:///{STATE_DIR / 'cercollettiva.sqlite3'}")}
STATIC_ROOT = STATE_DIR / "static"  # empty: files are served from where they are written
STATIC_ROOT.mkdir(exist_ok=True)
WHITENOISE_USE_FINDERS = True
if env.text("EMAIL_URL"):
    globals().update(env.email("EMAIL_URL"))
else:
    EMAIL_BACKEND = "django.core.mail.backends.console.EmailBackend"

MFA_WEBAUTHN_ALLOW_INSECURE_ORIGIN = True  # passkeys on http://localhost
# The demo does without: it is a community of nobody, and its password is printed.
SECOND_FACTOR_REQUIRED = env.text("SECOND_FACTOR", "required") != "optional"
