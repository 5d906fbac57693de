"""The router of the energy API: the same under each of its addresses."""

from __future__ import annotations

from rest_framework.routers import SimpleRouter

from cercollettiva.api.energy.devices import DeviceViewSet
from cercollettiva.api.energy.measurements import MeasurementViewSet
from cercollettiva.api.energy.periods import AggregateViewSet, IntervalViewSet
from cercollettiva.api.energy.plants import PlantViewSet

router = SimpleRouter(use_regex_path=False)
for prefix, viewset, name in (
    ("plants", PlantViewSet, "plant"),
    ("devices", DeviceViewSet, "device"),
    ("measurements", MeasurementViewSet, "measurement"),
    ("intervals", IntervalViewSet, "interval"),
    ("aggregates", AggregateViewSet, "aggregate"),
):
    viewset.lookup_value_converter = "int"
    router.register(prefix, viewset, basename=name)
