"""Real browsers' sockets, on a real server in a process of its own."""

from __future__ import annotations

import socket
import threading
import time
from contextlib import ExitStack, contextmanager, suppress
from datetime import datetime
from itertools import pairwise

import pytest
from django.db import connection
from django.utils import timezone

from cercollettiva.energy.models import DeviceState
from tests.integration.core.scene import make_device
from tests.integration.live.browser import (
    OWN_ORIGIN,
    close_code,
    cookie_of,
    frames_during,
    next_frame,
    say,
    watching,
)


@pytest.mark.both_databases
def test_the_present_comes_first_and_then_what_changes(port, scene):
    say(scene.a.device, -1500.0)

    with (
        watching(port, f"/ws/plants/{scene.a.plant.pk}/", scene.a.member) as plant,
        watching(port, f"/ws/cer/{scene.a.cer.pk}/", scene.a.admin) as community,
        watching(port, f"/ws/cer/{scene.a.cer.pk}/", scene.a.member) as as_a_member,
    ):
        first, first_together = next_frame(plant), next_frame(community)
        began = time.monotonic()
        say(scene.a.device, 750.5)
        second, second_together = next_frame(plant), next_frame(community)
        to_a_member = next_frame(as_a_member)
        delay = time.monotonic() - began

    assert (first["type"], first["power"], first["injected"], first["energy_today"]) == ("power", -1500.0, 1500.0, None)
    assert first["devices"][0]["device_id"] == scene.a.device.device_id
    assert first["devices"][0]["phases"] == [
        {"phase": "a", "voltage": 230.0, "current": 1.0, "power": -1500.0, "power_factor": 0.95}
    ]
    assert datetime.fromisoformat(first["timestamp"]) <= datetime.fromisoformat(first["sent_at"]) <= timezone.now()
    assert (second["power"], second["drawn"], second["online"]) == (750.5, 750.5, True)
    told = ("type", "producer_power", "consumer_power", "net_power", "plants_online")
    assert [first_together[key] for key in told] == ["cer_power", 1.5, 0.0, 0.0, 1]
    assert [second_together[key] for key in told] == ["cer_power", 0.0, 0.7505, 0.0, 1]
    # one person is behind these sums: a member is not told them
    assert [to_a_member[key] for key in told] == ["cer_power", None, None, None, 1]
    assert delay < 2.5


def test_a_topic_has_one_frame_a_second_however_often_its_meters_speak(port, scene):
    path = f"/ws/plants/{scene.a.plant.pk}/"
    with watching(port, path, scene.a.member) as early, watching(port, path, scene.a.admin) as late:
        stop = threading.Event()
        meter = threading.Thread(target=_speak, args=(scene.a.device, stop))
        meter.start()
        frames = frames_during(early, 6)
        stop.set()
        meter.join()
        others = frames_during(late, 2)

    assert 5 <= len(frames) <= 7
    assert len({frame["power"] for frame in frames[1:]}) == len(frames) - 1
    gaps = [later - earlier for earlier, later in pairwise(map(sent_at, frames))]
    assert min(gaps) > 0.9
    assert others[-1]["power"] == POWERS[-1]


POWERS: list[float] = []


def _speak(device, stop):
    """Twenty times a second, until told to stop."""
    while not stop.wait(0.05):
        POWERS.append(float(len(POWERS)))
        say(device, POWERS[-1])
    connection.close()


def sent_at(frame):
    return datetime.fromisoformat(frame["sent_at"]).timestamp()


def test_nothing_of_another_community_is_ever_sent(port, scene):
    """200 frames and more of A, while a canary sings at the same meter readings of B."""
    say(scene.a.device, -100.0)
    say(scene.b.device, CANARY)
    viewers = [scene.a.member, scene.a.technician, scene.a.admin, scene.viewers["staff"], scene.viewers["superuser"]]
    paths = [f"/ws/plants/{scene.a.plant.pk}/"] * 2 + [f"/ws/cer/{scene.a.cer.pk}/"] * 3
    with ExitStack() as stack:
        sockets = [stack.enter_context(watching(port, path, user)) for user in viewers for path in paths]
        stack.enter_context(watching(port, f"/ws/cer/{scene.b.cer.pk}/", scene.b.member))
        received: list[str] = []
        for turn in range(12):
            say(scene.a.device, -100.0 - turn)
            say(scene.b.device, CANARY + turn / 1000)
            until = time.monotonic() + 1
            for each in sockets:
                with suppress(TimeoutError):
                    received.append(each.recv(timeout=max(0.001, until - time.monotonic())))
        for each in sockets:
            received += map(str, frames_during(each, 0.01))

    everything = "\n".join(received)
    assert len(received) >= 200
    assert scene.a.device.device_id in everything
    for trace in ("7654", scene.b.device.device_id, scene.b.plant.name, scene.b.cer.name):
        assert trace not in everything


