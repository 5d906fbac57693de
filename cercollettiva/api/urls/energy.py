"""The energy API under energy/: what the first platform's own pages asked for, and the router."""

from django.urls import include, path

from cercollettiva.api.core import communities
from cercollettiva.api.energy.router import router

app_name = "energy"

urlpatterns = [
    path("api/total-power/", communities.TotalPower.as_view(), name="total-power"),
    path("api/plants/mqtt-data/", communities.PlantsMqttData.as_view(), name="plants-mqtt-data"),
    path("api/plants/<int:pk>/mqtt-data/", communities.PlantMqttData.as_view(), name="plant-mqtt-data"),
    path("api/", include(router.urls)),
]
