"""The real parts start, answer, stop and die as the tests of the data path expect."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from threading import Thread

import psycopg
import pytest
from django.conf import settings
from django.contrib.contenttypes.models import ContentType
from django.db import connection

from tests.support import processes
from tests.support.loopback_only import OutsideWorld
from tests.support.mosquitto import MosquittoServer
from tests.support.postgres import PostgresServer
from tests.support.processes import Child, DidNotAnswer, accepts_connections, free_port, python, wait_until
from tests.support.services import on_sqlite


def publish(broker: MosquittoServer, topic: str, payload: str, *options: str) -> None:
    command = ["mosquitto_pub", "-h", broker.host, "-p", str(broker.port), "-q", "1", "-t", topic, "-m", payload]
    subprocess.run([*command, *options], check=True, timeout=10)


def receive(broker: MosquittoServer, topic: str, *options: str) -> str:
    command = ["mosquitto_sub", "-h", broker.host, "-p", str(broker.port), "-q", "1", "-t", topic, "-C", "1", "-W", "5"]
    return subprocess.run([*command, *options], check=False, timeout=10, capture_output=True, text=True).stdout.strip()


@pytest.mark.both_databases
def test_the_database_is_the_one_that_was_asked_for():
    asked_for_sqlite = os.environ.get("CER_TEST_DATABASE") == "sqlite"

    assert on_sqlite() == asked_for_sqlite
    assert connection.vendor == ("sqlite" if asked_for_sqlite else "postgresql")
    assert connection.vendor in settings.DATABASES["default"]["ENGINE"]


@pytest.mark.both_databases
@pytest.mark.django_db(transaction=True)
def test_a_process_of_its_own_sees_the_rows_of_the_test(start_manage):
    ContentType.objects.create(app_label="plant", model="meter")
    question = "print('found', ContentType.objects.filter(app_label='plant').count())"

    child: Child = start_manage(
        "shell", "-c", f"from django.contrib.contenttypes.models import ContentType; {question}", answers=lambda: True
    )

    assert child.wait() == 0, child.log_tail()
    assert "found 1" in child.log_tail()


def test_a_cluster_keeps_committed_rows_through_a_kill_and_the_next_start(start_postgres):
    server: PostgresServer = start_postgres(durable=True)
    url = server.createdb("kept")
    with psycopg.connect(url) as session:
        session.execute("CREATE TABLE row AS SELECT 42 AS answer")

    server.kill()
    assert not accepts_connections(server.port)
    server.start()

    with psycopg.connect(url) as session:
        assert session.execute("SELECT answer FROM row").fetchone() == (42,)
        assert session.execute("SHOW fsync").fetchone() == ("on",)


def test_the_application_is_not_a_superuser_of_its_cluster(start_postgres):
    server: PostgresServer = start_postgres()

    with psycopg.connect(server.url()) as session:
        role = session.execute("SELECT rolsuper, rolcreatedb FROM pg_roles WHERE rolname = current_user").fetchone()

    assert role == (False, True)


def test_a_cluster_asks_for_a_password(start_postgres):
    server: PostgresServer = start_postgres()

    with pytest.raises(psycopg.OperationalError, match="password"):
        psycopg.connect(f"postgres://postgres:guess@127.0.0.1:{server.port}/postgres")


def test_a_broker_keeps_what_it_acknowledged_through_a_stop(mosquitto):
    receive(mosquitto, "plant/#", "-i", "reader", "-c", "-E")
    publish(mosquitto, "plant/power", "1200")

    mosquitto.terminate()
    mosquitto.start()

    assert receive(mosquitto, "plant/#", "-i", "reader", "-c") == "1200"


def test_a_broker_takes_other_settings_for_a_control_arm(start_mosquitto):
    broker: MosquittoServer = start_mosquitto(settings={"max_queued_messages": None, "max_inflight_messages": "20"})

    configuration = broker.configuration.read_text()

    assert "max_queued_messages" not in configuration
    assert "max_inflight_messages 20\n" in configuration
    assert accepts_connections(broker.port)


def test_redis_answers_a_ping(start_redis):
    server = start_redis()

    with socket.create_connection((processes.LOOPBACK, server.port), timeout=5) as client:
        client.sendall(b"PING\r\n")
        answer = client.recv(100)

    assert answer == b"+PONG\r\n"


def test_a_child_that_ends_early_shows_its_log():
    child = python("-c", "print('the reason'); raise SystemExit(3)", name="brief", answers=lambda: False)

    with pytest.raises(DidNotAnswer, match=r"ended with 3(?s:.*)the reason"):
        child.start()
    child.remove()


def test_a_child_that_ignores_the_request_to_stop_is_killed():
    deaf = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('deaf'); time.sleep(60)"
    with python("-c", deaf, name="deaf") as child:
        assert wait_until(lambda: child.has_written("deaf"), within=10)

        code = child.terminate(within=0.3)

    assert code == -signal.SIGKILL


def test_children_die_when_the_session_is_killed():
    """A change of user on the way up makes the kernel forget an earlier promise to kill a child."""
    parent = (
        "import time\n"
        "from tests.support.mosquitto import MosquittoServer\n"
        "from tests.support.postgres import PostgresServer\n"
        "print(*(part.start().port for part in (PostgresServer(), MosquittoServer())), flush=True)\n"
        "time.sleep(60)\n"
    )
    root = Path(__file__).parents[3]
    process = subprocess.Popen([sys.executable, "-c", parent], stdout=subprocess.PIPE, text=True, cwd=root)
    assert process.stdout is not None
    ports = [int(port) for port in process.stdout.readline().split()]
    assert all(accepts_connections(port) for port in ports)
    assert len(ports) == 2

    process.kill()
    process.wait()

    assert wait_until(lambda: not any(accepts_connections(port) for port in ports), within=10)


def test_a_child_outlives_the_thread_that_started_it():
    """The kernel ties the death signal to a thread."""
    child = Child(["sleep", "60"], name="sleep")
    thread = Thread(target=child.start)
    thread.start()
    thread.join()

    time.sleep(0.2)

    assert child.running
    child.remove()


def test_a_failing_test_shows_and_keeps_the_logs_of_its_parts(tmp_path):
    failing = tmp_path / "test_failing.py"
    failing.write_text("def test_it(mosquitto):\n    assert mosquitto.port == 0\n")
    inherited = (processes.FOLDER_VARIABLE, "PYTEST_XDIST_WORKER")
    session = {name: value for name, value in os.environ.items() if name not in inherited}

    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-c", "pyproject.toml", "--rootdir", tmp_path, failing],
        cwd=Path(__file__).parents[3],
        env={**session, "CER_TEST_DATABASE": "sqlite"},
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 1
    assert "end of the log of mosquitto" in done.stdout
    assert "Opening ipv4 listen socket" in done.stdout
    assert [log.name[:9] for log in (tmp_path / "test-results" / "logs").iterdir()] == ["mosquitto"]


@pytest.mark.parametrize("address", [("192.0.2.1", 80), ("2001:db8::1", 80), ("energia.example.it", 80)])
def test_the_outside_world_is_out_of_reach(address):
    with pytest.raises(OutsideWorld):
        socket.create_connection(address, timeout=1)


def test_a_datagram_does_not_leave_either():
    with socket.socket(type=socket.SOCK_DGRAM) as datagrams, pytest.raises(OutsideWorld):
        datagrams.sendto(b"?", ("192.0.2.1", 53))


def test_loopback_is_within_reach():
    port = free_port()

    with socket.create_server((processes.LOOPBACK, port)):
        assert accepts_connections(port)
