"""What the whole single-host shape takes when nobody looks: as the guide installs it, a hundred meters over TLS.

PSS, the kernel's own share of each page: summed over all processes it counts shared memory once. Caddy, PostgreSQL and
Redis are in it. The meters tell their powers every five seconds and their registers once a minute.
"""

from __future__ import annotations

import os
import re
import tempfile
import time
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psycopg

from bench.minute import import_meters, registers
from bench.publisher import status
from cercollettiva.energy.broker.verifiers import new_secret, verifier_of
from cercollettiva.ingest.mqtt import BrokerAddress
from cercollettiva.ops.meters import MetersTransport
from tests.support import platform, proxies
from tests.support.certificates import self_signed
from tests.support.installation import PARTS, Installation, own_environment
from tests.support.postgres import PostgresServer
from tests.support.processes import LOOPBACK, Child, free_port, make_folder, wait_until
from tests.support.redis import RedisServer

METERS = 100
SECONDS = float(os.environ.get("MEMORY_SECONDS") or 180)  # the jobs of some minutes, with all that they load


def run() -> dict[str, Any]:
    with tempfile.TemporaryDirectory(prefix="memory-") as folder, ExitStack() as stack:
        postgres = stack.enter_context(PostgresServer(durable=True).start())
        redis = stack.enter_context(RedisServer().start())
        certificates = make_folder("certificates")
        self_signed(certificates, proxies.SITE)
        certificate = certificates / "server.crt"
        host = Installation(Path(folder) / "host", trust=certificate)
        arguments = ("--site", proxies.SITE, "--venv", own_environment(), "--quick")
        done = host.install(*arguments, DATABASE_URL=postgres.url(), REDIS_URL=redis.url)
        if done.returncode:
            raise RuntimeError(done.stdout + done.stderr)
        port = free_port()
        host.configure(
            BROKER_LISTENER=f"{LOOPBACK}:{free_port()}",
            BROKER_TLS_LISTENER=f"{LOOPBACK}:{port}",
            BROKER_CERTIFICATE=certificate,
            BROKER_CERTIFICATE_KEY=certificate.with_suffix(".key"),
        )
        import_meters(METERS, postgres.url())
        secrets = _credentials(postgres.url())
        running: dict[str, Child] = {"postgresql": postgres, "redis": redis}
        for name in PARTS:
            running[name] = host.start(name)
            stack.callback(running[name].terminate)
        running["caddy"] = stack.enter_context(proxies.caddy(certificate, host.ports).start())
        rows = _speak(port, secrets, certificate.read_text(), postgres.url())
        shares = {name: round(_pss_mb(child.pid), 1) for name, child in running.items()}
        return {"meters": METERS, "rows": rows, "pss_mb": shares, "total_mb": round(sum(shares.values()))}


def _credentials(database_url: str) -> dict[int, str]:
    """A password for each meter, as its page makes them."""
    secrets = {number: new_secret() for number in range(METERS)}
    with psycopg.connect(database_url) as connection:
        for number, secret in secrets.items():
            name = platform.PREFIX.format(number).rpartition("/")[2]
            connection.execute(
                "INSERT INTO energy_mqttconfiguration (device_id, username, verifier, created_at)"
                " SELECT id, device_id, %s, now() FROM energy_deviceconfiguration WHERE device_id = %s",
                [verifier_of(secret), name],
            )
    return secrets


def _speak(port: int, secrets: dict[int, str], ca: str, database_url: str) -> int:
    """Each meter on a connection of its own; how many rows their words became."""
    lines = {}
    for number, secret in secrets.items():
        name = platform.PREFIX.format(number).rpartition("/")[2]
        address = BrokerAddress("localhost", port, name, secret, tls=True, ca=ca)
        lines[number] = MetersTransport(address, receive=lambda topic, payload: None)
    ends, told, said = time.monotonic() + SECONDS, 0, 0
    while time.monotonic() < ends:
        began = time.monotonic()
        for number, line in lines.items():
            line.poll(0.01)
            if line.is_connected:
                prefix = platform.PREFIX.format(number)
                line.publish(f"{prefix}/status/em:0", status(said), qos=1, retain=False)
                if told % 12 == 0:
                    line.publish(
                        f"{prefix}/events/rpc", registers(number, datetime.now(UTC).timestamp()), qos=1, retain=False
                    )
                line.poll(0)
                said += 1
        told += 1
        time.sleep(max(0.0, 5 - (time.monotonic() - began)))
    with psycopg.connect(database_url) as connection:
        wait_until(lambda: _rows(connection) >= said, within=10, every=0.5)
        return _rows(connection)


def _rows(connection: psycopg.Connection) -> int:
    rows = int(connection.execute("SELECT count(*) FROM energy_devicemeasurement").fetchone()[0])  # type: ignore[index]
    connection.rollback()
    return rows


def _pss_mb(pid: int) -> float:
    """Of a process and of all that it started."""
    try:
        rollup = Path(f"/proc/{pid}/smaps_rollup").read_text()
        children = _children(pid)
    except (FileNotFoundError, ProcessLookupError):  # a child of PostgreSQL that has ended meanwhile
        return 0.0
    own = int(re.findall(r"^Pss: +(\d+)", rollup, re.MULTILINE)[0]) / 1024
    return own + sum(_pss_mb(child) for child in children)


def _children(pid: int) -> list[int]:
    """Whatever thread of it started them."""
    told = [path.read_text().split() for path in Path(f"/proc/{pid}/task").glob("*/children")]
    return [int(word) for words in told for word in words]
