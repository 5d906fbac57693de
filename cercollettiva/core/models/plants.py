"""A plant at its connection point (POD), and the measures of it that come from outside its own meters."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any, NoReturn, Self

from django.conf import settings
from django.contrib.auth.models import AnonymousUser
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from cercollettiva.core.connection import ConnectionReport, report_on
from cercollettiva.core.models.communities import CERConfiguration
from cercollettiva.core.models.places import MarketZone, Region
from cercollettiva.core.periods import covers, ends_after_it_starts
from cercollettiva.core.validators import validate_pod
from cercollettiva.domain.identifiers import pod_as_written, pod_key
from cercollettiva.users.fields import EncryptedTextField
from cercollettiva.users.visibility import VisibleQuerySet
from cercollettiva.users.watching import WatchedQuerySet

if TYPE_CHECKING:
    from cercollettiva.users.models import CustomUser


class PlantType(models.TextChoices):
    """What passes the connection point."""

    PRODUCER = "PRODUCER", _("produttore")
    CONSUMER = "CONSUMER", _("consumatore")
    PROSUMER = "PROSUMER", _("prosumer")


class PlantSource(models.TextChoices):
    PV = "PV", _("fotovoltaico")
    WIND = "WIND", _("eolico")
    HYDRO = "HYDRO", _("idroelettrico")
    BIOGAS = "BIOGAS", _("biogas e biomasse")
    OTHER = "OTHER", _("altra fonte")


class ConnectionVoltage(models.TextChoices):
    BT = "BT", _("bassa tensione")
    MT = "MT", _("media tensione")
    AT = "AT", _("alta tensione")


class GridFeed(models.TextChoices):
    """Whether all that is produced goes to the grid (Gaudì: produzione immessa su rete elettrica)."""

    TOTAL = "TOTAL", _("tutta")
    PARTIAL = "PARTIAL", _("in parte")
    NONE = "NONE", _("niente")


class PlantQuerySet(WatchedQuerySet["Plant"], VisibleQuerySet["Plant"]):  # type: ignore[override]
    def active_at(self, moment: datetime) -> Self:
        return self.filter(covers(moment), is_active=True)

    def managed_by(self, user: CustomUser | AnonymousUser, *, at: datetime | None = None) -> Self:
        """The plants of the communities this user administers or looks after as a technician."""
        return self.open_to(user, self._managed_by_person, at=at)

    def writable_by(self, user: CustomUser | AnonymousUser, *, at: datetime | None = None) -> Self:
        """The plants whose data and meters this user may change: their own, and those they look after."""
        return self.open_to(user, self._writable_by_person, at=at)

    def _writable_by_person(self, user: CustomUser, at: datetime) -> Self:
        return self.filter(Q(owner=user) | Q(pk__in=self.model._default_manager.managed_by(user, at=at).values("pk")))

    def _managed_by_person(self, user: CustomUser, at: datetime) -> Self:
        return self.filter(cer_configuration__in=user.memberships.managing(at=at).values("community"))

    def _visible_to_person(self, user: CustomUser, at: datetime) -> Self:
        managed = user.memberships.managing(at=at).values("community")
        return self.filter(Q(owner=user) | Q(cer_configuration__in=managed))


class Plant(models.Model):
    """A connection point and what stands behind it, over [active_from, active_to) in one community.

    A POD that changes community or owner gets a new row when the old one ends: two rows of a POD never overlap.
    One that enters its first community counts from then on: what its meters said before is in no community.
    """

    name = models.CharField(_("nome"), max_length=200)
    pod_code = models.CharField(
        _("POD"),
        max_length=20,
        validators=[validate_pod],
        help_text=_("È sulla bolletta: comincia con IT e ha 14 o 15 caratteri, per esempio IT001E12345678."),
    )  # as written; the control character, where it is given, is kept
    pod_key = models.CharField(_("POD, primi 14 caratteri"), max_length=14, editable=False)
    plant_type = models.CharField(_("tipo"), max_length=8, choices=PlantType.choices)
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="plants",
        verbose_name=_("titolare"),
    )  # null: not assigned yet
    cer_configuration = models.ForeignKey(
        CERConfiguration, models.PROTECT, null=True, blank=True, related_name="plants", verbose_name=_("comunità")
    )
    active_from = models.DateTimeField(_("valido dal"), default=timezone.now)
    active_to = models.DateTimeField(_("valido fino al"), null=True, blank=True)  # null: still
    source = models.CharField(_("fonte"), max_length=6, choices=PlantSource.choices, blank=True)

    # Where the household of a member is: street and number are encrypted, what the premium depends on is not.
    address = EncryptedTextField(_("indirizzo"), max_length=200, blank=True, default="")
    city = models.CharField(_("comune"), max_length=100, blank=True)
    zip_code = models.CharField(_("CAP"), max_length=5, blank=True)
    province = models.CharField(_("provincia"), max_length=2, blank=True)
    region = models.CharField(_("regione"), max_length=25, choices=Region.choices, blank=True)
    market_zone = models.CharField(_("zona di mercato"), max_length=4, choices=MarketZone.choices, blank=True)
    latitude = models.DecimalField(_("latitudine"), max_digits=9, decimal_places=6, null=True, blank=True)
    longitude = models.DecimalField(_("longitudine"), max_digits=9, decimal_places=6, null=True, blank=True)

    connection_voltage = models.CharField(
        _("livello di tensione"), max_length=2, choices=ConnectionVoltage.choices, default=ConnectionVoltage.BT
    )
    installation_date = models.DateField(_("installato il"), null=True, blank=True)
    entry_into_operation = models.DateField(
        _("entrata in esercizio"),
        null=True,
        blank=True,
        help_text=_("È nella comunicazione di attivazione del distributore, non sull'attestato GAUDÌ."),
    )
    commercial_operation = models.DateField(_("decorrenza commerciale"), null=True, blank=True)

    nominal_power = models.DecimalField(
        _("potenza attiva nominale (kW)"),
        max_digits=10,
        decimal_places=3,
        null=True,
        blank=True,
        validators=[MinValueValidator(0)],
    )
    apparent_power_kva = models.DecimalField(
        _("potenza apparente (kVA)"), max_digits=10, decimal_places=3, null=True, blank=True
    )
    net_power_kw = models.DecimalField(
        _("potenza efficiente netta (kW)"), max_digits=10, decimal_places=3, null=True, blank=True
    )
    gross_power_kw = models.DecimalField(
        _("potenza efficiente lorda (kW)"), max_digits=10, decimal_places=3, null=True, blank=True
    )
    voltage_v = models.DecimalField(_("tensione (V)"), max_digits=9, decimal_places=2, null=True, blank=True)
    expected_yearly_production_kwh = models.DecimalField(
        _("produzione annua attesa (kWh)"), max_digits=14, decimal_places=3, null=True, blank=True
    )
    grid_feed_type = models.CharField(_("immissione in rete"), max_length=7, choices=GridFeed.choices, blank=True)
    remote_disconnect = models.BooleanField(_("predisposto al teledistacco"), null=True, blank=True)
    has_storage = models.BooleanField(_("con accumulo"), default=False)
    storage_capacity_kwh = models.DecimalField(
        _("capacità dell'accumulo (kWh)"), max_digits=10, decimal_places=3, null=True, blank=True
    )
    storage_power_kw = models.DecimalField(
        _("potenza dell'accumulo (kW)"), max_digits=10, decimal_places=3, null=True, blank=True
    )
    storage_efficiency = models.DecimalField(
        _("rendimento medio dell'accumulo"),
        max_digits=4,
        decimal_places=3,
        null=True,
        blank=True,
        validators=[MinValueValidator(Decimal("0.001")), MaxValueValidator(1)],
        help_text=_("Di un ciclo di carica e scarica, da 0 a 1: per esempio 0,9 per il 90 %."),
    )

    # The GAUDÌ attestation (the national register of production plants).
    gaudi_request_code = models.CharField(_("codice richiesta GAUDÌ"), max_length=40, blank=True)
    censimp_code = models.CharField(_("codice CENSIMP"), max_length=40, blank=True)
    sapr_code = models.CharField(_("codice SAPR"), max_length=40, blank=True)
    tracking_code = models.CharField(_("codice di rintracciabilità"), max_length=40, blank=True)
    section_id = models.CharField(_("sezione"), max_length=40, blank=True)
    group_id = models.CharField(_("gruppo"), max_length=40, blank=True)
    gaudi_version = models.PositiveIntegerField(_("versione dell'attestato"), null=True, blank=True)
    gaudi_validation_date = models.DateField(_("convalida dell'attestato"), null=True, blank=True)

    # What lowers the premium tariff.
    grant_share = models.DecimalField(
        _("quota di contributo in conto capitale"),
        max_digits=5,
        decimal_places=4,
        null=True,
        blank=True,
        validators=[MinValueValidator(0), MaxValueValidator(1)],
        help_text=_("Da 0 a 1: per esempio 0,4 per il 40 %."),
    )
    obligation_power_kw = models.DecimalField(
        _("potenza d'obbligo (kW)"), max_digits=10, decimal_places=3, null=True, blank=True
    )

    verified_at = models.DateTimeField(_("verificato il"), null=True, blank=True)
    verified_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.SET_NULL,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("verificato da"),
    )
    is_active = models.BooleanField(_("attivo"), default=True)
    created_at = models.DateTimeField(_("creato il"), auto_now_add=True)
    updated_at = models.DateTimeField(_("modificato il"), auto_now=True)

    objects = PlantQuerySet.as_manager()

    class Meta:
        verbose_name = _("impianto")
        verbose_name_plural = _("impianti")
        ordering = ["name"]
        indexes = [models.Index(fields=["pod_key"], name="plant_pod_key")]
        constraints = [
            # With the no-overlap of the migration: one row per POD at any moment.
            models.CheckConstraint(condition=ends_after_it_starts(), name="plant_ends_after_it_starts"),
            models.CheckConstraint(
                condition=Q(pod_key__regex=r"\AIT[0-9]{3}E[0-9A-Z]{8}\Z"), name="plant_pod_key_is_a_pod"
            ),
            models.CheckConstraint(condition=Q(plant_type__in=PlantType.values), name="plant_type_is_known"),
            models.CheckConstraint(condition=Q(source__in=["", *PlantSource.values]), name="plant_source_is_known"),
            models.CheckConstraint(
                condition=Q(connection_voltage__in=ConnectionVoltage.values), name="plant_connection_voltage_is_known"
            ),
            models.CheckConstraint(
                condition=Q(market_zone__in=["", *MarketZone.values]), name="plant_market_zone_is_known"
            ),
            models.CheckConstraint(
                condition=Q(nominal_power__isnull=True) | Q(nominal_power__gte=0), name="plant_power_is_not_negative"
            ),
            models.CheckConstraint(
                condition=Q(grant_share__isnull=True) | Q(grant_share__range=(0, 1)), name="plant_grant_is_a_share"
            ),
            models.CheckConstraint(
                condition=Q(storage_efficiency__isnull=True)
                | Q(storage_efficiency__gt=0) & Q(storage_efficiency__lte=1),
                name="plant_storage_efficiency_is_a_share",
            ),
            models.CheckConstraint(
                condition=Q(latitude__isnull=True, longitude__isnull=True)
                | Q(latitude__isnull=False, longitude__isnull=False)
                & Q(latitude__range=(-90, 90), longitude__range=(-180, 180)),
                name="plant_coordinates_are_on_the_globe",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.name} ({self.pod_code})"

    def save(self, *, update_fields: Iterable[str] | None = None, **kwargs: Any) -> None:
        """Raises InvalidIdentifier where the POD cannot be right."""
        self.pod_code = pod_as_written(self.pod_code)
        self.pod_key = pod_key(self.pod_code)
        if update_fields is not None:
            chosen = set(update_fields)
            update_fields = chosen | {"pod_key"} if "pod_code" in chosen else chosen
        super().save(update_fields=update_fields, **kwargs)

    def counts_from(self, at: datetime) -> datetime:
        """From when on it counts in the community that it is in after a moment."""
        if self.cer_configuration_id is not None:
            return self.active_from
        return max(self.active_from, at if self.active_to is None else min(at, self.active_to))

    def test_mqtt_connection(self, now: datetime | None = None) -> ConnectionReport:
        """When the plant's meters last spoke, and what to do if they do not."""
        now = now or timezone.now()
        placements = self.device_placements.active_at(now).select_related("device__state").order_by("pk")
        return report_on([placement.device for placement in placements], now=now)


