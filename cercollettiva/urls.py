"""The addresses of the site. Paths and namespaces of the first platform stay."""

from __future__ import annotations

from django.urls import include, path

urlpatterns = [
    path("", include("cercollettiva.web.urls.site")),
    path("", include("cercollettiva.web.urls.core")),
    path("", include("cercollettiva.web.urls.register")),
    path("", include("cercollettiva.api.urls.fees")),
    path("core/", include("cercollettiva.api.urls.fees", namespace="fees-api-again")),
    path("", include("cercollettiva.web.urls.communities")),  # after core: a slug may look like a number
    path("desk/", include("cercollettiva.web.urls.desk")),
    path("energy/", include("cercollettiva.web.urls.meters")),
    path("users/", include("cercollettiva.web.urls.users")),
    path("users/", include("cercollettiva.web.urls.allauth")),
    path("monitoring/", include("cercollettiva.monitoring.urls")),
    path("i18n/", include("django.conf.urls.i18n")),
]