CANARY = -7_654_321.0


def test_a_slow_reader_delays_nobody(port, scene):
    """Frames of a megabyte: what a reader does not take is dropped, and neither topic waits for it."""
    big = {f"em1:{number}": {"power": 1.0, "voltage": 230.0, "current": 1.0} for number in range(11_000)}
    second = make_device(7, plant=scene.a.plant)
    DeviceState.objects.create(device=second, last_seen=timezone.now(), values=big)
    say(scene.a.device, -100.0)
    path = f"/ws/plants/{scene.a.plant.pk}/"
    with ExitStack() as stack:
        slow = stack.enter_context(_never_reads(port, path, scene.a.member))
        quick = stack.enter_context(watching(port, path, scene.a.admin))
        community = stack.enter_context(watching(port, f"/ws/cer/{scene.a.cer.pk}/", scene.a.admin))
        stop = threading.Event()
        meter = threading.Thread(target=_speak, args=(scene.a.device, stop))
        meter.start()
        together = frames_during(community, 12)
        stop.set()
        meter.join()
        beside = frames_during(quick, 2)
        unread = slow.recv(1)

    assert unread
    assert len(together) >= 9
    *pauses, longest = sorted(later - earlier for earlier, later in pairwise(map(sent_at, together)))
    assert max(pauses) < 2.1
    assert longest < 4  # one may be the machine's own; a topic that waits for a reader has many
    assert beside[-1]["power"] == POWERS[-1]


@contextmanager
def _never_reads(port, path, user):
    """A handshake by hand, and then nothing: its receive buffer fills, then the server's."""
    with socket.socket() as raw:
        raw.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        raw.connect(("127.0.0.1", port))
        lines = [
            f"GET {path} HTTP/1.1",
            "Host: localhost",
            "Upgrade: websocket",
            "Connection: Upgrade",
            "Sec-WebSocket-Key: c2l4dGVlbiBieXRlcyAhIQ==",
            "Sec-WebSocket-Version: 13",
            f"Origin: {OWN_ORIGIN}",
            f"Cookie: {cookie_of(user)}",
        ]
        raw.sendall("\r\n".join([*lines, "", ""]).encode())
        assert raw.recv(12) == b"HTTP/1.1 101"
        yield raw


def test_what_a_browser_says_changes_nothing_and_too_much_of_it_closes_the_socket(port, scene):
    with watching(port, f"/ws/plants/{scene.a.plant.pk}/", scene.a.member) as browser:
        next_frame(browser)
        browser.send("x" * 65_536)
        browser.send(b"\x00" * 100)
        say(scene.a.device, 42.0)
        answer = next_frame(browser)
        browser.send("x" * 65_537)

        assert answer["power"] == 42.0
        assert close_code(browser, within=5) == 1009


def test_the_sixth_socket_of_a_person_takes_the_place_of_the_first(port, scene):
    path = f"/ws/plants/{scene.a.plant.pk}/"
    with ExitStack() as stack:
        sockets = [stack.enter_context(watching(port, path, scene.a.member)) for _ in range(5)]
        another = stack.enter_context(watching(port, path, scene.a.admin))
        for each in [*sockets, another]:
            next_frame(each)

        sixth = stack.enter_context(watching(port, path, scene.a.member))

        assert next_frame(sixth)["type"] == "power"
        assert close_code(sockets[0], within=2) == 4429
        say(scene.a.device, 42.0)
        assert [next_frame(each)["power"] for each in [*sockets[1:], another, sixth]] == [42.0] * 6
