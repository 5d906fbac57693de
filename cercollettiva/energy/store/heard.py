"""The last message of each device as it came: what a technician looks at before believing any decoded value."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import chain
from typing import Any, Final

from django.db import connections

from cercollettiva.energy.models.mqtt import LAST_BYTES, TOPIC_LENGTH
from cercollettiva.energy.store.batch import Heard
from cercollettiva.energy.store.quarantine import storable

AT_A_TIME: Final = 500  # five values each: SQLite takes some thirty thousand in a statement
ROW: Final = "(%s, %s, %s, %s, %s)"
# Both databases name the columns of VALUES so, and SQLite needs the WHERE to tell one ON from the other.
UPSERT: Final = """
    INSERT INTO energy_lastmessage (device_id, topic, first_bytes, size, received_at)
    SELECT column1, column2, column3, column4, column5
    FROM (VALUES {rows}) AS said JOIN energy_deviceconfiguration device ON device.id = column1
    WHERE TRUE
    ORDER BY column1
    ON CONFLICT (device_id) DO UPDATE SET
        topic = EXCLUDED.topic,
        first_bytes = EXCLUDED.first_bytes,
        size = EXCLUDED.size,
        received_at = EXCLUDED.received_at
    WHERE EXCLUDED.received_at >= energy_lastmessage.received_at
"""


def write(using: str, heard: Sequence[Heard]) -> None:
    """One row per device, never replaced by an older message; in the order of their keys, so that two ingestors never
    wait in a ring.
    """
    rows = sorted((_row(using, one) for one in heard), key=lambda row: row[0])
    for begin in range(0, len(rows), AT_A_TIME):
        some = rows[begin : begin + AT_A_TIME]
        with connections[using].cursor() as cursor:
            cursor.execute(UPSERT.format(rows=", ".join([ROW] * len(some))), list(chain.from_iterable(some)))


def _row(using: str, one: Heard) -> tuple[Any, ...]:
    moment = connections[using].ops.adapt_datetimefield_value(one.received_at)
    return one.device_id, storable(one.topic, TOPIC_LENGTH), one.first_bytes[:LAST_BYTES], one.size, moment
