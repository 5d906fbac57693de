"""An ingestor that waits between COMMIT and PUBACK, so that a kill there is likely instead of rare.

With `--slow` it takes two seconds for each load, as on a poor disk. With `--no-journal` it also has no memory of what
it stored: the control arm, which must double.
"""

import os
import signal
import sys

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "cercollettiva.settings.local")
django.setup()

from cercollettiva.ingest import writer  # noqa: E402
from cercollettiva.ingest.management.commands.ingest import broker_address  # noqa: E402
from cercollettiva.ingest.service import MQTTService  # noqa: E402

DAWDLE_SECONDS = 2 if "--slow" in sys.argv else 0.2


class DawdlingWriter(writer.Writer):
    """Stores at once and says so late."""

    def _store(self, load: writer.Load) -> None:
        super()._store(load)
        self._stopping.wait(DAWDLE_SECONDS)


class NoMemory(writer.Redeliveries):
    """Takes every message for a new one."""

    def remove_from(self, load: writer.Load) -> int:
        return 0


service = MQTTService(broker_address(), client_id="cercollettiva-ingest")
service._writer.__class__ = DawdlingWriter
if "--no-journal" in sys.argv:
    service._writer._redeliveries = NoMemory()
signal.signal(signal.SIGTERM, lambda *_: service.stop())
service.run()
