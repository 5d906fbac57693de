"""What the code reads from the environment, and what it refuses to start with."""

from __future__ import annotations

import ast
import base64
import hashlib
import importlib
import os
import re
import secrets
import stat
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from itertools import pairwise
from pathlib import Path
from types import ModuleType

import pytest
from django.core.exceptions import ImproperlyConfigured

from cercollettiva.settings import env
from tests.support.services import documented_defaults
from tests.unit.house.tree import ROOT, parsed, project_files

SETTINGS = ROOT / "cercollettiva" / "settings"
VARIABLE = re.compile(r"[A-Z][A-Z0-9_]+")
SECRETS = {"SECRET_KEY", "FIELD_ENCRYPTION_KEYS"}
A_KEY_RING = "k1:" + base64.b64encode(hashlib.sha256(b"no key of anybody").digest()).decode()


def variables_read(tree: ast.Module) -> set[str]:
    """The first argument of every `env.<helper>(...)`, unless it is only a name for messages (`env.key_ring`)."""
    calls = (node for node in ast.walk(tree) if isinstance(node, ast.Call) and node.args)
    return {
        call.args[0].value
        for call in calls
        if isinstance(call.func, ast.Attribute)
        and isinstance(call.func.value, ast.Name)
        and call.func.value.id in ("env", "environ")
        and isinstance(call.args[0], ast.Constant)
        and isinstance(call.args[0].value, str)
        and VARIABLE.fullmatch(call.args[0].value)
    }


def test_the_example_lists_every_variable_that_is_read_and_no_other():
    read = set().union(*(variables_read(parsed(path)) for path in SETTINGS.glob("*.py")))
    read.add("DJANGO_SETTINGS_MODULE")  # read by Django
    if re.search(r"^demo:", (ROOT / "Makefile").read_text(), re.MULTILINE):
        read.add("PORT")

    assert set(documented_defaults()) == read


def test_every_variable_of_the_example_is_explained_on_the_line_above():
    lines = (ROOT / ".env.example").read_text().splitlines()

    variables = [(above, line) for above, line in pairwise(lines) if VARIABLE.match(line)]

    assert [line for above, line in variables if not above.startswith("# ")] == []
    assert len(variables) == len(documented_defaults())


def test_the_secrets_of_the_example_are_empty():
    assert {name: documented_defaults()[name] for name in SECRETS} == dict.fromkeys(SECRETS, "")


def test_only_the_settings_read_the_environment():
    allowed = {SETTINGS / "env.py"}

    readers = {
        path.relative_to(ROOT).as_posix()
        for path in project_files(".py")
        if path.is_relative_to(ROOT / "cercollettiva") and path not in allowed
        for node in ast.walk(parsed(path))
        if isinstance(node, ast.Attribute) and node.attr in ("environ", "getenv") and not _only_defaults(path)
    }

    assert readers == set()


def _only_defaults(path: Path) -> bool:
    """Whether a file does no more than name the settings module, as the entry points of Django do."""
    uses = [line for line in path.read_text().splitlines() if "os.environ" in line or "getenv" in line]
    return all("os.environ.setdefault(" in line and "DJANGO_SETTINGS_MODULE" in line for line in uses)


@pytest.fixture
def production(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., ModuleType]]:
    """Loads the production settings afresh, from a good environment with some variables changed."""
    good = {
        "SECRET_KEY": secrets.token_urlsafe(64),
        "FIELD_ENCRYPTION_KEYS": A_KEY_RING,
        "ALLOWED_HOSTS": "energia.example.it",
        "DATABASE_URL": "postgres://someone@localhost/energia",
        "SITE_URL": "https://energia.example.it",
        "DEBUG": "",
    }
    names = [f"cercollettiva.settings.{name}" for name in ("base", "production")]
    monkeypatch.setattr(sys, "excepthook", sys.excepthook)  # production has its own: put back afterwards
    monkeypatch.setattr(threading, "excepthook", threading.excepthook)
    before = {name: sys.modules.get(name) for name in names}

    def load(**changed: str | None) -> ModuleType:
        for name, value in (good | changed).items():
            if value is None:
                monkeypatch.delenv(name, raising=False)
            else:
                monkeypatch.setenv(name, value)
        for name in names:
            sys.modules.pop(name, None)
        return importlib.import_module(names[-1])

    yield load
    for name, module in before.items():
        sys.modules.pop(name, None)
        if module is not None:
            sys.modules[name] = module


