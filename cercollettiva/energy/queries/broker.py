"""Where meters send their messages: what everybody who connects one must write into it. Never a password."""

from __future__ import annotations

from datetime import datetime
from typing import Final, NamedTuple
from urllib.parse import urlsplit

from django.conf import settings

from cercollettiva.energy.models import IngestBatch, MQTTBroker

LOOPBACK: Final = ("localhost", "127.0.0.1", "::1")


class BrokerAddress(NamedTuple):
    host: str
    port: int
    uses_tls: bool

    @property
    def is_this_machine(self) -> bool:
        """Meters elsewhere cannot reach it: a demo, or a laptop."""
        return self.host in LOOPBACK


def broker_address() -> BrokerAddress | None:
    """Where meters speak: the setting MQTT_URL, else the active row; None where there is none.

    Where the platform keeps the broker's files MQTT_URL is the way of its own processes, and the row is the meters'.
    Without a row they go to the name of the site, which its certificate is for, and to the port with TLS.
    """
    if settings.BROKER_FOLDER or not settings.MQTT_URL:
        row = MQTTBroker.objects.filter(is_active=True).values_list("host", "port", "use_tls").first()
        if row:
            return BrokerAddress(*row)
    tls = settings.BROKER_TLS_LISTENER
    if settings.BROKER_FOLDER and settings.BROKER_CERTIFICATE and tls is not None:
        return BrokerAddress(urlsplit(settings.SITE_URL).hostname or "", tls.port, uses_tls=True)
    if not settings.MQTT_URL:
        return None
    url = urlsplit(settings.MQTT_URL)
    uses_tls = url.scheme == "mqtts"
    return BrokerAddress(url.hostname or "", url.port or (8883 if uses_tls else 1883), uses_tls)


def last_batch_at() -> datetime | None:
    """When the last batch of messages, of whomever, was stored: whether the way from the broker to us is open."""
    return IngestBatch.objects.order_by("-seq").values_list("committed_at", flat=True).first()
