"""The pages that belong to no room in particular."""

from django.urls import path

from cercollettiva.web.views import dashboard, home, more, my_energy, pwa, setup, status, today

app_name = "web"

urlpatterns = [
    path("", home.home, name="home"),
    path("dashboard/", dashboard.dashboard, name="dashboard"),
    path("altro/", more.more, name="more"),
    path("manifest.webmanifest", pwa.manifest, name="manifest"),
    path("sw.js", pwa.service_worker, name="service-worker"),
    path("offline/", pwa.offline, name="offline"),
    path("stato/", status.status, name="status"),
    path("me/oggi/", today.today, name="today"),
    path("me/energia/", my_energy.energy, name="my-energy"),
    path("me/energia.csv", my_energy.energy_file, {"ending": "csv"}, name="my-energy-csv"),
    path("me/energia.xlsx", my_energy.energy_file, {"ending": "xlsx"}, name="my-energy-xlsx"),
    path("setup/", setup.setup, name="setup"),
]
