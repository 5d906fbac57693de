"""A private Redis that keeps nothing on disk."""

from __future__ import annotations

import shutil

from tests.support.processes import LOOPBACK, Child, accepts_connections, free_port


class RedisServer(Child):
    def __init__(self, *, port: int | None = None) -> None:
        self.port = port or free_port()
        program = shutil.which("redis-server")
        if program is None:
            raise FileNotFoundError("Redis is not installed: run tools/system-packages redis")
        super().__init__(
            [program, "--bind", LOOPBACK, "--port", str(self.port), "--save", "", "--appendonly", "no"],
            name="redis",
            answers=lambda: accepts_connections(self.port),
        )

    @property
    def url(self) -> str:
        return f"redis://{LOOPBACK}:{self.port}/0"
