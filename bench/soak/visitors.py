"""People without a browser: they ask for page after page, and keep a socket open that they open anew at times."""

from __future__ import annotations

import http.client
import json
import threading
import time
from collections import Counter
from collections.abc import Sequence
from typing import Any

from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect

REOPENED_AFTER = 20.0  # seconds that a socket is watched before it is opened anew
LOOK_EVERY = 2.0


class Reader(threading.Thread):
    """One person who looks at page after page; `pause` may be changed on the way."""

    def __init__(self, port: int, cookie: str, paths: Sequence[str], *, pause: float) -> None:
        super().__init__(daemon=True)
        self._port = port
        self._headers = {"Cookie": cookie, "Host": f"localhost:{port}", "Accept-Language": "it"}
        self._paths = paths
        self._over = threading.Event()
        self.pause = pause
        self.statuses: Counter[str] = Counter()
        self.seconds: list[float] = []

    def run(self) -> None:
        line = http.client.HTTPConnection("127.0.0.1", self._port, timeout=30)
        turn = 0
        while not self._over.wait(self.pause):
            path = self._paths[turn % len(self._paths)]
            turn += 1
            began = time.monotonic()
            try:
                line.request("GET", path, headers=self._headers)
                answer = line.getresponse()
                answer.read()
            except (OSError, http.client.HTTPException) as error:
                line.close()  # the next one opens it again
                self.statuses[f"{type(error).__name__} {path}"] += 1
                continue
            self.seconds.append(time.monotonic() - began)
            self.statuses[str(answer.status) if answer.status == http.HTTPStatus.OK else f"{answer.status} {path}"] += 1
        line.close()

    def finish(self) -> None:
        self._over.set()


class Listener(threading.Thread):
    """One socket after the other: how many frames came, and how old the newest value in each was. [s]"""

    def __init__(self, port: int, cookie: str, path: str) -> None:
        super().__init__(daemon=True)
        self._url = f"ws://127.0.0.1:{port}{path}"
        self._cookie = cookie
        self._over = threading.Event()
        self.opened = self.frames = 0
        self.lost: Counter[str] = Counter()

    def run(self) -> None:
        while not self._over.is_set():
            try:
                self._watch()
            except (OSError, ConnectionClosed) as error:
                self.lost[type(error).__name__] += 1
                self._over.wait(1)

    def finish(self) -> None:
        self._over.set()

    def _watch(self) -> None:
        headers = {"Cookie": self._cookie}
        options: dict[str, Any] = {"compression": None, "proxy": None, "open_timeout": 10}
        with connect(self._url, origin="http://localhost", additional_headers=headers, **options) as socket:
            self.opened += 1
            until = time.monotonic() + REOPENED_AFTER
            while not self._over.is_set() and time.monotonic() < until:
                try:
                    frame = json.loads(socket.recv(timeout=LOOK_EVERY))
                except TimeoutError:
                    continue
                self.frames += frame["type"] in ("power", "cer_power")
