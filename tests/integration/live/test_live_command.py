"""The process itself: how it starts, how it stops, what it does while the database is away."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time

import psycopg
import pytest
from websockets.exceptions import ConnectionClosed, InvalidStatus

from tests.integration.live.browser import next_frame, open_socket, watching
from tests.support import migrated, platform
from tests.support.processes import Child, accepts_connections, free_port

A_COMMUNITY = """
import json, django
django.setup()
from tests.integration.core.scene import make_scene
from tests.integration.live.browser import cookie_of, say
scene = make_scene()
say(scene.a.device, 1.0)
print(json.dumps([scene.a.plant.pk, cookie_of(scene.a.member)]))
"""


@pytest.fixture
def own_database(start_postgres):
    server = start_postgres()
    migrated.postgres_at(server.url())
    return server


def test_the_sockets_outlive_a_restart_of_the_database(own_database, start_manage):
    env = {**os.environ, "DATABASE_URL": own_database.url()}
    made = subprocess.run([sys.executable, "-c", A_COMMUNITY], env=env, capture_output=True, text=True, check=True)
    plant, cookie = json.loads(made.stdout)
    port = free_port()
    start_manage("live", "--port", str(port), env=env, answers=lambda: accepts_connections(port))
    path = f"/ws/plants/{plant}/"

    with open_socket(port, path, cookie) as browser:
        next_frame(browser)
        own_database.stop()
        with pytest.raises(TimeoutError):
            next_frame(browser, within=2)
        with pytest.raises(InvalidStatus):
            open_socket(port, path, cookie)
        own_database.start()
        with psycopg.connect(own_database.url(), autocommit=True) as connection:
            connection.execute("UPDATE energy_devicestate SET exchange_power = 2, power_at = now(), seq = seq + 1")

        frame = next_frame(browser, within=10)
        with open_socket(port, path, cookie) as another:
            assert next_frame(another)["power"] == 2.0

    assert frame["power"] == 2.0


def test_it_stops_when_told_and_the_browsers_know_that_they_may_come_back(scene, start_manage):
    port = free_port()
    child: Child = start_manage("live", "--port", str(port), answers=lambda: accepts_connections(port))

    with watching(port, f"/ws/plants/{scene.a.plant.pk}/", scene.a.member) as browser:
        next_frame(browser)
        began = time.monotonic()
        code = child.terminate(by=signal.SIGTERM)

        with pytest.raises(ConnectionClosed) as closed:
            browser.recv(timeout=5)

    assert code == 0
    assert time.monotonic() - began < 5
    assert closed.value.rcvd is not None
    assert closed.value.rcvd.code == 1012
    assert "Traceback" not in child.log_tail()


def test_a_port_that_is_taken_ends_it_with_the_reason():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        command = [sys.executable, str(platform.ROOT / "manage.py"), "live", "--port", str(taken.getsockname()[1])]
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=30)

    assert done.returncode == 3
    assert "address already in use" in done.stderr
    assert "Traceback" not in done.stderr


def test_the_command_explains_itself():
    command = [sys.executable, str(platform.ROOT / "manage.py"), "live", "--help"]
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=30)

    assert "Example: manage.py live --port 8001" in " ".join(done.stdout.split())
