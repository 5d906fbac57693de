"""Devices: to read by whoever sees the plant, to make, move and take away by whoever looks after it."""

from __future__ import annotations

from datetime import datetime
from typing import Any, ClassVar, Final

from django.db.models import Prefetch, QuerySet
from django.http import HttpResponse
from django.shortcuts import get_object_or_404
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from drf_spectacular.utils import extend_schema, extend_schema_field
from rest_framework import serializers, status
from rest_framework.decorators import action
from rest_framework.exceptions import NotFound, PermissionDenied, ValidationError
from rest_framework.request import Request
from rest_framework.response import Response

from cercollettiva.api.asked import Key, Nothing, Words
from cercollettiva.api.energy.base import EnergyViewSet, Paged, editable_or_403, told_by_field
from cercollettiva.api.energy.measurement_rows import MeasurementRow, measurement_row
from cercollettiva.api.energy.plant_fields import Community
from cercollettiva.api.fields import Instant, local
from cercollettiva.api.idempotency import once
from cercollettiva.api.schema import REPEATABLE, paged
from cercollettiva.core.models import Plant
from cercollettiva.energy import queries
from cercollettiva.energy.models import DeviceConfiguration, DevicePlacement, DeviceToken, DeviceType
from cercollettiva.energy.models.devices import DEVICE_ID
from cercollettiva.energy.placements import prefix_for
from cercollettiva.energy.prefixes import devices_around, is_of_plant
from cercollettiva.energy.provisioning import NewDevice, move_device, provision
from cercollettiva.energy.taking_away import take_away_device
from cercollettiva.users.addresses import client_ip

ORDERS: Final = ("device_id", "id", "created_at")
REFUSED: Final = {
    "channel_role_one_exchange_device_per_plant": (
        "plant",
        gettext_lazy("L'impianto ha già un misuratore dello scambio, e un POD ne ha uno solo: togli prima l'altro."),
    ),
    "placement_one_per_device_and_moment": ("plant", gettext_lazy("Il misuratore è già montato altrove.")),
    "device_prefix_is_unique_while_active": (
        "mqtt_topic_template",
        gettext_lazy("Un altro misuratore attivo usa già questo prefisso."),
    ),
    "topic_prefix": ("mqtt_topic_template", gettext_lazy("Un altro misuratore attivo usa già questo prefisso.")),
    "device_id": ("device_id", gettext_lazy("C'è già un misuratore con questo nome.")),
}
RENAMED: Final = {"topic_prefix": "mqtt_topic_template", "__all__": "mqtt_topic_template"}  # names are checked before
USUAL_TEMPLATE: Final = "cercollettiva/{pod_code}/{device_id}"


class PlantKey(Community):
    """A plant by its key; one that the user does not see is not there."""

    def get_queryset(self) -> Any:
        return Plant.objects.visible_to(self.context["request"].user)


class KindOfDevice(serializers.SlugRelatedField[DeviceType]):
    """A type by its code. No code has NUL in it, and PostgreSQL would not even look for one."""

    def to_internal_value(self, data: Any) -> DeviceType:
        if isinstance(data, str) and "\0" in data:
            self.fail("invalid")
        return super().to_internal_value(data)


class DeviceFields(serializers.ModelSerializer[DeviceConfiguration]):
    """What is read of a device, and what of it may be written."""

    device_type = KindOfDevice(slug_field="code", queryset=DeviceType.objects.all())
    mqtt_topic_template = serializers.CharField(
        source="topic_prefix",
        max_length=200,
        required=False,
        help_text="Il prefisso dei topic; {pod_code}, {device_id} e {vendor} sono sostituiti.",
    )
    plant = serializers.SerializerMethodField()
    last_seen = serializers.SerializerMethodField()

    class Meta:
        model = DeviceConfiguration
        fields = (
            *("id", "device_id", "device_type", "vendor", "model", "mqtt_topic_template", "is_active", "plant"),
            "last_seen",
        )

    @extend_schema_field({"type": ["integer", "null"]})
    def get_plant(self, device: Any) -> int | None:
        return device.standing[0].plant_id if device.standing else None

    @extend_schema_field({"type": ["string", "null"], "format": "date-time"})
    def get_last_seen(self, device: Any) -> str | None:
        return local(queries.last_seen_here(device.standing[0])) if device.standing else None


class DeviceWritten(DeviceFields):
    """The same with a plant that can be written."""

    device_id = serializers.RegexField(
        DEVICE_ID,
        max_length=100,
        error_messages={"invalid": gettext_lazy("Solo lettere, cifre, punti e trattini, come shellypro3em-a1b2c3.")},
    )
    plant = PlantKey(queryset=Plant.objects.none(), required=True)

    class Meta(DeviceFields.Meta):
        validators: ClassVar[list[Any]] = []  # the database says whose name and whose prefix it is


