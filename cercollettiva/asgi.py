"""The site as an ASGI application: pages and sockets."""

import os

from channels.routing import ProtocolTypeRouter
from django.core.asgi import get_asgi_application
from django.utils import timezone

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "cercollettiva.settings.production")

pages = get_asgi_application()  # first: it loads the models that the sockets import

from cercollettiva.core.first_start import announce_start  # noqa: E402
from cercollettiva.live.routing import application as sockets  # noqa: E402
from cercollettiva.web.serving import limit_queries  # noqa: E402

application = ProtocolTypeRouter({"http": pages, "websocket": sockets})
limit_queries()
announce_start(timezone.now())
