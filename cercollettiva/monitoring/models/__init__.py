"""The tables of alerts, and of the visits they lead to."""

from cercollettiva.monitoring.models.alerts import Alert, AlertEvent, AlertQuerySet, AlertState, Change
from cercollettiva.monitoring.models.visits import DataReturned, VisitReport
from cercollettiva.monitoring.severity import Severity

__all__ = [
    "Alert",
    "AlertEvent",
    "AlertQuerySet",
    "AlertState",
    "Change",
    "DataReturned",
    "Severity",
    "VisitReport",
]