class DeviceListAsked(Paged):
    search = Words(required=False, help_text="Parte del nome del misuratore, del nome dell'impianto o del POD.")
    plant = Key(required=False)
    device_type = serializers.CharField(required=False, max_length=40)
    is_active = serializers.BooleanField(required=False)
    ordering = serializers.ChoiceField([*ORDERS, *(f"-{name}" for name in ORDERS)], default="device_id")


class DeviceTokenAnswer(serializers.Serializer[Any]):
    """The token of a device; it is shown this once."""

    token = serializers.CharField()
    hint = serializers.CharField()
    created_at = Instant()


def with_standing(devices: QuerySet[DeviceConfiguration], now: datetime) -> QuerySet[DeviceConfiguration]:
    """The devices with where they stand; two queries for any number of them."""
    placements = DevicePlacement.objects.active_at(now).select_related("device__state", "plant")
    return devices.select_related("device_type").prefetch_related(
        Prefetch("placements", placements, to_attr="standing")
    )


class DeviceViewSet(EnergyViewSet):
    """Devices that stand at plants one owns or looks after."""

    changing = {"latest_measurement": ()}

    def visible(self) -> QuerySet[DeviceConfiguration]:
        return DeviceConfiguration.objects.visible_to(self.request.user)

    def editable(self, pk: int) -> DeviceConfiguration:
        managed = DeviceConfiguration.objects.managed_by(self.request.user)
        device: DeviceConfiguration = editable_or_403(with_standing(self.visible(), self.now), managed, pk)
        return device

    @extend_schema(
        operation_id="devices_list", parameters=[DeviceListAsked], responses=paged(DeviceFields, "PageOfDevices")
    )
    def list(self, request: Request) -> Response:
        asked = DeviceListAsked.of(request)
        rows = queries.searched(self.visible(), asked.get("search", ""), self.now)
        if "plant" in asked:
            here = DevicePlacement.objects.active_at(self.now).filter(plant=asked["plant"])
            rows = rows.filter(pk__in=here.values("device"))
        for name in ("device_type", "is_active"):
            if name in asked:
                rows = rows.filter(**{name: asked[name]})
        return self.page_of(request, with_standing(rows, self.now).order_by(asked["ordering"], "pk"), DeviceFields)

    @extend_schema(operation_id="devices_retrieve", responses=DeviceFields)
    def retrieve(self, request: Request, pk: int) -> Response:
        return Response(self._told(pk))

    @extend_schema(
        operation_id="devices_create", parameters=[REPEATABLE], request=DeviceWritten, responses={201: DeviceFields}
    )
    def create(self, request: Request) -> HttpResponse:
        """A device at a plant one looks after, with the role that such a meter usually has there."""
        return once(request, lambda: self._create(request))

    @extend_schema(operation_id="devices_update", request=DeviceWritten, responses=DeviceFields)
    def update(self, request: Request, pk: int) -> Response:
        return self._change(request, pk, partial=False)

    @extend_schema(operation_id="devices_partial_update", request=DeviceWritten, responses=DeviceFields)
    def partial_update(self, request: Request, pk: int) -> Response:
        return self._change(request, pk, partial=True)

    @extend_schema(operation_id="devices_destroy", responses={204: None})
    def destroy(self, request: Request, pk: int) -> Response:
        """A device with a history is taken away from its plant with today's date; its figures stay."""
        take_away_device(self.editable(pk), at=self.now)
        return Response(status=status.HTTP_204_NO_CONTENT)

    @extend_schema(operation_id="devices_latest_measurement", responses=MeasurementRow)
    @action(detail=True)
    def latest_measurement(self, request: Request, pk: int) -> Response:
        Nothing.of(request)
        device = get_object_or_404(self.visible(), pk=pk)
        found = queries.latest_measurements(DevicePlacement.objects.active_at(self.now).filter(device=device))
        if not found:
            raise NotFound(_("Questo misuratore non ha ancora misurato nulla."))
        return Response(measurement_row(found[0]))

    @extend_schema(operation_id="devices_token_create", request=None, responses={201: DeviceTokenAnswer})
    @action(detail=True, methods=["post"], url_path="token")
    def token(self, request: Request, pk: int) -> HttpResponse:
        """A new token for a device that speaks HTTP; the one before stops at once."""
        device = self.editable(pk)
        row, text = DeviceToken.make(device, at=self.now)
        told = {"token": text, "hint": row.hint, "created_at": local(row.created_at)}
        return Response(told, status=status.HTTP_201_CREATED)

    @extend_schema(operation_id="devices_token_destroy", responses={204: None})
    @token.mapping.delete
    def revoke_token(self, request: Request, pk: int) -> Response:
        device = self.editable(pk)
        DeviceToken.objects.filter(device=device, revoked_at__isnull=True).update(revoked_at=self.now)
        return Response(status=status.HTTP_204_NO_CONTENT)

    def _create(self, request: Request) -> Response:
        given = DeviceWritten(data=request.data, context={"request": request})
        given.is_valid(raise_exception=True)
        values = given.validated_data
        plant = self._managed(values["plant"])
        kind = values["device_type"]
        prefix = _expanded(values.get("topic_prefix", USUAL_TEMPLATE), plant, values["device_id"], kind.vendor)
        self._check_owner(prefix, plant, kind, values["device_id"])
        if values.get("is_active", True):
            _check_apart(prefix)
        new = NewDevice(
            device_id=values["device_id"],
            kind=kind,
            vendor=values.get("vendor") or kind.vendor,
            model=values.get("model") or kind.model,
            topic_prefix=prefix,
            is_active=values.get("is_active", True),
        )
        with told_by_field(REFUSED, RENAMED):
            device = provision(new, plant, since=self.now, actor=request.user, address=client_ip(request._request))
        return Response(self._told(device.pk), status=status.HTTP_201_CREATED)

    def _change(self, request: Request, pk: int, *, partial: bool) -> Response:
        device = self.editable(pk)
        given = DeviceWritten(device, data=request.data, partial=partial, context={"request": request})
        given.is_valid(raise_exception=True)
        values = dict(given.validated_data)
        plant = self._managed(values.pop("plant")) if "plant" in values else None
        if values.get("device_id", device.device_id) != device.device_id:
            raise ValidationError({"device_id": [_("Il nome di un misuratore non cambia: è quello che dice di sé.")]})
        standing: DevicePlacement | None = next(iter(device.standing), None)  # type: ignore[attr-defined]
        if "topic_prefix" in values:
            at = plant or (standing.plant if standing else None)
            values["topic_prefix"] = _expanded(values["topic_prefix"], at, device.device_id, device.vendor)
            if values["topic_prefix"] != device.topic_prefix:
                kind = values.get("device_type", device.device_type)
                self._check_owner(values["topic_prefix"], at, kind, device.device_id)
        self._check_listening(device, values)
        with told_by_field(REFUSED, RENAMED):
            for name, value in values.items():
                setattr(device, name, value)
            device.full_clean()
            device.save()
            if plant is not None and (standing is None or plant.pk != standing.plant_id):
                move_device(device, plant, at=self.now)
        return Response(self._told(pk))

    def _managed(self, plant: Plant) -> Plant:
        if not Plant.objects.managed_by(self.request.user).filter(pk=plant.pk).exists():
            raise PermissionDenied(_("I misuratori di un impianto li gestisce chi gestisce la sua comunità."))
        return plant

    def _check_owner(self, prefix: str, plant: Plant | None, kind: DeviceType, device_id: str) -> None:
        """Whoever looks after one community does not take the topics of another; platform staff may write any."""
        user = self.request.user
        if user.is_staff or user.is_superuser:
            return
        if plant is None or not is_of_plant(prefix, plant, kind, device_id):
            words = _("Il prefisso deve avere il POD dell’impianto come uno dei suoi livelli, per esempio %(prefix)s.")
            usual = prefix_for(plant, kind, device_id) if plant else USUAL_TEMPLATE
            raise ValidationError({"mqtt_topic_template": [words % {"prefix": usual}]})

    def _check_listening(self, device: DeviceConfiguration, values: dict[str, Any]) -> None:
        """What a device would hear from now on must be its own."""
        prefix, is_active = values.get("topic_prefix", device.topic_prefix), values.get("is_active", device.is_active)
        if is_active and (prefix, is_active) != (device.topic_prefix, device.is_active):
            _check_apart(prefix, but=device)

    def _told(self, pk: int) -> Any:
        device = get_object_or_404(with_standing(self.visible(), self.now), pk=pk)
        return DeviceFields(device, context={"request": self.request}).data


def _check_apart(prefix: str, *, but: DeviceConfiguration | None = None) -> None:
    if devices_around(prefix, but=but).exists():
        words = _("Un altro misuratore attivo usa già questo prefisso, o uno che gli sta dentro o intorno.")
        raise ValidationError({"mqtt_topic_template": [words]})


def _expanded(template: str, plant: Plant | None, device_id: str, vendor: str) -> str:
    """The prefix of a template; its braces are words to replace, nothing is evaluated."""
    words = {
        "{pod_code}": plant.pod_code if plant else "",
        "{device_id}": device_id,
        "{vendor}": vendor.replace(" ", "") or "meter",
    }
    for word, value in words.items():
        template = template.replace(word, value)
    return template.rstrip("/")
