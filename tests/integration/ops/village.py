"""A part of the demo's community: enough for most tests of its rows."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

from django.apps import apps

from cercollettiva.energy.models import DeviceConfiguration
from cercollettiva.ops.simulation.italian_time import ITALY
from cercollettiva.ops.simulation.lucernaia import COMMUNITY
from cercollettiva.users.models import AuditLine

NOW = datetime(2026, 6, 10, 10, 7, 20, tzinfo=UTC)
YESTERDAY = datetime(2026, 6, 9, tzinfo=ITALY)
QUARTERS = 96 + 12 * 4  # yesterday, and today until 12:00 in Italy
MINUTES = 1440 + 12 * 60 + 8

SCHOOL, FAMILY, WORKSHOP, CONSUMER = "IT001E99900001", "IT001E99900005", "IT001E99900004", "IT001E99900011"
PODS = (SCHOOL, WORKSHOP, FAMILY, CONSUMER)
VILLAGE = replace(  # a part of the community is enough for most tests
    COMMUNITY,
    points=tuple(point for point in COMMUNITY.points if point.pod in PODS),
    members=tuple(member for member in COMMUNITY.members if member.pod in PODS),
)
DEVICES = 7


def counts() -> dict[str, int]:
    """Rows by model, but those of the audit log: it keeps that the demo's people came, and nobody takes that away."""
    return {model.__name__: model._base_manager.count() for model in apps.get_models() if model is not AuditLine}


def device_of(pod: str, role: str) -> DeviceConfiguration:
    return DeviceConfiguration.objects.get(channel_roles__plant__pod_code=pod, channel_roles__role=role)