class AppendOnly(Exception):
    """Somebody tried to change or delete a measure from outside: a correction is a new version."""

    def __init__(self) -> None:
        super().__init__("Measures from outside are appended: write a new version instead.")


class PlantMeasurementQuerySet(VisibleQuerySet["PlantMeasurement"]):
    def known_at(self, moment: datetime) -> Self:
        """What had been recorded by a moment."""
        return self.filter(recorded_at__lte=moment)

    def update(self, **kwargs: Any) -> NoReturn:
        raise AppendOnly

    def delete(self) -> NoReturn:
        raise AppendOnly

    update.alters_data = True  # type: ignore[attr-defined]
    delete.alters_data = True  # type: ignore[attr-defined]
    delete.queryset_only = True  # type: ignore[attr-defined]

    def _visible_to_person(self, user: CustomUser, at: datetime) -> Self:
        return self.filter(plant__in=Plant.objects.visible_to(user, at=at))


class PlantMeasurementSource(models.IntegerChoices):
    """Where a measure from outside comes from, in order of precedence. Stored as a number: never renumber."""

    OPERATOR = 0, _("distributore")
    GSE = 1, _("GSE")
    PORTAL = 2, _("file del portale")
    MANUAL = 3, _("inserita a mano")


class PlantMeasurementQuality(models.IntegerChoices):
    """Stored as a number: never renumber."""

    VALIDATED = 0, _("validata")
    PROVISIONAL = 1, _("provvisoria")
    ESTIMATED = 2, _("stimata")


