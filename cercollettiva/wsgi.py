"""The site as a WSGI application: pages and REST."""

import os

from django.core.wsgi import get_wsgi_application
from django.utils import timezone

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "cercollettiva.settings.production")

application = get_wsgi_application()

from cercollettiva.core.first_start import announce_start  # noqa: E402  # it has models
from cercollettiva.web.serving import limit_queries  # noqa: E402

limit_queries(keep_connections=True)
announce_start(timezone.now())
