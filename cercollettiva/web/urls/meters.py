"""Meters: those one looks after, and those that nobody knows yet."""

from django.urls import path

from cercollettiva.web.views import meters, strangers

app_name = "meters"

urlpatterns = [
    path("devices/", meters.meters, name="meters"),
    path("devices/<int:pk>/", meters.meter, name="meter"),
    path("unknown/", strangers.strangers, name="strangers"),
    path("unknown/<int:pk>/", strangers.stranger, name="stranger"),
]
