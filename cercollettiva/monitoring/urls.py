"""The addresses under /monitoring/."""

from django.urls import path

from cercollettiva.monitoring import views

app_name = "monitoring"

urlpatterns = [
    path("health/", views.health, name="health"),
]
