"""Devices, where they stand, what their channels measure, and what they said last."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import TYPE_CHECKING, Any, Self

from django.contrib.auth.models import AnonymousUser
from django.core.exceptions import ValidationError
from django.db import models, transaction
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from cercollettiva.core.models import Plant
from cercollettiva.core.periods import covers, ends_after_it_starts
from cercollettiva.core.validators import validate_time_zone
from cercollettiva.devices.templates import BadTemplate, compile_template
from cercollettiva.users.visibility import VisibleQuerySet

if TYPE_CHECKING:
    from cercollettiva.users.models import CustomUser

# A device's name is its broker user and a line of the broker's files: no space, no slash, no wildcard.
DEVICE_ID = r"\A[A-Za-z0-9][A-Za-z0-9_.:-]*\Z"
# Levels joined by single slashes, none at either end; not one of the broker's own ($SYS, $share).
TOPIC_PREFIX = r"\A[^\s/+#$][^\s/+#]*(/[^\s/+#]+)*\Z"


def reopen(device_id: int, start: datetime) -> None:
    """What the readings of a device mean has changed from a moment on: their quarter-hours are computed again."""
    from cercollettiva.energy.aggregation import mark_changed  # it stands on these models

    mark_changed(device_id, start)


class Role(models.TextChoices):
    """What a channel measures."""

    EXCHANGE = "EXCHANGE", _("scambio con la rete")
    PRODUCTION = "PRODUCTION", _("produzione")
    LOAD = "LOAD", _("consumo")


class DeviceTypeQuerySet(VisibleQuerySet["DeviceType"]):
    def _visible_to_person(self, user: CustomUser, at: datetime) -> Self:
        """A catalogue: whoever may sign in may read it."""
        return self.all()


class DeviceType(models.Model):
    """A model of meter: which components it has, how its topics and its payloads read."""

    code = models.SlugField(_("codice"), max_length=40, unique=True)
    vendor = models.CharField(_("marca"), max_length=60)
    model = models.CharField(_("modello"), max_length=100)
    capabilities = models.JSONField(_("capacità"), default=dict, blank=True)
    topic_template = models.CharField(
        _("schema dei topic"), max_length=200, default="{prefix}/status/{component}", help_text=_("Con {prefix}.")
    )
    payload_template = models.JSONField(
        _("schema dei messaggi"),
        null=True,
        blank=True,
        help_text=_("Per i misuratori generici: dove sta ogni valore nel JSON."),
    )

    objects = DeviceTypeQuerySet.as_manager()

    class Meta:
        verbose_name = _("modello di misuratore")
        verbose_name_plural = _("modelli di misuratore")
        ordering = ["vendor", "model"]

    def __str__(self) -> str:
        return f"{self.vendor} {self.model}"

    def save(self, **kwargs: Any) -> None:
        super().save(**kwargs)
        self.devices.all().touch()  # the ingestor reads their messages by the template

    def clean(self) -> None:
        if self.payload_template is None:
            return
        try:
            compile_template(self.payload_template)
        except BadTemplate as fault:
            reason = _("Lo schema dei messaggi non si può usare: %s") % fault
            raise ValidationError({"payload_template": reason}) from fault


class DeviceConfigurationQuerySet(VisibleQuerySet["DeviceConfiguration"]):
    def managed_by(self, user: CustomUser | AnonymousUser, *, at: datetime | None = None) -> Self:
        """The devices that stand now at plants this user administers or looks after as a technician."""
        return self.open_to(
            user, lambda person, moment: self._standing_at(Plant.objects.managed_by(person, at=moment), moment), at=at
        )

    def update(self, **kwargs: Any) -> int:
        """Whatever changes a device is a change of the ingestor's directory."""
        kwargs.setdefault("updated_at", timezone.now())
        return super().update(**kwargs)

    update.alters_data = True  # type: ignore[attr-defined]

    def touch(self) -> int:
        """Tell the ingestor that something about these devices changed elsewhere."""
        return self.update()

    touch.alters_data = True  # type: ignore[attr-defined]

    def _visible_to_person(self, user: CustomUser, at: datetime) -> Self:
        return self._standing_at(Plant.objects.visible_to(user, at=at), at)

    def _standing_at(self, plants: models.QuerySet[Plant], at: datetime) -> Self:
        return self.filter(pk__in=DevicePlacement.objects.active_at(at).filter(plant__in=plants).values("device"))


