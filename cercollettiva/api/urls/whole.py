"""All addresses of the API, each under the prefixes that the first platform gave it."""

from django.urls import include, path

from cercollettiva.api import broker_door, documentation, feed

urlpatterns = [
    path("", include("cercollettiva.api.urls.core")),
    path("core/", include("cercollettiva.api.urls.core", namespace="core-api-again")),
    path("energy/", include("cercollettiva.api.urls.energy")),
    path("api/energy/", include("cercollettiva.api.urls.energy_api")),
    path("api/feed/", feed.Feed.as_view(), name="api-feed"),
    path("api/schema/", documentation.Schema.as_view(), name="api-schema"),
    path("mqtt/auth/", broker_door.auth, name="mqtt-auth"),
    path("mqtt/acl/", broker_door.acl, name="mqtt-acl"),
    path("api/docs/", documentation.docs, name="api-docs"),
]
