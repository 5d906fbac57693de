"""What a device says by HTTP: read, checked, and handed to the same store as what a broker brings."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any, Final

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from drf_spectacular.utils import extend_schema_serializer
from rest_framework import serializers, status
from rest_framework.exceptions import ValidationError
from rest_framework.renderers import JSONRenderer
from rest_framework.request import Request
from rest_framework.response import Response

from cercollettiva.api.errors import Conflict
from cercollettiva.api.fields import Instant
from cercollettiva.devices.samples import Energies, Power, Registers, Sample, TimeSource, registers_of
from cercollettiva.energy.models import DeviceConfiguration, DevicePlacement
from cercollettiva.energy.models.measurements import GREATEST_REGISTER, GREATEST_VALUE
from cercollettiva.energy.operations import usual_component
from cercollettiva.energy.spoken import save_spoken

AT_ONCE: Final = 1000
AHEAD: Final = timedelta(minutes=5)  # what a clock may be fast
BEHIND: Final = timedelta(days=31)  # what is older is imported, not spoken
NOT_OBJECTS: Final = gettext_lazy("Scrivi una misura, o un elenco di misure.")


class Value(serializers.FloatField):
    """W, V, A, VA, var, Hz."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(min_value=-GREATEST_VALUE, max_value=GREATEST_VALUE, required=False, allow_null=True, **kwargs)

    def to_internal_value(self, data: Any) -> float:
        if isinstance(data, bool | str):  # a number in quotes is a mistake somewhere
            self.fail("invalid")
        value = super().to_internal_value(data)
        if value != value or value in (float("inf"), float("-inf")):
            self.fail("invalid")
        return value


class Register(Value):
    """A register, kWh; whole mWh inside."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.min_value, self.max_value = 0, (GREATEST_REGISTER - 1) // 1_000_000
        self.validators: list[Any] = []  # they would look at the mWh

    def to_internal_value(self, data: Any) -> Any:
        value = super().to_internal_value(data)
        if not 0 <= value <= self.max_value:
            raise ValidationError(_("Un registro sta tra 0 e 999999999 kWh."))
        return round(value * 1_000_000)


class SpokenPhase(serializers.Serializer[Any]):
    phase = serializers.ChoiceField(["a", "b", "c"])
    power = Value()
    apparent_power = Value()
    reactive_power = Value()
    voltage = Value()
    current = Value()
    power_factor = Value()
    frequency = Value()


@extend_schema_serializer(many=False)
class SpokenRow(serializers.Serializer[Any]):
    """One measurement. Power is positive when drawn; registers count up and never start again by themselves."""

    timestamp = Instant(required=False, help_text="Senza, è l'ora in cui arriva.")
    component = serializers.RegexField(r"\A[a-z][a-z0-9]{0,20}:[0-9]{1,3}\Z", required=False)
    power = Value()
    apparent_power = Value()
    reactive_power = Value()
    voltage = Value()
    current = Value()
    power_factor = Value()
    frequency = Value()
    energy_total = Register(help_text="Il registro dell'energia prelevata, in kWh.")
    energy_returned = Register(help_text="Il registro dell'energia restituita, in kWh.")
    phase_details = SpokenPhase(many=True, required=False, max_length=3)

    def validate_timestamp(self, value: datetime) -> datetime:
        now = self.context["now"]
        if value > now + AHEAD:
            raise serializers.ValidationError(_("È nel futuro: controlla l'orologio del misuratore."))
        if value < now - BEHIND:
            raise serializers.ValidationError(_("È più vecchio di 31 giorni: si importa, non si trasmette."))
        return value

    def validate_phase_details(self, value: list[dict[str, Any]]) -> list[dict[str, Any]]:
        if len({phase["phase"] for phase in value}) < len(value):
            raise serializers.ValidationError(_("Ogni fase una volta sola."))
        return value

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        unknown = sorted(set(self.initial_data) - set(self.fields)) if isinstance(self.initial_data, dict) else []
        if unknown:
            raise serializers.ValidationError({name[:60]: [_("Campo sconosciuto.")] for name in unknown})
        if not _power_of(attrs) and not _energies_of(attrs):
            raise serializers.ValidationError({"power": [_("Manca almeno un valore o un registro.")]})
        return attrs


class SpokenAnswer(serializers.Serializer[Any]):
    """What became of them: stored, there already with the same value, or refused because another value is there."""

    stored = serializers.IntegerField()
    repeated = serializers.IntegerField()
    refused = serializers.IntegerField()


def take(request: Request, now: datetime) -> Response:
    """All of them or, where one is wrong, none and the reasons."""
    device: DeviceConfiguration = request.auth.device
    if not DevicePlacement.objects.active_at(now).filter(device=device).exists():
        raise Conflict(_("Il misuratore non è montato in alcun impianto."))
    rows = _read(request.data, now)
    samples = [sample for row in rows for sample in _samples_of(row, device, now)]
    outcome = save_spoken(device, samples, JSONRenderer().render(request.data), now=now)
    if outcome.refused and not outcome.stored and not outcome.repeated:
        raise Conflict(_("Per quegli istanti è già registrato un altro valore."))
    told = {"stored": outcome.stored, "repeated": outcome.repeated, "refused": outcome.refused}
    return Response(told, status=status.HTTP_201_CREATED)


def _read(data: Any, now: datetime) -> list[dict[str, Any]]:
    written = data if isinstance(data, list) else [data]
    if not written or not all(isinstance(one, dict) for one in written):
        raise ValidationError({"non_field_errors": [NOT_OBJECTS]})
    if len(written) > AT_ONCE:
        raise ValidationError({"non_field_errors": [_("Al massimo %d misure alla volta.") % AT_ONCE]})
    rows, faults = [], []
    for one in written:
        row = SpokenRow(data=one, context={"now": now})
        faults.append({} if row.is_valid() else row.errors)
        rows.append(row.validated_data)
    if any(faults):
        raise ValidationError(faults if isinstance(data, list) else faults[0])
    return rows


def _samples_of(row: dict[str, Any], device: DeviceConfiguration, now: datetime) -> list[Sample]:
    component = row.get("component") or usual_component(device.device_type)
    at = row.get("timestamp")
    source = TimeSource.RECEIVED if at is None else TimeSource.DEVICE
    samples = []
    if power := _power_of(row):
        samples.append(Sample(device.pk, component, at or now, source, Power(**power)))
    if energies := _energies_of(row):
        samples.append(Sample(device.pk, registers_of(component), at or now, source, Registers(Energies(**energies))))
    return samples


def _power_of(row: dict[str, Any]) -> dict[str, float]:
    values = {name: row.get(name) for name in SpokenPhase().fields if name != "phase"}
    for phase in row.get("phase_details", ()):
        values |= {f"{phase['phase']}_{name}": value for name, value in phase.items() if name != "phase"}
    return {name: value for name, value in values.items() if value is not None}


def _energies_of(row: dict[str, Any]) -> dict[str, int]:
    named = {"drawn": row.get("energy_total"), "returned": row.get("energy_returned")}
    return {name: value for name, value in named.items() if value is not None}
