"""Plants: to read, to make, to change, to close; how one is doing and what it made."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Final

from django.db.models import BooleanField, Case, Count, Exists, OuterRef, Q, QuerySet, Value, When
from django.http import HttpResponse
from django.shortcuts import get_object_or_404
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from drf_spectacular.utils import extend_schema
from rest_framework import serializers, status
from rest_framework.decorators import action
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response

from cercollettiva.api.asked import Key, Nothing, Words
from cercollettiva.api.energy.base import EnergyViewSet, Paged, told_by_field
from cercollettiva.api.energy.plant_fields import PlantDetail, PlantFields
from cercollettiva.api.energy.statistics import StatisticsAnswer, statistics_of
from cercollettiva.api.fields import Instant, Watts, local, rounded
from cercollettiva.api.idempotency import once
from cercollettiva.api.schema import REPEATABLE, paged
from cercollettiva.core.connection import FRESH_FOR
from cercollettiva.core.models import CERConfiguration, Plant, PlantType
from cercollettiva.core.periods import covers
from cercollettiva.energy import queries
from cercollettiva.energy.models import DevicePlacement
from cercollettiva.energy.taking_away import take_away_plant

ORDERS: Final = ("name", "created_at", "nominal_power", "id")
REFUSED: Final = {
    "plant_pod_periods_do_not_overlap": ("pod_code", gettext_lazy("Questo POD è già registrato.")),
    "plant_pod_key": ("pod_code", gettext_lazy("Questo POD non è valido.")),
    "plant_power_is_not_negative": ("nominal_power", gettext_lazy("La potenza non è negativa.")),
}


def with_counts(plants: QuerySet[Plant], now: datetime) -> QuerySet[Any]:
    """The plants with what a row tells of their meters; no query more for any number of them."""
    standing = DevicePlacement.objects.active_at(now).filter(plant=OuterRef("pk"), device__is_active=True)
    heard = standing.filter(device__state__last_seen__gt=now - FRESH_FOR).exclude(device__state__online=False)
    here = covers(now, prefix="device_placements__") & Q(device_placements__device__is_active=True)
    return plants.select_related("cer_configuration").annotate(
        device_count=Count("device_placements", filter=here, distinct=True),
        mqtt_connected=Case(When(Exists(heard), then=Value(True)), default=Value(False), output_field=BooleanField()),
    )


class PlantListAsked(Paged):
    search = Words(required=False, help_text="Parte del nome o del POD.")
    plant_type = serializers.ChoiceField(PlantType.choices, required=False)
    cer_configuration = Key(required=False)
    is_active = serializers.BooleanField(required=False)
    ordering = serializers.ChoiceField(
        [*ORDERS, *(f"-{name}" for name in ORDERS)], default="name", help_text="Con - davanti, dal più grande."
    )


class TypeAnswer(serializers.Serializer[Any]):
    id = serializers.IntegerField()
    type = serializers.ChoiceField(PlantType.choices)
    plant_type = serializers.ChoiceField(PlantType.choices)
    plant_type_display = serializers.CharField()


class DeviceStatusRow(serializers.Serializer[Any]):
    device_id = serializers.CharField()
    name = serializers.CharField()
    is_online = serializers.BooleanField()
    last_seen = Instant(allow_null=True)
    current_power = Watts(allow_null=True)
    status = serializers.ChoiceField(["online", "offline", "never_seen"])


class PlantViewSet(EnergyViewSet):
    """Plants that one owns or looks after."""

    changing = {"statistics": (), "device_status": ()}

    def visible(self) -> QuerySet[Plant]:
        return Plant.objects.visible_to(self.request.user)

    @extend_schema(
        operation_id="plants_list", parameters=[PlantListAsked], responses=paged(PlantFields, "PageOfPlants")
    )
    def list(self, request: Request) -> Response:
        asked = PlantListAsked.of(request)
        rows = self.visible()
        if words := asked.get("search"):
            rows = rows.filter(Q(name__icontains=words) | Q(pod_code__icontains="".join(words.split())))
        for name in ("plant_type", "cer_configuration", "is_active"):
            if name in asked:
                rows = rows.filter(**{name: asked[name]})
        return self.page_of(request, with_counts(rows, self.now).order_by(asked["ordering"], "pk"), PlantFields)

    @extend_schema(operation_id="plants_retrieve", responses=PlantDetail)
    def retrieve(self, request: Request, pk: int) -> Response:
        return Response(self._told(pk))

    @extend_schema(
        operation_id="plants_create", parameters=[REPEATABLE], request=PlantFields, responses={201: PlantDetail}
    )
    def create(self, request: Request) -> HttpResponse:
        """Whoever looks after the community makes a plant without an owner; anybody else makes one of their own."""
        return once(request, lambda: self._create(request))

    @extend_schema(operation_id="plants_update", request=PlantFields, responses=PlantDetail)
    def update(self, request: Request, pk: int) -> Response:
        return self._change(request, pk, partial=False)

    @extend_schema(operation_id="plants_partial_update", request=PlantFields, responses=PlantDetail)
    def partial_update(self, request: Request, pk: int) -> Response:
        return self._change(request, pk, partial=True)

    @extend_schema(operation_id="plants_destroy", responses={204: None})
    def destroy(self, request: Request, pk: int) -> Response:
        """A plant with a history is closed with today's date; its figures stay."""
        take_away_plant(get_object_or_404(self.visible(), pk=pk), at=self.now)
        return Response(status=status.HTTP_204_NO_CONTENT)

    @extend_schema(operation_id="plants_statistics", responses=StatisticsAnswer)
    @action(detail=True)
    def statistics(self, request: Request, pk: int) -> Response:
        Nothing.of(request)
        return Response(statistics_of(get_object_or_404(self.visible(), pk=pk), self.now))

    @extend_schema(operation_id="plants_device_status", responses=DeviceStatusRow(many=True))
    @action(detail=True)
    def device_status(self, request: Request, pk: int) -> Response:
        Nothing.of(request)
        plant = get_object_or_404(self.visible(), pk=pk)
        return Response([_device_status(device) for device in queries.device_states_of(plant, self.now)])

    @extend_schema(operation_id="plants_type", responses=TypeAnswer)
    @action(detail=True)
    def type(self, request: Request, pk: int) -> Response:
        Nothing.of(request)
        plant = get_object_or_404(self.visible(), pk=pk)
        kind = plant.plant_type
        return Response(
            {"id": plant.pk, "type": kind, "plant_type": kind, "plant_type_display": plant.get_plant_type_display()}
        )

    def _create(self, request: Request) -> Response:
        given = PlantFields(data=request.data, context={"request": request})
        given.is_valid(raise_exception=True)
        community = given.validated_data.get("cer_configuration")
        managed = CERConfiguration.objects.managed_by(request.user)
        is_manager = managed.filter(pk=community.pk).exists() if community else request.user.is_staff
        with told_by_field(REFUSED):
            plant = given.save(owner=None if is_manager else request.user)
        return Response(self._told(plant.pk), status=status.HTTP_201_CREATED)

    def _change(self, request: Request, pk: int, *, partial: bool) -> Response:
        plant = get_object_or_404(self.visible(), pk=pk)
        given = PlantFields(plant, data=request.data, partial=partial, context={"request": request})
        given.is_valid(raise_exception=True)
        _check_history(plant, given.validated_data)
        joins = given.validated_data.get("cer_configuration") is not None
        with told_by_field(REFUSED):
            given.save(active_from=plant.counts_from(self.now) if joins else plant.active_from)
        return Response(self._told(pk))

    def _told(self, pk: int) -> Any:
        plant = get_object_or_404(with_counts(self.visible().select_related("owner"), self.now), pk=pk)
        return PlantDetail(plant, context={"request": self.request}).data


def _check_history(plant: Plant, changes: dict[str, Any]) -> None:
    """A plant that changes community, or POD once it was measured, is another row from then on."""
    community = changes.get("cer_configuration", plant.cer_configuration)
    if plant.cer_configuration_id is not None and community != plant.cer_configuration:
        reason = _("Un impianto che cambia comunità si chiude con DELETE e si crea di nuovo: la storia resta dov'era.")
        raise ValidationError({"cer_configuration": [reason]})
    pod = changes.get("pod_code", plant.pod_code)
    if pod != plant.pod_code and DevicePlacement.objects.filter(plant=plant).exists():
        reason = _("Il POD non cambia dopo che un misuratore è stato montato: chiudi l'impianto e creane un altro.")
        raise ValidationError({"pod_code": [reason]})


def _device_status(device: queries.DeviceNow) -> dict[str, Any]:
    word = "online" if device.online else "offline" if device.last_seen else "never_seen"
    return {
        "device_id": device.device_id,
        "name": device.model,
        "is_online": device.online,
        "last_seen": local(device.last_seen),
        "current_power": rounded(device.power),
        "status": word,
    }
