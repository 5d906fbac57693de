"""The power of one plant over some hours, its values now, and whether its meter speaks."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any, Final

import orjson
from django.http import HttpResponseBase
from django.shortcuts import get_object_or_404
from django.utils.translation import gettext as _
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from cercollettiva.api.asked import Asked, Nothing
from cercollettiva.api.errors import NoDevice
from cercollettiva.api.fields import Instant, KilowattHours, Watts, kwh, local, rounded
from cercollettiva.api.schema import CORE_ERRORS
from cercollettiva.api.streams import answer_of
from cercollettiva.api.views import CoreView
from cercollettiva.core.connection import FRESH_FOR
from cercollettiva.core.models import Plant
from cercollettiva.energy import queries
from cercollettiva.energy.models import DevicePlacement, Quality
from cercollettiva.energy.queries import PlantOverview, PowerMean

MOST_HOURS: Final = 48
WHOLE: Final = 0.95  # the share of a bucket that must be known for it to be good
AT_ONCE: Final = 2000  # rows


class Hours(Asked):
    hours = serializers.IntegerField(
        min_value=1, max_value=MOST_HOURS, default=24, help_text="Quante ore fino ad adesso."
    )


class PlantInfo(serializers.Serializer[Any]):
    name = serializers.CharField()
    type = serializers.CharField()
    pod = serializers.CharField()


def plant_info(plant: Plant) -> dict[str, str]:
    return {"name": plant.name, "type": plant.plant_type, "pod": plant.pod_code}


class PlantData(CoreView):
    """GET api/plants/<pk>/data/: the power of a plant in equal steps, its power now and its energy today."""

    polled = ("time_range",)

    class Window(Hours):
        interval = serializers.IntegerField(
            min_value=60, max_value=86_400, default=600, help_text="La lunghezza di ogni passo, in secondi."
        )

    class Answer(serializers.Serializer[Any]):
        class Bucket(serializers.Serializer[Any]):
            timestamp = Instant()
            power = Watts(allow_null=True)
            quality = serializers.ChoiceField(["GOOD", "PARTIAL", "MISSING"])

        class Range(serializers.Serializer[Any]):
            start = Instant()
            end = Instant()

        class Stats(serializers.Serializer[Any]):
            avg_power = Watts(allow_null=True)
            count = serializers.IntegerField()

        plant_info = PlantInfo()
        data = Bucket(many=True)
        time_range = Range()
        stats = Stats()
        current_power = Watts(allow_null=True)
        daily_energy = KilowattHours(allow_null=True)
        last_update = Instant(allow_null=True)

    @extend_schema(operation_id="core_plant_data", parameters=[Window], responses={200: Answer, **CORE_ERRORS})
    def get(self, request: Request, pk: int) -> Response:
        window = self.Window.of(request)
        bucket = timedelta(seconds=window["interval"])
        start = _aligned(self.now - timedelta(hours=window["hours"]), bucket, self.now)

        overview = queries.plant_overview(request.user, pk, start, self.now, bucket)
        if overview is None:
            _refuse_without_device(request, pk)
            overview = _empty_overview(request, pk)
        return Response(_told(overview, start, self.now))


def _aligned(start: datetime, bucket: timedelta, end: datetime) -> datetime:
    """The first edge from there on: so that who asks twice gets the same steps."""
    seconds = int(bucket.total_seconds())
    edge = -(-int(start.timestamp() * 1000) // (seconds * 1000)) * seconds
    aligned = datetime.fromtimestamp(edge, start.tzinfo)
    return aligned if aligned < end else start


def _told(overview: PlantOverview, start: datetime, end: datetime) -> dict[str, Any]:
    known = [mean for mean in overview.history if mean.power_w is not None]
    seconds = sum((mean.end - mean.start).total_seconds() * mean.coverage for mean in known)
    total = sum((mean.end - mean.start).total_seconds() * mean.coverage * (mean.power_w or 0.0) for mean in known)
    return {
        "plant_info": plant_info(overview.plant),
        "data": [
            {"timestamp": local(mean.start), "power": rounded(mean.power_w), "quality": _quality_of(mean)}
            for mean in overview.history
        ],
        "time_range": {"start": local(start), "end": local(end)},
        "stats": {"avg_power": rounded(total / seconds) if seconds else None, "count": len(known)},
        "current_power": rounded(overview.shown_w),
        "daily_energy": kwh(overview.energy_today_mwh),
        "last_update": local(overview.power.at),
    }


def _quality_of(mean: PowerMean) -> str:
    if mean.power_w is None:
        return "MISSING"
    return "GOOD" if mean.coverage >= WHOLE else "PARTIAL"


def _refuse_without_device(request: Request, pk: int) -> None:
    """The plant may be nobody's to see, or have no meter: both are 404, in words of their own."""
    plant = get_object_or_404(Plant.objects.visible_to(request.user), pk=pk)
    if not DevicePlacement.objects.filter(plant=plant).exists():
        raise NoDevice(_("Questo impianto non ha alcun misuratore."))


