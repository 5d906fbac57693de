"""Alerts: what is wrong, who is on it, and of what one wants to be told."""

from django.urls import path

from cercollettiva.web.views import alerts, push

app_name = "alerts"

urlpatterns = [
    path("", alerts.alerts, name="alerts"),
    path("preferenze/", alerts.preferences, name="preferences"),
    path("dispositivi/", push.devices, name="devices"),
    path("dispositivi/<int:pk>/togli/", push.remove, name="device-remove"),
    path("<int:pk>/", alerts.alert, name="alert"),
]
