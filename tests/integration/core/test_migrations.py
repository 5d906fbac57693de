"""From nothing to all tables and back, on a database of its own."""

from __future__ import annotations

import io
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.core.management import call_command
from django.db import connection, connections
from django.db.backends.base.base import BaseDatabaseWrapper
from pytest_django import DjangoDbBlocker

from cercollettiva.energy.models import DeviceType

pytestmark = pytest.mark.both_databases

ROOMS = ("monitoring", "settlement", "energy", "core", "users")  # from above downwards


@pytest.fixture
def empty(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, django_db_setup: None, django_db_blocker: DjangoDbBlocker
) -> Iterator[BaseDatabaseWrapper]:
    """A database with nothing in it, under the alias `empty`, outside the transaction of a test."""
    # A browser that tests drove before in this process has left its loop on our thread; nothing of it runs here.
    monkeypatch.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "1")
    with django_db_blocker.unblock():
        yield from _empty_database(tmp_path)


def _empty_database(folder: Path) -> Iterator[BaseDatabaseWrapper]:
    name = f"{connection.settings_dict['NAME']}_empty"
    if connection.vendor == "sqlite":
        name = str(folder / "empty.sqlite3")
    else:
        _execute_outside(f'CREATE DATABASE "{name}"')
    connections.settings["empty"] = {**connection.settings_dict, "NAME": name}
    yield connections["empty"]
    connections["empty"].close()
    del connections["empty"]
    del connections.settings["empty"]
    if connection.vendor == "postgresql":
        _execute_outside(f'DROP DATABASE "{name}"')


def _execute_outside(sql: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(sql)


def own_tables(database: BaseDatabaseWrapper) -> set[str]:
    return {name for name in database.introspection.table_names() if name.partition("_")[0] in ROOMS}


def migrate(*target: str) -> None:
    call_command("migrate", *target, database="empty", verbosity=0, interactive=False)


def test_migrations_go_forwards_and_backwards_to_nothing_and_forwards_again(empty):
    migrate()
    there = own_tables(empty)
    for room in ROOMS:
        migrate(room, "zero")
    gone = own_tables(empty)
    migrate()

    assert len(there) > 25
    assert gone == set()
    assert own_tables(empty) == there
    assert DeviceType.objects.using("empty").count() == 10


def test_a_half_way_back_energy_keeps_the_catalogue(empty):
    migrate()

    migrate("energy", "0001")

    assert DeviceType.objects.using("empty").count() == 10


@pytest.mark.django_db
def test_no_model_changed_without_its_migration():
    call_command("makemigrations", check=True, dry_run=True, stdout=io.StringIO())
