"""What the demo looks at before it starts anything."""

from __future__ import annotations

import os
import socket
from argparse import ArgumentTypeError
from datetime import UTC, datetime
from pathlib import Path

import pytest
from django.test import override_settings

from cercollettiva.ops import demo
from cercollettiva.ops.demo import DemoFailed, Plan
from cercollettiva.ops.management.commands.demo import port_of
from cercollettiva.ops.management.commands.seed_demo import days_of
from cercollettiva.ops.management.commands.simulate_devices import speed_of
from cercollettiva.ops.seeding import first_moment
from cercollettiva.settings import env
from tests.support.processes import free_port


@pytest.fixture
def plan(tmp_path: Path) -> Plan:
    return Plan(folder=tmp_path / "state", port=8123)


def test_a_port_in_use_is_refused_with_another_to_try():
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]

        with pytest.raises(DemoFailed, match=f"La porta {port} .*PORT={port + 1} make demo") as refused:
            demo.host_for(port)

    assert refused.value.code == 3


def test_a_port_in_use_on_ipv6_alone_is_refused_too():
    if not socket.has_ipv6:
        pytest.skip("this machine has no IPv6")
    try:
        server = socket.create_server(("::1", 0), family=socket.AF_INET6)
    except OSError:
        pytest.skip("this machine has no IPv6 loopback")

    with server, pytest.raises(DemoFailed, match="La porta"):
        demo.host_for(server.getsockname()[1])


def test_a_free_port_is_listened_at_by_name():
    assert demo.host_for(free_port()) in ("localhost", "127.0.0.1")


def test_a_second_demo_on_the_same_folder_is_told_who_the_first_is(plan):
    demo.make_folder(plan.folder)

    with (
        demo.only_demo_in(plan.folder),
        pytest.raises(DemoFailed, match=rf"Un'altra dimostrazione .*processo {os.getpid()}") as refused,
        demo.only_demo_in(plan.folder),
    ):
        pass

    assert refused.value.code == 4


def test_the_folder_is_free_again_when_the_demo_has_ended(plan):
    demo.make_folder(plan.folder)
    with demo.only_demo_in(plan.folder):
        pass

    with demo.only_demo_in(plan.folder):
        assert (plan.folder / "demo.lock").read_text() == str(os.getpid())


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_a_folder_that_may_not_be_written_is_refused(plan):
    plan.folder.mkdir()
    plan.folder.chmod(0o500)

    with pytest.raises(DemoFailed, match="Non posso scrivere nella cartella") as refused:
        demo.make_folder(plan.folder)

    assert refused.value.code == 5


def test_a_file_in_the_place_of_the_folder_is_refused(plan):
    plan.folder.write_text("not a folder")

    with pytest.raises(DemoFailed, match=r"Non posso scrivere .*--state") as refused:
        demo.make_folder(plan.folder)

    assert refused.value.code == 5


def test_production_settings_are_refused():
    with override_settings(SESSION_COOKIE_SECURE=True), pytest.raises(DemoFailed, match="produzione") as refused:
        demo.refuse_production()

    assert refused.value.code == 1


def test_the_demo_brings_a_database_and_secrets_of_its_own(plan, monkeypatch):
    for name in ("DATABASE_URL", "SECRET_KEY", "FIELD_ENCRYPTION_KEYS", "MEDIA_ROOT"):
        monkeypatch.setenv(name, "")

    first, second = demo.environment(plan), demo.environment(plan)

    assert first == second
    assert first["DATABASE_URL"] == f"sqlite:///{plan.folder}/demo.sqlite3"
    assert first["SECRET_KEY"] == (plan.folder / "secret_key").read_text()
    assert first["SITE_URL"] == "http://localhost:8123"


def test_what_the_user_names_is_used(plan, monkeypatch):
    monkeypatch.setenv("DATABASE_URL", "postgres://someone@localhost/demo")
    monkeypatch.setenv("SECRET_KEY", "of the user")

    environment = demo.environment(plan)

    assert environment["DATABASE_URL"] == "postgres://someone@localhost/demo"
    assert environment["SECRET_KEY"] == "of the user"
    assert not (plan.folder / "secret_key").exists()


def test_a_folder_with_odd_letters_in_its_name_gives_a_database_there(tmp_path, monkeypatch):
    monkeypatch.setenv("DATABASE_URL", "")
    odd = Plan(folder=tmp_path / "città + 100% di #energia?", port=8000)

    monkeypatch.setenv("DATABASE_URL", demo.environment(odd)["DATABASE_URL"])

    assert env.database("DATABASE_URL", "")["NAME"] == str(odd.folder / "demo.sqlite3")


@pytest.mark.parametrize("text", ["0", "-1", "fast", "nan", "inf", "1e9", ""])
def test_a_speed_that_is_none_is_refused(text):
    with pytest.raises(ArgumentTypeError, match="velocità"):
        speed_of(text)


@pytest.mark.parametrize("text", ["0", "-1", "70000", "web", "", "80 80"])
def test_a_port_that_is_none_is_refused(text):
    with pytest.raises(ArgumentTypeError, match="porta"):
        port_of(text)


@pytest.mark.parametrize("text", ["-1", "1.5", "", "all", "99999"])
def test_days_that_are_none_are_refused(text):
    with pytest.raises(ArgumentTypeError, match="giorni"):
        days_of(text)


def test_history_starts_at_a_local_midnight_fourteen_months_ago():
    winter, summer = datetime(2026, 11, 30, 12, tzinfo=UTC), datetime(2026, 8, 31, 23, tzinfo=UTC)

    assert first_moment(winter, None).isoformat() == "2025-09-28T00:00:00+02:00"
    assert first_moment(summer, None).isoformat() == "2025-07-01T00:00:00+02:00"
    assert first_moment(winter, 40).isoformat() == "2026-10-21T00:00:00+02:00"
