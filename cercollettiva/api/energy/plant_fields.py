"""The fields of a plant, and what of its owner is told to whom."""

from __future__ import annotations

from typing import Any

from django.core.validators import RegexValidator
from django.utils.translation import gettext_lazy as _
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers
from rest_framework.request import Request

from cercollettiva.api.asked import GREATEST_KEY
from cercollettiva.api.fields import Instant
from cercollettiva.core.models import CERConfiguration, Plant
from cercollettiva.users.audit import personal_data_read

PERSONAL = ("fiscal_code", "iban")


class Community(serializers.PrimaryKeyRelatedField[CERConfiguration]):
    """A community by its key; one that the user does not see is not there."""

    def get_queryset(self) -> Any:
        return CERConfiguration.objects.visible_to(self.context["request"].user)

    def to_internal_value(self, data: Any) -> Any:
        if isinstance(data, bool) or not isinstance(data, int | str) or not str(data).isascii():
            self.fail("incorrect_type", data_type=type(data).__name__)
        if not str(data).isdecimal() or not 0 < len(str(data)) < 20 or int(data) > GREATEST_KEY:
            self.fail("does_not_exist", pk_value=str(data)[:20])
        return super().to_internal_value(data)


class PlantFields(serializers.ModelSerializer[Plant]):
    """What is read of a plant, and what of it may be written."""

    cer_configuration = Community(required=False, allow_null=True, queryset=CERConfiguration.objects.none())
    nominal_power = serializers.DecimalField(
        max_digits=10, decimal_places=3, min_value=0, required=False, allow_null=True, help_text="kW"
    )
    zip_code = serializers.CharField(
        required=False, allow_blank=True, validators=[RegexValidator(r"\A[0-9]{5}\Z", _("Il CAP ha 5 cifre."))]
    )
    province = serializers.CharField(
        required=False,
        allow_blank=True,
        validators=[RegexValidator(r"\A[A-Z]{2}\Z", _("La sigla della provincia: due lettere maiuscole."))],
    )
    address = serializers.CharField(required=False, allow_blank=True, max_length=200)
    mqtt_connected = serializers.BooleanField(read_only=True)
    device_count = serializers.IntegerField(read_only=True)
    plant_type_display = serializers.CharField(source="get_plant_type_display", read_only=True)
    cer_configuration_name = serializers.SerializerMethodField()
    created_at = Instant(read_only=True)
    updated_at = Instant(read_only=True)

    class Meta:
        model = Plant
        fields: tuple[str, ...] = (
            *("id", "name", "pod_code", "plant_type", "owner", "cer_configuration", "nominal_power"),
            *("connection_voltage", "installation_date", "address", "city", "zip_code", "province", "is_active"),
            *("mqtt_connected", "created_at", "updated_at", "device_count", "plant_type_display"),
            "cer_configuration_name",
        )
        read_only_fields = ("owner",)

    @extend_schema_field({"type": ["string", "null"]})
    def get_cer_configuration_name(self, plant: Plant) -> str | None:
        return plant.cer_configuration.name if plant.cer_configuration else None


class OwnerDetails(serializers.Serializer[Any]):
    """Who owns a plant: for the owner, and for the administrators of its community."""

    name = serializers.CharField()
    email = serializers.EmailField()
    fiscal_code = serializers.CharField()
    iban = serializers.CharField()


class PlantDetail(PlantFields):
    """A plant, and to whom it may concern its owner."""

    owner_details = serializers.SerializerMethodField()

    class Meta(PlantFields.Meta):
        fields = (*PlantFields.Meta.fields, "owner_details")

    @extend_schema_field(OwnerDetails(allow_null=True))
    def get_owner_details(self, plant: Plant) -> dict[str, str] | None:
        return owner_details(plant, self.context["request"])


def owner_details(plant: Plant, request: Request) -> dict[str, str] | None:
    """None for technicians, and for whoever else looks after the plant without handling people's data."""
    owner = plant.owner
    if owner is None:
        return None
    administered = CERConfiguration.objects.administered_by(request.user)
    if owner != request.user and not administered.filter(plants=plant).exists():
        return None
    personal_data_read([owner], fields=PERSONAL, purpose="API", request=request._request)
    return {
        "name": owner.get_full_name() or owner.email,
        "email": owner.email,
        "fiscal_code": owner.fiscal_code,
        "iban": owner.iban,
    }
