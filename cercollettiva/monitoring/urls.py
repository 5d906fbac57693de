"""The addresses under /monitoring/."""

from django.urls import path

from cercollettiva.monitoring import views

app_name = "monitoring"

urlpatterns = [
    path("health/", views.health, name="health"),
    *(
        path(f"health/{name}/", views.part, {"name": name}, name=f"health-{name}")
        for name in ("database", "mqtt", "cache", "system", "queue")
    ),
    path("live/", views.live, name="live"),
    path("ready/", views.ready, name="ready"),
    path("status/", views.status, name="status"),
    path("metrics/", views.metrics, name="metrics"),
]
