"""The two ends of a socket: what a browser watches, and the hub that serves it."""

from __future__ import annotations

from typing import ClassVar

from channels.generic.websocket import AsyncWebsocketConsumer

from cercollettiva.live.hub import Hub, NotProven, Seat
from cercollettiva.live.topics import CloseCode, Kind, Topic
from cercollettiva.users.models import CustomUser

hub = Hub()


class WatchingConsumer(AsyncWebsocketConsumer):  # type: ignore[misc]
    """One socket: accepted, given the present state, then fed by the hub. What the browser says is not listened to.

    A refusal is a close after the handshake, because a browser can read no other: `CloseCode` says which.
    """

    kind: ClassVar[Kind]

    async def connect(self) -> None:
        self._seats: list[Seat] = []
        await self.accept()
        user = self.scope["user"]
        session = self.scope["session"]
        if not user.is_authenticated:
            await self.close_with(CloseCode.NO_LONGER_ALLOWED)
            return
        try:
            for topic in await self.topics(user):
                seat = await hub.join(self, user, session.session_key, topic, signed_in=session)
                if seat is not None:
                    self._seats.append(seat)
        except NotProven:
            await self.close_with(CloseCode.NO_LONGER_ALLOWED)
            return
        if not self._seats:
            await self.close_with(CloseCode.NOT_FOUND)

    async def topics(self, user: CustomUser) -> list[Topic]:
        """What is watched: the one that the address names."""
        return await hub.fullest(user, Topic(self.kind, self.scope["url_route"]["kwargs"]["pk"]))

    async def receive(self, text_data: str | None = None, bytes_data: bytes | None = None) -> None:
        """Nothing that a browser says changes what it is sent."""

    async def disconnect(self, code: int) -> None:
        for seat in self._seats:
            hub.leave(seat)

    async def send_frame(self, text: str) -> None:
        await self.send(text_data=text)

    async def close_with(self, code: CloseCode) -> None:
        await self.close(code=code)


class PlantConsumer(WatchingConsumer):
    kind = Kind.PLANT


class CommunityConsumer(WatchingConsumer):
    kind = Kind.COMMUNITY


class CommunitiesConsumer(WatchingConsumer):
    """All the communities one may see, on one socket: an energy desk looks after more than it may open sockets."""

    kind = Kind.COMMUNITY

    async def topics(self, user: CustomUser) -> list[Topic]:
        return await hub.visible(user, self.kind)


class NowhereConsumer(AsyncWebsocketConsumer):  # type: ignore[misc]
    """Any other address: closed like what does not exist."""

    async def connect(self) -> None:
        await self.accept()
        await self.close(code=CloseCode.NOT_FOUND)

    async def receive(self, text_data: str | None = None, bytes_data: bytes | None = None) -> None:
        """It is closed already."""
