"""The core JSON API. It stands at the root and once more under core/, where the first platform had it."""

from django.urls import path

from cercollettiva.api.core import communities, plants

app_name = "core-api"

urlpatterns = [
    path("api/plants/<int:pk>/data/", plants.PlantData.as_view(), name="plant-data"),
    path("api/plants/<int:plant_id>/measurements/", plants.PlantMeasurements.as_view(), name="plant-measurements"),
    path("api/cer-power/", communities.CerPower.as_view(), name="cer-power"),
    path("api/mqtt/status/<int:plant_id>/", plants.MqttStatus.as_view(), name="mqtt-status"),
]
