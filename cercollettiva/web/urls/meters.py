"""Energy as the first platform had it, and meters: those one looks after, and those that nobody knows yet."""

from django.urls import path

from cercollettiva.web.views import credentials, energy, meters, strangers

app_name = "meters"

urlpatterns = [
    path("", energy.dashboard, name="energy"),
    path("plants/", energy.plants, name="plants"),
    path("measurements/", energy.measurements, name="measurements"),
    path("settings/mqtt/", energy.broker, name="broker"),
    path("settings/mqtt/<int:pk>/test/", credentials.test_broker, name="broker-test"),
    path("devices/", meters.meters, name="meters"),
    path("devices/<int:pk>/", meters.meter, name="meter"),
    path("unknown/", strangers.strangers, name="strangers"),
    path("unknown/<int:pk>/", strangers.stranger, name="stranger"),
]
