"""Measurements: to read page by page, and to write by a device that speaks HTTP."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any, Final

from django.db.models import Exists, OuterRef, Q, QuerySet
from django.http import HttpResponse
from django.shortcuts import get_object_or_404
from django.utils.translation import gettext as _
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.authentication import BaseAuthentication
from rest_framework.decorators import action
from rest_framework.permissions import BasePermission
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.throttling import BaseThrottle

from cercollettiva.api.asked import Asked, Key, check_order
from cercollettiva.api.authentication import DeviceAuthentication
from cercollettiva.api.energy.base import MOST_ON_A_PAGE, EnergyViewSet
from cercollettiva.api.energy.keyset import LONGEST_CURSOR, Order, page_of, prepared, read_cursor
from cercollettiva.api.energy.measurement_rows import MeasurementRow, measurement_row
from cercollettiva.api.energy.spoken import SpokenAnswer, SpokenRow, take
from cercollettiva.api.fields import Instant
from cercollettiva.api.idempotency import once
from cercollettiva.api.permissions import IsDevice
from cercollettiva.api.schema import REPEATABLE, one
from cercollettiva.api.throttles import DeviceThrottle
from cercollettiva.core.models import Plant
from cercollettiva.energy import queries
from cercollettiva.energy.models import DeviceConfiguration, DeviceMeasurement, DevicePlacement, Quality

ORDERS: Final = ("timestamp", "power", "voltage", "current")
WINDOWS: Final = (timedelta(hours=1), timedelta(days=1), timedelta(days=8))  # what is asked first is the newest
LONGEST_BY_VALUE: Final = timedelta(days=31)
USUAL_BY_VALUE: Final = timedelta(days=1)
DEVICE_NAME: Final = 100


class MeasurementsAsked(Asked):
    device = Key(required=False, help_text="La chiave del misuratore (id).")
    device_id = serializers.CharField(required=False, max_length=DEVICE_NAME, help_text="Il nome del misuratore.")
    plant = Key(required=False)
    to = Instant(required=False, help_text="Escluso.")
    quality = serializers.ChoiceField(Quality.names, required=False)
    ordering = serializers.ChoiceField([*ORDERS, *(f"-{name}" for name in ORDERS)], default="-timestamp")
    cursor = serializers.CharField(required=False, max_length=LONGEST_CURSOR)
    page_size = serializers.IntegerField(min_value=1, max_value=MOST_ON_A_PAGE, default=100)

    def get_fields(self) -> dict[str, Any]:
        """`from` is a word of Python's own."""
        return {**super().get_fields(), "from": Instant(required=False, help_text="Compreso.")}

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        attrs = super().validate(attrs)
        check_order(attrs.get("from"), attrs.get("to"))
        if Order.of(attrs["ordering"]).by_value:
            end = attrs.setdefault("to", self.context["now"])
            start = attrs.setdefault("from", end - USUAL_BY_VALUE)
            if end - start > LONGEST_BY_VALUE:
                reason = _("Per ordinare per valore si legge al massimo un mese: scrivi un periodo più breve.")
                raise serializers.ValidationError({"from": [reason]})
        return attrs


class LatestAsked(Asked):
    device_id = serializers.CharField(required=False, max_length=DEVICE_NAME, help_text="Il nome del misuratore.")


MeasurementPage = one(
    "PageOfMeasurements",
    {
        "next": serializers.URLField(allow_null=True),
        "previous": serializers.URLField(allow_null=True),
        "results": MeasurementRow(many=True),
    },
)