def test_production_starts_with_a_good_environment(production):
    settings = production()

    assert settings.DEBUG is False
    assert settings.ALLOWED_HOSTS == ["energia.example.it"]
    assert settings.SESSION_COOKIE_SECURE
    assert settings.CSRF_COOKIE_SECURE
    assert list(settings.FIELD_ENCRYPTION_KEYS) == ["k1"]


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("SECRET_KEY", None),
        ("SECRET_KEY", ""),
        ("SECRET_KEY", "Kj3-short"),
        ("SECRET_KEY", "ab" * 40),
        ("SECRET_KEY", "django-insecure-" + "0123456789abcdefghij" * 3),
        ("SECRET_KEY", "change-me-" + "0123456789abcdefghij" * 3),
        ("FIELD_ENCRYPTION_KEYS", None),
        ("FIELD_ENCRYPTION_KEYS", ""),
        ("FIELD_ENCRYPTION_KEYS", "k1:" + base64.b64encode(bytes(32)).decode()),
        ("FIELD_ENCRYPTION_KEYS", "k1:" + base64.b64encode(bytes(range(16))).decode()),
        ("FIELD_ENCRYPTION_KEYS", "k1:not base64"),
        ("FIELD_ENCRYPTION_KEYS", base64.b64encode(bytes(range(32))).decode()),
        ("FIELD_ENCRYPTION_KEYS", f"{A_KEY_RING},{A_KEY_RING}"),
        ("FIELD_ENCRYPTION_KEYS", "k1:" + base64.b64encode(bytes(range(32))).decode()),
        ("FIELD_ENCRYPTION_KEYS", "k1:" + base64.b64encode(bytes(range(0, 96, 3))).decode()),
        ("FIELD_ENCRYPTION_KEYS", "k1:" + base64.b64encode(b"a sentence that somebody typed in").decode()),
        ("FIELD_ENCRYPTION_KEYS", "k1:" + base64.b64encode(b"thirty-two letters and no more. ").decode()),
        ("FIELD_ENCRYPTION_KEYS", f"{A_KEY_RING},k2:{A_KEY_RING.removeprefix('k1:')}"),
        ("SITE_URL", None),
        ("SITE_URL", "http://localhost:8000"),
        ("SITE_URL", "http://energia.example.it"),
        ("SITE_URL", "https://localhost"),
        ("SITE_URL", "energia.example.it"),
        ("DATABASE_URL", "postgres://user:password@host:5432/name"),
        ("MQTT_URL", "mqtt://user:password@host:1883"),
        ("ALLOWED_HOSTS", "localhost,127.0.0.1"),
        ("ALLOWED_HOSTS", None),
        ("ALLOWED_HOSTS", " , "),
        ("ALLOWED_HOSTS", "*"),
        ("DEBUG", "1"),
        ("DEBUG", "True"),
        ("DATABASE_URL", None),
        ("DATABASE_URL", "sqlite:///energia.sqlite3"),
        ("DATABASE_URL", "not a url"),
    ],
)
def test_production_refuses_and_names_the_variable(production, variable, value):
    with pytest.raises(ImproperlyConfigured, match=variable):
        production(**{variable: value})


def test_the_deploy_check_finds_nothing_to_say():
    environment = {
        **{name: value for name, value in os.environ.items() if name not in documented_defaults()},
        "DJANGO_SETTINGS_MODULE": "cercollettiva.settings.production",
        "SECRET_KEY": secrets.token_urlsafe(64),
        "FIELD_ENCRYPTION_KEYS": A_KEY_RING,
        "ALLOWED_HOSTS": "energia.example.it",
        "DATABASE_URL": "postgres://someone@localhost/energia",
        "SITE_URL": "https://energia.example.it",
    }
    command = [sys.executable, str(ROOT / "manage.py"), "check", "--deploy", "--fail-level=WARNING"]

    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)

    assert done.returncode == 0, done.stderr
    assert "no issues" in done.stdout


def test_random_keys_look_random():
    assert all(env.looks_random(secrets.token_bytes(32)) for _ in range(20_000))


def test_nothing_that_the_example_holds_starts_production(production):
    """Whoever copies .env.example and only names the settings is refused."""
    with pytest.raises(ImproperlyConfigured):
        production(**documented_defaults())


def test_a_bare_production_does_not_start():
    bare = {name: value for name, value in os.environ.items() if name not in documented_defaults()}
    bare["DJANGO_SETTINGS_MODULE"] = "cercollettiva.settings.production"
    code = "import django; django.setup()"

    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, env=bare, capture_output=True, text=True, check=False)

    assert done.returncode != 0
    assert "ALLOWED_HOSTS" in done.stderr.splitlines()[-1]


@pytest.mark.parametrize("make", ["token", "key_ring"])
def test_a_laptops_own_secret_is_read_by_its_owner_alone_and_stays(tmp_path, make):
    path = tmp_path / "var" / "secret"
    mask = os.umask(0)  # the most careless user
    try:
        value = env.kept_secret(path, make=make)
    finally:
        os.umask(mask)

    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert env.kept_secret(path, make=make) == value
    assert len(value) > 40


def test_two_laptops_have_different_secrets(tmp_path):
    first, second = (env.kept_secret(tmp_path / name, make="key_ring") for name in ("first", "second"))

    assert first != second
    assert env.key_ring("FIELD_ENCRYPTION_KEYS", first)["k1"] != env.key_ring("FIELD_ENCRYPTION_KEYS", second)["k1"]
