"""A migration beside a working platform: it lets others pass, tries again, and queries of pages have an end."""

from __future__ import annotations

import threading
import time

import psycopg
import pytest
from django.core.management import CommandError, call_command
from django.db import OperationalError, connection, connections

from cercollettiva.ops.management.commands import migrate
from cercollettiva.web.serving import limit_queries

pytestmark = pytest.mark.django_db(transaction=True)


def apply_devices(name: str) -> None:
    call_command("migrate", "monitoring", name, verbosity=0, lock_timeout=1)


def test_a_migration_waits_for_its_lock_in_small_steps_and_lets_writers_pass(database_url, monkeypatch):
    monkeypatch.setattr(migrate, "PAUSE_SECONDS", 0.3)
    holder = psycopg.connect(database_url)
    holder.execute("SELECT count(*) FROM monitoring_pushsubscription")  # a page that is being read
    release = threading.Timer(2.5, holder.close)
    release.start()
    waits: list[float] = []
    over = threading.Event()

    def write() -> None:
        with psycopg.connect(database_url, autocommit=True) as writer:
            while not over.is_set():
                began = time.monotonic()
                writer.execute("SELECT count(*) FROM monitoring_alert")
                waits.append(time.monotonic() - began)
                time.sleep(0.02)

    thread = threading.Thread(target=write)
    thread.start()
    began = time.monotonic()
    try:
        apply_devices("0006")
        took = time.monotonic() - began
    finally:
        over.set()
        thread.join()
        release.join()
        apply_devices("0007")

    assert took > 1  # it did meet the lock
    assert max(waits) < 2
    with connection.cursor() as cursor:
        cursor.execute("SHOW lock_timeout")
        assert cursor.fetchone()[0] == "0"


def test_a_table_that_stays_in_use_ends_the_migration_with_advice(database_url, monkeypatch):
    monkeypatch.setattr(migrate, "PAUSE_SECONDS", 0.0)
    monkeypatch.setattr(migrate, "TRIES", 2)
    with psycopg.connect(database_url) as holder:
        holder.execute("SELECT count(*) FROM monitoring_pushsubscription")
        with pytest.raises(CommandError, match="pg_stat_activity"):
            apply_devices("0006")

    call_command("migrate", "--check", verbosity=0)


def test_a_query_of_a_page_has_an_end_and_a_command_has_none(monkeypatch, settings):
    chosen = dict(connections.settings["default"])
    monkeypatch.setitem(connections.settings, "default", {**chosen, "OPTIONS": dict(chosen["OPTIONS"])})
    settings.STATEMENT_TIMEOUT_SECONDS = 1
    limit_queries(keep_connections=True)
    limit_queries(keep_connections=True)
    page = connections.create_connection("default")
    page.settings_dict["NAME"] = connection.settings_dict["NAME"]
    try:
        with page.cursor() as cursor, pytest.raises(OperationalError, match="statement timeout"):
            cursor.execute("SELECT pg_sleep(5)")
        assert page.settings_dict["CONN_MAX_AGE"] == 60
        assert page.settings_dict["OPTIONS"]["options"].count("statement_timeout") == 1
        assert page.settings_dict["OPTIONS"]["keepalives_idle"] == 30
    finally:
        page.close()
    with connection.cursor() as cursor:
        cursor.execute("SHOW statement_timeout")
        assert cursor.fetchone()[0] == "0"
