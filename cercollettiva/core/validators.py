"""Checks of forms, with the words of the domain's errors."""

from __future__ import annotations

from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from cercollettiva.domain.identifiers import InvalidIdentifier, pod_key, primary_substation_code


def validate_pod(value: str) -> None:
    try:
        pod_key(value)
    except InvalidIdentifier as error:
        raise ValidationError(str(error), code="pod") from error


def validate_primary_substation(value: str) -> None:
    try:
        primary_substation_code(value)
    except InvalidIdentifier as error:
        raise ValidationError(str(error), code="primary_substation") from error


def validate_time_zone(value: str) -> None:
    try:
        ZoneInfo(value)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:  # OSError: a folder of the zones, such as Europe
        message = _("«%(zone)s» non è un fuso orario: per esempio Europe/Rome.")
        raise ValidationError(message, code="time_zone", params={"zone": value}) from error
