"""The router at api/energy/, at its root and at api/: one include with a namespace of its own."""

from django.urls import include, path

from cercollettiva.api.energy.router import router

app_name = "energy-api"

urlpatterns = [
    path("", include(router.urls)),
    path("api/", include(router.urls)),
]
