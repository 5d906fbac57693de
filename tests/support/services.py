"""The pytest plugin that gives the tests their real parts; `pyproject.toml` loads it before Django reads its settings.

One PostgreSQL serves the session, or a SQLite file when CER_TEST_DATABASE=sqlite. Brokers, Redis, clusters and
processes of one test come from the fixtures at the end.
"""

from __future__ import annotations

import base64
import os
import secrets
import shutil
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from tests.support import loopback_only, processes
from tests.support.mosquitto import MosquittoServer
from tests.support.postgres import PostgresServer
from tests.support.processes import Child
from tests.support.redis import RedisServer

ROOT = Path(__file__).resolve().parents[2]
DATABASE_VARIABLE = "CER_TEST_DATABASE"

_log_sizes = pytest.StashKey[dict[Path, int]]()


def on_sqlite() -> bool:
    chosen = os.environ.get(DATABASE_VARIABLE) or "postgresql"
    if chosen not in ("postgresql", "sqlite"):
        raise pytest.UsageError(f"{DATABASE_VARIABLE} is postgresql or sqlite, not {chosen}.")
    return chosen == "sqlite"


def documented_defaults() -> dict[str, str]:
    """The variables of `.env.example`, which a test keeps equal to those that the settings read."""
    lines = (ROOT / ".env.example").read_text().splitlines()
    pairs = (line.partition("=") for line in lines if line and not line.startswith("#"))
    return {name.strip(): value.strip() for name, _, value in pairs}


def clean_environment(database_url: str) -> dict[str, str]:
    """What the tests and their children see: every variable is set, so nothing of a developer's own gets in."""
    folder = processes.session_folder()
    return {
        **documented_defaults(),
        processes.FOLDER_VARIABLE: str(folder),
        "DJANGO_SETTINGS_MODULE": "cercollettiva.settings.local",
        "DATABASE_URL": database_url,
        "SECRET_KEY": secrets.token_urlsafe(64),
        "FIELD_ENCRYPTION_KEYS": "k1:" + base64.b64encode(secrets.token_bytes(32)).decode(),
        "MEDIA_ROOT": str(folder / "media"),
    }


def is_worker() -> bool:
    """Whether xdist started this process: then everything stands already, and is in the environment."""
    return "PYTEST_XDIST_WORKER" in os.environ


@pytest.hookimpl(wrapper=True)
def pytest_load_initial_conftests(early_config: pytest.Config) -> Iterator[None]:
    """A wrapper, so that it comes before pytest-django reads the settings."""
    options = early_config.known_args_namespace
    if options.help or options.version:
        pass
    elif not is_worker():
        if on_sqlite():
            os.environ.update(clean_environment(f"sqlite:///{processes.session_folder() / 'cercollettiva.sqlite3'}"))
        else:
            server = PostgresServer(settings={"max_connections": "200"})
            early_config.add_cleanup(server.remove)  # on Ctrl-C and on a usage error too
            os.environ.update(clean_environment(server.start().url()))
    else:  # of each worker its own: what `work` finds there without a row in its database is taken for left over
        os.environ["MEDIA_ROOT"] = str(processes.session_folder() / f"media-{os.environ['PYTEST_XDIST_WORKER']}")
    loopback_only.install()
    return (yield)


@pytest.hookimpl(trylast=True)
def pytest_configure(config: pytest.Config) -> None:
    """Makes SQLite's test database a file: several processes must see it."""
    if on_sqlite() and not config.option.help:
        from django.conf import settings

        # Of each worker its own, by the stem too: the queue of jobs has its file beside the database, named after it.
        worker = os.environ.get("PYTEST_XDIST_WORKER", "only")
        name = processes.session_folder() / f"test-{worker}.sqlite3"
        settings.DATABASES["default"].setdefault("TEST", {})["NAME"] = str(name)


def pytest_report_header() -> str:
    return "database: " + ("SQLite" if on_sqlite() else "PostgreSQL")


def pytest_runtest_setup(item: pytest.Item) -> None:
    item.stash[_log_sizes] = {child.log: child.log.stat().st_size for child in processes.started}


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]) -> Iterator[Any]:
    """A failing test shows what the parts beside it wrote to their logs in the meantime."""
    report = yield
    if report.failed:
        for child in processes.started:
            written = child.log_tail(since=item.stash.get(_log_sizes, {}).get(child.log, 0))
            if written:
                report.sections.append((f"end of the log of {child.name} {child.pid}", written))
    return report


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: pytest.Session, exitstatus: int) -> None:
    if exitstatus and not is_worker():
        _keep_logs(session.config)


def _keep_logs(config: pytest.Config) -> None:
    """Copies the logs of a session that failed to `test-results/`, out of the folder that goes away with it."""
    kept = Path(config.rootpath) / "test-results" / "logs"
    shutil.rmtree(kept, ignore_errors=True)
    shutil.copytree(processes.logs_folder(), kept, dirs_exist_ok=True)


@pytest.fixture
def own_parts() -> Iterator[ExitStack]:
    """Stops what a test started, last first, however the test ends."""
    with ExitStack() as stack:
        yield stack


@pytest.fixture
def start_mosquitto(own_parts: ExitStack) -> Callable[..., MosquittoServer]:
    """Starts a broker: `start_mosquitto(settings={"max_queued_messages": None})` for Mosquitto's own default."""
    return lambda **options: own_parts.enter_context(MosquittoServer(**options).start())


@pytest.fixture
def mosquitto(start_mosquitto: Callable[..., MosquittoServer]) -> MosquittoServer:
    """A broker of this test's own: no session or retained message of another test is in it."""
    return start_mosquitto()


@pytest.fixture
def start_postgres(own_parts: ExitStack) -> Callable[..., PostgresServer]:
    """Starts a cluster that a test may stop, kill or fill: `start_postgres(durable=True)`."""
    return lambda **options: own_parts.enter_context(PostgresServer(**options).start())


@pytest.fixture
def start_redis(own_parts: ExitStack) -> Callable[[], RedisServer]:
    return lambda: own_parts.enter_context(RedisServer().start())


@pytest.fixture
def database_url() -> str:
    """The URL of the database of the tests, for a child process. Ask for `transactional_db` too, or it sees no rows."""
    return url_of_the_database()


def url_of_the_database() -> str:
    """Of the tests' own, once `django_db_setup` has made it."""
    from django.db import connection

    chosen = connection.settings_dict
    if connection.vendor == "sqlite":
        return f"sqlite:///{chosen['NAME']}"
    return "postgres://{USER}:{PASSWORD}@{HOST}:{PORT}/{NAME}".format_map(chosen)


@pytest.fixture
def start_manage(own_parts: ExitStack, database_url: str) -> Callable[..., Child]:
    """Starts `manage.py` in a process of its own, on the database of the tests.

    `start_manage("ingest", env={"MQTT_URL": mosquitto.url}, answers=lambda: ...)`; stopped when the test ends.
    """

    def start(*arguments: str, env: dict[str, str] | None = None, within: float = 30, **options: Any) -> Child:
        command = [sys.executable, "-u", str(ROOT / "manage.py"), *arguments]
        environment = {"DATABASE_URL": database_url, **(env or {})}
        child = Child(command, name=arguments[0], env=environment, **options)
        own_parts.callback(child.remove)
        return child.start(within=within)

    return start