class MeasurementViewSet(EnergyViewSet):
    """What devices measured while they stood at plants one owns or looks after."""

    changing = {"latest": ()}

    def get_authenticators(self) -> list[BaseAuthentication]:
        return [DeviceAuthentication()] if self._is_spoken() else super().get_authenticators()

    def get_permissions(self) -> list[BasePermission]:
        return [IsDevice()] if self._is_spoken() else super().get_permissions()

    def get_throttles(self) -> list[BaseThrottle]:
        return [DeviceThrottle()] if self._is_spoken() else super().get_throttles()

    def _is_spoken(self) -> bool:
        """Whether a device writes. Who calls is asked before DRF has named the action."""
        method = getattr(getattr(self, "request", None), "method", None)
        return (self.action_map or {}).get((method or "").lower()) == "create"

    @extend_schema(operation_id="measurements_list", parameters=[MeasurementsAsked], responses=MeasurementPage)
    def list(self, request: Request) -> Response:
        asked = MeasurementsAsked.of(request, now=self.now)
        order = Order.of(asked["ordering"])
        cursor = read_cursor(asked["cursor"], order) if "cursor" in asked else None
        rows = prepared(self._chosen(request, asked), order)
        newest = cursor.key[0] if cursor and not order.by_value else asked.get("to") or self.now
        going_down = order.is_descending != (cursor is not None and cursor.is_back)
        windows = _windows(rows, newest) if going_down and not order.by_value and "from" not in asked else [rows]
        page = page_of(windows, order, cursor, asked["page_size"], request)
        told = [measurement_row(row) for row in page.rows]
        return Response({"next": page.next, "previous": page.previous, "results": told})

    @extend_schema(operation_id="measurements_latest", parameters=[LatestAsked], responses=MeasurementRow(many=True))
    @action(detail=False)
    def latest(self, request: Request) -> Response:
        """The newest of each device that one sees, or of the one that is named."""
        asked = LatestAsked.of(request)
        devices = DeviceConfiguration.objects.visible_to(request.user)
        if "device_id" in asked:
            devices = devices.filter(pk=get_object_or_404(devices, device_id=asked["device_id"]).pk)
        placements = DevicePlacement.objects.active_at(self.now).filter(device__in=devices.order_by().values("pk"))
        return Response([measurement_row(row) for row in queries.latest_measurements(placements)])

    @extend_schema(
        operation_id="measurements_create",
        parameters=[REPEATABLE],
        request=SpokenRow(many=True),
        responses={201: SpokenAnswer},
    )
    def create(self, request: Request) -> HttpResponse:
        """One measurement or several, by a device with its own token."""
        return once(request, lambda: take(request, self.now))

    def _chosen(self, request: Request, asked: dict[str, Any]) -> QuerySet[DeviceMeasurement]:
        rows = DeviceMeasurement.objects.visible_to(request.user)
        if "device" in asked or "device_id" in asked:
            given = {"pk": asked.get("device"), "device_id": asked.get("device_id")}
            named = {name: value for name, value in given.items() if value is not None}
            rows = rows.filter(device=get_object_or_404(_ever_visible(request), **named))
        if "plant" in asked:
            plant = get_object_or_404(Plant.objects.visible_to(request.user), pk=asked["plant"])
            there = DevicePlacement.objects.filter(plant=plant).values("device")
            rows = rows.filter(_measured_at(plant), device__in=there)
        if "from" in asked:
            rows = rows.filter(timestamp__gte=asked["from"])
        if "to" in asked:
            rows = rows.filter(timestamp__lt=asked["to"])
        return rows.filter(quality=Quality[asked["quality"]]) if "quality" in asked else rows


def _windows(rows: QuerySet[Any], newest: datetime) -> list[QuerySet[Any]]:
    return [*(rows.filter(timestamp__gte=newest - length) for length in WINDOWS), rows]


def _ever_visible(request: Request) -> QuerySet[DeviceConfiguration]:
    """The devices that stood at some time at a plant that the user sees."""
    placements = DevicePlacement.objects.visible_to(request.user)
    return DeviceConfiguration.objects.filter(pk__in=placements.values("device"))


def _measured_at(plant: Plant) -> Exists:
    """The device stood at that plant when it measured."""
    stays = DevicePlacement.objects.filter(
        Q(active_to__isnull=True) | Q(active_to__gt=OuterRef("timestamp")),
        device=OuterRef("device_id"),
        plant=plant,
        active_from__lte=OuterRef("timestamp"),
    )
    return Exists(stays)
