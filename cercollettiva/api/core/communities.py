"""The power of communities now, of everything one may see, and the latest values of plants."""

from __future__ import annotations

from typing import Any

from django.shortcuts import get_object_or_404
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from cercollettiva.api.asked import Nothing
from cercollettiva.api.fields import Instant, Watts, kilowatts, local, rounded
from cercollettiva.api.schema import CORE_ERRORS
from cercollettiva.api.views import CoreView
from cercollettiva.core.models import CERConfiguration, Plant
from cercollettiva.energy import queries
from cercollettiva.energy.queries import DeviceNow


class CommunityRow(serializers.Serializer[Any]):
    """kW; null where nothing is known, or where fewer than five others are behind a sum of a member's community."""

    id = serializers.IntegerField()
    name = serializers.CharField()
    producer_power = serializers.FloatField(allow_null=True)
    consumer_power = serializers.FloatField(allow_null=True)
    net_power = serializers.FloatField(allow_null=True)
    members_count = serializers.IntegerField()
    plants_count = serializers.IntegerField()
    plants_measured = serializers.IntegerField()


def community_rows(view: CoreView, request: Request) -> list[dict[str, Any]]:
    """Every community the user may see, by name. Three queries."""
    names = dict(CERConfiguration.objects.visible_to(request.user).order_by("name", "pk").values_list("pk", "name"))
    powers = queries.powers_told_to(request.user, names, view.now)
    return [
        {
            "id": pk,
            "name": name,
            "producer_power": kilowatts(powers[pk].producer_power),
            "consumer_power": kilowatts(powers[pk].consumer_power),
            "net_power": kilowatts(powers[pk].net_power),
            "members_count": powers[pk].members_count,
            "plants_count": powers[pk].plants_count,
            "plants_measured": powers[pk].plants_measured,
        }
        for pk, name in names.items()
        if pk in powers
    ]


class CerPower(CoreView):
    """GET api/cer-power/: what each community produces, draws and shares now. [kW]"""

    polled = ("timestamp",)

    class Answer(serializers.Serializer[Any]):
        data = CommunityRow(many=True)
        timestamp = Instant()
        total_cer = serializers.IntegerField()

    @extend_schema(operation_id="core_cer_power", responses={200: Answer, **CORE_ERRORS})
    def get(self, request: Request) -> Response:
        Nothing.of(request)
        rows = community_rows(self, request)
        return Response({"data": rows, "timestamp": local(self.now), "total_cer": len(rows)})


class TotalPower(CoreView):
    """GET energy/api/total-power/: the power of all the plants one may see, in one query. [W]"""

    polled = ("timestamp",)

    class Answer(serializers.Serializer[Any]):
        total_power = Watts(allow_null=True, help_text="Prelevata meno immessa.")
        drawn_power = Watts(allow_null=True)
        injected_power = Watts(allow_null=True)
        produced_power = Watts(allow_null=True)
        devices = serializers.IntegerField()
        devices_measured = serializers.IntegerField()
        timestamp = Instant()

    @extend_schema(operation_id="energy_total_power", responses={200: Answer, **CORE_ERRORS})
    def get(self, request: Request) -> Response:
        Nothing.of(request)
        power = queries.total_power_visible_to(request.user, self.now)
        is_known = power.drawn_w is not None and power.injected_w is not None
        return Response(
            {
                "total_power": rounded((power.drawn_w or 0.0) - (power.injected_w or 0.0)) if is_known else None,
                "drawn_power": rounded(power.drawn_w),
                "injected_power": rounded(power.injected_w),
                "produced_power": rounded(power.produced_w),
                "devices": power.devices,
                "devices_measured": power.measured,
                "timestamp": local(self.now),
            }
        )


class MqttDataRow(serializers.Serializer[Any]):
    """The latest values of a plant's meters. [W, V, A]"""

    class Device(serializers.Serializer[Any]):
        class Phase(serializers.Serializer[Any]):
            key = serializers.CharField()
            component = serializers.CharField()
            power = Watts(allow_null=True)
            voltage = Watts(allow_null=True)
            current = Watts(allow_null=True)
            power_factor = Watts(allow_null=True)
            timestamp = Instant(allow_null=True)

        device_id = serializers.CharField()
        name = serializers.CharField()
        is_online = serializers.BooleanField()
        last_seen = Instant(allow_null=True)
        power = Watts(allow_null=True)
        phases = Phase(many=True)

    plant_id = serializers.IntegerField()
    plant_name = serializers.CharField()
    connected = serializers.BooleanField()
    last_update = Instant(allow_null=True)
    devices = Device(many=True)


def mqtt_data(plant: Plant, devices: list[DeviceNow]) -> dict[str, Any]:
    seen = [device.last_seen for device in devices if device.last_seen]
    return {
        "plant_id": plant.pk,
        "plant_name": plant.name,
        "connected": any(device.online for device in devices),
        "last_update": local(max(seen, default=None)),
        "devices": [_device(device) for device in devices],
    }


def _device(device: DeviceNow) -> dict[str, Any]:
    return {
        "device_id": device.device_id,
        "name": device.model,
        "is_online": device.online,
        "last_seen": local(device.last_seen),
        "power": rounded(device.power),
        "phases": [
            {
                "key": phase.key,
                "component": phase.component,
                "power": rounded(phase.power, 3),
                "voltage": rounded(phase.voltage, 3),
                "current": rounded(phase.current, 3),
                "power_factor": rounded(phase.power_factor, 3),
                "timestamp": local(phase.at),
            }
            for phase in device.phases
        ],
    }


class PlantMqttData(CoreView):
    """GET energy/api/plants/<id>/mqtt-data/: the latest values of one plant."""

    polled = ()

    @extend_schema(operation_id="energy_plant_mqtt_data", responses={200: MqttDataRow, **CORE_ERRORS})
    def get(self, request: Request, pk: int) -> Response:
        Nothing.of(request)
        plant = get_object_or_404(Plant.objects.visible_to(request.user), pk=pk)
        return Response(mqtt_data(plant, queries.device_states_of(plant, self.now)))


class PlantsMqttData(CoreView):
    """GET energy/api/plants/mqtt-data/: the latest values of every plant one may see, the closed ones left out."""

    polled = ("timestamp",)

    class Answer(serializers.Serializer[Any]):
        data = MqttDataRow(many=True)
        timestamp = Instant()

    @extend_schema(operation_id="energy_plants_mqtt_data", responses={200: Answer, **CORE_ERRORS})
    def get(self, request: Request) -> Response:
        Nothing.of(request)
        plants = list(Plant.objects.visible_to(request.user).active_at(self.now).order_by("name", "pk"))
        states = queries.device_states_of_plants([plant.pk for plant in plants], self.now)
        rows = [mqtt_data(plant, states.get(plant.pk, [])) for plant in plants]
        return Response({"data": rows, "timestamp": local(self.now)})
