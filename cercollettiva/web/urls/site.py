"""The pages that belong to no room in particular."""

from django.urls import path

from cercollettiva.web.views import dashboard, home, pwa, setup, status

app_name = "web"

urlpatterns = [
    path("", home.home, name="home"),
    path("dashboard/", dashboard.dashboard, name="dashboard"),
    path("manifest.webmanifest", pwa.manifest, name="manifest"),
    path("sw.js", pwa.service_worker, name="service-worker"),
    path("offline/", pwa.offline, name="offline"),
    path("stato/", status.status, name="status"),
    path("setup/", setup.setup, name="setup"),
]
