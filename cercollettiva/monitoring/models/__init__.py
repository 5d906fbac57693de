"""The tables of alerts, of what the minute check remembers, of who is told and where, of visits, and of backups."""

from cercollettiva.monitoring.models.alerts import Alert, AlertEvent, AlertQuerySet, AlertState, Change
from cercollettiva.monitoring.models.backups import BackupRun
from cercollettiva.monitoring.models.push import PushSubscription
from cercollettiva.monitoring.models.rhythms import Look, MeterRhythm
from cercollettiva.monitoring.models.telling import AlertMessage, AlertPreferences, Choice
from cercollettiva.monitoring.models.visits import DataReturned, VisitReport
from cercollettiva.monitoring.severity import Severity

__all__ = [
    "Alert",
    "AlertEvent",
    "AlertMessage",
    "AlertPreferences",
    "AlertQuerySet",
    "AlertState",
    "BackupRun",
    "Change",
    "Choice",
    "DataReturned",
    "Look",
    "MeterRhythm",
    "PushSubscription",
    "Severity",
    "VisitReport",
]
