"""Many devices in one process: `python -m tests.faults.storm PORT FIRST COUNT SECONDS`.

Each has a connection of its own and publishes one notification every two seconds at quality of service 1; when the
connection is lost it comes back, at once and then in growing steps, and sends again what was not acknowledged. Prints
`connected` once all are, and at the end JSON: how many messages, how many devices came back, the longest absence.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import random
import struct
import sys
import time

from bench.publisher import packet, text
from tests.faults.load import message

EVERY = 2.0
FIRST_WAIT = 0.2
LONGEST_WAIT = 5.0
DEVICES = 1000


class Device:
    """One of them."""

    def __init__(self, port: int, number: int) -> None:
        self._port = port
        self._number = number
        self._unacknowledged = b""
        self._safe = asyncio.Event()
        self._safe.set()
        self.connected = asyncio.Event()
        self.published = 0
        self.absences: list[float] = []

    async def live(self, until: float) -> None:
        """Connect again and again, until the time is over and everything is acknowledged."""
        lost_at, wait = 0.0, FIRST_WAIT
        while time.monotonic() < until or not self._safe.is_set():
            try:
                reader, writer = await self._connect()
            except OSError:
                await asyncio.sleep(wait * random.uniform(0.5, 1))
                wait = min(wait * 2, LONGEST_WAIT)
                continue
            if lost_at:
                self.absences.append(time.monotonic() - lost_at)
            wait = FIRST_WAIT
            self.connected.set()
            speaking = asyncio.create_task(self._speak(writer, until))
            with contextlib.suppress(OSError):  # the broker is gone: come back
                await self._listen(reader, speaking)
            speaking.cancel()
            await asyncio.gather(speaking, return_exceptions=True)
            writer.close()
            lost_at = time.monotonic()

    async def _connect(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        reader, writer = await asyncio.open_connection("127.0.0.1", self._port)
        writer.write(packet(0x10, text("MQTT") + b"\x04\x02\x00\x00" + text(f"storm-{self._number}")))
        try:
            await asyncio.wait_for(reader.readexactly(4), 30)
        except (asyncio.IncompleteReadError, TimeoutError) as error:
            writer.close()
            raise ConnectionError from error
        return reader, writer

    async def _listen(self, reader: asyncio.StreamReader, speaking: asyncio.Task[None]) -> None:
        while not speaking.done():
            acknowledgement = asyncio.ensure_future(reader.readexactly(4))
            await asyncio.wait([acknowledgement, speaking], return_when=asyncio.FIRST_COMPLETED)
            if not acknowledgement.done():
                acknowledgement.cancel()
                return
            if acknowledgement.exception():
                return
            self._unacknowledged = b""
            self._safe.set()

    async def _speak(self, writer: asyncio.StreamWriter, until: float) -> None:
        if self._unacknowledged:
            writer.write(bytes([self._unacknowledged[0] | 0x08]) + self._unacknowledged[1:])
        await self._safe.wait()
        await asyncio.sleep(random.uniform(0, EVERY))
        while time.monotonic() < until:
            topic, payload = message(2 * (self.published * DEVICES + self._number), DEVICES, now=time.time())
            self.published += 1
            mid = struct.pack("!H", self.published % 65535 + 1)
            self._unacknowledged = packet(0x32, text(topic) + mid + payload)
            self._safe.clear()
            writer.write(self._unacknowledged)
            await self._safe.wait()
            await asyncio.sleep(EVERY)


async def main(port: int, first: int, count: int, seconds: float) -> None:
    devices = [Device(port, number) for number in range(first, first + count)]
    until = time.monotonic() + seconds
    lives = [asyncio.create_task(device.live(until)) for device in devices]
    await asyncio.gather(*(device.connected.wait() for device in devices))
    print("connected", flush=True)
    await asyncio.gather(*lives)
    absences = [absence for device in devices for absence in device.absences]
    figures = {
        "published": sum(device.published for device in devices),
        "came_back": sum(bool(device.absences) for device in devices),
        "longest_away": max(absences, default=0.0),
    }
    print(json.dumps(figures), flush=True)


if __name__ == "__main__":
    port, first, count = (int(word) for word in sys.argv[1:4])
    asyncio.run(main(port, first, count, float(sys.argv[4])))
