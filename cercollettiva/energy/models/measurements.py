"""What devices measured: instantaneous values, registers and interval records.

These tables are big. The order of the columns packs a row (wide ones first, the text last), the primary key is their
only index, and on PostgreSQL they are partitioned by month (`energy/partitions.py`).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import reduce
from operator import and_
from typing import Any, Final

from django.db import models
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from cercollettiva.devices.samples import Energies, Power, TimeSource
from cercollettiva.energy.models.visibility import MeasuredQuerySet

GREATEST_VALUE: Final = 1e8  # no meter of a house, or of a power station, measures more
GREATEST_REGISTER: Final = 10**15  # [mWh]
PHASES: Final = ("a", "b", "c")


class Quality(models.IntegerChoices):
    """Stored as a number: never renumber."""

    GOOD = 0, _("buona")
    DOUBTFUL = 1, _("dubbia")


class EnergyKind(models.IntegerChoices):
    """Stored as a number: never renumber."""

    REGISTERS = 0, _("registri")
    RECORD = 1, _("registrazione di intervallo")


class Float4Field(models.FloatField):  # type: ignore[type-arg]
    """A 4-byte float on PostgreSQL, about seven digits; compare it with a range, not for equality."""

    def db_type(self, connection: BaseDatabaseWrapper) -> str | None:
        return "real" if connection.vendor == "postgresql" else super().db_type(connection)


class MeasuredDeviceKey(models.ForeignKey):  # type: ignore[type-arg]
    """The device of a row of a big table: no constraint to check on every row, no index beside the primary key."""

    def __init__(self, to: Any = "energy.DeviceConfiguration", on_delete: Any = models.PROTECT, **kwargs: Any) -> None:
        kwargs.update(db_constraint=False, db_index=False)
        kwargs.setdefault("verbose_name", _("misuratore"))
        super().__init__(to, on_delete, **kwargs)


def is_finite_and_bounded() -> Q:
    """On PostgreSQL NaN is greater than every number, so a range keeps it out; null passes."""
    bounds = (-GREATEST_VALUE, GREATEST_VALUE)
    return reduce(and_, (Q(**{f"{name}__range": bounds}) for name in Power._fields))


def are_registers() -> Q:
    bounds = (0, GREATEST_REGISTER - 1)
    return reduce(and_, (Q(**{f"{name}__range": bounds}) for name in Energies._fields))


@dataclass(frozen=True)
class DeviceMeasurementDetail:
    """One phase of a measurement. [V, A, W, VA, var, Hz]"""

    phase: str
    voltage: float | None
    current: float | None
    power: float | None
    apparent_power: float | None
    reactive_power: float | None
    power_factor: float | None
    frequency: float | None


class DeviceMeasurement(models.Model):
    """Instantaneous values of one component of a device. [W, VA, var, V, A, Hz]

    The fields from `power` on are those of `devices.samples.Power`, in its order. Power is positive when drawn.
    """

    pk = models.CompositePrimaryKey("device_id", "timestamp", "component")
    timestamp = models.DateTimeField(_("istante"))
    energy_total = models.BigIntegerField(_("registro dell'energia prelevata (mWh)"), null=True)  # at or before it
    reported_ts = models.FloatField(_("orario detto dal misuratore"), null=True)  # only where it was not believed
    device = MeasuredDeviceKey(related_name="measurements")
    fingerprint = models.IntegerField(_("impronta del messaggio"))  # its last 32 bits: enough to tell two of one key
    power = Float4Field(_("potenza (W)"), null=True)
    apparent_power = Float4Field(_("potenza apparente (VA)"), null=True)
    reactive_power = Float4Field(_("potenza reattiva (var)"), null=True)
    voltage = Float4Field(_("tensione (V)"), null=True)
    current = Float4Field(_("corrente (A)"), null=True)
    power_factor = Float4Field(_("fattore di potenza"), null=True)
    frequency = Float4Field(_("frequenza (Hz)"), null=True)
    neutral_current = Float4Field(_("corrente di neutro (A)"), null=True)
    a_power = Float4Field(_("potenza, fase A (W)"), null=True)
    a_apparent_power = Float4Field(_("potenza apparente, fase A (VA)"), null=True)
    a_reactive_power = Float4Field(_("potenza reattiva, fase A (var)"), null=True)
    a_voltage = Float4Field(_("tensione, fase A (V)"), null=True)
    a_current = Float4Field(_("corrente, fase A (A)"), null=True)
    a_power_factor = Float4Field(_("fattore di potenza, fase A"), null=True)
    a_frequency = Float4Field(_("frequenza, fase A (Hz)"), null=True)
    b_power = Float4Field(_("potenza, fase B (W)"), null=True)
    b_apparent_power = Float4Field(_("potenza apparente, fase B (VA)"), null=True)
    b_reactive_power = Float4Field(_("potenza reattiva, fase B (var)"), null=True)
    b_voltage = Float4Field(_("tensione, fase B (V)"), null=True)
    b_current = Float4Field(_("corrente, fase B (A)"), null=True)
    b_power_factor = Float4Field(_("fattore di potenza, fase B"), null=True)
    b_frequency = Float4Field(_("frequenza, fase B (Hz)"), null=True)
    c_power = Float4Field(_("potenza, fase C (W)"), null=True)
    c_apparent_power = Float4Field(_("potenza apparente, fase C (VA)"), null=True)
    c_reactive_power = Float4Field(_("potenza reattiva, fase C (var)"), null=True)
    c_voltage = Float4Field(_("tensione, fase C (V)"), null=True)
    c_current = Float4Field(_("corrente, fase C (A)"), null=True)
    c_power_factor = Float4Field(_("fattore di potenza, fase C"), null=True)
    c_frequency = Float4Field(_("frequenza, fase C (Hz)"), null=True)
    quality = models.SmallIntegerField(_("qualità"), choices=Quality.choices, default=Quality.GOOD)
    time_source = models.SmallIntegerField(_("origine dell'orario"), default=TimeSource.DEVICE.value)
    anomalies = models.IntegerField(_("anomalie"), default=0)
    component = models.CharField(_("componente"), max_length=32)

    objects = MeasuredQuerySet["DeviceMeasurement"].as_manager()

    class Meta:
        verbose_name = _("misura istantanea")
        verbose_name_plural = _("misure istantanee")
        constraints = [
            models.CheckConstraint(condition=is_finite_and_bounded(), name="measurement_values_are_finite_and_bounded"),
        ]

    def __str__(self) -> str:
        return f"{self.device_id} {self.component} {self.timestamp:%Y-%m-%d %H:%M:%S}"

    @property
    def phase_details(self) -> list[DeviceMeasurementDetail]:
        """The phases that carry a value."""
        details = [self._detail_of(phase) for phase in PHASES]
        return [detail for detail in details if detail is not None]

    def _detail_of(self, phase: str) -> DeviceMeasurementDetail | None:
        names = [name for name in DeviceMeasurementDetail.__dataclass_fields__ if name != "phase"]
        values = {name: getattr(self, f"{phase}_{name}") for name in names}
        if all(value is None for value in values.values()):
            return None
        return DeviceMeasurementDetail(phase=phase, **values)


class EnergyMeasurement(models.Model):
    """Registers of a device at an instant, or its record of an interval that starts there. [mWh]

    The fields from `drawn` on are those of `devices.samples.Energies`, in its order.
    """

    pk = models.CompositePrimaryKey("device_id", "timestamp", "component", "kind")
    timestamp = models.DateTimeField(_("istante"))
    drawn = models.BigIntegerField(_("prelevata (mWh)"), null=True)
    returned = models.BigIntegerField(_("restituita (mWh)"), null=True)
    total = models.BigIntegerField(_("totale nei due versi (mWh)"), null=True)
    a_drawn = models.BigIntegerField(_("prelevata, fase A (mWh)"), null=True)
    a_returned = models.BigIntegerField(_("restituita, fase A (mWh)"), null=True)
    b_drawn = models.BigIntegerField(_("prelevata, fase B (mWh)"), null=True)
    b_returned = models.BigIntegerField(_("restituita, fase B (mWh)"), null=True)
    c_drawn = models.BigIntegerField(_("prelevata, fase C (mWh)"), null=True)
    c_returned = models.BigIntegerField(_("restituita, fase C (mWh)"), null=True)
    reported_ts = models.FloatField(_("orario detto dal misuratore"), null=True)
    device = MeasuredDeviceKey(related_name="energy_measurements")
    fingerprint = models.IntegerField(_("impronta del messaggio"))
    seconds = models.IntegerField(_("durata (s)"), null=True)  # of a record
    kind = models.SmallIntegerField(_("genere"), choices=EnergyKind.choices)
    quality = models.SmallIntegerField(_("qualità"), choices=Quality.choices, default=Quality.GOOD)
    time_source = models.SmallIntegerField(_("origine dell'orario"), default=TimeSource.DEVICE.value)
    anomalies = models.IntegerField(_("anomalie"), default=0)
    component = models.CharField(_("componente"), max_length=32)

    objects = MeasuredQuerySet["EnergyMeasurement"].as_manager()

    class Meta:
        verbose_name = _("misura di energia")
        verbose_name_plural = _("misure di energia")
        constraints = [
            models.CheckConstraint(condition=are_registers(), name="energy_values_are_registers"),
            models.CheckConstraint(
                condition=Q(kind=EnergyKind.REGISTERS, seconds__isnull=True)
                | Q(kind=EnergyKind.RECORD, seconds__isnull=False, seconds__gt=0),
                name="energy_record_has_a_length",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.device_id} {self.component} {self.timestamp:%Y-%m-%d %H:%M:%S}"
