"""What Prometheus reads: the health of the parts, and the counts that tell how the platform does."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from typing import Any, Final

from django.db.models import Count, Max, Q, Sum
from django.utils import timezone
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.metrics_core import Metric

from cercollettiva.energy.models import DeviceConfiguration, DeviceState, IngestBatch, RejectedMessage, UnknownDevice
from cercollettiva.monitoring.health import asks_the_database, everything
from cercollettiva.monitoring.models import Alert
from cercollettiva.monitoring.probes import Answer, Health, Probe

ONLINE_FOR: Final = timedelta(seconds=300)
VALUES: Final = {Health.HEALTHY: 1.0, Health.DEGRADED: 0.5, Health.UNHEALTHY: 0.0}


@asks_the_database
def _counts() -> Answer:
    """Everything that is counted, in a handful of queries, whatever the number of devices."""
    now = timezone.now()
    devices = DeviceConfiguration.objects.filter(is_active=True).aggregate(
        all=Count("pk"), online=Count("pk", filter=Q(state__last_seen__gte=now - ONLINE_FOR))
    )
    alerts = Alert.objects.unresolved().order_by().values_list("state", "severity").annotate(Count("pk"))
    newest = DeviceState.objects.aggregate(last=Max("last_seen"))["last"]
    commits = IngestBatch.objects.order_by().values_list("ingestor").annotate(Max("committed_at"))
    return Answer(
        Health.HEALTHY,
        {
            "devices": devices,
            "alerts": list(alerts),
            "newest_message_age": _age(newest, now),
            "commit_ages": {ingestor: _age(at, now) for ingestor, at in commits},
            "rejected": RejectedMessage.objects.aggregate(all=Sum("count"))["all"] or 0,
            "unknown": UnknownDevice.objects.count(),
        },
    )


COUNTS: Final = Probe("counts", _counts)


class Platform:
    """A collector: it asks when it is read, and says nothing of what did not answer in time."""

    def describe(self) -> Iterable[Metric]:
        return []

    def collect(self) -> Iterator[Metric]:
        COUNTS.begin()
        answers = everything()
        yield from _of_health(answers)
        yield from _of_machine(answers)
        yield from _of_counts(COUNTS.answer().details)


def exposition() -> bytes:
    """The text format."""
    registry = CollectorRegistry()
    registry.register(Platform())
    return generate_latest(registry)


def _of_health(answers: dict[str, Answer]) -> Iterator[Metric]:
    health = GaugeMetricFamily("cer_health", "1 healthy, 0.5 degraded, 0 unhealthy.", labels=["part"])
    seconds = GaugeMetricFamily("cer_check_seconds", "How long the check of a part took.", labels=["part"])
    for name, answer in answers.items():
        health.add_metric([name], VALUES[answer.status])
        seconds.add_metric([name], answer.seconds)
    yield health
    yield seconds


def _of_machine(answers: dict[str, Answer]) -> Iterator[Metric]:
    told = {**answers["system"].details, **answers["queue"].details, **answers["database"].details}
    for name, key, words in (
        ("cer_disk_free_bytes", "disk_free_bytes", "Room left where uploads are kept."),
        ("cer_memory_available_bytes", "memory_available_bytes", "Memory that processes may still take."),
        ("cer_quarters_waiting", "quarters_waiting", "Quarter-hours to be computed; 10001 means more."),
        ("cer_mails_waiting", "mails_waiting", "Mails that were written and have not left."),
        ("cer_oldest_mail_seconds", "oldest_mail_seconds", "How long the oldest of them has waited."),
        ("cer_mails_given_up", "mails_given_up", "Mails that no attempt could deliver, of the last month."),
        ("cer_database_clock_difference_seconds", "clock_difference_seconds", "Our clock against the database's."),
    ):
        if told.get(key) is not None:
            yield GaugeMetricFamily(name, words, value=told[key])
    if (made_at := answers["backup"].details.get("last_backup")) is not None:
        age = _age(made_at, timezone.now())
        yield GaugeMetricFamily("cer_last_backup_age_seconds", "Seconds since a backup succeeded.", value=age)


def _of_counts(told: dict[str, Any]) -> Iterator[Metric]:
    if "devices" not in told:
        return
    yield GaugeMetricFamily("cer_devices", "Active meters.", value=told["devices"]["all"])
    yield GaugeMetricFamily("cer_devices_online", "Meters heard within 5 minutes.", value=told["devices"]["online"])
    if told["newest_message_age"] is not None:
        words = "Seconds since any meter was heard."
        yield GaugeMetricFamily("cer_newest_message_age_seconds", words, value=told["newest_message_age"])
    commits = GaugeMetricFamily(
        "cer_ingest_commit_age_seconds", "Seconds since a batch was stored.", labels=["ingestor"]
    )
    for ingestor, age in told["commit_ages"].items():
        commits.add_metric([ingestor], age)
    yield commits
    alerts = GaugeMetricFamily("cer_alerts", "Alerts that are not resolved.", labels=["state", "severity"])
    for state, severity, count in told["alerts"]:
        alerts.add_metric([state, severity], count)
    yield alerts
    yield CounterMetricFamily("cer_rejected_messages", "Messages in quarantine.", value=told["rejected"])
    yield GaugeMetricFamily("cer_unknown_devices", "Prefixes that no meter of ours has.", value=told["unknown"])


def _age(moment: datetime | None, now: datetime) -> float | None:
    return None if moment is None else (now - moment).total_seconds()
