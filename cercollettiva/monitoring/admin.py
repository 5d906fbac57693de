"""Alerts in the administration: their life is led on their own pages."""

from __future__ import annotations

from django.contrib import admin

from cercollettiva.monitoring.models import Alert, VisitReport
from cercollettiva.users.administration.files import Exported, resource_of
from cercollettiva.users.administration.pages import HistoryPage


@admin.register(Alert)
class AlertHistory(Exported, HistoryPage):
    list_display = ("kind", "severity", "state", "plant", "community", "device", "opened_at", "closed_at")
    list_filter = ("state", "severity", "kind")
    list_select_related = ("plant", "community", "device")
    ordering = ("-opened_at",)
    resource_classes = [resource_of(Alert, plant=("pod_code",), community=("code",), device=("device_id",))]


@admin.register(VisitReport)
class VisitHistory(HistoryPage):
    """Reports are written on the spot and never changed."""

    list_display = ("plant", "device", "technician", "visited_at", "data_returned")
    list_filter = ("data_returned",)
    list_select_related = ("plant", "device", "technician")
    ordering = ("-visited_at",)