def _empty_overview(request: Request, pk: int) -> PlantOverview:
    """A plant with a meter whose channels have no role yet."""
    plant = get_object_or_404(Plant.objects.visible_to(request.user), pk=pk)
    return PlantOverview(plant, [], queries.PlantPower(), None, queries.EnergyToday(), None)


class PlantMeasurements(CoreView):
    """GET api/plants/<plant_id>/measurements/: the values of a plant's meters as they came, oldest first."""

    class Answer(serializers.Serializer[Any]):
        class Row(serializers.Serializer[Any]):
            timestamp = Instant()
            power = Watts(allow_null=True)
            voltage = Watts(allow_null=True)
            current = Watts(allow_null=True)
            energy_total = KilowattHours(allow_null=True)
            quality = serializers.ChoiceField(Quality.names)

        class Stats(serializers.Serializer[Any]):
            total_points = serializers.IntegerField()
            avg_power = Watts(allow_null=True)

        data = Row(many=True)
        plant_info = PlantInfo()
        stats = Stats()

    @extend_schema(operation_id="core_plant_measurements", parameters=[Hours], responses={200: Answer, **CORE_ERRORS})
    def get(self, request: Request, plant_id: int) -> HttpResponseBase:
        hours = Hours.of(request)["hours"]
        plant = get_object_or_404(Plant.objects.visible_to(request.user), pk=plant_id)
        rows = queries.measurements_at(plant, self.now - timedelta(hours=hours), self.now)
        return answer_of(_written(rows, plant), "application/json")


def _written(rows: Any, plant: Plant) -> Iterator[bytes]:
    """The answer while its rows are read: the sums come last."""
    count, known, total, comma = 0, 0, 0.0, b""
    yield b'{"data":['
    for batch in _batches(rows.values_list(*_MEASURED).iterator(chunk_size=AT_ONCE)):
        count += len(batch)
        powers = [row[1] for row in batch if row[1] is not None]
        known, total = known + len(powers), total + sum(powers)
        yield comma + orjson.dumps([_row(*row) for row in batch])[1:-1]
        comma = b","
    stats = {"total_points": count, "avg_power": rounded(total / known) if known else None}
    yield b'],"plant_info":' + orjson.dumps(plant_info(plant)) + b',"stats":' + orjson.dumps(stats) + b"}"


_MEASURED: Final = ("timestamp", "power", "voltage", "current", "energy_total", "quality")
_QUALITIES: Final = {quality.value: quality.name for quality in Quality}


def _batches(rows: Iterator[Any]) -> Iterator[list[Any]]:
    for first in rows:
        yield [first, *(row for row, _ in zip(rows, range(AT_ONCE - 1), strict=False))]


def _row(at: datetime, power: Any, voltage: Any, current: Any, energy: Any, quality: int) -> dict[str, Any]:
    return {
        "timestamp": local(at),
        "power": rounded(power, 3),
        "voltage": rounded(voltage, 3),
        "current": rounded(current, 3),
        "energy_total": kwh(energy),
        "quality": _QUALITIES[quality],
    }


class MqttStatus(CoreView):
    """GET api/mqtt/status/<plant_id>/: whether the plant's meter speaks."""

    polled = ()

    class Answer(serializers.Serializer[Any]):
        class Status(serializers.Serializer[Any]):
            connected = serializers.BooleanField()
            last_seen = Instant(allow_null=True)

        class Device(serializers.Serializer[Any]):
            id = serializers.CharField()
            type = serializers.CharField()

        mqtt_status = Status()
        device_info = Device(allow_null=True)

    @extend_schema(operation_id="core_mqtt_status", responses={200: Answer, **CORE_ERRORS})
    def get(self, request: Request, plant_id: int) -> Response:
        Nothing.of(request)
        plant = get_object_or_404(Plant.objects.visible_to(request.user), pk=plant_id)
        seen = queries.main_device_of(plant, self.now)
        device = {"id": seen.device.device_id, "type": seen.device.device_type_id} if seen else None
        last_seen = seen.last_seen if seen else None
        connected = last_seen is not None and self.now - last_seen < FRESH_FOR
        return Response({"mqtt_status": {"connected": connected, "last_seen": local(last_seen)}, "device_info": device})
