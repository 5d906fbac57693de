"""`manage.py ingest`: the long-running process between the broker and the database."""

from __future__ import annotations

import signal
from typing import Any, Final

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from cercollettiva.energy.broker.topics import INGESTORS
from cercollettiva.energy.broker.verifiers import service_secret
from cercollettiva.energy.models import MQTTBroker
from cercollettiva.ingest.mqtt import BrokerAddress
from cercollettiva.ingest.service import MQTTService

USUAL_NAME: Final = "cercollettiva-ingest"


class Command(BaseCommand):
    help = (
        "Stores what the meters say: consumes the broker's messages and acknowledges each one only when its row is "
        "committed. SIGTERM and Ctrl-C drain and exit 0; exit 1 when the broker's address is missing or wrong. "
        "Example: MQTT_URL=mqtt://localhost:1883 manage.py ingest"
    )

    requires_system_checks = []  # they load every page and its libraries; `check` and `doctor` look at them

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--client-id",
            default="",
            help="the fixed id of our session with the broker; each ingestor that shares the work has its own. "
            "By default its user, where that is one of ours (ingest-1, ingest-2...), else cercollettiva-ingest",
        )
        parser.add_argument(
            "--share", default="", metavar="GROUP", help="divide the messages with the other ingestors of this group"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        client_id, address = who_and_where(options["client_id"])
        service = MQTTService(address, client_id=client_id, share_group=options["share"])
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: service.stop())
        service.run()


def who_and_where(client_id: str) -> tuple[str, BrokerAddress]:
    """Our name at the broker, and its address with our user and password.

    Where the platform keeps the broker's files an ingestor is a user of its own, and the broker takes the user's name
    for the client's: its password is the one that `broker_config` writes, unless MQTT_URL says another.
    """
    address = broker_address()
    if settings.BROKER_FOLDER and not address.username:
        name = client_id or INGESTORS[0]
        if name not in INGESTORS:
            raise CommandError(f"The broker has users for {INGESTORS[0]} to {INGESTORS[-1]}, not for {name}.")
        address = address._replace(username=name, password=service_secret(name))
    if not client_id and address.username in INGESTORS:
        client_id = address.username
    return client_id or USUAL_NAME, address


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
    return BrokerAddress(
        broker.host,
        broker.port,
        broker.username or None,
        broker.password or None,
        broker.use_tls,
        broker.ca_certificate,
    )
