"""The addresses of the sockets. Only pages of our own hosts may open one, and only with an Origin that says so."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable
from typing import Any

from channels.auth import AuthMiddlewareStack
from channels.routing import URLRouter
from channels.security.websocket import AllowedHostsOriginValidator
from django.urls import path, re_path

from cercollettiva.live.consumers import CommunitiesConsumer, CommunityConsumer, NowhereConsumer, PlantConsumer
from cercollettiva.live.hub import AWAY
from cercollettiva.live.topics import CloseCode

logger = logging.getLogger(__name__)

Message = dict[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Application = Callable[[Message, Receive, Send], Awaitable[None]]


def refused_while_away(application: Application) -> Application:
    """Without the database nobody can be recognised: the handshake is refused, in one line of the log."""

    async def refuse_or_serve(scope: Message, receive: Receive, send: Send) -> None:
        try:
            await application(scope, receive, send)
        except AWAY as error:
            logger.warning("A socket was refused, the database is away: %s", error)
            await send({"type": "websocket.close", "code": CloseCode.TRY_AGAIN})

    return refuse_or_serve


urlpatterns = [
    path("ws/plants/<int:pk>/", PlantConsumer.as_asgi()),
    path("ws/cer/", CommunitiesConsumer.as_asgi()),
    path("ws/cer/<int:pk>/", CommunityConsumer.as_asgi()),
    re_path(r"", NowhereConsumer.as_asgi()),
]

application = AllowedHostsOriginValidator(refused_while_away(AuthMiddlewareStack(URLRouter(urlpatterns))))
