"""The two ends of a socket: what a browser watches, and the hub that serves it."""

from __future__ import annotations

from typing import ClassVar

from channels.generic.websocket import AsyncWebsocketConsumer

from cercollettiva.live.hub import Hub, Seat
from cercollettiva.live.topics import CloseCode, Kind, Topic

hub = Hub()


class WatchingConsumer(AsyncWebsocketConsumer):  # type: ignore[misc]
    """One socket: accepted, given the present state, then fed by the hub. What the browser says is not listened to.

    A refusal is a close after the handshake, because a browser can read no other: `CloseCode` says which.
    """

    kind: ClassVar[Kind]
    _seat: Seat | None = None

    async def connect(self) -> None:
        await self.accept()
        user = self.scope["user"]
        if not user.is_authenticated:
            await self.close_with(CloseCode.NO_LONGER_ALLOWED)
            return
        topic = Topic(self.kind, self.scope["url_route"]["kwargs"]["pk"])
        self._seat = await hub.join(self, user, self.scope["session"].session_key, topic)
        if self._seat is None:
            await self.close_with(CloseCode.NOT_FOUND)

    async def receive(self, text_data: str | None = None, bytes_data: bytes | None = None) -> None:
        """Nothing that a browser says changes what it is sent."""

    async def disconnect(self, code: int) -> None:
        if self._seat is not None:
            hub.leave(self._seat)

    async def send_frame(self, text: str) -> None:
        await self.send(text_data=text)

    async def close_with(self, code: CloseCode) -> None:
        await self.close(code=code)


class PlantConsumer(WatchingConsumer):
    kind = Kind.PLANT


class CommunityConsumer(WatchingConsumer):
    kind = Kind.COMMUNITY


class NowhereConsumer(AsyncWebsocketConsumer):  # type: ignore[misc]
    """Any other address: closed like what does not exist."""

    async def connect(self) -> None:
        await self.accept()
        await self.close(code=CloseCode.NOT_FOUND)

    async def receive(self, text_data: str | None = None, bytes_data: bytes | None = None) -> None:
        """It is closed already."""
