"""The pages that belong to no room in particular."""

from django.urls import path

from cercollettiva.web.views import dashboard, home, setup

app_name = "web"

urlpatterns = [
    path("", home.home, name="home"),
    path("dashboard/", dashboard.dashboard, name="dashboard"),
    path("setup/", setup.setup, name="setup"),
]
