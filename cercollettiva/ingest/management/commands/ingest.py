"""`manage.py ingest`: the long-running process between the broker and the database."""

from __future__ import annotations

import signal
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from cercollettiva.energy.models import MQTTBroker
from cercollettiva.ingest.mqtt import BrokerAddress
from cercollettiva.ingest.service import MQTTService


class Command(BaseCommand):
    help = (
        "Stores what the meters say: consumes the broker's messages and acknowledges each one only when its row is "
        "committed. SIGTERM and Ctrl-C drain and exit 0; exit 1 when the broker's address is missing or wrong. "
        "Example: MQTT_URL=mqtt://localhost:1883 manage.py ingest"
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--client-id",
            default="cercollettiva-ingest",
            help="the fixed id of our session with the broker; each ingestor that shares the work has its own",
        )
        parser.add_argument(
            "--share", default="", metavar="GROUP", help="divide the messages with the other ingestors of this group"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        service = MQTTService(broker_address(), client_id=options["client_id"], share_group=options["share"])
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: service.stop())
        service.run()


def broker_address() -> BrokerAddress:
    """MQTT_URL wins over the active MQTTBroker row."""
    try:
        if settings.MQTT_URL:
            return BrokerAddress.from_url(settings.MQTT_URL)
        broker = MQTTBroker.objects.filter(is_active=True).first()
    except ValueError as error:
        raise CommandError(f"MQTT_URL: {error}") from error
    if broker is None:
        raise CommandError("No broker: set MQTT_URL (mqtt://user:password@host:port) or add an active MQTT broker.")
    return BrokerAddress(broker.host, broker.port, broker.username or None, broker.password or None, broker.use_tls)
