"""The guide's installation, without containers or services: what the units start, started here, serves a page over the
parts that a small server has (PostgreSQL, Mosquitto with TLS, Redis), and the doctor finds nothing."""

from __future__ import annotations

import json
import os
import re
import shlex
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from email.message import Message
from ipaddress import ip_address
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from tests.support.mosquitto import MosquittoServer
from tests.support.postgres import PostgresServer
from tests.support.processes import Child, free_port, make_folder, wait_until
from tests.support.redis import RedisServer
from tests.support.services import ROOT

SITE = "energia.example.it"
PARTS = ("web", "live", "ingest", "work")


def self_signed(folder: Path) -> None:
    """A certificate for this machine that signs itself, as an operator without a name on the internet has."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    names = [x509.DNSName("localhost"), x509.IPAddress(ip_address("127.0.0.1"))]
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=90))
        .add_extension(x509.SubjectAlternativeName(names), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )
    (folder / "server.crt").write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    (folder / "server.key").write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )


@pytest.fixture
def parts() -> Iterator[dict[str, str]]:
    """The parts that the guide installs from Debian, as addresses."""
    with ExitStack() as stack:
        postgres = stack.enter_context(PostgresServer().start())
        redis = stack.enter_context(RedisServer().start())
        folder = make_folder("mosquitto-tls")
        self_signed(folder)
        tls = {"certfile": str(folder / "server.crt"), "keyfile": str(folder / "server.key")}
        broker = stack.enter_context(MosquittoServer(folder=folder, settings=tls).start())
        yield {
            "DATABASE_URL": postgres.url(),
            "REDIS_URL": redis.url,
            "MQTT_URL": f"mqtts://localhost:{broker.port}",
            "SSL_CERT_FILE": str(folder / "server.crt"),
            "CERTIFICATE_FILES": str(folder / "server.crt"),
        }


def install(prefix: Path, *arguments: str, **env: str) -> subprocess.CompletedProcess[str]:
    outside = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
    return subprocess.run(
        [str(ROOT / "deploy" / "install.sh"), "--prefix", str(prefix), *arguments],
        env={**outside, **env},
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )


def environment_of(unit: str) -> dict[str, str]:
    files = re.findall(r"^EnvironmentFile=-?(.*)$", unit, re.MULTILINE)
    lines = [line for file in files for line in Path(file).read_text().splitlines()]
    return dict(line.split("=", 1) for line in lines if re.match(r"[A-Z_]+=", line))


def started(unit: Path, ports: dict[str, int], trust: str) -> Child:
    """What systemd would start: the command and the environment of the unit, on ports of ours."""
    text = unit.read_text()
    command = shlex.split(re.findall(r"^ExecStart=(.*)$", text, re.MULTILINE)[0])
    name = unit.stem.removeprefix("cercollettiva-")
    if "--port" in command:
        command[command.index("--port") + 1] = str(ports[name])
    child = Child(command, name=name, env={**environment_of(text), "SSL_CERT_FILE": trust, "PYTHONUNBUFFERED": "1"})
    child.folder = Path(re.findall(r"^WorkingDirectory=(.*)$", text, re.MULTILINE)[0])
    return child


def page(port: int, path: str) -> tuple[int, Message, str]:
    request = urllib.request.Request(
        f"http://127.0.0.1:{port}{path}",
        headers={"Host": SITE, "X-Forwarded-Proto": "https", "X-Forwarded-For": "203.0.113.7"},
    )
    with urllib.request.urlopen(request, timeout=20) as answer:  # noqa: S310  # an address of ours
        return answer.status, answer.headers, answer.read().decode()


def test_the_installation_serves_a_page_and_the_doctor_is_content(parts, tmp_path):
    prefix = tmp_path / "host"
    venv = str(Path(sys.prefix))

    done = install(prefix, "--site", SITE, "--venv", venv, "--quick", **parts)

    assert done.returncode == 0, done.stdout + done.stderr
    etc = prefix / "etc" / "cercollettiva"
    secrets = {path: path.read_text() for path in (etc / "cercollettiva.env", etc / "backup.env")}
    assert [path.stat().st_mode & 0o077 for path in secrets] == [0, 0]
    assert "BACKUP_KEY" not in secrets[etc / "cercollettiva.env"]  # keys of backups are apart
    units = prefix / "etc" / "systemd" / "system"
    ports = {"web": free_port(), "live": free_port()}
    with ExitStack() as stack:
        children = {}
        for name in PARTS:
            child = started(units / f"cercollettiva-{name}.service", ports, parts["SSL_CERT_FILE"])
            stack.callback(child.terminate)
            children[name] = child.start()
        assert wait_until(lambda: answers(ports["web"]) and answers(ports["live"]), within=60, every=0.2)
        assert wait_until(lambda: "Subscribed" in children["ingest"].log_tail(200), within=30)
        assert wait_until(lambda: "Periodic tasks are enabled" in children["work"].log_tail(200), within=30)

        status, headers, text = page(ports["web"], "/")
        assert (status, "CerCollettiva" in text) == (200, True)
        assert headers["Strict-Transport-Security"].startswith("max-age=63072000")
        assert "default-src 'none'" in headers["Content-Security-Policy"]
        style = re.findall(r'href="(/static/[^"]+\.css)"', text)[0]
        assert page(ports["web"], style)[0] == 200

        manage = prefix / "opt" / "cercollettiva" / "manage"
        found: dict[str, bool] = {}

        def all_green() -> bool:
            told = subprocess.run(
                [str(manage), "doctor", "--json"],
                env={"PATH": os.environ["PATH"], "SSL_CERT_FILE": parts["SSL_CERT_FILE"]},
                capture_output=True,
                text=True,
                check=False,
            )
            found.clear()
            found.update({each["name"]: each["ok"] or each["found"] for each in json.loads(told.stdout)["checks"]})
            return told.returncode == 0

        assert wait_until(all_green, within=20, every=1), found  # `work` takes its lock at its first minute's tick
        assert set(found) >= {"broker", "database", "certificates", "backup"}
        line = json.loads(children["work"].log_tail(1))
        assert line["level"] == "INFO"


def answers(port: int) -> bool:
    try:
        return page(port, "/monitoring/ready/")[0] == 200
    except OSError:
        return False


def test_a_wrong_command_line_changes_nothing(tmp_path):
    assert install(tmp_path / "host").returncode == 1
    assert install(tmp_path / "host", "--sight", SITE).returncode == 2
    assert install(tmp_path / "host", "--site", "x; rm -rf /").returncode == 1
    assert not (tmp_path / "host" / "etc").exists()
