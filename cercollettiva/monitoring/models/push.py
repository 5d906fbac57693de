"""The devices on which somebody wants alerts to appear."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Self

from django.conf import settings
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from cercollettiva.users.fields import BlindIndexedModel, BlindIndexedQuerySet, BlindIndexField, EncryptedTextField
from cercollettiva.users.visibility import VisibleQuerySet

if TYPE_CHECKING:
    from cercollettiva.users.models import CustomUser


class PushSubscriptionQuerySet(  # type: ignore[override]
    BlindIndexedQuerySet["PushSubscription"], VisibleQuerySet["PushSubscription"]
):
    def of_endpoint(self, endpoint: str) -> Self:
        """The subscription of this browser, whosever it is."""
        index: BlindIndexField = self.model._meta.get_field("endpoint_index")
        return self.filter(endpoint_index__in=index.indexes_of(endpoint))

    def _visible_to_person(self, user: CustomUser, at: datetime) -> Self:
        return self.filter(user=user)


class PushSubscription(BlindIndexedModel):
    """A browser of somebody, and what is needed to send it something that its maker cannot read (RFC 8291).

    Whoever has the endpoint and the keys can write on that screen: they are kept encrypted. A browser has one
    subscription, of whoever asked last.
    """

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.CASCADE, related_name="push_subscriptions", verbose_name=_("utente")
    )
    endpoint = EncryptedTextField(_("indirizzo"))
    endpoint_index = BlindIndexField(source="endpoint", unique=True, db_index=False)
    p256dh = EncryptedTextField(_("chiave pubblica"))
    auth = EncryptedTextField(_("segreto"))
    browser = models.CharField(_("browser"), max_length=60, blank=True)
    created_at = models.DateTimeField(_("attivato il"), default=timezone.now)

    objects = PushSubscriptionQuerySet.as_manager()

    class Meta:
        verbose_name = _("dispositivo per le notifiche")
        verbose_name_plural = _("dispositivi per le notifiche")
        ordering = ["-created_at", "-pk"]

    def __str__(self) -> str:
        return self.browser or str(self.pk)
