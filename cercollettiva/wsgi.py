"""The site as a WSGI application: pages and REST."""

import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "cercollettiva.settings.production")

application = get_wsgi_application()