class PlantMeasurement(models.Model):
    """Energy of a plant over [start, end) as somebody else measured it; corrections append. [mWh]"""

    plant = models.ForeignKey(
        Plant, models.PROTECT, related_name="measurements", db_index=False, verbose_name=_("impianto")
    )
    start = models.DateTimeField(_("inizio"))
    end = models.DateTimeField(_("fine"))
    drawn_mwh = models.BigIntegerField(_("prelevata (mWh)"), null=True, blank=True)  # null: unknown
    injected_mwh = models.BigIntegerField(_("immessa (mWh)"), null=True, blank=True)
    storage_mwh = models.BigIntegerField(_("assorbita dall'accumulo per immetterla poi (mWh)"), null=True, blank=True)
    exempt_mwh = models.BigIntegerField(_("esente dalle tariffe di rete (mWh)"), null=True, blank=True)
    recorded_at = models.DateTimeField(_("registrata il"), default=timezone.now)
    version = models.PositiveIntegerField(_("versione"), default=1)
    source = models.PositiveSmallIntegerField(_("origine"), choices=PlantMeasurementSource.choices)
    quality = models.PositiveSmallIntegerField(
        _("qualità"), choices=PlantMeasurementQuality.choices, default=PlantMeasurementQuality.VALIDATED
    )

    objects = PlantMeasurementQuerySet.as_manager()

    class Meta:
        verbose_name = _("misura esterna")
        verbose_name_plural = _("misure esterne")
        ordering = ["plant", "start", "source", "version"]
        constraints = [
            models.UniqueConstraint(
                fields=["plant", "start", "end", "source", "version"], name="plant_measurement_version_is_unique"
            ),
            models.CheckConstraint(condition=Q(end__gt=F("start")), name="plant_measurement_ends_after_it_starts"),
            models.CheckConstraint(
                condition=(Q(drawn_mwh__isnull=True) | Q(drawn_mwh__range=(0, 10**15)))
                & (Q(injected_mwh__isnull=True) | Q(injected_mwh__range=(0, 10**15))),
                name="plant_measurement_is_a_quantity",
            ),
            models.CheckConstraint(
                condition=(Q(storage_mwh__isnull=True) | Q(storage_mwh__range=(0, 10**15)))
                & (Q(exempt_mwh__isnull=True) | Q(exempt_mwh__range=(0, 10**15))),
                name="plant_measurement_of_storage_is_a_quantity",
            ),
            models.CheckConstraint(condition=Q(version__gte=1), name="plant_measurement_versions_start_at_one"),
        ]

    def __str__(self) -> str:
        return f"{self.plant} {self.start:%Y-%m-%d %H:%M} v{self.version}"

    def save(self, **kwargs: Any) -> None:
        if not self._state.adding:
            raise AppendOnly
        super().save(**kwargs)

    def delete(self, *args: Any, **kwargs: Any) -> NoReturn:
        raise AppendOnly
