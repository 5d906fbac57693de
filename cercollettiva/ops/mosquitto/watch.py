"""Beside the jobs: keeps the broker's files up to date within seconds, and tells people what the broker cannot.

Everything is read again at each round, so a round that fails is made good by the next.
"""

from __future__ import annotations

import logging
import threading
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from django.db import DatabaseError, connection
from django.db.models import Q

from cercollettiva.energy.models import MQTTAuditLog, MQTTConfiguration
from cercollettiva.ingest.directory import directory_version
from cercollettiva.monitoring.broker_state import LOST, Trouble, state_of
from cercollettiva.monitoring.operations import PLATFORM, open_alert, resolve_alert
from cercollettiva.ops.mosquitto.files import LOG, BadBrokerSettings
from cercollettiva.ops.mosquitto.told import LogReader, Told
from cercollettiva.ops.mosquitto.writing import write

logger = logging.getLogger(__name__)

EVERY_SECONDS: Final = 1.0
ANYWAY_SECONDS: Final = 60.0  # written again without a change of rows: a file that somebody changed, a setting
STATE_SECONDS: Final = 10.0
TOLD: Final = "state-lost.told"
QUIET_SECONDS: Final = 60.0  # without a word of it in the log, and with nothing to be seen, a trouble is over


class BrokerWatch:
    """One thread; `turn` is one round of it, with the clock handed in."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._log = LogReader(folder / LOG)
        self._version: tuple[object, ...] | None = None
        self._written_at = self._looked_at = float("-inf")
        self._pending = Told()  # read from the log, not yet in the database
        self._seen_at: dict[Trouble, float] = {}  # when each trouble was there last
        self._closed: set[Trouble] = set()  # those whose alerts are known to be closed
        self._stopping = threading.Event()

    def start(self) -> None:
        threading.Thread(target=self._run, name="broker watch", daemon=True).start()

    def stop(self) -> None:
        self._stopping.set()

    def _run(self) -> None:
        while not self._stopping.wait(EVERY_SECONDS):
            try:
                self.turn(datetime.now(UTC))
            except DatabaseError as error:
                logger.warning("The database is away, the broker's files wait: %s", error)
                connection.close()
            except (OSError, BadBrokerSettings):
                logger.exception("The broker's folder %s cannot be kept", self._folder)
            except Exception:  # a thread that ends in silence would leave a revoked device in for good
                logger.exception("The watch over the broker failed, and goes on")
                connection.close()

    def turn(self, now: datetime) -> None:
        """One round: the files, then what the log and the folder tell."""
        steady = time.monotonic()
        version = directory_version(now)
        if version != self._version or steady - self._written_at >= ANYWAY_SECONDS:
            self._write(now)
            self._version, self._written_at = version, steady
        self._read_log(now)
        if steady - self._looked_at >= STATE_SECONDS:
            self._look(now)
            self._looked_at = steady

    def _write(self, now: datetime) -> None:
        done = write(self._folder)
        if done.changed:
            logger.info("Broker: %s written, told: %s", ", ".join(done.changed), done.signalled or "by the stamp")
            MQTTAuditLog.objects.create(
                at=now, action=MQTTAuditLog.Action.FILES_WRITTEN, detail=", ".join(sorted(done.changed))
            )
        if done.restart:
            logger.warning("Broker: its configuration changed; a new address or port asks for a restart")
        for one in done.refused:
            logger.warning("Broker: %s does not come in: %s", one.device_id, one.reason)

    def _read_log(self, now: datetime) -> None:
        told = self._log.read()
        self._pending.connected |= told.connected
        for username, moment in self._pending.connected.items():
            earlier = Q(last_connected_at__isnull=True) | Q(last_connected_at__lt=moment)
            MQTTConfiguration.objects.filter(earlier, username=username).update(last_connected_at=moment)
        self._pending.connected.clear()
        if told.dropped:
            self._alert(Trouble.DROPPED, now)
        if told.not_saved:
            self._alert(Trouble.NOT_SAVED, now)

    def _look(self, now: datetime) -> None:
        state = state_of(self._folder)
        if state is None:
            return
        for trouble in state.troubles:
            self._alert(trouble, now)
        for trouble in (Trouble.DISK_FULL, Trouble.NOT_SAVED):
            quiet_since = time.monotonic() - self._seen_at.get(trouble, float("-inf"))
            if trouble not in state.troubles and trouble not in self._closed and quiet_since >= QUIET_SECONDS:
                resolve_alert(PLATFORM, trouble.value, at=now)
                self._closed.add(trouble)
        if Trouble.STATE_LOST in state.troubles:
            (self._folder / LOST).replace(self._folder / TOLD)

    def _alert(self, trouble: Trouble, now: datetime) -> None:
        open_alert(PLATFORM, trouble.value, at=now)
        self._seen_at[trouble] = time.monotonic()
        self._closed.discard(trouble)
