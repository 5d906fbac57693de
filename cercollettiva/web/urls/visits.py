"""A technician's round, and the reports of visits."""

from django.urls import path

from cercollettiva.web.views import visits

app_name = "visits"

urlpatterns = [
    path("interventi/", visits.visits, name="visits"),
    path("interventi/rapporti/", visits.reports, name="reports"),
    path("interventi/rapporti/<int:pk>/", visits.report, name="report"),
]
