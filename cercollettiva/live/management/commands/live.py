"""`manage.py live`: the process that browsers keep a socket open to."""

from __future__ import annotations

import signal
from typing import Any

import uvicorn
from django.core.management.base import BaseCommand, CommandParser

GREATEST_INCOMING_FRAME = 64 * 1024  # [bytes] a bigger one closes its socket with 1009; we read none of them
PING_EVERY = 20  # [s] a socket that does not answer for as long again is dropped


class Command(BaseCommand):
    help = (
        "Serves the sockets, and the pages too where nobody else does: plant and community power, one frame a second. "
        "SIGTERM and Ctrl-C close the sockets (1012: the browsers come back) and exit 0; exit 3 when the port is "
        "taken. Example: manage.py live --port 8001"
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--host", default="127.0.0.1", help="the address to listen on (default: %(default)s)")
        parser.add_argument("--port", type=int, default=8001, help="the port to listen on (default: %(default)s)")

    def handle(self, *args: Any, **options: Any) -> None:
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: None)  # the server takes them while it runs, and repeats them at its end
        uvicorn.run(
            "cercollettiva.asgi:application",
            host=options["host"],
            port=options["port"],
            lifespan="off",
            log_config=None,
            access_log=False,
            server_header=False,
            ws="websockets-sansio",
            ws_max_size=GREATEST_INCOMING_FRAME,
            ws_per_message_deflate=False,  # its windows cost more memory than short frames can save
            ws_ping_interval=PING_EVERY,
            ws_ping_timeout=PING_EVERY,
            timeout_graceful_shutdown=5,
        )