class DeviceConfiguration(models.Model):
    """A meter that may speak to us, under the topic prefix it was given."""

    id = models.AutoField(primary_key=True)  # four bytes: it stands in every row of the big tables
    device_id = models.CharField(_("nome del misuratore"), max_length=100, unique=True)
    device_type = models.ForeignKey(
        DeviceType, models.PROTECT, to_field="code", related_name="devices", verbose_name=_("modello di misuratore")
    )
    vendor = models.CharField(_("marca"), max_length=60, blank=True)
    model = models.CharField(_("modello"), max_length=100, blank=True)
    topic_prefix = models.CharField(_("prefisso dei topic"), max_length=200)
    time_zone = models.CharField(
        _("fuso orario"), max_length=50, default="Europe/Rome", validators=[validate_time_zone]
    )
    firmware = models.CharField(_("firmware"), max_length=60, blank=True)
    commissioned_at = models.DateTimeField(
        _("messo in servizio il"),
        null=True,
        blank=True,
        help_text=_("Un orario del misuratore precedente a questo non è creduto."),
    )
    is_active = models.BooleanField(_("attivo"), default=True)
    created_at = models.DateTimeField(_("creato il"), auto_now_add=True)
    updated_at = models.DateTimeField(_("modificato il"), auto_now=True, db_index=True)  # the directory follows it

    objects = DeviceConfigurationQuerySet.as_manager()

    class Meta:
        verbose_name = _("misuratore")
        verbose_name_plural = _("misuratori")
        ordering = ["device_id"]
        constraints = [
            models.UniqueConstraint(
                fields=["topic_prefix"],
                condition=Q(is_active=True),
                name="device_prefix_is_unique_while_active",
                violation_error_message=_("Un altro misuratore attivo usa già questo prefisso."),
            ),
            models.CheckConstraint(
                condition=Q(device_id__regex=DEVICE_ID),
                name="device_id_is_a_plain_word",
                violation_error_message=_(
                    "Il nome ha solo lettere, cifre, punti e trattini, per esempio shellypro3em-a1b2c3."
                ),
            ),
            models.CheckConstraint(
                condition=Q(topic_prefix__regex=TOPIC_PREFIX),
                name="device_prefix_is_a_plain_topic",
                violation_error_message=_(
                    "Il prefisso non comincia né finisce con / e non contiene spazi, + o #: "
                    "per esempio cer/IT001E12345678/shellypro3em-a1b2c3."
                ),
            ),
        ]

    def __str__(self) -> str:
        return self.device_id


class DevicePlacementQuerySet(VisibleQuerySet["DevicePlacement"]):
    def active_at(self, moment: datetime) -> Self:
        return self.filter(covers(moment))

    def _visible_to_person(self, user: CustomUser, at: datetime) -> Self:
        return self.filter(plant__in=Plant.objects.visible_to(user, at=at))


class DevicePlacement(models.Model):
    """A device at a plant over [active_from, active_to); it stands at one plant at a time."""

    device = models.ForeignKey(
        DeviceConfiguration, models.PROTECT, related_name="placements", verbose_name=_("misuratore")
    )
    plant = models.ForeignKey(
        "core.Plant", models.PROTECT, related_name="device_placements", verbose_name=_("impianto")
    )
    active_from = models.DateTimeField(_("dal"), default=timezone.now)
    active_to = models.DateTimeField(_("fino al"), null=True, blank=True)  # null: still

    objects = DevicePlacementQuerySet.as_manager()

    class Meta:
        verbose_name = _("collocazione")
        verbose_name_plural = _("collocazioni")
        ordering = ["device", "active_from"]
        constraints = [
            models.CheckConstraint(condition=ends_after_it_starts(), name="placement_ends_after_it_starts"),
        ]

    def __str__(self) -> str:
        return f"{self.device} @ {self.plant}"

    def save(self, **kwargs: Any) -> None:
        super().save(**kwargs)
        DeviceConfiguration.objects.filter(pk=self.device_id).touch()
        if not kwargs.get("update_fields"):
            reopen(self.device_id, self.active_from)

    def end(self, *, at: datetime) -> None:
        """The device was taken away: its roles end with it."""
        with transaction.atomic():
            for role in self.roles.filter(Q(active_to__isnull=True) | Q(active_to__gt=at)):
                role.end(at=max(at, role.active_from))
            self.active_to = at
            self.save(update_fields=["active_to"])
            reopen(self.device_id, at)


class ChannelRoleQuerySet(VisibleQuerySet["ChannelRole"]):
    def active_at(self, moment: datetime) -> Self:
        return self.filter(covers(moment))

    def bulk_create(self, objs: Iterable[ChannelRole], *args: Any, **kwargs: Any) -> list[ChannelRole]:
        roles = list(objs)
        for role in roles:
            role.follow_placement()
        created = super().bulk_create(roles, *args, **kwargs)
        DeviceConfiguration.objects.filter(pk__in={role.device_id for role in roles}).touch()
        for role in roles:
            reopen(role.device_id, role.active_from)
        return created

    bulk_create.alters_data = True  # type: ignore[attr-defined]

    def _visible_to_person(self, user: CustomUser, at: datetime) -> Self:
        return self.filter(plant__in=Plant.objects.visible_to(user, at=at))


