"""The connection to the broker: the only MQTT client of the project.

MQTT 3.1.1 with a fixed client id and a persistent session, so that the broker keeps what arrives while we are away, and
with manual acknowledgement, so that a message leaves the broker only when its row is safe (rule R1).
"""

from __future__ import annotations

import contextlib
import logging
import math
import select
import socket
import ssl
import struct
import time
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import unquote, urlsplit

from paho.mqtt import client as mqtt
from paho.mqtt.enums import CallbackAPIVersion
from paho.mqtt.reasoncodes import ReasonCode

if TYPE_CHECKING:
    from paho.mqtt.client import SocketLike

logger = logging.getLogger(__name__)

KEEPALIVE_SECONDS = 30
RECEIVE_BYTES = 256 * 1024
GOODBYE_SECONDS = 1.0
_DISCONNECT = b"\xe0\x00"
_PUBACK = struct.Struct("!BBH").pack  # packet type, remaining length, message id
READS_PER_TURN = 500  # packets read before the caller gets a turn: acknowledgements must not starve
# A turn for each message costs as much as half of reading it: the kernel wakes us when this many bytes have come, some
# hundred and fifty statuses, and the caller's timeout brings what is less.
WORTH_A_TURN = 64 * 1024


class BrokerAddress(NamedTuple):
    """Where the broker is and who we are there."""

    host: str
    port: int
    username: str | None = None
    password: str | None = None
    tls: bool = False
    ca: str = ""  # the authority's certificates (PEM); empty: those that the machine trusts

    @classmethod
    def from_url(cls, url: str) -> BrokerAddress:
        """Read `mqtt://user:password@host:port` or `mqtts://...`; ValueError says what is wrong."""
        parts = urlsplit(url)
        if parts.scheme not in ("mqtt", "mqtts") or not parts.hostname:
            raise ValueError("The broker's address must read mqtt://user:password@host:port, or mqtts:// for TLS.")
        tls = parts.scheme == "mqtts"
        username = unquote(parts.username) if parts.username else None
        password = unquote(parts.password) if parts.password else None
        return cls(parts.hostname, parts.port or (8883 if tls else 1883), username, password, tls)


class Arrival(NamedTuple):
    """A message as the broker handed it over."""

    topic: str
    payload: bytes
    retain: bool
    dup: bool
    mid: int
    qos: int


class BufferedSocket:
    """A socket that reads in large pieces and sends in one go.

    The client reads a packet in three to four tiny receives and sends each acknowledgement by itself. Behind this
    buffer they become one system call for hundreds of messages; `docs/performance.md` has the figures.
    """

    def __init__(self, inner: SocketLike) -> None:
        self._inner = inner
        self._received = memoryview(b"")
        self._unsent = bytearray()
        self.is_dry = False  # the last receive found nothing

    @property
    def has_received(self) -> bool:
        return len(self._received) > 0

    @property
    def has_unsent(self) -> bool:
        return len(self._unsent) > 0

    def recv(self, size: int) -> bytes:
        if not self._received:
            self.is_dry = True
            self._received = memoryview(self._inner.recv(max(size, RECEIVE_BYTES)))  # raises where there is nothing
            self.is_dry = False
        piece, self._received = self._received[:size], self._received[size:]
        return bytes(piece)

    def send(self, data: bytes) -> int:
        self._unsent += data
        return len(data)

    def flush(self) -> None:
        """Send what is waiting, as far as the peer takes it; raises OSError when the connection is gone."""
        try:
            while self._unsent:
                del self._unsent[: self._inner.send(self._unsent)]
        except (BlockingIOError, ssl.SSLWantReadError, ssl.SSLWantWriteError):
            return

    def farewell(self, *, within: float) -> None:
        """Send all, then read until the peer closes: a close with unread data would take our last words along."""
        deadline = time.monotonic() + within
        with contextlib.suppress(OSError):
            while self._unsent and time.monotonic() < deadline:
                self.flush()
                select.select([], [self._inner.fileno()], [], 0.05)
            while time.monotonic() < deadline:
                select.select([self._inner.fileno()], [], [], 0.05)
                with contextlib.suppress(BlockingIOError, ssl.SSLWantReadError):
                    if not self._inner.recv(RECEIVE_BYTES):
                        return

    def close(self) -> None:
        self._inner.close()

    def fileno(self) -> int:
        return self._inner.fileno()

    def setblocking(self, flag: bool) -> None:
        self._inner.setblocking(flag)

    def pending(self) -> int:
        return len(self._received)


class _Client(mqtt.Client):
    """The paho client on a buffered socket, without its search for a callback per topic: we have one for all."""

    buffered: BufferedSocket | None = None
    on_arrival: Callable[[Arrival], None]

    def _create_socket(self) -> BufferedSocket:  # type: ignore[override]  # as paho does for websockets
        inner: socket.socket = super()._create_socket()  # type: ignore[assignment]  # no websocket: we ask for none
        inner.setsockopt(socket.SOL_SOCKET, socket.SO_RCVLOWAT, WORTH_A_TURN)
        self.buffered = BufferedSocket(inner)
        return self.buffered

    def _handle_on_message(self, message: mqtt.MQTTMessage) -> None:
        topic = message._topic.decode("utf-8", "replace")
        self.on_arrival(Arrival(topic, bytes(message.payload), message.retain, message.dup, message.mid, message.qos))


