"""Plants and their meters, in the namespace of `core`."""

from django.urls import path

from cercollettiva.web.views import credentials, gaudi, meter_check, papers, plant_meters, plant_registry

urlpatterns = [
    path("plants/", plant_registry.plants, name="plants"),
    path("plants/create/", plant_registry.create, name="plant-create"),
    path("plants/new-from-gaudi/", gaudi.new_plant, name="plant-new-from-gaudi"),
    path("plants/<int:pk>/gaudi-update/", gaudi.update_plant, name="plant-gaudi-update"),
    path("plants/<int:pk>/documents/", papers.plant_papers, name="plant-documents"),
    path("plants/<int:pk>/update/", plant_registry.update, name="plant-update"),
    path("plants/<int:pk>/delete/", plant_registry.delete, name="plant-delete"),
    path("plants/<int:pk>/mqtt/", plant_meters.plant_mqtt, name="plant-mqtt"),
    path("plants/<int:pk>/mqtt/add/", plant_meters.add, name="meter-add"),
    path("plants/<int:pk>/mqtt/<int:placement>/", plant_meters.card, name="meter-card"),
    path("plants/<int:pk>/mqtt/<int:placement>/password/", credentials.password, name="meter-password"),
    path("plants/<int:pk>/mqtt/<int:placement>/revoke/", credentials.revoke, name="meter-revoke"),
    path("plants/<int:pk>/mqtt/<int:placement>/roles/", plant_meters.roles, name="meter-roles"),
    path("plants/<int:pk>/mqtt/<int:placement>/move/", plant_meters.move, name="meter-move"),
    path("plants/<int:pk>/mqtt/<int:placement>/check/", meter_check.check, name="meter-check"),
]