class ChannelRole(models.Model):
    """What one channel of a device measures at a plant, over [active_from, active_to).

    `phases` picks some phases of a component ("a", "bc"); empty is all of it. `sign` is -1 where the clamp was put on
    the wrong way round. `plant` and `device` repeat the placement's, so that the database can keep roles apart:
    at any moment one role per channel, and one device that measures the exchange of a plant (its em1 channels share
    it).
    """

    placement = models.ForeignKey(DevicePlacement, models.CASCADE, related_name="roles", verbose_name=_("collocazione"))
    device = models.ForeignKey(
        DeviceConfiguration,
        models.PROTECT,
        related_name="channel_roles",
        editable=False,
        verbose_name=_("misuratore"),
    )
    plant = models.ForeignKey(
        "core.Plant", models.PROTECT, related_name="channel_roles", editable=False, verbose_name=_("impianto")
    )
    component = models.CharField(_("componente"), max_length=32, help_text=_("Per esempio em:0."))
    phases = models.CharField(_("fasi"), max_length=3, blank=True, default="")
    sign = models.SmallIntegerField(_("verso"), default=1, choices=[(1, _("diretto")), (-1, _("invertito"))])
    role = models.CharField(_("ruolo"), max_length=10, choices=Role.choices)
    net_per_minute = models.BooleanField(
        _("compensa le fasi ogni minuto"),
        default=True,
        help_text=_("Come fa il contatore del distributore: serve dove più fasi misurano lo scambio."),
    )
    active_from = models.DateTimeField(_("dal"), default=timezone.now)
    active_to = models.DateTimeField(_("fino al"), null=True, blank=True)  # null: still

    objects = ChannelRoleQuerySet.as_manager()

    class Meta:
        verbose_name = _("ruolo di un canale")
        verbose_name_plural = _("ruoli dei canali")
        ordering = ["device", "component", "phases", "active_from"]
        constraints = [
            models.CheckConstraint(condition=ends_after_it_starts(), name="channel_role_ends_after_it_starts"),
            models.CheckConstraint(condition=Q(role__in=Role.values), name="channel_role_is_known"),
            models.CheckConstraint(condition=Q(sign__in=(1, -1)), name="channel_role_sign_is_one"),
            models.CheckConstraint(
                condition=Q(phases__in=["", "a", "b", "c", "ab", "ac", "bc", "abc"]),
                name="channel_role_phases_are_known",
            ),
            models.CheckConstraint(condition=~Q(component=""), name="channel_role_has_a_component"),
        ]

    def __str__(self) -> str:
        return f"{self.device} {self.component}: {self.get_role_display()}"

    def save(self, *, update_fields: Iterable[str] | None = None, **kwargs: Any) -> None:
        self.follow_placement()
        if update_fields is not None:
            chosen = set(update_fields)
            update_fields = chosen | {"plant", "device"} if "placement" in chosen else chosen
        super().save(update_fields=update_fields, **kwargs)
        DeviceConfiguration.objects.filter(pk=self.device_id).touch()
        if update_fields is None:
            reopen(self.device_id, self.active_from)

    def delete(self, *args: Any, **kwargs: Any) -> tuple[int, dict[str, int]]:
        deleted = super().delete(*args, **kwargs)
        DeviceConfiguration.objects.filter(pk=self.device_id).touch()
        reopen(self.device_id, self.active_from)
        return deleted

    def follow_placement(self) -> None:
        self.device_id = self.placement.device_id
        self.plant_id = self.placement.plant_id

    def end(self, *, at: datetime) -> None:
        self.active_to = at
        self.save(update_fields=["active_to"])
        reopen(self.device_id, at)


class DeviceStateQuerySet(VisibleQuerySet["DeviceState"]):
    def _visible_to_person(self, user: CustomUser, at: datetime) -> Self:
        return self.filter(device__in=DeviceConfiguration.objects.visible_to(user, at=at))


class DeviceState(models.Model):
    """What a device said last; the ingestor writes it once per batch, under a growing `seq`.

    No column that the ingestor writes has an index, and on PostgreSQL half of each page is left free: an update stays
    on its page and touches no index. The powers are what the device's channels with that role measure now, with the
    role's sign: positive is drawn. [W]
    """

    device = models.OneToOneField(
        DeviceConfiguration, models.CASCADE, primary_key=True, related_name="state", verbose_name=_("misuratore")
    )
    seq = models.BigIntegerField(_("sequenza"), default=0)
    last_seen = models.DateTimeField(_("visto il"), null=True, blank=True)
    online = models.BooleanField(_("in linea"), null=True, blank=True)  # its own word; null: it never said
    exchange_power = models.FloatField(_("potenza scambiata (W)"), null=True, blank=True)
    production_power = models.FloatField(_("potenza prodotta (W)"), null=True, blank=True)
    load_power = models.FloatField(_("potenza consumata (W)"), null=True, blank=True)
    power_at = models.DateTimeField(_("potenze al"), null=True, blank=True)
    values = models.JSONField(_("ultimi valori"), default=dict, blank=True)
    registers = models.JSONField(_("ultimi registri"), default=dict, blank=True)
    src = models.TextField(_("nome detto dal misuratore"), blank=True, default="")
    rssi = models.SmallIntegerField(_("segnale radio (dBm)"), null=True, blank=True)
    rssi_at = models.DateTimeField(_("segnale radio al"), null=True, blank=True)

    objects = DeviceStateQuerySet.as_manager()

    class Meta:
        verbose_name = _("stato del misuratore")
        verbose_name_plural = _("stati dei misuratori")

    def __str__(self) -> str:
        return f"{self.device_id}: seq {self.seq}"
