"""The tokens of devices that speak HTTP instead of MQTT."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Self

from django.db import models, transaction
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from cercollettiva.energy.models.devices import DeviceConfiguration
from cercollettiva.users.requests import digest
from cercollettiva.users.tokens import Token, TokenQuerySet

if TYPE_CHECKING:
    from cercollettiva.users.models import CustomUser


class DeviceTokenQuerySet(TokenQuerySet["DeviceToken"]):
    def recognised(self, written: str, *, at: datetime) -> DeviceToken | None:
        """The open token that was written, of an active device. One query."""
        found = self.open_at(at).filter(token_hash=digest(written), device__is_active=True)
        return found.select_related("device").first()

    def _visible_to_person(self, user: CustomUser, at: datetime) -> Self:
        return self.filter(device__in=DeviceConfiguration.objects.managed_by(user, at=at))


class DeviceToken(Token):
    """A device's token: with it measurements of that device are taken, and nothing else is answered."""

    PREFIX = "cerdev_"

    device = models.ForeignKey(DeviceConfiguration, models.CASCADE, related_name="tokens", verbose_name=_("misuratore"))

    objects = DeviceTokenQuerySet.as_manager()

    class Meta:
        verbose_name = _("token di un misuratore")
        verbose_name_plural = _("token dei misuratori")
        ordering = ["-created_at", "-pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["device"], condition=Q(revoked_at__isnull=True), name="device_token_one_is_open"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.device_id} ({self.hint}…)"

    @classmethod
    @transaction.atomic
    def make(cls, device: DeviceConfiguration, *, at: datetime) -> tuple[DeviceToken, str]:
        """A new token in the place of the one before, and its text: it is shown once and kept nowhere."""
        DeviceConfiguration.objects.select_for_update(of=("self",)).get(pk=device.pk)
        cls.objects.filter(device=device, revoked_at__isnull=True).update(revoked_at=at)
        text, kept = cls.new_secret()
        return cls.objects.create(device=device, created_at=at, **kept), text
