"""Energy by quarter-hour and by longer periods, and the marks of what must be computed again."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Self

from django.db import models
from django.db.models import Case, Exists, F, OuterRef, Q, When
from django.utils.translation import gettext_lazy as _

from cercollettiva.core.models import CERConfiguration, Plant
from cercollettiva.energy.models.devices import DevicePlacement
from cercollettiva.energy.models.measurements import Float4Field, MeasuredDeviceKey
from cercollettiva.energy.models.visibility import StartedQuerySet
from cercollettiva.users.visibility import VisibleQuerySet

if TYPE_CHECKING:
    from cercollettiva.users.models import CustomUser


class IntervalQuality(models.IntegerChoices):
    """From the best to the worst, so that the quality of a sum is the greatest of its parts. Never renumber."""

    GOOD = 0, _("buona")
    DEVICE_OFF = 1, _("misuratore senza corrente")  # the device's own record says that nothing flowed
    NOT_NETTED = 2, _("fasi non compensate")
    ESTIMATED = 3, _("stimata")
    PARTIAL = 4, _("incompleta")
    MISSING = 5, _("mancante")


class IntervalSource(models.IntegerChoices):
    """In order of precedence: a lesser number replaces a greater one. Never renumber."""

    OFFICIAL = 0, _("distributore o GSE")
    RECORD = 1, _("registrazioni del misuratore")
    REGISTERS = 2, _("differenza dei registri")
    ESTIMATE = 3, _("stima")
    MISSING = 4, _("mancante")


class SubjectKind(models.IntegerChoices):
    """What an aggregate is about. Never renumber."""

    DEVICE = 0, _("misuratore")
    PLANT = 1, _("impianto")
    COMMUNITY = 2, _("comunità")


class Period(models.IntegerChoices):
    """How long an aggregate is, in local time. Never renumber."""

    HOUR = 0, _("ora")
    DAY = 1, _("giorno")
    WEEK = 2, _("settimana")
    MONTH = 3, _("mese")
    YEAR = 4, _("anno")


def is_a_share() -> Q:
    return Q(coverage__range=(0.0, 1.0))


def energies_are_not_negative() -> Q:
    return Q(energy_in__gte=0) & Q(energy_out__gte=0) & Q(produced__gte=0) & Q(consumed__gte=0)


class PlantPartQuerySet(VisibleQuerySet["EnergyIntervalPart"]):
    def _visible_to_person(self, user: CustomUser, at: datetime) -> Self:
        return self.filter(plant__in=Plant.objects.visible_to(user, at=at))


class EnergyInterval(models.Model):
    """A quarter-hour of a device from `start`: drawn (in), injected (out), produced and consumed energy. [mWh, W]"""

    pk = models.CompositePrimaryKey("device_id", "start")
    device = MeasuredDeviceKey(related_name="intervals")
    start = models.DateTimeField(_("inizio"))
    energy_in = models.BigIntegerField(_("prelevata (mWh)"), null=True)
    energy_out = models.BigIntegerField(_("immessa (mWh)"), null=True)
    produced = models.BigIntegerField(_("prodotta (mWh)"), null=True)
    recorded_at = models.DateTimeField(_("registrato il"))
    peak_power = Float4Field(_("potenza massima (W)"), null=True)
    mean_power = Float4Field(_("potenza media (W)"), null=True)
    coverage = Float4Field(_("copertura"), default=0.0)  # how much of the quarter the readings span
    quality = models.SmallIntegerField(_("qualità"), choices=IntervalQuality.choices)
    source = models.SmallIntegerField(_("origine"), choices=IntervalSource.choices)
    # By what a LOAD channel measures. It came last, and is null in nearly every row: then it takes no room.
    consumed = models.BigIntegerField(_("consumata (mWh)"), null=True)

    objects = StartedQuerySet["EnergyInterval"].as_manager()

    class Meta:
        verbose_name = _("quarto d'ora")
        verbose_name_plural = _("quarti d'ora")
        constraints = [
            models.CheckConstraint(condition=is_a_share(), name="interval_coverage_is_a_share"),
            models.CheckConstraint(condition=energies_are_not_negative(), name="interval_energies_are_not_negative"),
        ]

    def __str__(self) -> str:
        return f"{self.device_id} {self.start:%Y-%m-%d %H:%M}"


class EnergyIntervalPart(models.Model):
    """The part of a quarter-hour in which a device stood at one of several places. [mWh]

    There are parts only where a device was moved, or came or went, within the quarter: the plant that it left gets
    exactly its part, and so does the one it came to. `known_us` and `length_us` are how long the part is and how much
    of that is known.
    """

    pk = models.CompositePrimaryKey("device_id", "start", "plant_id")
    device = MeasuredDeviceKey(related_name="interval_parts")
    start = models.DateTimeField(_("inizio"))
    plant = models.ForeignKey(Plant, models.PROTECT, related_name="+", verbose_name=_("impianto"))
    energy_in = models.BigIntegerField(_("prelevata (mWh)"), null=True)
    energy_out = models.BigIntegerField(_("immessa (mWh)"), null=True)
    produced = models.BigIntegerField(_("prodotta (mWh)"), null=True)
    consumed = models.BigIntegerField(_("consumata (mWh)"), null=True)
    known_us = models.BigIntegerField(_("tempo noto (µs)"))
    length_us = models.BigIntegerField(_("durata (µs)"))
    quality = models.SmallIntegerField(_("qualità"), choices=IntervalQuality.choices)
    source = models.SmallIntegerField(_("origine"), choices=IntervalSource.choices)

    objects = PlantPartQuerySet.as_manager()

    class Meta:
        verbose_name = _("parte di un quarto d'ora")
        verbose_name_plural = _("parti di quarti d'ora")
        constraints = [
            models.CheckConstraint(condition=energies_are_not_negative(), name="part_energies_are_not_negative"),
            models.CheckConstraint(
                condition=Q(known_us__gte=0) & Q(length_us__gte=F("known_us")), name="part_is_known_within_its_length"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.device_id} @ {self.plant_id} {self.start:%Y-%m-%d %H:%M}"


class EnergyIntervalHistory(models.Model):
    """What a quarter-hour said before it changed, kept once a settlement has used it. [mWh, W]"""

    device = MeasuredDeviceKey(related_name="interval_history")
    start = models.DateTimeField(_("inizio"))
    energy_in = models.BigIntegerField(_("prelevata (mWh)"), null=True)
    energy_out = models.BigIntegerField(_("immessa (mWh)"), null=True)
    produced = models.BigIntegerField(_("prodotta (mWh)"), null=True)
    consumed = models.BigIntegerField(_("consumata (mWh)"), null=True)  # by what a LOAD channel measures
    recorded_at = models.DateTimeField(_("registrato il"))
    replaced_at = models.DateTimeField(_("sostituito il"))
    peak_power = Float4Field(_("potenza massima (W)"), null=True)
    mean_power = Float4Field(_("potenza media (W)"), null=True)
    coverage = Float4Field(_("copertura"), default=0.0)
    quality = models.SmallIntegerField(_("qualità"), choices=IntervalQuality.choices)
    source = models.SmallIntegerField(_("origine"), choices=IntervalSource.choices)

    objects = StartedQuerySet["EnergyIntervalHistory"].as_manager()

    class Meta:
        verbose_name = _("quarto d'ora sostituito")
        verbose_name_plural = _("quarti d'ora sostituiti")
        constraints = [
            models.UniqueConstraint(fields=["device", "start", "recorded_at"], name="interval_history_version"),
        ]

    def __str__(self) -> str:
        return f"{self.device_id} {self.start:%Y-%m-%d %H:%M} ({self.recorded_at:%Y-%m-%d})"


# How long a period can be: a day of 25 hours, a month of 31 days with such a day in it.
LONGEST = {
    Period.HOUR: timedelta(hours=1),
    Period.DAY: timedelta(hours=25),
    Period.WEEK: timedelta(days=7, hours=1),
    Period.MONTH: timedelta(days=31, hours=1),
    Period.YEAR: timedelta(days=366),
}


class EnergyAggregateQuerySet(VisibleQuerySet["EnergyAggregate"]):
    def _visible_to_person(self, user: CustomUser, at: datetime) -> Self:
        plants = Plant.objects.visible_to(user, at=at)
        communities = CERConfiguration.objects.visible_to(user, at=at)
        lengths = [When(period=period, then=F("start") + length) for period, length in LONGEST.items()]
        return self.alias(ends_by=Case(*lengths, output_field=models.DateTimeField())).filter(
            Q(subject_kind=SubjectKind.PLANT, subject_id__in=plants)
            | Q(subject_kind=SubjectKind.COMMUNITY, subject_id__in=communities)
            | Q(_stood_only_at(plants), subject_kind=SubjectKind.DEVICE)
        )


def _stood_only_at(plants: models.QuerySet[Plant]) -> Q:
    """For totals of a device: in that period it stood at these plants and at no other.

    The total of a month in which a meter was moved holds the energy of two homes: neither sees it.
    """
    meanwhile = DevicePlacement.objects.filter(
        Q(active_to__isnull=True) | Q(active_to__gt=OuterRef("start")),
        device=OuterRef("subject_id"),
        active_from__lt=OuterRef("ends_by"),
    )
    return Q(Exists(meanwhile.filter(plant__in=plants))) & ~Q(Exists(meanwhile.exclude(plant__in=plants)))


class EnergyAggregate(models.Model):
    """An hour, day, week, month or year in local time of a device, a plant or a community. [mWh, W]"""

    pk = models.CompositePrimaryKey("subject_kind", "subject_id", "period", "start")
    subject_id = models.BigIntegerField(_("soggetto"))
    start = models.DateTimeField(_("inizio"))
    energy_in = models.BigIntegerField(_("prelevata (mWh)"), null=True)
    energy_out = models.BigIntegerField(_("immessa (mWh)"), null=True)
    produced = models.BigIntegerField(_("prodotta (mWh)"), null=True)
    consumed = models.BigIntegerField(_("consumata (mWh)"), null=True)  # by what a LOAD channel measures
    recorded_at = models.DateTimeField(_("registrato il"))
    peak_power = Float4Field(_("potenza massima (W)"), null=True)
    mean_power = Float4Field(_("potenza media (W)"), null=True)
    coverage = Float4Field(_("copertura"), default=0.0)
    subject_kind = models.SmallIntegerField(_("genere del soggetto"), choices=SubjectKind.choices)
    period = models.SmallIntegerField(_("periodo"), choices=Period.choices)
    quality = models.SmallIntegerField(_("qualità"), choices=IntervalQuality.choices)
    source = models.SmallIntegerField(_("origine"), choices=IntervalSource.choices)

    objects = EnergyAggregateQuerySet.as_manager()

    class Meta:
        verbose_name = _("totale di periodo")
        verbose_name_plural = _("totali di periodo")
        constraints = [
            models.CheckConstraint(condition=is_a_share(), name="aggregate_coverage_is_a_share"),
            models.CheckConstraint(condition=energies_are_not_negative(), name="aggregate_energies_are_not_negative"),
            models.CheckConstraint(
                condition=Q(subject_kind__in=SubjectKind.values, period__in=Period.values),
                name="aggregate_key_is_known",
            ),
        ]

    def __str__(self) -> str:
        kind = SubjectKind(self.subject_kind).label
        return f"{kind} {self.subject_id}, {Period(self.period).label} {self.start:%Y-%m-%d %H:%M}"


class DirtyQuarter(models.Model):
    """A mark that a quarter-hour of a device must be computed again.

    Marks are appended without looking, so the same one may stand many times; whoever computes deletes them first.
    """

    device = MeasuredDeviceKey(on_delete=models.DO_NOTHING, related_name="+")
    start = models.DateTimeField(_("inizio"))

    objects = VisibleQuerySet["DirtyQuarter"].as_manager()

    class Meta:
        verbose_name = _("quarto d'ora da ricalcolare")
        verbose_name_plural = _("quarti d'ora da ricalcolare")

    def __str__(self) -> str:
        return f"{self.device_id} {self.start:%Y-%m-%d %H:%M}"
