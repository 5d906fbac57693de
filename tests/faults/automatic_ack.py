"""The control arm: an ingestor that acknowledges on arrival, as most clients do. It must lose."""

import os
import signal

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "cercollettiva.settings.local")
django.setup()

from cercollettiva.ingest.management.commands.ingest import broker_address  # noqa: E402
from cercollettiva.ingest.mqtt import Arrival  # noqa: E402
from cercollettiva.ingest.service import MQTTService  # noqa: E402


class CarelessService(MQTTService):
    """Tells the broker that a message is safe before it is."""

    def _arrived(self, arrival: Arrival) -> None:
        super()._arrived(arrival)
        if arrival.qos:
            self._connection.acknowledge([arrival.mid])

    def _acknowledge(self) -> None:
        self._writer.safe_loads()


service = CarelessService(broker_address(), client_id="cercollettiva-ingest")
signal.signal(signal.SIGTERM, lambda *_: service.stop())
service.run()
