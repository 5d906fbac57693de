"""What production sets on cookies and connections, asked of a real start with real settings."""

from __future__ import annotations

import base64
import json
import os
import secrets
import subprocess
import sys

import pytest

from tests.unit.house.tree import ROOT

ENVIRONMENT = {
    "DJANGO_SETTINGS_MODULE": "cercollettiva.settings.production",
    "SECRET_KEY": secrets.token_urlsafe(64),
    "FIELD_ENCRYPTION_KEYS": "k1:" + base64.b64encode(secrets.token_bytes(32)).decode(),
    "ALLOWED_HOSTS": "energia.example.it",
    "SITE_URL": "https://energia.example.it",
    "DATABASE_URL": "postgres://someone@localhost/energia",
    "SECOND_FACTOR": "optional",  # counts for nothing here
    "DEBUG": "",
}
COOKIES = """
import json, django
django.setup()
from django.conf import settings as s
print(json.dumps({name: getattr(s, name) for name in (
    "SESSION_COOKIE_NAME", "SESSION_COOKIE_SECURE", "SESSION_COOKIE_HTTPONLY", "SESSION_COOKIE_SAMESITE",
    "SESSION_COOKIE_PATH", "SESSION_COOKIE_DOMAIN", "CSRF_COOKIE_NAME", "CSRF_COOKIE_SECURE", "CSRF_COOKIE_HTTPONLY",
    "CSRF_COOKIE_SAMESITE", "CSRF_COOKIE_DOMAIN", "LANGUAGE_COOKIE_SECURE", "LANGUAGE_COOKIE_HTTPONLY",
    "SECOND_FACTOR_REQUIRED", "SESSION_COOKIE_AGE")}))
"""


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, **ENVIRONMENT}
    return subprocess.run(
        [sys.executable, *arguments], cwd=ROOT, env=environment, capture_output=True, text=True, check=False
    )


def test_the_deployment_check_finds_nothing():
    done = run("manage.py", "check", "--deploy", "--fail-level", "WARNING")

    assert done.returncode == 0, done.stderr
    assert "no issues" in done.stdout


@pytest.fixture(scope="module")
def settings_of_production() -> dict[str, object]:
    done = run("-c", COOKIES)
    assert done.returncode == 0, done.stderr
    told: dict[str, object] = json.loads(done.stdout)
    return told


@pytest.mark.parametrize("cookie", ["SESSION", "CSRF"])
def test_a_cookie_is_bound_to_this_host_over_https_and_out_of_reach_of_scripts(settings_of_production, cookie):
    told = settings_of_production

    assert str(told[f"{cookie}_COOKIE_NAME"]).startswith("__Host-")
    assert told[f"{cookie}_COOKIE_SECURE"] is True
    assert told[f"{cookie}_COOKIE_HTTPONLY"] is True
    assert told[f"{cookie}_COOKIE_SAMESITE"] == "Lax"
    assert told[f"{cookie}_COOKIE_DOMAIN"] is None  # a browser refuses __Host- with one


def test_production_cannot_make_the_second_factor_a_choice(settings_of_production):
    assert settings_of_production["SECOND_FACTOR_REQUIRED"] is True
    assert settings_of_production["SESSION_COOKIE_AGE"] == 30 * 60
