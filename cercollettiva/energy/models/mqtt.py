"""The broker, the devices' credentials, and the messages that could not be used."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any, ClassVar, NoReturn, Self

from django.conf import settings
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import Exists, F, OuterRef, Q, Value
from django.db.models.functions import Concat, StrIndex, Upper
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from cercollettiva.core.models import CERConfiguration, Plant
from cercollettiva.energy.models.devices import DEVICE_ID, DeviceConfiguration
from cercollettiva.energy.models.visibility import ManagedMessageQuerySet
from cercollettiva.users.fields import EncryptedTextField
from cercollettiva.users.visibility import VisibleQuerySet

if TYPE_CHECKING:
    from cercollettiva.users.models import CustomUser

TOPIC_LENGTH = 512
REASON_LENGTH = 150  # topic and reason are one key: at four bytes a character they must fit in an index entry
FIRST_BYTES = 256
LAST_BYTES = 1024  # of a device's last message: any status whole, the beginning of what is longer


class MQTTBrokerQuerySet(VisibleQuerySet["MQTTBroker"]):
    def _visible_to_person(self, user: CustomUser, at: datetime) -> Self:
        """The active one, for those who look after some community: their meters speak to it."""
        if not CERConfiguration.objects.managed_by(user, at=at).exists():
            return self.none()
        return self.filter(is_active=True)


class MQTTBroker(models.Model):
    """Where the messages come from; one is active. The setting MQTT_URL wins over it."""

    name = models.CharField(_("nome"), max_length=100)
    host = models.CharField(_("indirizzo"), max_length=255)
    port = models.PositiveIntegerField(
        _("porta"), default=8883, validators=[MinValueValidator(1), MaxValueValidator(65535)]
    )
    use_tls = models.BooleanField(_("connessione cifrata (TLS)"), default=True)
    ca_certificate = models.TextField(_("certificato dell'autorità (PEM)"), blank=True)
    username = models.CharField(_("utente"), max_length=100, blank=True)
    password = EncryptedTextField(_("password"), blank=True, default="")
    is_active = models.BooleanField(_("attivo"), default=False)
    created_at = models.DateTimeField(_("creato il"), auto_now_add=True)
    updated_at = models.DateTimeField(_("modificato il"), auto_now=True)

    objects = MQTTBrokerQuerySet.as_manager()

    class Meta:
        verbose_name = _("broker MQTT")
        verbose_name_plural = _("broker MQTT")
        ordering = ["name"]
        constraints = [
            models.UniqueConstraint(
                fields=["is_active"],
                condition=Q(is_active=True),
                name="broker_one_is_active",
                violation_error_message=_("C'è già un broker attivo: disattivalo prima."),
            ),
            models.CheckConstraint(condition=Q(port__range=(1, 65535)), name="broker_port_is_a_port"),
        ]

    def __str__(self) -> str:
        return f"{self.name} ({self.host}:{self.port})"


class MQTTConfigurationQuerySet(VisibleQuerySet["MQTTConfiguration"]):
    def in_force(self) -> Self:
        return self.filter(revoked_at__isnull=True)

    def _visible_to_person(self, user: CustomUser, at: datetime) -> Self:
        """Credentials are for those who look after the plant where the device stands now."""
        return self.filter(device__in=DeviceConfiguration.objects.managed_by(user, at=at))


class MQTTConfiguration(models.Model):
    """The credentials of a device. The secret is shown once; only what verifies it is kept."""

    device = models.OneToOneField(
        DeviceConfiguration, models.CASCADE, related_name="mqtt_configuration", verbose_name=_("misuratore")
    )
    username = models.CharField(_("utente"), max_length=100, unique=True)
    verifier = models.CharField(_("verificatore"), max_length=255)
    created_at = models.DateTimeField(_("creata il"), default=timezone.now, editable=False)
    rotated_at = models.DateTimeField(_("cambiata il"), null=True, blank=True)
    revoked_at = models.DateTimeField(_("revocata il"), null=True, blank=True)
    last_connected_at = models.DateTimeField(_("ultimo collegamento"), null=True, blank=True, editable=False)

    objects = MQTTConfigurationQuerySet.as_manager()

    class Meta:
        verbose_name = _("credenziale MQTT")
        verbose_name_plural = _("credenziali MQTT")
        constraints = [
            models.CheckConstraint(condition=Q(username__regex=DEVICE_ID), name="mqtt_username_is_a_plain_word"),
        ]

    def __str__(self) -> str:
        return self.username

    def rotate(self, *, verifier: str, at: datetime) -> None:
        self.verifier = verifier
        self.rotated_at = at
        self.revoked_at = None
        self.save(update_fields=["verifier", "rotated_at", "revoked_at"])

    def revoke(self, *, at: datetime) -> None:
        self.revoked_at = at
        self.save(update_fields=["revoked_at"])


class AuditLogIsPermanent(Exception):
    """Somebody tried to change what was written in the log."""

    def __init__(self) -> None:
        super().__init__("Lines of the MQTT audit log are appended only.")


class MQTTAuditLogQuerySet(ManagedMessageQuerySet["MQTTAuditLog"]):
    """About a device: for those who looked after the plant where it then stood. About the broker: platform staff."""

    time_column = "at"

    def update(self, **kwargs: Any) -> NoReturn:
        raise AuditLogIsPermanent

    def delete(self) -> NoReturn:
        raise AuditLogIsPermanent

    update.alters_data = True  # type: ignore[attr-defined]
    delete.alters_data = True  # type: ignore[attr-defined]
    delete.queryset_only = True  # type: ignore[attr-defined]


class MQTTAuditLog(models.Model):
    """Who did what to the broker, to credentials and to devices; lines are appended, and the database keeps to that."""

    # Who did it and to which device may be emptied, when the person or the device goes; so may the address.
    APPEND_ONLY: ClassVar[dict[str, Any]] = {"unique": ["id"], "encrypted": ["actor_id", "device_id", "address"]}

    class Action(models.TextChoices):
        ISSUED = "ISSUED", _("credenziale creata")
        ROTATED = "ROTATED", _("credenziale cambiata")
        REVOKED = "REVOKED", _("credenziale revocata")
        BROKER_CHANGED = "BROKER_CHANGED", _("broker modificato")
        FILES_WRITTEN = "FILES_WRITTEN", _("file del broker scritti")
        TESTED = "TESTED", _("connessione provata")
        ADOPTED = "ADOPTED", _("misuratore adottato")
        PLACED = "PLACED", _("misuratore messo in un impianto")
        MOVED = "MOVED", _("misuratore spostato")
        TAKEN_AWAY = "TAKEN_AWAY", _("misuratore tolto")
        ROLES_CHANGED = "ROLES_CHANGED", _("ruoli dei canali modificati")
        CHECKED = "CHECKED", _("verso controllato")

    at = models.DateTimeField(_("quando"), default=timezone.now, editable=False)
    actor = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+", verbose_name=_("chi")
    )  # null: the platform itself
    device = models.ForeignKey(
        DeviceConfiguration,
        models.SET_NULL,
        null=True,
        blank=True,
        related_name="mqtt_audit_log",
        verbose_name=_("misuratore"),
    )
    action = models.CharField(_("azione"), max_length=14, choices=Action.choices)
    detail = models.TextField(_("dettaglio"), blank=True)
    address = models.GenericIPAddressField(_("indirizzo IP"), null=True, blank=True)

    objects = MQTTAuditLogQuerySet.as_manager()

    class Meta:
        verbose_name = _("riga del registro MQTT")
        verbose_name_plural = _("registro MQTT")
        ordering = ["-at", "-pk"]
        constraints = [
            models.CheckConstraint(
                condition=Q(
                    action__in=[
                        *("ISSUED", "ROTATED", "REVOKED", "BROKER_CHANGED", "FILES_WRITTEN", "TESTED", "ADOPTED"),
                        *("PLACED", "MOVED", "TAKEN_AWAY", "ROLES_CHANGED", "CHECKED"),
                    ]
                ),
                name="mqtt_audit_action_is_known",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.at:%Y-%m-%d %H:%M} {self.get_action_display()}"

    def save(self, **kwargs: Any) -> None:
        if not self._state.adding:
            raise AuditLogIsPermanent
        super().save(**kwargs)

    def delete(self, *args: Any, **kwargs: Any) -> NoReturn:
        raise AuditLogIsPermanent


class RejectedMessage(models.Model):
    """The quarantine: a message that could not be read, counted by topic and reason."""

    device = models.ForeignKey(
        DeviceConfiguration,
        models.SET_NULL,
        null=True,
        blank=True,
        related_name="rejected_messages",
        verbose_name=_("misuratore"),
    )
    topic = models.CharField(_("topic"), max_length=TOPIC_LENGTH)
    reason = models.CharField(_("motivo"), max_length=REASON_LENGTH)
    first_bytes = models.BinaryField(_("primi byte"), max_length=FIRST_BYTES)
    count = models.PositiveBigIntegerField(_("quante volte"), default=1)
    first_seen = models.DateTimeField(_("la prima volta"))
    last_seen = models.DateTimeField(_("l'ultima volta"))

    objects = ManagedMessageQuerySet["RejectedMessage"].as_manager()

    class Meta:
        verbose_name = _("messaggio rifiutato")
        verbose_name_plural = _("messaggi rifiutati")
        ordering = ["-last_seen"]
        constraints = [
            models.UniqueConstraint(fields=["topic", "reason"], name="rejected_message_once_per_topic_and_reason"),
        ]

    def __str__(self) -> str:
        return f"{self.topic}: {self.reason}"


class LastMessageQuerySet(ManagedMessageQuerySet["LastMessage"]):
    time_column = "received_at"


class LastMessage(models.Model):
    """What a device said last, as it came and whether or not it could be read; the ingestor writes it every 5 s."""

    device = models.OneToOneField(
        DeviceConfiguration, models.CASCADE, primary_key=True, related_name="last_message", verbose_name=_("misuratore")
    )
    topic = models.CharField(_("topic"), max_length=TOPIC_LENGTH)
    first_bytes = models.BinaryField(_("primi byte"), max_length=LAST_BYTES)
    size = models.PositiveIntegerField(_("lunghezza (byte)"))
    received_at = models.DateTimeField(_("ricevuto il"))

    objects = LastMessageQuerySet.as_manager()

    class Meta:
        verbose_name = _("ultimo messaggio")
        verbose_name_plural = _("ultimi messaggi")

    def __str__(self) -> str:
        return self.topic


class UnknownDeviceQuerySet(VisibleQuerySet["UnknownDevice"]):
    def still_unknown(self) -> Self:
        """Without those an active device has taken: the ingestor may count one for some seconds after its adoption."""
        taken = DeviceConfiguration.objects.filter(is_active=True).alias(
            begins=StrIndex(Concat(OuterRef("prefix"), Value("/")), Concat(F("topic_prefix"), Value("/")))
        )
        return self.exclude(Exists(taken.filter(begins=1)))

    def _visible_to_person(self, user: CustomUser, at: datetime) -> Self:
        """Strangers speak under prefixes of anybody: one is shown to those who manage the POD that it names."""
        plants = Plant.objects.managed_by(user, at=at).active_at(at)
        named = plants.alias(
            in_prefix=StrIndex(Upper(OuterRef("prefix")), F("pod_key")),
            in_topic=StrIndex(Upper(OuterRef("last_topic")), F("pod_key")),
        ).filter(Q(in_prefix__gt=0) | Q(in_topic__gt=0))
        return self.filter(Exists(named))


class UnknownDevice(models.Model):
    """Somebody speaks under a prefix that no active device has: perhaps one to add."""

    prefix = models.CharField(_("prefisso"), max_length=TOPIC_LENGTH, unique=True)
    last_topic = models.CharField(_("ultimo topic"), max_length=TOPIC_LENGTH)
    first_bytes = models.BinaryField(_("primi byte"), max_length=FIRST_BYTES)
    count = models.PositiveBigIntegerField(_("quante volte"), default=1)
    first_seen = models.DateTimeField(_("la prima volta"))
    last_seen = models.DateTimeField(_("l'ultima volta"))

    objects = UnknownDeviceQuerySet.as_manager()

    class Meta:
        verbose_name = _("misuratore sconosciuto")
        verbose_name_plural = _("misuratori sconosciuti")
        ordering = ["-last_seen"]

    def __str__(self) -> str:
        return self.prefix


class IngestBatch(models.Model):
    """A batch that was committed, with the fingerprints of its samples that have no time of their own (rule R13).

    Fingerprints are 64-bit, little-endian, one after the other. They are kept for the last ten minutes of data, so
    that what the broker delivers again after a crash is recognised.
    """

    seq = models.BigIntegerField(_("sequenza"), primary_key=True)
    ingestor = models.CharField(_("ricevitore"), max_length=100)
    committed_at = models.DateTimeField(_("confermato il"))
    fingerprints = models.BinaryField(_("impronte"))

    objects = VisibleQuerySet["IngestBatch"].as_manager()

    class Meta:
        verbose_name = _("gruppo ricevuto")
        verbose_name_plural = _("gruppi ricevuti")
        ordering = ["seq"]

    def __str__(self) -> str:
        return f"{self.ingestor} {self.seq}"