class MQTTConnection:
    """One session with the broker, driven by the caller's loop: `connect`, then `poll` again and again.

    Nothing here runs on a thread of its own; only `wake` may be called from another thread.
    """

    def __init__(
        self,
        address: BrokerAddress,
        *,
        client_id: str,
        on_arrival: Callable[[Arrival], None],
        on_session: Callable[[bool], None],
        clean_session: bool = False,
    ) -> None:
        """`on_session` is told at every connect whether the broker still had our session."""
        self._address = address
        self._on_session = on_session
        self.is_connected = False
        self.refusal: str | None = None
        client = _Client(
            CallbackAPIVersion.VERSION2,
            client_id=client_id,
            clean_session=clean_session,
            manual_ack=True,
        )
        if address.username:
            client.username_pw_set(address.username, address.password)
        if address.tls:
            client.tls_set_context(ssl.create_default_context(cadata=address.ca or None))
        client.on_arrival = on_arrival
        client.on_connect = self._connected
        client.on_disconnect = self._disconnected
        client.on_subscribe = self._subscribed
        client.on_socket_register_write = _written_by_poll
        self._client = client
        self._waker, self._woken = socket.socketpair()
        self._waker.setblocking(False)
        self._woken.setblocking(False)

    def connect(self) -> None:
        """Open the connection; OSError when nobody answers. The session starts when `on_session` is called."""
        self.refusal = None
        self._client.connect(self._address.host, self._address.port, keepalive=KEEPALIVE_SECONDS)

    @property
    def is_open(self) -> bool:
        return self._client.socket() is not None

    def poll(self, timeout: float, *, reads: bool = True) -> None:
        """Gather messages for `timeout` seconds, until they are worth a turn or we are woken; then read and write.

        What is not read fills the network's buffers, and then the broker waits. After a minute without reading the
        session ends, for want of an answer to our pings: what was not acknowledged comes again with the next one.
        """
        buffered = self._client.buffered
        if not self.is_open or buffered is None:
            self._sleep(timeout)
            return
        self._write(buffered)
        if not self.is_open:  # the broker went while we were writing
            return
        if reads:
            self._wait(buffered, 0 if buffered.has_received else timeout)  # the kernel knows nothing of our own buffer
            self._read(buffered)
        else:
            self._sleep(timeout)
        self._write(buffered)
        self._client.loop_misc()

    def wake(self) -> None:
        """End a `poll` that is waiting; safe from any thread."""
        with contextlib.suppress(BlockingIOError):  # it has been woken many times already
            self._waker.send(b"\0")

    def subscribe(self, topics: Iterable[str]) -> None:
        self._client.subscribe([(topic, 1) for topic in topics])

    def unsubscribe(self, topics: Iterable[str]) -> None:
        self._client.unsubscribe(list(topics))

    def publish(self, topic: str, payload: bytes, *, qos: int = 1, retain: bool = False) -> None:
        self._client.publish(topic, payload, qos=qos, retain=retain)

    def acknowledge(self, mids: Iterable[int]) -> None:
        """Tell the broker that these messages are safe. They must be of the present connection.

        A PUBACK is four bytes: written here, all together, they cost a tenth of as many calls of the client.
        """
        if self._client.buffered is not None:
            self._client.buffered.send(b"".join([_PUBACK(0x40, 2, mid) for mid in mids]))

    def disconnect(self) -> None:
        """Leave in good order: what is queued is sent, the broker keeps the session."""
        buffered = self._client.buffered
        if self.is_open and buffered is not None:
            self._write(buffered)
            buffered.send(_DISCONNECT)  # paho would close the socket before our buffer is sent
            buffered.farewell(within=GOODBYE_SECONDS)
            self._client._sock_close()
        self.is_connected = False

    def _wait(self, buffered: BufferedSocket, timeout: float) -> None:
        poll = select.poll()  # costs no system call of its own, as a selector does
        poll.register(buffered.fileno(), select.POLLIN | (select.POLLOUT if buffered.has_unsent else 0))
        self._sleep(timeout, poll)

    def _read(self, buffered: BufferedSocket) -> None:
        """Read until there is nothing more, or the caller is to have a turn."""
        for _ in range(READS_PER_TURN):
            self._client.loop_read()
            if not self.is_open or (buffered.is_dry and not buffered.has_received):
                return

    def _write(self, buffered: BufferedSocket) -> None:
        if self._client.want_write():
            self._client.loop_write()
        try:
            buffered.flush()
        except OSError:
            logger.info("The broker closed the connection while we were writing")
            self._client.loop_read()  # paho notices the loss and tells us

    def _sleep(self, timeout: float, poll: select.poll | None = None) -> None:
        """Until woken, or until what is registered is ready."""
        poll = poll or select.poll()
        poll.register(self._woken, select.POLLIN)
        if self._woken.fileno() in dict(poll.poll(math.ceil(timeout * 1000))):
            self._woken.recv(4096)

    def _connected(
        self,
        client: mqtt.Client,
        userdata: object,
        flags: mqtt.ConnectFlags,
        reason: ReasonCode,
        properties: object,
    ) -> None:
        if reason.is_failure:
            self.refusal = str(reason)
            return
        self.is_connected = True
        self._on_session(flags.session_present)

    def _subscribed(
        self, client: mqtt.Client, userdata: object, mid: int, reasons: list[ReasonCode], properties: object
    ) -> None:
        if any(reason.is_failure for reason in reasons):
            logger.error("The broker refuses a subscription (%s): nothing will arrive until it allows it", reasons)
        else:
            logger.info("Subscribed: what is published from now on arrives")

    def _disconnected(self, *_: object) -> None:
        self.is_connected = False


def _written_by_poll(*_: object) -> None:
    """Tells paho not to send each packet by itself: `poll` sends them together."""
