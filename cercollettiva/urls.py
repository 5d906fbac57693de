"""The addresses of the site. Paths and namespaces of the first platform stay."""

from __future__ import annotations

from django.contrib import admin
from django.urls import include, path

from cercollettiva.users.administration.apps import load_pages

load_pages()

urlpatterns = [
    path("", include("cercollettiva.web.urls.site")),
    path("", include("cercollettiva.web.urls.core")),
    path("avvisi/", include("cercollettiva.web.urls.alerts")),
    path("", include("cercollettiva.web.urls.register")),
    path("", include("cercollettiva.api.urls.whole")),
    path("", include("cercollettiva.api.urls.fees")),
    path("core/", include("cercollettiva.api.urls.fees", namespace="fees-api-again")),
    path("", include("cercollettiva.web.urls.communities")),  # after core: a slug may look like a number
    path("documents/", include("cercollettiva.web.urls.documents")),
    path("desk/", include("cercollettiva.web.urls.desk")),
    path("", include("cercollettiva.web.urls.settlement")),
    path("", include("cercollettiva.web.urls.visits")),
    path("energy/", include("cercollettiva.web.urls.meters")),
    path("users/", include("cercollettiva.web.urls.users")),
    path("users/", include("cercollettiva.web.urls.allauth")),
    path("monitoring/", include("cercollettiva.monitoring.urls")),
    path("ceradmin/", admin.site.urls),
    path("i18n/", include("django.conf.urls.i18n")),
]

handler400 = "cercollettiva.api.errors.bad_request"
handler403 = "cercollettiva.api.errors.permission_denied"
handler404 = "cercollettiva.api.errors.page_not_found"
handler500 = "cercollettiva.api.errors.server_error"
