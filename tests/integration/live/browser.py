"""A browser with its session cookie, and the meter that moves what it looks at."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.conf import settings
from django.test import Client
from django.utils import timezone
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection, connect

from cercollettiva.energy.models import DeviceConfiguration
from cercollettiva.energy.store import Batch, StateRow, save_batch
from cercollettiva.users.models import CustomUser

OWN_ORIGIN = "http://localhost:8000"  # any port of a host of ours: a proxy stands between


def cookie_of(user: CustomUser) -> str:
    """Signs in, and returns the header that says so."""
    client = Client()
    client.force_login(user)
    return f"{settings.SESSION_COOKIE_NAME}={client.cookies[settings.SESSION_COOKIE_NAME].value}"


def open_socket(port: int, path: str, cookie: str = "", *, origin: str | None = OWN_ORIGIN) -> ClientConnection:
    headers = {"Cookie": cookie} if cookie else {}
    return connect(
        f"ws://127.0.0.1:{port}{path}",
        origin=origin,  # type: ignore[arg-type]
        additional_headers=headers,
        compression=None,
        max_size=None,
        open_timeout=10,
        proxy=None,
    )


@contextmanager
def watching(port: int, path: str, user: CustomUser) -> Iterator[ClientConnection]:
    with open_socket(port, path, cookie_of(user)) as socket:
        yield socket


def next_frame(socket: ClientConnection, *, within: float = 5) -> dict[str, Any]:
    frame: dict[str, Any] = json.loads(socket.recv(timeout=within))
    return frame


def frames_during(socket: ClientConnection, seconds: float) -> list[dict[str, Any]]:
    deadline = time.monotonic() + seconds
    frames = []
    while (left := deadline - time.monotonic()) > 0:
        try:
            frames.append(next_frame(socket, within=left))
        except TimeoutError:
            break
    return frames


def close_code(socket: ClientConnection, *, within: float) -> int | None:
    """The code the server closes with; None when it does not in that time."""
    deadline = time.monotonic() + within
    while (left := deadline - time.monotonic()) > 0:
        try:
            socket.recv(timeout=left)
        except ConnectionClosed as closed:
            return closed.rcvd.code if closed.rcvd else 1006
        except TimeoutError:
            break
    return None


def say(device: DeviceConfiguration, power: float, **values: Any) -> None:
    """What the ingestor writes when a meter speaks."""
    now = timezone.now()
    phases = {"a_power": power, "a_voltage": 230.0, "a_current": 1.0, "a_power_factor": 0.95, **values}
    state = StateRow(
        device_id=device.pk,
        last_seen=now,
        online=True,
        exchange_power=power,
        production_power=None,
        load_power=None,
        power_at=now,
        values=json.dumps({"em:0": {"at": now.isoformat(), "power": power, **phases}}),
        registers="{}",
        src="",
    )
    save_batch(Batch(states=[state]), ingestor="test", now=now)
