"""A hundred virtual meters in one process: `python -m bench.soak.meters PORT SECONDS [PERIOD]`.

Each has a connection of its own and speaks about once a PERIOD, never twice after the same time: its powers on a status
topic, the same in a notification with its own time, its registers. All at quality of service 1; now and then one loses
its connection in the middle of that, stays away for a moment, and sends again what was not acknowledged. Prints JSON:
what each has said, so that it can be looked for.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import random
import struct
import sys
import time
from typing import Final

from bench.publisher import STATUS, packet, text
from tests.support.platform import PREFIX

METERS: Final = 100
PERIOD: Final = 1.0  # with three messages each, 300 messages a second
SPREAD: Final = 0.2  # of the period: its standard deviation
BREAKS: Final = 0.002  # how likely a meter loses its connection after speaking: one of them every five seconds
AWAY: Final = (0.2, 4.0)  # seconds
SEED: Final = 12
WH: Final = 100  # a register counts hundredths


class Meter:
    """One of them; `number` is its place among all."""

    def __init__(self, port: int, number: int, period: float) -> None:
        self._port = port
        self._number = number
        self._period = period
        self._random = random.Random(SEED * 1000 + number)
        self._prefix = PREFIX.format(number)
        self._unacknowledged: dict[int, bytes] = {}  # message id -> packet, in the order of sending
        self._mid = 0
        self._register = (200_000 + number) * WH
        self.powers = self.registers = self.reconnects = 0

    async def live(self, until: float) -> None:
        """Speak until then, and stay until everything is acknowledged."""
        while time.monotonic() < until or self._unacknowledged:
            try:
                reader, writer = await self._connect()
            except OSError:
                await asyncio.sleep(0.5)
                continue
            listening = asyncio.create_task(self._listen(reader))
            with contextlib.suppress(OSError):
                await self._speak(writer, until)
            listening.cancel()
            await asyncio.gather(listening, return_exceptions=True)
            writer.transport.abort()  # no goodbye
            self.reconnects += 1
            await asyncio.sleep(self._random.uniform(*AWAY) if time.monotonic() < until else 0.1)

    async def _connect(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        reader, writer = await asyncio.open_connection("127.0.0.1", self._port)
        writer.write(packet(0x10, text("MQTT") + b"\x04\x02\x00\x00" + text(f"soak-{self._number}")))
        try:
            await asyncio.wait_for(reader.readexactly(4), 30)
        except (asyncio.IncompleteReadError, TimeoutError) as error:
            writer.close()
            raise ConnectionError from error
        writer.writelines(bytes([one[0] | 0x08]) + one[1:] for one in self._unacknowledged.values())  # DUP
        return reader, writer

    async def _listen(self, reader: asyncio.StreamReader) -> None:
        while True:
            acknowledgement = await reader.readexactly(4)
            self._unacknowledged.pop(int.from_bytes(acknowledgement[2:4]), None)

    async def _speak(self, writer: asyncio.StreamWriter, until: float) -> None:
        """Until the time is over and all is acknowledged, or the connection breaks."""
        while time.monotonic() < until:
            await asyncio.sleep(max(0.05, self._random.gauss(self._period, SPREAD * self._period)))
            for topic, payload in self._words(time.time()):
                writer.write(self._published(topic, payload))
            if self._random.random() < BREAKS:
                return
            await writer.drain()
        deadline = time.monotonic() + 5
        while self._unacknowledged and time.monotonic() < deadline:
            await asyncio.sleep(0.05)

    def _words(self, now: float) -> list[tuple[str, bytes]]:
        """What it says at once; the neutral's current carries the number of the word, which a 4-byte float keeps."""
        self._register += 20
        values = {**STATUS, "n_current": self.powers, "total_act_power": round(700 + self._random.random() * 50, 1)}
        again = {**values, "n_current": self.powers + 1}
        told = {"src": self._prefix.rpartition("/")[2], "method": "NotifyStatus"}
        notice = {**told, "dst": f"{self._prefix}/events", "params": {"ts": round(now, 6), "em:0": again}}
        counted = {"a_total_act_energy": self._register / WH, "a_total_act_ret_energy": 0.0}
        others = {f"{line}_total_act{way}_energy": 0.0 for line in "bc" for way in ("", "_ret")}
        totals = {"total_act": self._register / WH, "total_act_ret": 0.0}
        self.powers += 2
        self.registers += 1
        return [
            (f"{self._prefix}/status/em:0", json.dumps(values).encode()),
            (f"{self._prefix}/events/rpc", json.dumps(notice).encode()),
            (f"{self._prefix}/status/emdata:0", json.dumps({"id": 0, **counted, **others, **totals}).encode()),
        ]

    def _published(self, topic: str, payload: bytes) -> bytes:
        self._mid = self._mid % 65535 + 1
        sent = packet(0x32, text(topic) + struct.pack("!H", self._mid) + payload)
        self._unacknowledged[self._mid] = sent
        return sent


async def main(port: int, seconds: float, period: float = PERIOD) -> None:
    meters = [Meter(port, number, period) for number in range(METERS)]
    until = time.monotonic() + seconds
    await asyncio.gather(*(meter.live(until) for meter in meters))
    said = {
        "powers": [meter.powers for meter in meters],
        "registers": [meter.registers for meter in meters],
        "reconnects": sum(meter.reconnects - 1 for meter in meters),  # the last goodbye is none
    }
    print(json.dumps(said), flush=True)


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1]), *(float(word) for word in sys.argv[2:4])))
