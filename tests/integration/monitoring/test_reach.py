"""The test of a broker's connection: what is public or allowed is reached, and nothing else around us."""

from __future__ import annotations

import ipaddress
import json
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator

import pytest

from cercollettiva.monitoring import reach as module
from cercollettiva.monitoring.reach import Target, Unreachable, may_be_reached, reach
from tests.support.processes import hand_over, make_folder, user_for_root

LOOPBACK = ipaddress.ip_network("127.0.0.0/8")
TARGETS = (
    *("127.0.0.1", "127.1", "127.0.0.2", "127.255.255.254", "localhost", "localhost.", "LOCALHOST", "0"),
    "0.0.0.0",  # noqa: S104  # nothing listens there: it is asked for
    *("2130706433", "0x7f000001", "0x7f.1", "0x7f.0.0.1", "017700000001", "0177.0.0.1", "127.0.1", "00000177.0.0.1"),
    *("::1", "0:0:0:0:0:0:0:1", "::", "::ffff:127.0.0.1", "::ffff:7f00:1", "::127.0.0.1", "64:ff9b::127.0.0.1"),
    *("2002:7f00:1::", "2002:7f00:0001::1", "fe80::1", "fe80::1%lo", "fc00::1", "fd12:3456::1", "::ffff:10.0.0.1"),
    *("10.0.0.1", "10.255.255.255", "172.16.0.1", "192.168.1.1", "169.254.169.254", "100.64.0.1", "198.18.0.1"),
    *("192.0.2.1", "224.0.0.1", "255.255.255.255", "240.0.0.1", "ff02::1", "2001:db8::1", "64:ff9b::a00:1"),
)


class Listener:
    """Somebody on this machine, on every address of it, who counts whoever comes; it answers as a broker does."""

    def __init__(self) -> None:
        self.came = 0
        self.silent = False
        self._door = socket.create_server(("::", 0), family=socket.AF_INET6, dualstack_ipv6=True)
        self.port = self._door.getsockname()[1]
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self) -> None:
        while True:
            try:
                line, _ = self._door.accept()
            except OSError:
                return
            self.came += 1
            if not self.silent:
                line.sendall(b"\x20\x02\x00\x05")
            self._kept = line

    def close(self) -> None:
        self._door.close()


@pytest.fixture
def listener(monkeypatch) -> Iterator[Listener]:
    listener = Listener()
    monkeypatch.setattr(module, "PORTS", (listener.port,))
    yield listener
    listener.close()


def test_nothing_of_this_machine_or_its_network_is_reached(listener):
    """In a process of its own: here even asking for such a name is an error."""
    asked = """
import json, sys
from cercollettiva.monitoring import reach as module
module.PORTS = (int(sys.argv[1]),)
told = {}
for host in json.loads(sys.argv[2]):
    try:
        module.reach(module.Target(host, module.PORTS[0], uses_tls=False), allowed=())
        told[host] = "reached"
    except module.Unreachable as refused:
        told[host] = str(refused)
print(json.dumps(told))
"""
    command = [sys.executable, "-c", asked, str(listener.port), json.dumps(TARGETS)]

    told = json.loads(subprocess.run(command, check=True, capture_output=True, timeout=60).stdout)

    assert listener.came == 0
    assert told == dict.fromkeys(TARGETS, "")  # one answer for all


def test_there_are_forty_of_them_and_the_listener_would_have_heard(listener):
    assert len(TARGETS) >= 40

    reach(Target("localhost", listener.port, uses_tls=False), allowed=[LOOPBACK, ipaddress.ip_network("::1")])

    assert listener.came == 1


@pytest.mark.parametrize(
    "answers",
    [
        ["93.184.216.34", "127.0.0.1"],  # one question each: the second answer must never be asked for
        [["93.184.216.34", "127.0.0.1"]],  # one of them is ours
        [["127.0.0.1", "93.184.216.34"]],
        [[]],
    ],
)
def test_a_name_that_changes_its_mind_is_asked_once(listener, monkeypatch, answers):
    asked, connected = [], []
    monkeypatch.setattr(socket.socket, "connect", lambda line, to: connected.append(to) or _nobody())

    def resolve(host, port, **_):
        told = answers[len(asked)]
        asked.append(host)
        addresses = [told] if isinstance(told, str) else told
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (one, port)) for one in addresses]

    with pytest.raises(Unreachable):
        reach(Target("rebinding.example.it", listener.port, uses_tls=False), allowed=(), resolve=resolve)

    assert (asked, listener.came) == (["rebinding.example.it"], 0)
    assert connected == ([("93.184.216.34", listener.port)] if isinstance(answers[0], str) else [])


def _late(*_, **__):
    time.sleep(2)
    return []


def _nobody() -> None:
    raise ConnectionRefusedError


def test_a_port_that_is_not_a_brokers_is_not_tried(listener, monkeypatch):
    monkeypatch.setattr(module, "PORTS", (1883, 8883))

    with pytest.raises(Unreachable):
        reach(Target("127.0.0.1", listener.port, uses_tls=False), allowed=[LOOPBACK])

    assert listener.came == 0


def test_who_never_answers_is_given_three_seconds(listener, monkeypatch):
    monkeypatch.setattr(module, "WITHIN_SECONDS", 0.3)
    listener.silent = True
    began = time.monotonic()

    with pytest.raises(Unreachable):
        reach(Target("127.0.0.1", listener.port, uses_tls=False), allowed=[LOOPBACK])
    with pytest.raises(Unreachable):
        reach(Target("x", listener.port, uses_tls=False), allowed=(), resolve=_late)

    assert time.monotonic() - began < 1.5


def test_public_addresses_may_be_reached():
    for text in ("8.8.8.8", "93.184.216.34", "2606:4700::1111", "64:ff9b::808:808", "2002:808:808::1"):
        assert may_be_reached(ipaddress.ip_address(text), ()), text


def test_a_broker_is_believed_by_the_certificate_of_its_row(start_mosquitto, monkeypatch):
    """A broker with a certificate of its own: with it in the row it is believed, without it is not."""
    folder = make_folder("certificate")
    certificate, key = folder / "cert.pem", folder / "key.pem"
    subprocess.run(
        [
            *("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"),
            *("-days", "2", "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost"),
            *("-keyout", key, "-out", certificate),
        ],
        check=True,
        capture_output=True,
    )
    hand_over(folder, user_for_root("mosquitto"))
    broker = start_mosquitto(settings={"certfile": str(certificate), "keyfile": str(key)})
    monkeypatch.setattr(module, "PORTS", (broker.port,))
    own = certificate.read_text()

    def answers(ca: str, host: str = "localhost") -> bool:
        target = Target(host, broker.port, uses_tls=True, ca_certificate=ca)
        at = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", broker.port))]
        try:
            reach(target, allowed=[LOOPBACK], resolve=lambda *_, **__: at)
        except Unreachable:
            return False
        return True

    assert answers(own)
    assert not answers("")
    assert not answers(own, "another.example.it")
    assert not answers("not a certificate")
