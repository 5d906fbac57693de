"""The tables of alerts, and of what the minute check remembers."""

from cercollettiva.monitoring.models.alerts import Alert, AlertEvent, AlertQuerySet, AlertState, Change
from cercollettiva.monitoring.models.rhythms import Look, MeterRhythm
from cercollettiva.monitoring.severity import Severity

__all__ = ["Alert", "AlertEvent", "AlertQuerySet", "AlertState", "Change", "Look", "MeterRhythm", "Severity"]
