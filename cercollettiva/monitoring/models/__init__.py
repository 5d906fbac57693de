"""The tables of alerts, of what the minute check remembers, and of who is told."""

from cercollettiva.monitoring.models.alerts import Alert, AlertEvent, AlertQuerySet, AlertState, Change
from cercollettiva.monitoring.models.rhythms import Look, MeterRhythm
from cercollettiva.monitoring.models.telling import AlertMessage, AlertPreferences, Choice
from cercollettiva.monitoring.severity import Severity

__all__ = [
    "Alert",
    "AlertEvent",
    "AlertMessage",
    "AlertPreferences",
    "AlertQuerySet",
    "AlertState",
    "Change",
    "Choice",
    "Look",
    "MeterRhythm",
    "Severity",
]
