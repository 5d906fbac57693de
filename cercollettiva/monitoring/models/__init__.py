"""The tables of alerts."""

from cercollettiva.monitoring.models.alerts import Alert, AlertEvent, AlertQuerySet, AlertState, Change
from cercollettiva.monitoring.severity import Severity

__all__ = ["Alert", "AlertEvent", "AlertQuerySet", "AlertState", "Change", "Severity"]
