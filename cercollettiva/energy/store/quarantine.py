"""What could not become a measurement, kept for a person to look at: refused messages and devices nobody knows.

Both lists are bounded: the oldest lines give way, so a device gone mad cannot fill the disk.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final

from django.db import connections, models

from cercollettiva.energy.models import RejectedMessage, UnknownDevice
from cercollettiva.energy.models.mqtt import FIRST_BYTES, REASON_LENGTH, TOPIC_LENGTH
from cercollettiva.energy.store.batch import Refusal, Stranger

MOST_REFUSALS: Final = 10_000
MOST_STRANGERS: Final = 1_000

INSERT_REFUSAL = """
    INSERT INTO energy_rejectedmessage (topic, reason, device_id, first_bytes, count, first_seen, last_seen)
    VALUES (%s, %s, (SELECT id FROM energy_deviceconfiguration WHERE id = %s), %s, %s, %s, %s)
    ON CONFLICT (topic, reason) DO UPDATE SET
        count = energy_rejectedmessage.count + EXCLUDED.count,
        first_bytes = EXCLUDED.first_bytes,
        last_seen = EXCLUDED.last_seen
"""
INSERT_STRANGER = """
    INSERT INTO energy_unknowndevice (prefix, last_topic, first_bytes, count, first_seen, last_seen)
    VALUES (%s, %s, %s, %s, %s, %s)
    ON CONFLICT (prefix) DO UPDATE SET
        count = energy_unknowndevice.count + EXCLUDED.count,
        last_topic = EXCLUDED.last_topic,
        first_bytes = EXCLUDED.first_bytes,
        last_seen = EXCLUDED.last_seen
"""


def write_refusals(using: str, refusals: Sequence[Refusal], *, now: datetime) -> None:
    """One line per topic and reason, with a count."""
    if not refusals:
        return
    counts: Counter[tuple[str, str]] = Counter()
    latest: dict[tuple[str, str], Refusal] = {}
    for refusal in refusals:
        key = (storable(refusal.topic, TOPIC_LENGTH), storable(refusal.reason, REASON_LENGTH))
        counts[key] += refusal.messages
        latest[key] = refusal
    moment = _moment(using, now)
    lines = [
        (*key, latest[key].device_id, latest[key].first_bytes[:FIRST_BYTES], count, moment, moment)
        for key, count in counts.items()
    ]
    with connections[using].cursor() as cursor:
        cursor.executemany(INSERT_REFUSAL, sorted(lines))  # in one order, so that two ingestors never wait in a ring
    _keep_latest(RejectedMessage, using, most=MOST_REFUSALS)


def write_strangers(using: str, strangers: Sequence[Stranger], *, now: datetime) -> None:
    """One line per unknown prefix, with the last topic, its first bytes and a count."""
    if not strangers:
        return
    counts = Counter(storable(stranger.prefix, TOPIC_LENGTH) for stranger in strangers)
    latest = {storable(stranger.prefix, TOPIC_LENGTH): stranger for stranger in strangers}
    moment = _moment(using, now)
    lines = [
        (prefix, storable(last.topic, TOPIC_LENGTH), last.first_bytes[:FIRST_BYTES], counts[prefix], moment, moment)
        for prefix, last in latest.items()
    ]
    with connections[using].cursor() as cursor:
        cursor.executemany(INSERT_STRANGER, sorted(lines))
    _keep_latest(UnknownDevice, using, most=MOST_STRANGERS)


def _keep_latest(model: type[models.Model], using: str, *, most: int) -> None:
    """Trimmed a tenth at a time: a flood of ever new lines would otherwise pay for it at each batch."""
    lines = model._default_manager.using(using)
    if lines.count() > most:
        newest = list(lines.order_by("-last_seen", "-pk").values_list("pk", flat=True)[: most - most // 10])
        lines.exclude(pk__in=newest).delete()


def storable(text: str, length: int) -> str:
    """Text that PostgreSQL takes: no NUL, no half characters."""
    return text.encode("utf-8", "replace").decode("utf-8").replace("\0", "\N{REPLACEMENT CHARACTER}")[:length]


def _moment(using: str, now: datetime) -> Any:
    return connections[using].ops.adapt_datetimefield_value(now)
